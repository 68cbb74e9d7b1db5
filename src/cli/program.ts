import { Command } from "commander";
import { version } from "../../package.json";
import { refuseBlank } from "./blank";

/** Each `commands/<verb>.ts` has one; its flags are those that the grammar below gives it. */
type Action = (args: string[], flags: never) => Promise<void>;

/** The grammar. What a command does is loaded when it is called. */
export function buildProgram(): Command {
  const program = new Command("pushpool")
    .description("Serverless push work pools for Prefect, as code: provision them with Pulumi, run deployments on them at once.")
    .version(version)
    .option("-s, --stack <stack>", "the Pulumi stack (default: the selected one)")
    .option("-C <dir>", "work as if started in this folder")
    .option("--json", "machine-readable output: one object, or one a line when streaming")
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .configureOutput({ writeErr: () => {} })
    .showSuggestionAfterError()
    .exitOverride()
    .addHelpText(
      "after",
      `
Exit codes:
  0 COMPLETED · 1 FAILED or CRASHED · 2 bad input, nothing was sent · 3 CANCELLED · 4 still running at --timeout
  5 refused or unreachable · 70 a bug of pushpool's · 130 detached by Ctrl-C

Example:
  $ pushpool up
  $ pushpool run hello/prod -p name=Ada`,
    );

  const command = (usage: string, description: string, example: string, load: () => Promise<{ action: Action }>) => {
    const made = program.command(usage).description(description).addHelpText("after", `\nExample:\n  $ ${example}`);
    return made.action(async (...given: unknown[]) => {
      refuseBlank(made, given.slice(0, -2));
      const args = given.slice(0, -2).flat() as string[];
      const { action } = await load();
      await action(args, made.optsWithGlobals() as never);
    });
  };
  const engine = (made: Command) =>
    made
      .option("-y, --yes", "do not ask")
      .option("--engine <engine>", "pulumi or offline (default: pulumi if it is on PATH, else offline)")
      .argument("[args...]", "after --: handed to pulumi");
  const fromManifest = (made: Command) =>
    made
      .option("--manifest <file>", "a manifest file, or - for standard input (default: the stack's)")
      .option("--output <name>", "the stack output that is the manifest");
  const watching = (made: Command) =>
    fromManifest(made).option("--timeout <duration>", "stop watching after so long, as 90s, 10m, 1h30m; the run goes on");

  command(
    "init [kind]",
    "make a Pulumi project with push work pools: local, gcp or aws (azure is to come)",
    "pushpool init local",
    () => import("./commands/init.js"),
  ).option("--no-install", "do not run npm install");
  engine(command("up", "make the stack what its program declares", "pushpool up --stack prod", () => import("./commands/up.js")));
  engine(command("preview", "show what `up` would do; change nothing", "pushpool preview", () => import("./commands/preview.js")));
  engine(command("refresh", "make the state what the providers say there is", "pushpool refresh", () => import("./commands/refresh.js")));
  engine(
    command("destroy", "delete everything the stack has", "pushpool destroy --stack dev --yes", () => import("./commands/destroy.js")),
  ).option("--force", "also while runs are in flight");

  fromManifest(
    command(
      "deploy [names...]",
      "take deployments from a prefect.yaml: NAME is one's name or FLOW/NAME, either with * for anything",
      "pushpool deploy --all",
      () => import("./commands/deploy.js"),
    ),
  )
    .option("--all", "every deployment of the file")
    .option("--file <path>", "the prefect.yaml (default: the nearest upwards); entrypoints are relative to where the command works")
    .option("--remove <name>", "forget a deployment, FLOW/NAME, that was deployed before", collect)
    .option("--step-output <key=value>", "what a build or push step gave: pushpool does not run those", collect)
    .option("--all-or-nothing", "record nothing if any deployment is bad")
    .option("--dry-run", "show exactly what would be recorded; record nothing");

  watching(
    command(
      "run <deployment>",
      "submit a flow run of FLOW/DEPLOYMENT and follow it",
      "pushpool run hello/prod -p name=Ada --timeout 10m",
      () => import("./commands/run.js"),
    ),
  )
    .option("-p, --param <key=value>", "a parameter; JSON, or else text", collect)
    .option("--params <json>", "parameters as a JSON object, or @file")
    .option("--job-variable <key=value>", "a job variable; JSON, or else text", collect)
    .option("-t, --tag <tag>", "a tag of the run", collect)
    .option("--flow-run-name <name>", "name of the run (default: a made-up one)")
    .option("--idempotency-key <key>", "the same key again gives the same run")
    .option("--credentials <how>", "ambient: your own cloud login, not the pool's block")
    .option("--detach", "submit and return; prints the run's id")
    .option("--dry-run", "show exactly what would be recorded and sent, secrets masked; send nothing");

  command("ls", "list flow runs, newest first", "pushpool ls --state RUNNING", () => import("./commands/ls.js"))
    .option("--limit <n>", "how many", "50")
    .option("--state <type>", "only runs in this state", collect)
    .option("--deployment <name>", "only runs of this deployment")
    .option("--pool <name>", "only runs on this work pool")
    .option("--all-stacks", "runs of every stack");
  command(
    "show <run>",
    "everything about a flow run: RUN is an id, a unique prefix of one, or a name",
    "pushpool show brave-fox",
    () => import("./commands/show.js"),
  );
  command("logs <run>", "the output of a flow run", "pushpool logs brave-fox -f", () => import("./commands/logs.js")).option(
    "-f, --follow",
    "go on until the run has ended",
  );
  fromManifest(
    command(
      "cancel <run>",
      "stop a flow run, and wait until it has stopped",
      "pushpool cancel brave-fox",
      () => import("./commands/cancel.js"),
    ),
  )
    .option("--detach", "ask only, do not wait")
    .option("--grace <duration>", "time between SIGTERM and SIGKILL (default: 30s; a cloud may have its own, which is said)")
    .option("--dry-run", "show what would be asked; ask nothing");
  watching(
    command(
      "retry <run>",
      "give a failed, crashed or cancelled flow run another attempt, and follow it",
      "pushpool retry brave-fox",
      () => import("./commands/retry.js"),
    ),
  ).option("--detach", "submit and return");
  watching(
    command(
      "wait <run>",
      "follow a flow run to its end; submit it if it still waits",
      "pushpool wait brave-fox --timeout 1h",
      () => import("./commands/wait.js"),
    ),
  );

  fromManifest(
    command(
      "serve",
      "dispatch the flow runs of work pools, a Prefect server's or the ledger's with its schedules, until it is told to end; logs JSON lines",
      "pushpool serve --pool etl",
      () => import("./commands/serve.js"),
    ),
  )
    .option("--pool <name>", "a work pool to serve, of a push type or a hybrid one (default: all of the manifest)", collect)
    .option(
      "--start-up <how>",
      "execute: `prefect flow-run execute`; engine: `python -m prefect.engine` at once, which hears of a cancellation by SIGTERM only",
      "execute",
    )
    .option("--allow-env <name>", "a variable of this environment that {{ $NAME }} in a template may read", collect)
    .option(
      "--missed <policy>",
      "with no Prefect API, of the times of a schedule that nobody served (more than a minute ago): skip them, run the last, or all (100 at most)",
      "last",
    )
    .option("--grace <duration>", "time that a cancelled run has to end by itself (default: 30s)")
    .option("--host <address>", "where health and metrics are told; 0.0.0.0 opens them to everyone who reaches this machine", "127.0.0.1")
    .option("--allow-host <name>", "a name by which others may ask for them, beside localhost and addresses", collect)
    .option("--port <port>", "the same: /health and /metrics; 0 for any free one", "4201")
    .option("--log-level <level>", "debug, info, warn or error", "info");

  fromManifest(command("pools", "list the work pools of the stack", "pushpool pools", () => import("./commands/pools.js")));
  fromManifest(
    command("deployments", "list the deployments of the stack", "pushpool deployments", () => import("./commands/deployments.js")),
  );
  fromManifest(
    command(
      "manifest [what]",
      "show the manifest, pull it into a cache, or print its JSON Schema: show, pull or schema",
      "pushpool manifest pull --stack acme/data/prod",
      () => import("./commands/manifest.js"),
    ),
  ).option("--with-secrets", "pull: keep secrets too, outside the project, for you only");
  return program;
}

function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

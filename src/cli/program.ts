import { Command } from "commander";
import { version } from "../../package.json";
import { refuseBlank } from "./blank";
import { isTty, write } from "./streams";

/** The function that each `commands/<verb>.ts` exports. The definitions below give its flags. */
type Action = (args: string[], flags: never) => Promise<void>;

/**
 * Define the commands. The code of a command is loaded when it is called.
 * @param args words of a command line: if they name commands, only those are defined. Nobody would use the flags of the others. @default
 * all commands
 */
export function buildProgram(args: readonly string[] = []): Command {
  if (!args.some(asksForHelp)) {
    const program = programOf((name) => args.includes(name));
    if (program.commands.length > 0) return program;
  }
  return programOf(() => true);
}

function asksForHelp(word: string): boolean {
  return ["help", "--help", "-h"].includes(word);
}

/** Stands for a command that is not defined. Whatever is called gives itself. */
const absent: Command = new Proxy({} as Command, { get: () => () => absent });

/** @param isMeant whether to define a command, by its name */
function programOf(isMeant: (name: string) => boolean): Command {
  const program = new Command("pushpool")
    .description("Serverless push work pools for Prefect, as code: provision them with Pulumi, run deployments on them at once.")
    .version(version)
    .option("-s, --stack <stack>", "the Pulumi stack (default: the selected one)")
    .option("-C <dir>", "work as if started in this folder")
    .option("--json", "machine-readable output: one object, or one per line when streaming")
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .configureOutput({
      writeOut: (text) => write("stdout", text),
      writeErr: () => {},
      getOutHelpWidth: () => (isTty("stdout") ? process.stdout.columns : (undefined as never)),
      // The help has none.
      getOutHasColors: () => true,
    })
    .showSuggestionAfterError()
    .exitOverride()
    .addHelpText(
      "after",
      `
Exit codes:
  0 COMPLETED · 1 FAILED or CRASHED · 2 invalid input, nothing was sent · 3 CANCELLED · 4 still running at --timeout
  5 refused or unreachable · 70 a bug of pushpool · 130 detached by Ctrl-C

Example:
  $ pushpool up
  $ pushpool run hello/prod -p name=Ada`,
    );

  const command = (usage: string, description: string, example: string, load: () => Promise<{ action: Action }>) => {
    if (!isMeant(usage.split(" ", 1)[0] as string)) return absent;
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
      .argument("[args...]", "arguments after -- go to pulumi; pushpool's own engine takes --refresh, --replace, --target and --exclude");
  const fromManifest = (made: Command) =>
    made
      .option("--manifest <file>", "a manifest file, or - for standard input (default: the stack's)")
      .option("--output <name>", "the stack output with the manifest");
  const watching = (made: Command) =>
    fromManifest(made).option("--timeout <duration>", "stop watching after this time, such as 90s, 10m, 1h30m; the run continues");

  command(
    "init [kind]",
    "make a Pulumi project with push work pools: local, gcp, aws or azure",
    "pushpool init local",
    () => import("./commands/init.js"),
  )
    .option("--language <language>", "of the program: typescript, python or yaml (default: typescript)")
    .option("--credentials <who>", "who submits runs in a cloud: key, federated (GitHub Actions, without a key) or ambient (default: key)")
    .option("--no-install", "do not run npm install");
  engine(command("up", "update the stack to match its program", "pushpool up --stack prod", () => import("./commands/up.js")));
  engine(command("preview", "show what `up` would do; change nothing", "pushpool preview", () => import("./commands/preview.js")));
  engine(command("refresh", "update the state to match the real resources", "pushpool refresh", () => import("./commands/refresh.js")));
  engine(
    command("destroy", "delete all resources of the stack", "pushpool destroy --stack dev --yes", () => import("./commands/destroy.js")),
  ).option("--force", "destroy even while runs are in flight");

  fromManifest(
    command(
      "deploy [names...]",
      "deploy from a prefect.yaml: each name is NAME or FLOW/NAME, with * as a wildcard",
      "pushpool deploy --all",
      () => import("./commands/deploy.js"),
    ),
  )
    .option("--all", "every deployment of the file")
    .option(
      "--file <path>",
      "the prefect.yaml (default: the nearest one in this folder or its parents); entrypoints are relative to the working folder",
    )
    .option("--remove <name>", "remove a deployment, FLOW/NAME, that was deployed before; repeatable", collect)
    .option("--skip-build", "do not run the build and push steps")
    .option(
      "--step-output <key=value>",
      "the output of a build or push step; a step with this id (ID.KEY=VALUE) does not run; repeatable",
      collect,
    )
    .option("--all-or-nothing", "record nothing if any deployment is invalid")
    .option("--dry-run", "show exactly what would be recorded; record nothing");

  watching(
    command(
      "run <deployment>",
      "submit a flow run of FLOW/DEPLOYMENT and follow it",
      "pushpool run hello/prod -p name=Ada --timeout 10m",
      () => import("./commands/run.js"),
    ),
  )
    .option("-p, --param <key=value>", "a parameter; JSON, or otherwise a string; repeatable; the last value of a key counts", collect)
    .option("--params <json>", "parameters as a JSON object, or @file")
    .option(
      "--job-variable <key=value>",
      "a job variable; JSON, or otherwise a string; repeatable; the last value of a key counts",
      collect,
    )
    .option("-t, --tag <tag>", "a tag of the run; repeatable", collect)
    .option("--flow-run-name <name>", "name of the run (default: a generated name)")
    .option("--idempotency-key <key>", "the same key again gives the same run")
    .option("--pool <name>", "the work pool of this run (default: the deployment's)")
    .option("--credentials <how>", "ambient: your own cloud login instead of the pool's credentials")
    .option("--detach", "submit and return; prints the run's id")
    .option("--dry-run", "show exactly what would be recorded and sent, secrets masked; send nothing");

  command("ls", "list flow runs, newest first", "pushpool ls --state RUNNING", () => import("./commands/ls.js"))
    .option("--limit <n>", "the maximum number of runs", "50")
    .option("--state <type>", "only runs in this state; repeatable", collect)
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
    "follow the output until the run has ended",
  );
  fromManifest(
    command(
      "cancel <run>",
      "stop a flow run, and wait until it has stopped",
      "pushpool cancel brave-fox",
      () => import("./commands/cancel.js"),
    ),
  )
    .option("--detach", "request the stop, but do not wait for it")
    .option("--grace <duration>", "time between SIGTERM and SIGKILL (default: 30s; a warning says so if a cloud uses its own time)")
    .option("--dry-run", "show what would be requested; request nothing");
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
      "follow a flow run to its end; submit it if it is still waiting",
      "pushpool wait brave-fox --timeout 1h",
      () => import("./commands/wait.js"),
    ),
  );

  fromManifest(
    command(
      "serve",
      "dispatch the flow runs of work pools until it is stopped: those of a Prefect server, or those of the ledger and its schedules; logs JSON lines",
      "pushpool serve --pool etl",
      () => import("./commands/serve.js"),
    ),
  )
    .option(
      "--pool <name>",
      "a work pool to serve, of a push or hybrid type; repeatable (default: all work pools of the manifest)",
      collect,
    )
    .option(
      "--start-up <how>",
      "execute: `prefect flow-run execute`; engine: `python -m prefect.engine` directly, which notices a cancellation only by SIGTERM",
      "execute",
    )
    .option("--allow-env <name>", "an environment variable that {{ $NAME }} in a template may read; repeatable", collect)
    .option(
      "--missed <policy>",
      "without a Prefect API, what to do with missed times of a schedule (more than a minute ago): skip, last (run the last one) or all (run at most 100)",
      "last",
    )
    .option("--grace <duration>", "how long a cancelled run may take to end by itself (default: 30s)")
    .option(
      "--host <address>",
      "the address for /health and /metrics; 0.0.0.0 opens them to everyone who can reach this machine",
      "127.0.0.1",
    )
    .option("--allow-host <name>", "a host name that requests may use, besides localhost and IP addresses; repeatable", collect)
    .option("--port <port>", "the port for /health and /metrics; 0 for any free port", "4201")
    .option("--ui", "also serve the run page on this machine, as `pushpool ui` does")
    .option("--ui-port <port>", "the port of the run page; 0 for any free port (default: 4202 if it is free)")
    .option("--log-level <level>", "debug, info, warn or error", "info");

  fromManifest(
    command(
      "ui",
      "serve the run page on this machine: create runs, watch them, read their logs; it ends with Ctrl-C, and runs continue",
      "pushpool ui",
      () => import("./commands/ui.js"),
    ),
  )
    .option("--port <port>", "its port; 0 for any free port (default: 4202 if it is free)")
    .option("--no-open", "do not open the browser");

  fromManifest(
    command(
      "pools [action] [pool]",
      "list the work pools of the stack; pause or resume one: runs in flight continue, new ones wait",
      "pushpool pools pause etl",
      () => import("./commands/pools.js"),
    ),
  );
  fromManifest(
    command("deployments", "list the deployments of the stack", "pushpool deployments", () => import("./commands/deployments.js")),
  );
  fromManifest(
    command(
      "ledger [action]",
      "show which ledger is used, migrate its tables, move a home's history to Postgres, or prune old runs: show, migrate, move or prune",
      "pushpool ledger prune --older-than 90d --dry-run",
      () => import("./commands/ledger.js"),
    ),
  )
    .option("--to <url>", "with move: the Postgres database (default: $PUSHPOOL_LEDGER_URL)")
    .option("--wait", "with move: wait until no run is under way")
    .option("--cancel", "with move: go back, if the move was not finished")
    .option("--older-than <age>", "with prune: runs that ended longer ago than this, such as 90d or 12h")
    .option("--with-keys", "with prune: also runs with an idempotency key; the same key then makes a new run")
    .option("--dry-run", "with prune: only count");
  fromManifest(
    command(
      "manifest [what]",
      "show the manifest, pull it into a cache, or print its JSON Schema: show, pull or schema",
      "pushpool manifest pull --stack acme/data/prod",
      () => import("./commands/manifest.js"),
    ),
  ).option("--with-secrets", "with pull: store secrets too, outside the project, with access for you only");
  return program;
}

function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

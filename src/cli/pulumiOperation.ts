import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { EngineEvent, EngineResult } from "../engine";
import { learnStack, type PendingCreates, pendingCreatesOf } from "../pulumiState";
import { credentialsIn, Redactor } from "../redactor";
import { UserError } from "../userError";
import type { EngineFlags, EngineOperation } from "./engines";
import { eventLog } from "./eventLog";
import { learnFromDebug, pulumiEvent } from "./pulumiEvents";
import { note, printJson } from "./screen";

/** The length of the last output of Pulumi in which known problems are searched. */
const MAX_OUTPUT = 64 * 1024;

type Verb = "up" | "preview" | "refresh" | "destroy";

/** The end of a Pulumi command. */
interface CommandEnd {
  code: number;
  /** The last part of its standard error. */
  said: string;
}

/**
 * Run an operation with the Pulumi CLI: on this terminal, or with `--json` in the same format as the offline engine. Exit status 0 of Pulumi means
 * success, and any other "refused". If the stack is locked, or an earlier `up` was killed while it created resources, a hint is printed.
 */
export async function runPulumi(operation: EngineOperation, verb: Verb, { yes, json }: EngineFlags, args: string[]): Promise<void> {
  const { workspace, project, stack } = operation;
  const organization = workspace.stack?.organization;
  const name = organization === undefined ? stack : `${organization}/${project.name}/${stack}`;
  const argv = [verb, "--stack", name, ...(yes ? ["--yes"] : []), ...(json ? ["--json"] : []), ...args];
  const redactor = new Redactor();
  const before = json ? learnStack(name, project.dir, workspace.env, redactor) : pendingCreatesOf(name, project.dir, workspace.env);
  // Resources that the operation changes or deletes have secrets too. Without --json, the operation does not wait for this look-up.
  if (json) await before;
  const help = async (said: string) => [
    ...missingHelp(said, stack),
    ...lockHelp(said, name),
    ...(args.includes("--clear-pending-creates") ? [] : pendingHelp(await before, name)),
  ];
  if (json) return runInJson(operation, { verb, argv, name, redactor, help });
  const { code, said } = await run(argv, operation);
  for (const line of await help(said)) note(`pushpool: ${line}`);
  if (code !== 0) throw new UserError(`\`pulumi ${argv.join(" ")}\` ended with exit status ${code}; its output is above`, 5);
}

async function runInJson(
  operation: EngineOperation,
  {
    verb,
    argv,
    name,
    redactor,
    help,
  }: {
    verb: Verb;
    argv: string[];
    name: string;
    redactor: Redactor;
    help: (said: string) => Promise<string[]>;
  },
): Promise<void> {
  const { workspace, project, stack } = operation;
  for (const secret of credentialsIn(workspace.env)) redactor.learn(secret);
  const start = Date.now();
  const log = eventLog(redactor);
  const errors: string[] = [];
  const texts: string[] = [];
  let outputs: EngineResult["outputs"] = {};
  let changes: EngineResult["changes"] = {};
  const phases = new Phases({ previewFirst: verb !== "preview" && !argv.some((arg) => SKIPS_PREVIEW.has(arg)) }, (event) => {
    if (event.kind === "outputs" && event.step.type === "pulumi:pulumi:Stack") outputs = event.step.new?.outputs ?? {};
    if (event.kind === "summary") changes = event.changes;
    if (event.kind === "diagnostic") texts.push(event.message);
    if (event.kind === "diagnostic" && event.severity === "error") errors.push(event.message);
    log.hear(event);
  });
  const env = { ...workspace.env, PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "true" };
  const { code, said } = await run(argv, { ...operation, workspace: { ...workspace, env } }, (line, from) => {
    const event = from === "stdout" ? pulumiEvent(line) : ({ kind: "stderr", text: line } as const);
    if (event?.kind === "diagnostic" && event.severity === "debug") learnFromDebug(event.message, redactor);
    else if (event) phases.hear(event);
  });
  // New resources have new secrets.
  await learnStack(name, project.dir, workspace.env, redactor);
  const helpful = await help([said, ...texts].join("\n"));
  phases.end(
    code === 0,
    helpful.map((message) => ({ kind: "diagnostic", severity: "warning", message })),
  );
  log.end();
  if (code !== 0) {
    const why = redactor.hide([...errors, said, ...helpful].join("\n").trim());
    throw new UserError(`\`pulumi ${argv.join(" ")}\` ended with exit status ${code}${why === "" ? "" : `: ${why}`}`, 5);
  }
  const { same: _, ...changed } = changes;
  const result = {
    project: project.name,
    stack,
    changes,
    outputs: redactor.hideIn(verb === "destroy" ? {} : outputs),
    unchanged: Object.keys(changed).length === 0,
    durationMs: Date.now() - start,
  };
  printJson({ result });
}

const SKIPS_PREVIEW = new Set(["--skip-preview", "--skip-preview=true", "-f"]);

/**
 * Passes on the events of an operation, but not those of Pulumi's preview before it. Each phase begins with a prelude, and everything before the
 * second prelude is dropped. The summary comes last.
 */
class Phases {
  readonly #deliver: (event: EngineEvent) => void;
  #isPreview: boolean;
  #preludes = 0;
  #held: EngineEvent[] = [];
  #summary: (EngineEvent & { kind: "summary" }) | undefined;

  constructor({ previewFirst }: { previewFirst: boolean }, deliver: (event: EngineEvent) => void) {
    this.#isPreview = previewFirst;
    this.#deliver = deliver;
  }

  hear(event: EngineEvent): void {
    if (event.kind === "prelude" && ++this.#preludes === 2) {
      this.#held = this.#held.filter(({ kind }) => kind === "stderr");
      this.#summary = undefined;
      this.#isPreview = false;
    }
    if (event.kind === "summary") this.#summary = event;
    else this.#held.push(event);
    this.#flush();
  }

  end(succeeded: boolean, more: EngineEvent[]): void {
    this.#isPreview = false;
    this.#held.push(...more);
    if (this.#summary) this.#held.push({ ...this.#summary, succeeded: this.#summary.succeeded && succeeded });
    this.#flush();
  }

  #flush(): void {
    if (this.#isPreview) return;
    for (const event of this.#held.splice(0)) this.#deliver(event);
  }
}

/**
 * Run `pulumi` to its end. Ctrl-C in a terminal also reaches Pulumi, which then finishes its operation. This process waits for that. Other signals
 * are passed on to Pulumi as SIGINT.
 * @param onLine gets each line of its output. Without it, Pulumi prints to this terminal.
 */
async function run(
  argv: string[],
  { project, workspace: { env } }: EngineOperation,
  onLine?: (line: string, from: "stdout" | "stderr") => void,
): Promise<CommandEnd> {
  let child: ChildProcess | undefined;
  const stay = () => {};
  const pass = () => child?.kill("SIGINT");
  // Listen before Pulumi starts, because a signal may come with its first line.
  process.on("SIGINT", stay).on("SIGTERM", pass).on("SIGHUP", pass);
  try {
    child = spawnPulumi(argv, project.dir, env, onLine !== undefined);
    return await endOf(child, onLine);
  } finally {
    process.off("SIGINT", stay).off("SIGTERM", pass).off("SIGHUP", pass);
  }
}

function spawnPulumi(argv: string[], cwd: string, env: NodeJS.ProcessEnv, piped: boolean): ChildProcess {
  return spawn("pulumi", argv, { cwd, env, stdio: ["inherit", piped ? "pipe" : "inherit", "pipe"] });
}

async function endOf(child: ChildProcess, onLine?: (line: string, from: "stdout" | "stderr") => void): Promise<CommandEnd> {
  let said = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    if (!onLine) process.stderr.write(chunk);
    said = `${said}${chunk}`.slice(-MAX_OUTPUT);
  });
  const lines = (from: "stdout" | "stderr") =>
    new Promise<void>((done) => {
      createInterface({ input: child[from] as Readable })
        .on("line", (line) => onLine?.(line, from))
        .on("close", done);
    });
  const read = onLine ? Promise.all([lines("stdout"), lines("stderr")]) : Promise.resolve();
  const code = await new Promise<number>((done, fail) => {
    child.on("error", (error) => fail(new UserError(`\`pulumi\` cannot be started: ${error.message}. Is it on PATH?`, 5)));
    child.on("close", (status) => done(status ?? 1));
  });
  await read;
  return { code, said };
}

function missingHelp(said: string, stack: string): string[] {
  if (!/no stack named '.*' found/.test(said)) return [];
  return [`the Pulumi CLI has no such stack: make it with \`pulumi stack init ${stack}\`, or use \`--engine offline\``];
}

/** The hint for a stack that another operation has locked, by a lock file or in Pulumi Cloud. */
function lockHelp(said: string, name: string): string[] {
  if (!/stack is currently locked|Another update is currently in progress/i.test(said)) return [];
  return [
    `stack ${name} is locked. If no other operation is running, an earlier one was killed: unlock the stack with \`pulumi cancel --stack ${name}\`, then try again`,
  ];
}

function pendingHelp({ urns }: PendingCreates, name: string): string[] {
  if (urns.length === 0) return [];
  const names = urns.slice(0, 5).map((urn) => urn.split("::").slice(2).join("::"));
  const what = `${names.join(", ")}${urns.length > 5 ? ", …" : ""}`;
  return [
    `an earlier operation was killed while it created ${what}. Check at the provider whether it exists; \`pulumi refresh --clear-pending-creates --stack ${name}\` removes missing resources from the state`,
  ];
}

import { spawn } from "node:child_process";
import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Json, JsonObject } from "../../../src/json";
import type { Heard, RecordedStep } from "./recording";

/** Where `pulumi` is on PATH. */
export function findPulumi(path = process.env.PATH ?? ""): string | undefined {
  const isThere = (file: string) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  };
  return path
    .split(delimiter)
    .map((folder) => join(folder, "pulumi"))
    .find(isThere);
}

interface Where {
  step: RecordedStep;
  /** The project's folder. */
  dir: string;
  /** A folder for the backend, Pulumi's home and the event log. */
  root: string;
  env: NodeJS.ProcessEnv;
}

/** What a command of Pulumi's own did, not yet in the short forms. Its backend is a folder; nothing is asked of the network. */
export async function takeByPulumi({ step, dir, root, env }: Where) {
  const backend = join(root, "backend");
  const log = join(root, "events.jsonl");
  const own: NodeJS.ProcessEnv = {
    ...env,
    PULUMI_HOME: join(root, "pulumi"),
    PULUMI_BACKEND_URL: `file://${backend}`,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PULUMI_DISABLE_REGISTRY_RESOLVE: "true",
    PULUMI_DEBUG_COMMANDS: "true",
  };
  const pulumi = (...args: string[]) => run(args, dir, own);
  const sure = async (...args: string[]) => {
    const { status, stdout, stderr } = await pulumi(...args);
    if (status !== 0) throw new Error(`pulumi ${args.join(" ")} ended with ${status}: ${stderr}${stdout}`);
    return stdout;
  };
  if (!existsSync(backend)) {
    mkdirSync(backend, { recursive: true });
    await sure("stack", "init", "dev", "--non-interactive");
  }
  for (const args of configCommands(step.config ?? {})) await sure(...args);
  rmSync(log, { force: true });
  const { status, stdout, stderr } = await pulumi(...argumentsOf(step.command), "--color", "never", "--event-log", log);
  const { events, changes } = readEventLog(existsSync(log) ? readFileSync(log, "utf8") : "");
  const outputs = async (...more: string[]) => JSON.parse(await sure("stack", "output", "--json", ...more, "--stack", "dev")) as JsonObject;
  return {
    failure: status === 0 ? undefined : stderr || stdout,
    changes,
    events,
    outputs: await outputs(),
    secrets: await outputs("--show-secrets"),
    state: readExport(await sure("stack", "export", "--show-secrets", "--stack", "dev")),
  };
}

/** @param command as it is recorded: `pulumi up --yes …` */
export function argumentsOf(command: string): string[] {
  const [program, ...args] = command.split(" ");
  if (program !== "pulumi") throw new Error(`not a command of Pulumi's: ${command}`);
  return args;
}

/** A value that is null goes; {"secret": …} is a secret. */
export function configCommands(config: Record<string, Json>): string[][] {
  return Object.entries(config).map(([key, value]) => {
    if (value === null) return ["config", "rm", key, "--stack", "dev"];
    const isSecret = typeof value === "object";
    const text = String(isSecret ? (value as JsonObject).secret : value);
    return ["config", "set", ...(isSecret ? ["--secret"] : []), "--stack", "dev", "--non-interactive", "--", key, text];
  });
}

const KINDS = { resourcePreEvent: "pre", resOutputsEvent: "outputs", resOpFailedEvent: "failed" } as const;

/** Events and counts of an event log. Of a command with a preview of its own, those of what was done last. */
export function readEventLog(text: string): { events: Heard[]; changes: JsonObject } {
  let events: Heard[] = [];
  let changes: JsonObject = {};
  for (const line of text.split("\n").filter(Boolean)) {
    const read = JSON.parse(line) as JsonObject;
    const event = (read.event ?? read) as Record<string, JsonObject>;
    if (event.preludeEvent) events = [];
    if (event.summaryEvent) changes = (event.summaryEvent.resourceChanges ?? {}) as JsonObject;
    for (const [name, kind] of Object.entries(KINDS)) {
      const metadata = event[name]?.metadata as JsonObject | undefined;
      if (metadata) events.push([kind, String(metadata.op), String(metadata.urn), ...differsOf(metadata)]);
    }
  }
  return { events, changes };
}

function differsOf({ keys, diffs, detailedDiff }: JsonObject): [] | [JsonObject] {
  const any = (list: Json | undefined) => Array.isArray(list) && list.length > 0;
  const detailed = Object.entries((detailedDiff ?? {}) as Record<string, { diffKind: string; inputDiff?: boolean }>).map(
    ([path, { diffKind, inputDiff }]) => [path, `${diffKind}${inputDiff ? " (input)" : ""}`],
  );
  const differs = {
    ...(any(keys) ? { keys } : {}),
    ...(any(diffs) ? { diffs } : {}),
    ...(detailed.length > 0 ? { detailedDiff: Object.fromEntries(detailed) } : {}),
  } as JsonObject;
  return Object.keys(differs).length > 0 ? [differs] : [];
}

const SIGNATURE = "4dabf18193072939515e22adb298388d";

/** The resources of `pulumi stack export --show-secrets`, without what differs from run to run. */
export function readExport(text: string): JsonObject[] {
  const { deployment } = JSON.parse(text) as { deployment: { resources?: JsonObject[] } };
  return (deployment.resources ?? []).map(
    ({ created: _, modified: __, sourcePosition: ___, stackTrace: ____, lockedBy: _____, ...resource }) => opened(resource) as JsonObject,
  );
}

/** There a secret is JSON in `plaintext`. */
function opened(value: Json): Json {
  if (Array.isArray(value)) return value.map(opened);
  if (value === null || typeof value !== "object") return value;
  if (SIGNATURE in value && typeof value.plaintext === "string")
    return { [SIGNATURE]: value[SIGNATURE] ?? null, value: opened(JSON.parse(value.plaintext) as Json) };
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, opened(inner)]));
}

function run(args: string[], cwd: string, env: NodeJS.ProcessEnv): Promise<{ status: number | null; stdout: string; stderr: string }> {
  return new Promise((done, fail) => {
    const child = spawn("pulumi", args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    const text = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"] as const)
      child[stream].on("data", (chunk: Buffer) => {
        text[stream] += chunk;
      });
    child.on("error", fail);
    child.on("close", (status) => done({ status, ...text }));
  });
}

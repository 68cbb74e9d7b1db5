import { spawn } from "node:child_process";
import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Json, JsonObject } from "../../../src/json";
import type { RecordedEvent, RecordedStep } from "./recording";

/** The path of `pulumi` on PATH. */
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
  /** The project folder. */
  dir: string;
  /** A folder for the backend, Pulumi's home and the event log. */
  root: string;
  env: NodeJS.ProcessEnv;
}

/** Run a step with the Pulumi CLI. Its result is not yet in short form. The backend is a folder, and the network is not used. */
export async function runStepWithPulumi({ step, dir, root, env }: Where) {
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
  const runOrThrow = async (...args: string[]) => {
    const { status, stdout, stderr } = await pulumi(...args);
    if (status !== 0) throw new Error(`pulumi ${args.join(" ")} ended with ${status}: ${stderr}${stdout}`);
    return stdout;
  };
  if (!existsSync(backend)) {
    mkdirSync(backend, { recursive: true });
    await runOrThrow("stack", "init", "dev", "--non-interactive");
  }
  for (const args of configCommands(step.config ?? {})) await runOrThrow(...args);
  rmSync(log, { force: true });
  const { status, stdout, stderr } = await pulumi(...argumentsOf(step.command), "--color", "never", "--event-log", log);
  const { events, changes } = readEventLog(existsSync(log) ? readFileSync(log, "utf8") : "");
  const outputs = async (...more: string[]) =>
    JSON.parse(await runOrThrow("stack", "output", "--json", ...more, "--stack", "dev")) as JsonObject;
  return {
    failure: status === 0 ? undefined : stderr || stdout,
    changes,
    events,
    outputs: await outputs(),
    secrets: await outputs("--show-secrets"),
    state: readExport(await runOrThrow("stack", "export", "--show-secrets", "--stack", "dev")),
  };
}

/** @param command as recorded: `pulumi up --yes …` */
export function argumentsOf(command: string): string[] {
  const [program, ...args] = command.split(" ");
  if (program !== "pulumi") throw new Error(`not a Pulumi command: ${command}`);
  return args;
}

/** A null value removes the key; {"secret": …} sets a secret. */
export function configCommands(config: Record<string, Json>): string[][] {
  return Object.entries(config).map(([key, value]) => {
    if (value === null) return ["config", "rm", key, "--stack", "dev"];
    const isSecret = typeof value === "object";
    const text = String(isSecret ? (value as JsonObject).secret : value);
    return ["config", "set", ...(isSecret ? ["--secret"] : []), "--stack", "dev", "--non-interactive", "--", key, text];
  });
}

const KINDS = { resourcePreEvent: "pre", resOutputsEvent: "outputs", resOpFailedEvent: "failed" } as const;

/** The events and counts of an event log. A command with its own preview logs twice; the last operation counts. */
export function readEventLog(text: string): { events: RecordedEvent[]; changes: JsonObject } {
  let events: RecordedEvent[] = [];
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

/** The resources of `pulumi stack export --show-secrets`, without the fields that change from run to run. */
export function readExport(text: string): JsonObject[] {
  const { deployment } = JSON.parse(text) as { deployment: { resources?: JsonObject[] } };
  return (deployment.resources ?? []).map(
    ({ created: _, modified: __, sourcePosition: ___, stackTrace: ____, lockedBy: _____, ...resource }) =>
      decrypted(resource) as JsonObject,
  );
}

/** In an export a secret is JSON in `plaintext`. */
function decrypted(value: Json): Json {
  if (Array.isArray(value)) return value.map(decrypted);
  if (value === null || typeof value !== "object") return value;
  if (SIGNATURE in value && typeof value.plaintext === "string")
    return { [SIGNATURE]: value[SIGNATURE] ?? null, value: decrypted(JSON.parse(value.plaintext) as Json) };
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, decrypted(inner)]));
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

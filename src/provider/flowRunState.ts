import { isDeepStrictEqual } from "node:util";
import { isJsonObject, type Json, type JsonObject } from "../json";
import { segmentsOf } from "../jsonPointer";
import { exitCodeOfCommand, type Run, TERMINAL } from "../runs";
import { MASK } from "../secret";
import { type FlowRunInputs, secretPathsOf } from "./flowRunInputs";
import type { Outs } from "./operations";

/**
 * The outputs of a FlowRun. They contain the inputs again, because Pulumi passes only outputs to `diff`, `read` and `delete`.
 * The secrets are moved to `secrets`, which the component declares secret. (Pulumi itself marks an output as secret only if the input at
 * the same place is.)
 */
export function outsOf(inputs: FlowRunInputs, run: RunOutputs): Outs {
  const { __provider: _, ...all } = inputs as unknown as JsonObject;
  const { masked, secrets } = extractSecrets(all, secretPathsOf(inputs));
  return { ...masked, ...(Object.keys(secrets).length === 0 ? {} : { secrets }), ...run };
}

/** The outputs of a run for a program. Only `delete` uses `attempt`. */
export interface RunOutputs {
  [name: string]: Json | undefined;
  runId: string;
  /** Prefect's state type. */
  state: string;
  exitCode: number | undefined;
  startedAt: string | undefined;
  endedAt: string | undefined;
  attempt: number;
}

export function runOutputs(run: Run): RunOutputs {
  return {
    runId: run.id,
    state: run.state.type,
    exitCode: exitCodeOfCommand(run),
    startedAt: run.startedAt,
    endedAt: run.endedAt,
    attempt: run.attempt,
  };
}

/** The outputs of the run in a state. */
export function storedRun(outs: JsonObject): RunOutputs {
  const { runId, state, exitCode, startedAt, endedAt, attempt } = outs as unknown as RunOutputs;
  return { runId, state, exitCode, startedAt, endedAt, attempt: attempt ?? 1 };
}

const NOT_INPUTS = ["secrets", "runId", "state", "exitCode", "startedAt", "endedAt", "attempt"];

/** The inputs of a state, with the secrets put back in place. */
export function storedInputs(outs: JsonObject): FlowRunInputs {
  const inputs = structuredClone(Object.fromEntries(Object.entries(outs).filter(([name]) => !NOT_INPUTS.includes(name))));
  const secrets = Object.entries(isJsonObject(outs.secrets) ? outs.secrets : {}).sort(([a], [b]) => a.length - b.length);
  for (const [path, value] of secrets) replace(inputs, segmentsOf(path), () => structuredClone(value));
  return inputs as unknown as FlowRunInputs;
}

export function hasEnded({ state }: RunOutputs): boolean {
  return (TERMINAL as readonly string[]).includes(state);
}

/** Whether an `up` stopped waiting before the run had COMPLETED. The next `up` must continue. */
export function isAwaited(outs: JsonObject): boolean {
  return outs.wait !== false && outs.state !== "COMPLETED";
}

/** A change of one of these needs a new run. */
const REPLACING = ["parameters", "jobVariables", "triggers"] as const;
const NOTHING: Record<(typeof REPLACING)[number], Json> = { parameters: {}, jobVariables: {}, triggers: [] };

/**
 * Compare states. Another deployment, parameter, job variable, trigger or overriding pool needs a new run. Any other change (credentials, template, image,
 * the deployment's command) is only stored for later runs, and starts none.
 */
export function compareWithState(olds: JsonObject, news: JsonObject): { changes: boolean; replaces: string[] } {
  const before = storedInputs(olds) as unknown as JsonObject;
  const valued = (inputs: JsonObject, name: (typeof REPLACING)[number]) => inputs[name] ?? NOTHING[name];
  const replaces: string[] = REPLACING.filter((name) => !isDeepStrictEqual(valued(before, name), valued(news, name)));
  if (overridingPool(before) !== overridingPool(news)) replaces.push("pool");
  if ((before.deployment as JsonObject).name !== (news.deployment as JsonObject).name) replaces.push("deployment");
  const others = ({ __provider, parameters, jobVariables, triggers, replaceOnChanges: _, ...rest }: JsonObject) => rest;
  for (const name of changedAt((news.replaceOnChanges ?? []) as string[], others(before), others(news))) replaces.push(name);
  return { changes: replaces.length > 0 || isAwaited(olds) || !isDeepStrictEqual(others(before), others(news)), replaces };
}

/** The pool that the run has instead of its deployment's; `undefined` if it runs on the deployment's. */
function overridingPool({ overridePool, pool }: JsonObject): Json | undefined {
  return overridePool === true ? (pool as JsonObject).name : undefined;
}

/** The top-level properties that differ at one of the property paths: `a.b[0]`, `a["b"]`. `*` matches any part. */
function changedAt(paths: readonly string[], before: JsonObject, now: JsonObject): string[] {
  const differs = (one: Json | undefined, other: Json | undefined, [segment, ...rest]: string[]): boolean => {
    if (segment === undefined) return !isDeepStrictEqual(one, other);
    const keys = segment === "*" ? new Set([one, other].flatMap((value) => Object.keys(value ?? {}))) : [segment];
    return [...keys].some((key) => differs(inside(one ?? null, key), inside(other ?? null, key), rest));
  };
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  const wanted = paths.map((path) => path.split(/[.[\]"]+/).filter((segment) => segment !== ""));
  return names.filter((name) =>
    wanted.some(([first, ...rest]) => (first === name || first === "*") && differs(before[name], now[name], rest)),
  );
}

function extractSecrets(inputs: JsonObject, paths: readonly string[]): { masked: JsonObject; secrets: JsonObject } {
  const masked = structuredClone(inputs);
  const secrets: JsonObject = {};
  // Longest paths first, and in the opposite order on the way back: a secret may contain another.
  for (const path of [...new Set(paths)].sort((a, b) => b.length - a.length)) {
    replace(masked, segmentsOf(path), (value) => {
      secrets[path] = value;
      return MASK;
    });
  }
  return { masked, secrets };
}

function replace(tree: JsonObject, way: readonly string[], by: (value: Json) => Json): void {
  let at: Json | undefined = tree;
  for (const segment of way.slice(0, -1)) at = inside(at, segment);
  const last = way.at(-1);
  const value = last === undefined ? undefined : inside(at, last);
  if (value === undefined || value === null) return;
  (at as Record<string, Json>)[last as string] = by(value);
}

function inside(value: Json | undefined, segment: string): Json | undefined {
  if (value === null || typeof value !== "object") return undefined;
  return Object.hasOwn(value, segment) ? (value as Record<string, Json>)[segment] : undefined;
}

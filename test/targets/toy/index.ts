import type { ValueObject } from "../../../src/json";
import type { Outcome } from "../../../src/model/outcome";
import { checkServices, urlAt } from "../../../src/targets/cloud/poolAccess";
import { signalOf } from "../../../src/targets/cloud/signals";
import { checkKeys, checkVariableName, objectAt, variableAt, wordsAt } from "../../../src/targets/jobValues";
import type { Observation, Target, TargetAccess } from "../../../src/targets/target";
import { UserError } from "../../../src/userError";
import type { ToyRequest, ToyRun } from "./toyCloud";

const KEYS = ["command", "env", "labels", "name"];

/** A target outside of pushpool: runs on the toy cloud at its pool's `endpoints.toy`. It has all that a target needs, and no more. */
export function createToyTarget({ pool }: Pick<TargetAccess, "pool">): Target {
  const call = async (method: string, path: string, body?: ToyRequest): Promise<ToyRun | null> => {
    const access = await pool();
    checkServices(access, ["toy"], "a toy:push");
    const url = urlAt(`${access.endpoints.toy}/${path}`, `pools.${access.name}.endpoints.toy`);
    const response = await fetch(url, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }).catch(() => {
      throw new UserError(`the toy cloud at ${url.origin} does not answer`, 5);
    });
    return (await response.json()) as ToyRun | null;
  };

  return {
    pace: { first: 10, longest: 200 },
    plan(job, { id, attempt, pool, timeoutSeconds }) {
      checkKeys(job, KEYS, "toy:push");
      const command = wordsAt(job.command, "job_configuration.command", "the toy cloud shows it. Pass it in env") ?? [];
      const env = objectAt(job.env ?? {}, "job_configuration.env");
      for (const [name, value] of Object.entries(env)) {
        checkVariableName(name, `job_configuration.env.${name}`);
        variableAt(value, `job_configuration.env.${name}`);
      }
      return { runId: id, attempt, pool, request: { name: nameOf(id, attempt), command, env, timeoutSeconds }, warnings: [] };
    },
    prepare: async (submission) => ({ submission, resources: {} }),
    async submit({ submission: { request } }) {
      const { name, command, env, timeoutSeconds } = request as {
        name: string;
        command: string[];
        env: ValueObject;
        timeoutSeconds: number;
      };
      const plain = Object.entries(env).map(([key, value]) => [key, variableAt(value, key)]);
      await call("PUT", name, { argv: command, env: Object.fromEntries(plain), timeoutSeconds });
      return name;
    },
    async find(runId, attempt) {
      const name = nameOf(runId, attempt);
      return (await call("GET", name)) === null ? undefined : name;
    },
    observe: async (ids) =>
      new Map(await Promise.all(ids.map(async (id): Promise<[string, Observation]> => [id, observationOf(await call("GET", id))]))),
    async logs(id, cursor = "0") {
      const run = await call("GET", id);
      const lines = run?.lines.slice(Number(cursor)) ?? [];
      return { lines, cursor: String(Number(cursor) + lines.length), complete: run?.end !== undefined || run === null };
    },
    stop: async (id, { graceSeconds }) => void (await call("DELETE", `${id}?grace=${graceSeconds}`)),
    cleanup: async () => {},
  };
}

function nameOf(runId: string, attempt: number): string {
  return `${runId}-${attempt}`;
}

function observationOf(run: ToyRun | null): Observation {
  if (run === null)
    return { phase: "ended", outcome: { kind: "lost", reason: "the toy cloud does not know it" }, endedAt: new Date().toISOString() };
  const { startedAt, end } = run;
  return end ? { phase: "ended", outcome: outcomeOf(run, end), startedAt, endedAt: end.at } : { phase: "running", startedAt };
}

function outcomeOf({ stopRequested, isOver }: ToyRun, end: NonNullable<ToyRun["end"]>): Outcome {
  if (stopRequested) return { kind: "cancelled", by: "us" };
  if (isOver) return { kind: "timedOut", phase: "running" };
  if (end.kind === "exited") return { kind: "exited", code: end.code };
  if (end.kind === "signalled") return { kind: "signalled", signal: signalOf(128 + end.signal) };
  return { kind: "failedToStart", reason: end.message };
}

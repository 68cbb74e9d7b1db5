import { sameJson } from "../canonicalJson";
import { isJsonObject, type Json, type JsonObject } from "../json";
import type { DeploymentRecord } from "../ledger";

/** One leaf that is not what it was; `undefined`: not there. */
export interface Change {
  /** `parameters.name`, `schedules[0].schedule.cron` */
  path: string;
  from: Json | undefined;
  to: Json | undefined;
}

/** What a deployment would become. */
export interface DeploymentChange {
  name: string;
  change: "create" | "update" | "same" | "remove";
  /** Work pool that runs it. */
  workPool: string;
  /** For an update. */
  changes: Change[];
}

/** How a deployment differs from what was deployed before; when it was deployed makes no difference. */
export function compareDeployments(before: DeploymentRecord | undefined, after: DeploymentRecord): DeploymentChange {
  const { name, definition } = after;
  const workPool = definition.workPool.name;
  if (!before) return { name, change: "create", workPool, changes: [] };
  const changes = differences(comparable(before), comparable(after));
  return { name, change: changes.length > 0 ? "update" : "same", workPool, changes };
}

/** Every leaf of two trees that differs. */
export function differences(from: JsonObject, to: JsonObject): Change[] {
  return [...changesBetween(from, to, "")];
}

function comparable({ definition, kept, file }: DeploymentRecord): JsonObject {
  return { ...(definition as unknown as JsonObject), ...kept, file };
}

function* changesBetween(from: Json | undefined, to: Json | undefined, path: string): Generator<Change> {
  if (sameJson(from, to)) return;
  if (isJsonObject(from) && isJsonObject(to)) {
    for (const key of new Set([...Object.keys(from), ...Object.keys(to)])) {
      yield* changesBetween(at(from, key), at(to, key), path === "" ? key : `${path}.${key}`);
    }
  } else if (Array.isArray(from) && Array.isArray(to)) {
    for (let index = 0; index < Math.max(from.length, to.length); index += 1)
      yield* changesBetween(from[index], to[index], `${path}[${index}]`);
  } else yield { path, from, to };
}

function at(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

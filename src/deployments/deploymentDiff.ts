import { sameJson } from "../canonicalJson";
import { isJsonObject, type Json, type JsonObject } from "../json";
import type { DeploymentRecord } from "../ledger";

/** One leaf that differs; `undefined` means that it does not exist. */
export interface Change {
  /** `parameters.name`, `schedules[0].schedule.cron` */
  path: string;
  from: Json | undefined;
  to: Json | undefined;
}

/** How a deployment would change. */
export interface DeploymentChange {
  name: string;
  change: "create" | "update" | "same" | "remove";
  /** The work pool that runs it. */
  workPool: string;
  /** Empty unless `change` is `update`. */
  changes: Change[];
}

/** Compare a deployment with what was deployed before. The time of deployment is ignored. */
export function compareDeployments(before: DeploymentRecord | undefined, after: DeploymentRecord): DeploymentChange {
  const { name, definition } = after;
  const workPool = definition.workPool.name;
  if (!before) return { name, change: "create", workPool, changes: [] };
  const changes = differences(comparable(before), comparable(after));
  return { name, change: changes.length > 0 ? "update" : "same", workPool, changes };
}

/** Every leaf that differs between two trees. */
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

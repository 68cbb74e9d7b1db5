import { UserError } from "../userError";
import type { DeploymentConfig } from "./model";
import type { ResolvedDeployment } from "./resolveDeployment";

/** The largest integer in the Postgres column of a Prefect server. */
const MAX_LIMIT = 2_147_483_647;
/** Prefect's own limit (`ConcurrencyOptions.grace_period_seconds`), in seconds. */
const MAX_GRACE = 86_400;
/**
 * The limit of a deployment's active runs.
 * @throws {UserError} with the path of the field
 */
export function concurrencyOf({
  concurrency_limit: given,
}: DeploymentConfig): Pick<ResolvedDeployment, "concurrencyLimit" | "concurrencyOptions"> {
  if (given === null || given === undefined) return { concurrencyLimit: null, concurrencyOptions: null };
  if (typeof given === "number") return { concurrencyLimit: within(given, 1, MAX_LIMIT, "concurrency_limit"), concurrencyOptions: null };
  const { limit, collision_strategy: strategy, grace_period_seconds: grace } = given;
  if (strategy !== "ENQUEUE" && strategy !== "CANCEL_NEW") {
    throw new UserError(`concurrency_limit.collision_strategy: must be ENQUEUE or CANCEL_NEW${strategy ? `, not "${strategy}"` : ""}`);
  }
  return {
    concurrencyLimit: limit === null || limit === undefined ? null : within(limit, 1, MAX_LIMIT, "concurrency_limit.limit"),
    concurrencyOptions: {
      collisionStrategy: strategy,
      gracePeriodSeconds:
        grace === null || grace === undefined ? null : within(grace, 60, MAX_GRACE, "concurrency_limit.grace_period_seconds"),
    },
  };
}

function within(value: number, min: number, max: number, field: string): number {
  if (value < min || value > max) throw new UserError(`${field}: must be ${min} to ${max}, not ${value}`);
  return value;
}

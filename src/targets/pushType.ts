import type { PoolType } from "../model/poolType";
import { suggestion } from "../nearest";
import { UserError } from "../userError";

const TYPES: Record<PoolType, true> = {
  "process:push": true,
  "cloud-run-v2:push": true,
  "ecs:push": true,
  "azure-container-instance:push": true,
};

/**
 * The type by which a work pool's runs are started: its own, or, for a pool of a hybrid type (`ecs`, which a worker would serve), that of
 * the same infrastructure.
 * @throws {UserError} for a type that no target is there for
 */
export function asPoolType(type: string, pool: string): PoolType {
  const push = type.endsWith(":push") ? type : `${type}:push`;
  if (Object.hasOwn(TYPES, push)) return push as PoolType;
  throw new UserError(`work pool "${pool}" is of type "${type}", which pushpool cannot run: ${suggestion(type, Object.keys(TYPES))}`);
}

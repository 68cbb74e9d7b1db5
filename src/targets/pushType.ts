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
 * The type that decides how a work pool's runs start: its own, or, for a hybrid type (`ecs`, which a worker would serve), the push type of
 * the same infrastructure.
 * @throws {UserError} if no target supports the type
 */
export function asPoolType(type: string, pool: string): PoolType {
  const push = type.endsWith(":push") ? type : `${type}:push`;
  if (Object.hasOwn(TYPES, push)) return push as PoolType;
  throw new UserError(`work pool "${pool}" is of type "${type}", which pushpool cannot run: ${suggestion(type, Object.keys(TYPES))}`);
}

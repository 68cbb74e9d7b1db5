import { POOL_TYPES, type PoolType } from "../model/poolType";
import { suggestion } from "../nearest";
import { UserError } from "../userError";

/**
 * The type that decides how a work pool's runs start. For a hybrid type such as `ecs`, which a worker would serve, it is the push type of the
 * same infrastructure.
 * @throws {UserError} if no target supports the type
 */
export function asPoolType(type: string, pool: string): PoolType {
  const push = type.endsWith(":push") ? type : `${type}:push`;
  const known = POOL_TYPES.find((one) => one === push);
  if (known !== undefined) return known;
  throw new UserError(`work pool "${pool}" is of type "${type}", which pushpool cannot run: ${suggestion(type, POOL_TYPES)}`);
}

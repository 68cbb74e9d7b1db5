import type { PoolType } from "../model/poolType";
import { upgradeHint } from "../origin";
import { UserError } from "../userError";
import { TARGET_KINDS } from "./kinds";
import type { Target, TargetPlace } from "./target";

/**
 * Load the target of a work pool: a process loads only the targets that it uses.
 * @throws {UserError} if this version does not support the type
 */
export async function openTarget(type: PoolType, place: TargetPlace): Promise<Target> {
  if (Object.hasOwn(TARGET_KINDS, type)) return TARGET_KINDS[type].open(place);
  const types = Object.keys(TARGET_KINDS);
  throw new UserError(
    `work pools of type ${type} cannot be run by this version of pushpool: it runs ${types.slice(0, -1).join(", ")} and ${types.at(-1)}. To upgrade, ${upgradeHint()}`,
  );
}

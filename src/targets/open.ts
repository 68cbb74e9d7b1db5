import { UserError } from "../userError";
import type { PoolType, Target } from "./target";

/**
 * The target of a pool type, loaded only now: a process that uses one pays for one.
 * @param place `home`: the `.pushpool` folder; `env`: the caller's environment
 * @throws {UserError} for a type this version does not run
 */
export async function openTarget(type: PoolType, place: { home: string; env: NodeJS.ProcessEnv }): Promise<Target> {
  switch (type) {
    case "process:push": {
      const { createProcessTarget } = await import("./process/index.js");
      return createProcessTarget(place);
    }
    default:
      throw new UserError(
        `work pools of type ${type} cannot be run by this version of pushpool: it runs process:push. Upgrade with \`npm install pushpool@latest\``,
      );
  }
}

import { spellings } from "../deploymentName";
import { suggestion } from "../nearest";
import { UserError } from "../userError";
import type { DeploymentChange } from "./diff";

/**
 * Which deployments to remove.
 * @param deployed what is there
 * @param around `others`: more names that one may have meant
 * @throws {UserError} if one was not deployed, with the nearest; or is the Pulumi program's
 */
export function planRemoval(
  names: readonly string[],
  deployed: readonly { name: string; workPool: string }[],
  { declared, stack, origin, others = [] }: { declared: object; stack: string; origin: string; others?: readonly string[] },
): DeploymentChange[] {
  const known = new Map(deployed.map(({ name, workPool }) => [name, workPool]));
  return [...new Set(names)].map((name) => {
    for (const spelling of spellings(name)) {
      const workPool = known.get(spelling);
      if (workPool !== undefined) return { name: spelling, change: "remove" as const, workPool, changes: [] };
    }
    if (Object.hasOwn(declared, name))
      throw new UserError(
        `--remove ${name}: the Pulumi program of stack ${stack} declares it (pushpool:index:Deployment "${name}"): take it out there, then \`pushpool up\``,
      );
    const hint = suggestion(name, [...known.keys(), ...others]) || "nothing was deployed to it";
    throw new UserError(`--remove ${name}: it was not deployed to ${origin}: ${hint}`);
  });
}

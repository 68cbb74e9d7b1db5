import { spellings } from "../deploymentName";
import { suggestion } from "../nearest";
import { UserError } from "../userError";
import type { DeploymentChange } from "./deploymentDiff";

/**
 * Plan to remove deployments.
 * @param deployed those that are deployed
 * @param around `others`: more names to suggest
 * @throws {UserError} if one was not deployed, with similar names; or if the Pulumi program declares it
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
        `--remove ${name}: the Pulumi program of stack ${stack} declares it (pushpool:index:Deployment "${name}"): remove it there, then run \`pushpool up\``,
      );
    const hint = suggestion(name, [...known.keys(), ...others]) || "it has no deployments";
    throw new UserError(`--remove ${name}: it was not deployed to ${origin}: ${hint}`);
  });
}

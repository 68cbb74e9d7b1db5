import type { Ledger } from "../ledger";
import type { LoadedManifest } from "../manifest";
import { suggestion } from "../nearest";
import { UserError } from "../userError";
import type { DeploymentChange } from "./diff";

/**
 * Which deployments to remove.
 * @throws {UserError} if one was not deployed, with the nearest; or is the Pulumi program's
 */
export async function planRemoval(
  names: readonly string[],
  { manifest, stack, origin }: LoadedManifest,
  ledger: Ledger,
): Promise<DeploymentChange[]> {
  const deployed = await ledger.deployments(stack);
  const known = new Map(deployed.map((record) => [record.name, record]));
  return [...new Set(names)].map((name) => {
    const record = known.get(name);
    if (record) return { name, change: "remove" as const, workPool: record.definition.workPool.name, changes: [] };
    if (Object.hasOwn(manifest.deployments, name))
      throw new UserError(
        `--remove ${name}: the Pulumi program of stack ${stack} declares it (pushpool:index:Deployment "${name}"): take it out there, then \`pushpool up\``,
      );
    const hint = suggestion(name, known.keys()) || "nothing was deployed to it";
    throw new UserError(`--remove ${name}: it was not deployed to ${origin}: ${hint}`);
  });
}

import { spellings } from "../deploymentName";
import type { Ledger } from "../ledger";
import type { DeploymentInManifest, Manifest } from "../manifest/manifest";
import { suggestion } from "../nearest";
import { quoted } from "../shown";
import { UserError } from "../userError";

/** A deployment and its source: the Pulumi program, or a prefect.yaml by `pushpool deploy`. */
export interface FoundDeployment {
  /** The stored name, which may be another spelling of the requested one. */
  name: string;
  deployment: DeploymentInManifest;
  by: "program" | "deploy";
}

/** Where to look: a manifest, and the ledger's deployments of its stack. */
export interface DeploymentPlaces {
  ledger: Ledger;
  manifest: Manifest;
  /** Where the manifest comes from, for messages. */
  origin: string;
  /** `<project>/<stack>` */
  stack: string;
}

/**
 * Find a deployment by either spelling of its name, in the manifest and in the ledger.
 * @throws {UserError} if it is in neither, with similar names; or if it is in both
 */
export async function findDeployment({ ledger, manifest, origin, stack }: DeploymentPlaces, name: string): Promise<FoundDeployment> {
  const stored = await ledger.deployments(stack, spellings(name));
  for (const spelling of spellings(name)) {
    const declared = Object.hasOwn(manifest.deployments, spelling) ? manifest.deployments[spelling] : undefined;
    const deployed = stored.find((record) => record.name === spelling);
    if (declared && deployed) throw inBothPlaces(spelling, stack, deployed.file);
    if (declared) return { name: spelling, deployment: declared, by: "program" };
    if (deployed) return { name: spelling, deployment: deployed.definition, by: "deploy" };
  }
  const names = [...Object.keys(manifest.deployments), ...(await ledger.deployments(stack)).map((record) => record.name)];
  const hint =
    names.length > 0
      ? suggestion(name, names)
      : "it has none: `pushpool deploy` takes them from a prefect.yaml, or add a Deployment to the Pulumi program and `pushpool up`";
  const problem = `there is no deployment ${quoted(name)} in ${origin}: ${hint}`;
  throw new UserError(problem, 2, { fields: [{ path: "/deployment", message: problem }] });
}

/** A name in both places: it is ambiguous which one should run. */
function inBothPlaces(name: string, stack: string, file: string): UserError {
  return new UserError(
    `deployment "${name}" is declared by the Pulumi program of stack ${stack} (pushpool:index:Deployment "${name}") and by ${file}: keep one of them. \`pushpool deploy --remove ${name}\` removes the second. To remove the first, delete it from the program and run \`pushpool up\``,
  );
}

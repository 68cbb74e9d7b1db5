import type { JsonObject, Value, ValueObject } from "../json";
import type { DeploymentInManifest, Manifest } from "../manifest/manifest";
import { checkJobVariables, checkRequiredVariables, layered, placeholdersIn, resolveJob, validateJob } from "../template";

/** What a job is rendered from. All but the run's own job variables are objects that never change: what is read again is another object. */
export interface JobSource {
  deployment: DeploymentInManifest;
  /** The deployment's name, for messages. */
  deploymentName: string;
  /** The base job template of the run's work pool. */
  template: ValueObject;
  /** Whether to refuse the deployment's job variables that the template does not declare. */
  undeclared: "refuse" | "pass";
  flowRunJobVariables: JsonObject;
  manifest: Pick<Manifest, "blocks" | "variables">;
  /** For `{{ $NAME }}`. */
  env: NodeJS.ProcessEnv;
}

/** The job of a deployment's runs that have no job variables of their own, with what it was rendered from. */
interface Shared {
  template: ValueObject;
  undeclared: JobSource["undeclared"];
  blocks: Manifest["blocks"];
  variables: Manifest["variables"];
  job: ValueObject;
}

const shared = new WeakMap<DeploymentInManifest, Shared>();

/**
 * Check the job variables, and render the parts of the job that do not depend on the run's identity. Runs without job variables of their
 * own share the result, which nobody changes.
 * @throws {UserError} naming the path of the invalid value
 */
export function renderedJob(source: JobSource): ValueObject {
  const { deployment, template, undeclared, manifest, flowRunJobVariables } = source;
  const { blocks, variables } = manifest;
  const isOwn = Object.keys(flowRunJobVariables).length > 0;
  const known = isOwn ? undefined : shared.get(deployment);
  const isCurrent =
    known?.template === template && known.undeclared === undeclared && known.blocks === blocks && known.variables === variables;
  if (known && isCurrent) return known.job;
  const job = render(source);
  if (!isOwn && !readsEnvironment([template, deploymentVariables(deployment)]))
    shared.set(deployment, { template, undeclared, blocks, variables, job });
  return job;
}

/** The job variables of a deployment, with its command. */
export function deploymentVariables({ command, workPool }: DeploymentInManifest): ValueObject {
  return { ...(command === undefined ? {} : { command }), ...workPool.jobVariables };
}

function render({ deployment, deploymentName, template, undeclared, flowRunJobVariables, manifest, env }: JobSource): ValueObject {
  const deploymentJobVariables = deploymentVariables(deployment);
  const { blocks, variables } = manifest;
  checkJobVariables(template, deployment.workPool.jobVariables ?? {}, `deployments.${deploymentName}.workPool.jobVariables`, undeclared);
  checkJobVariables(template, flowRunJobVariables, "job variable");
  checkRequiredVariables(template, layered({}, [deploymentJobVariables, flowRunJobVariables]), "job variable");
  return validateJob(resolveJob({ baseJobTemplate: template, deploymentJobVariables, flowRunJobVariables, blocks, variables, env }));
}

/** The environment of a process may change between two runs. */
function readsEnvironment(parts: readonly Value[]): boolean {
  return parts.some((part) => [...placeholdersIn(part, "")].some(({ kind }) => kind === "environment"));
}

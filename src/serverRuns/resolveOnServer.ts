import { spellings } from "../deploymentName";
import type { JsonObject } from "../json";
import { suggestion } from "../nearest";
import { readDeploymentByName, type ServerDeployment, someDeploymentNames } from "../prefect/api/deployments";
import { readWorkPool, type WorkPool } from "../prefect/api/workPools";
import type { Client } from "../prefect/client";
import { checkRequest } from "../runs/checkRequest";
import type { RunRequest } from "../runs/plan";
import { asWhole, asWritten, checkJobVariables, checkParameters } from "../template";
import { UserError } from "../userError";
import { type NamedPool, namedPool } from "./onNamedPool";

/** The requested deployment, on the server. */
interface Found {
  /** `<flow name>/<deployment name>` on the server. */
  name: string;
  deployment: ServerDeployment;
  pool: WorkPool;
  /** If the request names its work pool: `pool`, and more about it. */
  named?: NamedPool;
}

/** Look up what the request names, and check the request against it. Nothing is sent. */
export async function resolveOnServer(client: Client, request: RunRequest): Promise<Found & { jobVariables: JsonObject }> {
  checkRequest(request);
  const found = await find(client, request);
  const { deployment, pool } = found;
  const template = pool.base_job_template;
  const given = writtenFor(pool, request);
  if (deployment.enforce_parameter_schema && deployment.parameter_openapi_schema)
    checkParameters(deployment.parameter_openapi_schema, { ...deployment.parameters, ...request.parameters }, "parameters");
  if (Object.keys(template).length > 0) checkJobVariables(template, given, "job variable");
  if (request.credentials !== undefined)
    throw new UserError(
      `--credentials ${request.credentials}: anyone may submit a run through a Prefect API, so it uses the credentials of its work pool "${pool.name}"`,
    );
  // In Prefect a whole variable overrides a dotted one, so send no dotted ones.
  const schema = (template.variables ?? {}) as JsonObject;
  return { ...found, jobVariables: asWhole(schema, deployment.job_variables, given) as JsonObject };
}

async function find(client: Client, request: RunRequest): Promise<Found> {
  const { apiUrl } = client.connection;
  const [name, other] = spellings(request.deployment);
  const exact = await readDeploymentByName(client, name);
  const deployment = exact ?? (await readDeploymentByName(client, other));
  if (!deployment) {
    const known = await someDeploymentNames(client);
    throw new UserError(
      `there is no deployment "${request.deployment}" at ${apiUrl}: ${suggestion(request.deployment, known) || "it has none"}`,
    );
  }
  if (deployment.work_pool_name === null && request.workPool === undefined)
    throw new UserError(
      `deployment "${request.deployment}" has no work pool at ${apiUrl} (any more): \`pulumi refresh\` and \`pulumi up\` set it again`,
    );
  const found = exact ? name : other;
  if (request.workPool !== undefined) {
    const { workPool, idempotencyKey } = request;
    const asked = { workPool, deployment: found, idempotencyKey };
    const named = await namedPool(client, asked, deployment, (pool) => writtenFor(pool, request));
    return { name: found, deployment, pool: named.pool, named };
  }
  const pool = await readWorkPool(client, deployment.work_pool_name as string);
  if (!pool) throw new UserError(`work pool "${deployment.work_pool_name}" no longer exists at ${apiUrl}`, 5);
  return { name: found, deployment, pool };
}

/** The run's own job variables, as its work pool reads them. */
function writtenFor({ base_job_template: template }: WorkPool, { jobVariables = {}, jobVariableTexts = {} }: RunRequest): JsonObject {
  return asWritten(template, jobVariables, jobVariableTexts) as JsonObject;
}

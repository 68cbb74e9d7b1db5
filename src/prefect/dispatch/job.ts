import { isJsonObject, type Json, type JsonObject, type Value, type ValueObject } from "../../json";
import type { LoadedManifest } from "../../manifest";
import { MANIFEST_KIND, MANIFEST_VERSION, type PoolDefinition } from "../../manifest/manifest";
import { suggestion } from "../../nearest";
import { Secret } from "../../secret";
import { asPoolType } from "../../targets/pushType";
import { CREDENTIALS_VARIABLE } from "../../template";
import { placeholdersIn } from "../../template/placeholders";
import { UserError } from "../../userError";
import { blockKey, blockNames, readBlock, readBlockByName } from "../api/blocks";
import { type Deployment, type Flow, readDeployment, readFlow } from "../api/deployments";
import type { FlowRun } from "../api/flowRuns";
import { readVariable } from "../api/variables";
import { readWorkPool, type WorkPool } from "../api/workPools";
import type { Client } from "../client";

/** Everything on the server that a flow run is rendered from. */
export interface Job {
  run: FlowRun;
  deployment: Deployment;
  flow: Flow;
  pool: WorkPool;
  /** The same as a manifest, with blocks and variables that the job names: what rendering, submitting and taking up again work with. */
  loaded: LoadedManifest;
}

/** Where a pool's cloud is, and how long its runs may take, by the pool's name. */
export type PoolsBeside = (pool: string) => Pick<PoolDefinition, "endpoints" | "timeoutSeconds">;

/**
 * Read what a flow run needs from the server.
 * @param stack what the ledger files its runs under
 * @param beside what a manifest says of a pool that a server does not keep
 * @throws {UserError} if its deployment, its pool, or a block that it names is gone
 */
export async function readJob(client: Client, run: FlowRun, stack: string, beside: PoolsBeside = () => ({})): Promise<Job> {
  const gone = (what: string) => new UserError(`flow run ${run.name} (${run.id}): its ${what} is gone`);
  if (run.deployment_id === null)
    throw new UserError(`flow run ${run.name} (${run.id}) is of no deployment: there is nothing to start it by`);
  if (run.work_pool_name === null) throw gone("work pool");
  const [deployment, flow, pool] = await Promise.all([
    readDeployment(client, run.deployment_id),
    readFlow(client, run.flow_id),
    readWorkPool(client, run.work_pool_name),
  ]);
  if (!deployment) throw gone("deployment");
  if (!flow) throw gone("flow");
  if (!pool) throw gone(`work pool "${run.work_pool_name}"`);
  const { apiUrl, auth } = client.connection;
  const type = asPoolType(pool.type, pool.name);
  const used: Json[] = [pool.base_job_template, deployment.job_variables, run.job_variables ?? {}];
  const [blocks, variables] = await Promise.all([readBlocks(client, used), readVariables(client, used)]);
  const credentials = credentialsOf(CREDENTIALS_VARIABLE[type], used, blocks);
  const { endpoints, timeoutSeconds } = beside(pool.name);
  const [project = "prefect", stackName = "server"] = stack.split("/");
  return {
    run,
    deployment,
    flow,
    pool,
    loaded: {
      stack,
      origin: `the Prefect API at ${apiUrl}`,
      manifest: {
        kind: MANIFEST_KIND,
        version: MANIFEST_VERSION,
        source: { project, stack: stackName },
        // Pauses and limits are the server's to keep, when it gives its runs away.
        pools: {
          [pool.name]: {
            ...(endpoints ? { endpoints } : {}),
            ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
            type,
            baseJobTemplate: pool.base_job_template,
            ...(credentials === undefined ? {} : { credentials }),
          },
        },
        blocks,
        variables,
        deployments: {},
        prefect: { apiUrl, ...(auth ? { auth } : {}) },
      },
    },
  };
}

type Blocks = Record<string, { id: string; createdAt: string; data: ValueObject; missing?: string }>;

/**
 * The block that runs are submitted with: what the template's credentials variable refers to, as merged.
 * @param used template, the deployment's job variables, the run's
 */
function credentialsOf(variable: string | undefined, [template, ...jobVariables]: Json[], blocks: Blocks): string | undefined {
  if (variable === undefined) return undefined;
  const properties = ((template as JsonObject | undefined)?.variables as JsonObject | undefined)?.properties as JsonObject | undefined;
  const standard = (properties?.[variable] as JsonObject | undefined)?.default;
  const chosen = [standard, ...jobVariables.map((variables) => (variables as JsonObject | null)?.[variable])].findLast(
    (value) => value !== undefined,
  );
  const [id] = referencedIds(chosen ?? null);
  return Object.entries(blocks).find(([, block]) => block.id === id && block.missing === undefined)?.[0];
}

/**
 * The blocks that are named, by reference or in a placeholder, with their secret fields wrapped. What the server does not have is there as
 * `missing`, with the nearest names of the server.
 */
export async function readBlocks(client: Client, used: Json[]): Promise<Blocks> {
  const ids = new Set(used.flatMap(referencedIds));
  const names = new Set(
    used.flatMap((value) =>
      [...placeholdersIn(value, "")].filter(({ kind }) => kind === "block").map(({ name }) => name.split(".").slice(2, 4).join("/")),
    ),
  );
  const wanted = [...ids, ...[...names].filter((key) => /^[^/]+\/[^/]+$/.test(key))];
  const found = await Promise.all(
    wanted.map((key) => {
      const [slug = "", name] = key.split("/");
      return name === undefined ? readBlock(client, key, { secrets: true }) : readBlockByName(client, slug, name, { secrets: true });
    }),
  );
  const there = found.every((block) => block) ? [] : await blockNames(client);
  return Object.fromEntries(
    found.map((block, index) => {
      const asked = wanted[index] as string;
      if (!block) {
        const missing = ` at ${client.connection.apiUrl}: ${suggestion(asked, there) || "it has none"}`;
        return [asked, { id: asked, createdAt: "", data: {}, missing }];
      }
      const key = blockKey(block.block_type.slug, block.name);
      return [key, { id: block.id, createdAt: inOurs(client, block.updated), data: wrapped(key, block.data, block.block_schema.fields) }];
    }),
  );
}

/** A server's time as our clock shows it, which tells how young a key is; to the minute, so that the same key is known again. */
function inOurs({ clock }: Client, time: string): string {
  const ahead = Math.round(clock.ahead / 60_000) * 60_000;
  return new Date(Date.parse(time) - ahead).toISOString();
}

function referencedIds(value: Json): string[] {
  if (Array.isArray(value)) return value.flatMap(referencedIds);
  if (!isJsonObject(value)) return [];
  const { $ref: reference } = value;
  const id = isJsonObject(reference) ? reference.block_document_id : undefined;
  return [...(typeof id === "string" ? [id] : []), ...Object.values(value).flatMap(referencedIds)];
}

/** `secret_fields` names them by path, as `aws_secret_access_key` or `credentials.password`; the first part is enough to wrap it. */
function wrapped(key: string, data: JsonObject, fields: JsonObject): ValueObject {
  const secret = new Set((Array.isArray(fields.secret_fields) ? fields.secret_fields : []).map((path) => String(path).split(".")[0]));
  const pointer = `/blocks/${key.replaceAll("~", "~0").replaceAll("/", "~1")}/data`;
  return Object.fromEntries(
    Object.entries(data).map(([field, value]): [string, Value] => [
      field,
      secret.has(field) && value !== null ? new Secret([{ pointer: `${pointer}/${field}` }], value) : value,
    ]),
  );
}

/** The variables that placeholders name, those that there are. */
export async function readVariables(client: Client, used: Json[]): Promise<Record<string, Value>> {
  const names = used.flatMap((value) =>
    [...placeholdersIn(value, "")].filter(({ kind }) => kind === "variable").map(({ name }) => name.replace("prefect.variables.", "")),
  );
  const read = await Promise.all([...new Set(names)].map(async (name) => [name, await readVariable(client, name)] as const));
  return Object.fromEntries(read.filter((entry): entry is [string, Json] => entry[1] !== undefined));
}

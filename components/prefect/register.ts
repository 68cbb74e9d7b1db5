import * as pulumi from "@pulumi/pulumi";
import { credentialsVariable } from "../../src/template";
import type { AnyJson } from "../anyJson";
import { type ArgumentNames, checkParts } from "../checks";
import type { DeploymentDefinition, PrefectDefinition, PushPoolDefinition } from "../definitions";
import { present } from "../definitions";
import { PrefectBlock } from "./block";
import type { Connection } from "./connection";
import { PrefectDeployment, type PrefectDeploymentArgs } from "./deployment";
import { PrefectWorkPool, type PrefectWorkPoolArgs } from "./workPool";

/** Arguments of `register()`. */
export interface Registered {
  /**
   * The work pools: pool components of any cloud. Their blocks are registered too.
   * @example pools: [etl]
   */
  pools: readonly { definition: PushPoolDefinition }[];
  /**
   * The deployments. By default none; `pushpool deploy` can add others from a prefect.yaml.
   * @example deployments: [hello]
   */
  deployments?: readonly { definition: DeploymentDefinition }[];
  /**
   * Other blocks by `<block type slug>/<block document name>`, such as those that the credentials of a pool name. Any value in them may be
   * secret. By default none.
   * @example blocks: { "aws-credentials/team": { data: { aws_access_key_id: id, aws_secret_access_key: key } } }
   */
  blocks?: Record<string, AnyJson>;
  /**
   * Whether to take over existing objects with these names, instead of an error. Then they belong to this stack, and are deleted with it. By
   * default an existing object is an error.
   * @example adoptExisting: true
   */
  adoptExisting?: boolean;
}

const REGISTERED: ArgumentNames<Registered> = {
  pools: "required",
  deployments: "optional",
  blocks: "optional",
  adoptExisting: "optional",
};

/** The resources on the Prefect API, and the argument for `manifest()`. */
export interface Registration {
  /** By `<block type slug>/<block document name>`. */
  blocks: Record<string, PrefectBlock>;
  /** By name. */
  workPools: Record<string, PrefectWorkPool>;
  /** By `<flow name>/<deployment name>`. */
  deployments: Record<string, PrefectDeployment>;
  /** The argument `prefect` of `manifest()`. Runs then go through this Prefect API. */
  definition: PrefectDefinition;
}

/**
 * Register pools with their blocks, and deployments, on a Prefect API: Prefect Cloud or your own server. It registers everything that
 * Prefect knows about a pool. The credentials variable of the template gets a reference to the block as its default.
 *
 * ```ts
 * const registration = prefect.register(connection, { pools: [etl], deployments: [hello] });
 * export const pushPools = manifest({ pools: [etl], deployments: [hello], prefect: registration });
 * ```
 * @param connection `undefined` means the Prefect API of the environment of `pulumi up`
 */
export function register(connection: Connection | undefined, parts: Registered): Registration {
  checkParts("prefect.register()", parts, REGISTERED);
  return registerOn(connection, parts, connection ? { provider: connection } : {}, "prefect.register()");
}

/**
 * The same with options for all resources.
 * @param connection what the manifest says about the API
 * @param called what the program calls, for messages
 */
export function registerOn(
  connection: Partial<Pick<Connection, "apiUrl" | "auth">> | undefined,
  { pools, deployments = [], blocks: more = {}, adoptExisting }: Registered,
  opts: pulumi.CustomResourceOptions,
  called: string,
): Registration {
  const adopt = adoptExisting === undefined ? {} : { adoptExisting };
  const definitions = Object.assign({}, ...pools.map(({ definition }) => definition.blocks), more) as Record<string, AnyJson>;
  const used = new Set(pools.map(({ definition: { pool } }) => pool.credentials));
  const blocks = mapped(definitions, (key, { data, federation }) => {
    const [blockTypeSlug = "", blockName = ""] = key.split("/");
    if (used.has(key) && (federation !== undefined || lacksKey(blockTypeSlug, data))) void pulumi.log.warn(withoutKey(key));
    return new PrefectBlock(key, { blockTypeSlug, blockName, data, ...adopt }, opts);
  });
  const workPools = Object.fromEntries(
    pools.map(({ definition: { name, pool } }) => {
      const { type, isPaused, concurrencyLimit, queues } = pool;
      const baseJobTemplate = withCredentials(name, pool, blocks, called);
      const args = { workPoolName: name, ...present({ type, baseJobTemplate, isPaused, concurrencyLimit, queues, ...adopt }) };
      return [name, new PrefectWorkPool(name, args as unknown as PrefectWorkPoolArgs, opts)];
    }),
  );
  const registered = Object.fromEntries(
    deployments.map(({ definition: { name, deployment } }) => {
      const args = { deploymentName: name, ...prefectArgs(deployment), ...adopt };
      return [name, new PrefectDeployment(name, args, pulumi.mergeOptions(opts, { dependsOn: Object.values(workPools) }))];
    }),
  );
  const [any] = [...Object.values(workPools), ...Object.values(blocks)];
  return {
    blocks,
    workPools,
    deployments: registered,
    definition: {
      prefect: present({ apiUrl: connection?.apiUrl ?? any?.apiUrl, auth: connection?.auth }),
      blockIds: mapped(blocks, (_, { blockDocumentId }) => blockDocumentId),
    },
  };

  /** Convert a deployment of the manifest to the arguments of the resource. */
  function prefectArgs({ command, workPool, ...same }: Record<string, AnyJson>): PrefectDeploymentArgs {
    const pool = typeof workPool.name === "string" ? workPools[workPool.name] : undefined;
    const jobVariables = command === undefined ? workPool.jobVariables : { command, ...workPool.jobVariables };
    return present({
      ...same,
      // A pool of this program has an id too. If the pool is replaced, the deployment moves to the new one.
      workPoolName: pool?.workPoolName ?? workPool.name,
      workPoolId: pool?.workPoolId ?? poolIdOf(workPool.name),
      workQueueName: workPool.queue,
      jobVariables,
    });
  }

  /** If the name is an output, it may be one of these pools, or a pool from elsewhere. */
  function poolIdOf(name: pulumi.Input<string>): pulumi.Output<string | undefined> | undefined {
    if (!pulumi.Output.isInstance(name)) return undefined;
    const ids = pulumi.all(mapped(workPools, (_, { workPoolId }) => workPoolId));
    return pulumi.all([name, ids]).apply(([known, byName]) => byName[known]);
  }
}

/** The fields of a credentials block that hold a key; one is enough. */
const KEY_FIELDS: Record<string, readonly string[]> = {
  "aws-credentials": ["aws_access_key_id"],
  "azure-container-instance-credentials": ["client_secret"],
  "gcp-credentials": ["service_account_info", "service_account_file"],
};

/** Whether a block only gives the place, for ambient credentials. */
function lacksKey(blockTypeSlug: string, data: AnyJson): boolean {
  const isKnown = data !== null && typeof data === "object" && !pulumi.Output.isInstance(data);
  return isKnown && KEY_FIELDS[blockTypeSlug]?.every((field) => data[field] === undefined) === true;
}

/** Prefect's blocks have no field for such a login (https://docs.prefect.io/v3/how-to-guides/deployment_infra/serverless). */
function withoutKey(key: string): string {
  return `block "${key}" has no key, so Prefect Cloud cannot submit the runs of its work pools by itself: submit them with \`pushpool serve\` or \`pushpool run\`, or give the pool a key`;
}

/** The pool's template, with a reference to the block as the default of its credentials variable. */
function withCredentials(name: string, pool: Record<string, AnyJson>, blocks: Record<string, PrefectBlock>, called: string): AnyJson {
  const { baseJobTemplate: template, credentials: key, type } = pool;
  const variable = typeof type === "string" ? credentialsVariable(type) : undefined;
  if (key === undefined || variable === undefined) return template;
  const block = typeof key === "string" ? blocks[key] : undefined;
  if (!block) {
    throw new pulumi.RunError(
      `${called}: work pool "${name}" uses the credentials block "${String(key)}", which is not registered: add it to the argument blocks: { "${String(key)}": { data: {…} } }`,
    );
  }
  const { variables } = template;
  const reference = { $ref: { block_document_id: block.blockDocumentId } };
  const properties = { ...variables.properties, [variable]: { ...variables.properties?.[variable], default: reference } };
  return { ...template, variables: { ...variables, properties } };
}

function mapped<From, To>(from: Record<string, From>, to: (key: string, value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(from).map(([key, value]) => [key, to(key, value)]));
}

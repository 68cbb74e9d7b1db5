import { ExactNumber } from "../../exactNumber";
import type { JsonObject, Value, ValueObject } from "../../json";
import { POOL_TAG, STACK_TAG, type StackSource, stackId, stackName } from "../../manifest/cloudNames";
import { Secret } from "../../secret";
import { isObject } from "../../template/paths";
import { UserError } from "../../userError";
import { plainAt } from "../cloud/poolAccess";
import { BASE_IMAGE_TAKEN, PREFECT_BASE_IMAGE } from "../cloud/prefectImage";
import { checked, type Vendor } from "../cloud/wireFields";
import { checkKeys, flagAt, listAt, neededTextAt, objectAt, secondsAt, textAt, variableAt, wordsAt } from "../jobValues";
import type { RunToPlan, Submission } from "../target";
import { groupOf, RESOURCE } from "./armTemplate";
import { GROUP_FIELDS } from "./groupFields";
import { addIdentities, addPullIdentity, addRegistry } from "./groupIdentities";
import { checkGroup, noGpu } from "./groupLimits";
import { groupName, REFERRED, RUN_TAG, resourceIdAt, runTagValue, tagsOf } from "./groupNames";
import type { GroupRequest } from "./groupRequest";

const KEYS = [
  "command",
  "env",
  "labels",
  "name",
  "image",
  "resource_group_name",
  "subscription_id",
  "identities",
  "entrypoint",
  "image_registry",
  "cpu",
  "gpu_count",
  "gpu_sku",
  "memory",
  "subnet_ids",
  "dns_servers",
  "stream_output",
  "aci_credentials",
  "task_start_timeout_seconds",
  "task_watch_poll_interval",
  "keep_container_group",
  "arm_template",
];

/** Variables that Prefect's worker always hides. */
const HIDDEN = ["PREFECT_API_KEY", "PREFECT_API_AUTH_STRING"];

/** What a plan needs to know of the pool. */
export interface PoolFacts {
  source: StackSource;
  /** Of the application that runs are submitted as; absent: the caller's own login. */
  clientId?: string;
}

const JOB = "job_configuration";
const PROPERTIES = `${RESOURCE}.properties`;
const AZURE: Vendor = {
  name: "Azure Container Instances",
  secret: () => "contains a secret, and Azure shows it to everyone who may read the container group: pass it in env",
};

/**
 * A job configuration of Prefect's `azure-container-instance` template as a request: one container group for one attempt. The first container of
 * the template is the run's.
 * @throws {UserError} naming the path of the value that pushpool cannot use
 */
export function planGroup(job: ValueObject, run: RunToPlan, pool: PoolFacts): Submission {
  checkKeys(job, KEYS, "azure-container-instance:push");
  checkCredentials(job.aci_credentials ?? null, pool);
  for (const key of ["gpu_count", "gpu_sku"])
    if (![null, undefined, 0, ""].includes(job[key] as null)) throw new UserError(noGpu(`${JOB}.${key}`));
  const place = placeOf(job);
  const group = groupName(stackId(pool.source), run.id, run.attempt);
  const resource = numbered(groupOf(job.arm_template ?? null, { group, container: group })) as ValueObject;
  const plain = [...plainSecrets(resource, RESOURCE), ...plainSecrets(job.image_registry ?? null, `${JOB}.image_registry`)];
  const properties = objectAt(resource.properties, PROPERTIES);
  if (properties.restartPolicy === undefined) properties.restartPolicy = "Never";
  if (properties.restartPolicy !== "Never")
    throw new UserError(
      `${PROPERTIES}.restartPolicy: a flow run is started once: must be "Never", not ${JSON.stringify(properties.restartPolicy)}`,
    );
  const containers = listAt(properties.containers, `${PROPERTIES}.containers`, "a list with the run's container first");
  if (containers.length === 0) throw new UserError(`${PROPERTIES}.containers: must be a list with the run's container first`);
  const own = objectAt(containers[0] as Value, `${PROPERTIES}.containers[0]`);
  const container = neededTextAt(own.name ?? null, `${PROPERTIES}.containers[0].name`);
  const warnings = fillContainer(objectAt(own.properties, OWN), job);
  addIdentities(resource, job.identities);
  addRegistry(properties, job.image_registry);
  addPullIdentity(resource, job.image_registry);
  addNetwork(properties, job);
  warnings.push(...addTags(resource, job.labels, run, pool));
  warnings.push(
    ...plain.map((path) => `${path} is plain text, so the ledger stores it: use a block, such as "{{ prefect.blocks.secret.NAME }}"`),
  );

  const request: GroupRequest = {
    name: { ...place, group },
    container,
    group: withoutNull(resource) as ValueObject,
    keep: flagAt(flagOf(job.keep_container_group), `${JOB}.keep_container_group`) ?? false,
    timeoutSeconds: run.timeoutSeconds,
    startTimeoutSeconds: secondsAt(secondsOf(job.task_start_timeout_seconds), `${JOB}.task_start_timeout_seconds`),
  };
  warnings.push(...checkGroup(checked(withHidden(request.group), GROUP_FIELDS, RESOURCE, AZURE) as JsonObject));
  return { runId: run.id, attempt: run.attempt, pool: run.pool, request: request as unknown as ValueObject, warnings };
}

const OWN = `${PROPERTIES}.containers[0].properties`;

function placeOf(job: ValueObject): { subscription: string; resourceGroup: string } {
  const subscription = plainAt(job.subscription_id, `${JOB}.subscription_id`) ?? "";
  if (typeof subscription !== "string" || !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(subscription))
    throw new UserError(`${JOB}.subscription_id: must be the id of an Azure subscription, as \`az account show --query id\` shows it`);
  const resourceGroup = textAt(job.resource_group_name, `${JOB}.resource_group_name`);
  if (resourceGroup === undefined) throw new UserError(`${JOB}.resource_group_name is missing: name the resource group to run in`);
  if (!/^[-\p{L}\p{N}_.()]{1,90}$/u.test(resourceGroup) || resourceGroup.endsWith("."))
    throw new UserError(
      `${JOB}.resource_group_name: ${JSON.stringify(resourceGroup)} is not a valid name of a resource group: Azure accepts up to 90 letters, digits, "-", "_", ".", "(" and ")", and no "." at the end`,
    );
  return { subscription, resourceGroup };
}

/** The run's container: command, image and environment. @returns warnings */
function fillContainer(properties: ValueObject, job: ValueObject): string[] {
  const shown = "everyone who may read the container group could read it. Pass it in env";
  const command = wordsAt(job.command, `${JOB}.command`, shown);
  if (command === undefined) throw new UserError(`${JOB}.command is missing: say what to run`);
  const entrypoint = textAt(job.entrypoint, `${JOB}.entrypoint`);
  properties.command = entrypoint === undefined ? command : [entrypoint, ...command];
  const image = textAt(job.image, `${JOB}.image`) ?? textAt(properties.image, `${OWN}.image`);
  properties.image = image ?? PREFECT_BASE_IMAGE;
  const requests = isObject(properties.resources) && isObject(properties.resources.requests) ? properties.resources.requests : {};
  for (const [name, path] of Object.entries({ cpu: "cpu", memoryInGB: "memory" }))
    if (typeof requests[name] === "string") requests[name] = sizeOf(requests[name], `${JOB}.${path}`);
  properties.environmentVariables = environmentOf(properties.environmentVariables ?? [], job.env ?? {});
  return image === undefined ? [BASE_IMAGE_TAKEN] : [];
}

/** Prefect sends a number that was written as a string unchanged, and Azure accepts only numbers. */
function sizeOf(text: string, path: string): number {
  if (!/^\s*\d+(\.\d+)?\s*$/.test(text)) throw new UserError(`${path}: must be a number, not ${JSON.stringify(text)}`);
  return Number(text);
}

/** A number of seconds, which Prefect's worker also accepts as a string. */
function secondsOf(value: Value | undefined): Value {
  return typeof value === "string" && /^\s*\d+(\.0*)?\s*$/.test(value) ? Number(value) : numbered(value ?? null);
}

const FLAGS: Record<string, boolean> = { true: true, yes: true, on: true, "1": true, false: false, no: false, off: false, "0": false };

/** A flag, which Prefect's worker also accepts as a word or a number. */
function flagOf(value: Value | undefined): Value | undefined {
  const plain = numbered(value ?? null);
  return (typeof plain === "string" || typeof plain === "number" ? FLAGS[String(plain).toLowerCase()] : undefined) ?? plain;
}

/** The template's variables, replaced by those of the run. A secret becomes a `secureValue`, which Azure shows to nobody. */
function environmentOf(given: Value, env: Value): ValueObject[] {
  const variables = new Map<string, ValueObject>();
  // "{{ env }}" in the template is the same as the run's.
  const own = isObject(given) ? [] : given;
  for (const [index, each] of listAt(own, `${OWN}.environmentVariables`).entries()) {
    const variable = objectAt(each, `${OWN}.environmentVariables[${index}]`);
    variables.set(neededTextAt(variable.name, `${OWN}.environmentVariables[${index}].name`), variable);
  }
  for (const [name, value] of Object.entries(objectAt(env, `${JOB}.env`))) {
    const at = `${JOB}.env.${name}`;
    const text = variableAt(value, at);
    const isHidden = value instanceof Secret || HIDDEN.includes(name);
    variables.set(name, isHidden ? { name, secureValue: value } : { name, value: text });
  }
  return [...variables.values()];
}

function addNetwork(properties: ValueObject, job: ValueObject): void {
  const texts = (key: string, read: (value: Value, path: string) => string) =>
    listAt(job[key] ?? [], `${JOB}.${key}`, "a list of strings").map((each, index) => read(each, `${JOB}.${key}[${index}]`));
  const subnets = texts("subnet_ids", (id, path) => resourceIdAt(id, path, REFERRED.subnet));
  if (subnets.length > 0) properties.subnetIds = subnets.map((id) => ({ id }));
  const nameServers = texts("dns_servers", neededTextAt);
  if (nameServers.length > 0) properties.dnsConfig = { ...(isObject(properties.dnsConfig) ? properties.dnsConfig : {}), nameServers };
}

function addTags(resource: ValueObject, labels: Value | undefined, run: RunToPlan, { source }: PoolFacts): string[] {
  const texts = (value: Value | undefined, path: string): Record<string, string> =>
    Object.fromEntries(
      Object.entries(objectAt(value ?? {}, path)).flatMap(([key, each]) => {
        if (each instanceof Secret) throw new UserError(`${path}.${key} ${AZURE.secret(each)}`);
        return each === null ? [] : [[key, String(each)]];
      }),
    );
  const ours = { [STACK_TAG]: stackName(source), [POOL_TAG]: run.pool, [RUN_TAG]: runTagValue(run.id, run.attempt) };
  const { tags, warnings } = tagsOf(
    { ...texts(resource.tags, `${RESOURCE}.tags`), ...texts(labels, `${JOB}.labels`), ...ours },
    `${JOB}.labels`,
  );
  resource.tags = tags;
  return warnings;
}

/** Submitting is the pool's business: the template's credentials are only compared with it, and go nowhere. */
function checkCredentials(credentials: Value, { clientId }: PoolFacts): void {
  if (!isObject(credentials)) return;
  const { client_id: id } = credentials;
  if (typeof id === "string" && clientId !== undefined && id !== clientId)
    throw new UserError(
      `${JOB}.aci_credentials: these belong to another application than the work pool's, but runs are submitted with the pool's`,
    );
}

/** A copy with plain numbers: Python's `1.0` is 1 for Azure. */
function numbered(value: Value): Value {
  if (value instanceof ExactNumber) return value.valueOf();
  if (Array.isArray(value)) return value.map(numbered);
  return isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, each]) => [key, numbered(each)])) : value;
}

/** Azure's API accepts no `null`. */
function withoutNull(value: Value): Value {
  if (Array.isArray(value)) return value.filter((each) => each !== null).map(withoutNull);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([key, each]) => (each === null ? [] : [[key, withoutNull(each)]])));
}

/** Fields that Azure never shows again. */
const WRITE_ONLY = ["secureValue", "password", "workspaceKey", "storageAccountKey"];

/** The paths of secrets that are given as plain text. */
function* plainSecrets(value: Value, path: string): Generator<string> {
  if (Array.isArray(value)) for (const [index, each] of value.entries()) yield* plainSecrets(each, `${path}[${index}]`);
  else if (isObject(value))
    for (const [key, each] of Object.entries(value)) {
      if (WRITE_ONLY.includes(key) && typeof each === "string" && each !== "") yield `${path}.${key}`;
      else yield* plainSecrets(each, `${path}.${key}`);
    }
}

/** A copy without the secrets, which Azure never shows again: a word of the same length replaces each, so that the checks apply to it. */
function withHidden(value: Value, within = ""): Value {
  if (value instanceof Secret) return value;
  if (Array.isArray(value)) return value.map((each) => withHidden(each, within));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => {
      const isHidden = each instanceof Secret && (WRITE_ONLY.includes(key) || within === "secret");
      return [key, isHidden ? "*".repeat(each.known ? String(each.reveal()).length : 1) : withHidden(each, key)];
    }),
  );
}

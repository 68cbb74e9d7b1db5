import { basename } from "node:path";
import { deployedName } from "../deploymentName";
import { isJsonObject, type Json, type JsonObject, type Value } from "../json";
import { labelFault, nameFault } from "../manifest/nameFaults";
import { Secret } from "../secret";
import { quoted } from "../shown";
import { type Blocks, resolveBlocks } from "../template/blocks";
import type { Placeholder } from "../template/placeholders";
import { pythonStr } from "../template/pythonText";
import { resolveVariables } from "../template/variables";
import { UserError } from "../userError";
import { applyValues, fromEnvironment, fromValues, type PlaceholderAnswer } from "./applyValues";
import type { LoadedDeployment, PrefectYaml } from "./loadPrefectYaml";
import type { DeploymentConfig, Steps } from "./model";
import { scheduleOf } from "./schedules";
import { slasOf } from "./slas";
import { triggersOf } from "./triggers";

/** The values for the placeholders of a prefect.yaml during `deploy`. */
export interface PlaceholderValues {
  /** For `{{ $NAME }}` and, as in Prefect, also for `{{ NAME }}`. */
  env: Readonly<Record<string, string | undefined>>;
  blocks: Blocks;
  /** For `{{ prefect.variables.NAME }}`. */
  variables: Record<string, Value>;
  /** The outputs of build and push steps that the user gives, by output name and by `<step id>.<output name>`. They win over those of a run. */
  stepOutputs: JsonObject;
  /** Whether a work pool has a variable `image`. */
  hasImage: (workPool: string | null) => boolean;
  /** The folder in which a user would run Prefect. Entrypoints and the default pull step are relative to it. */
  folder: string;
}

/**
 * What is known about the outputs of a deployment's build and push steps.
 * - `skipped`: the steps do not run. A placeholder for an output is refused unless the user gives it.
 * - `planned`: the steps run later. Their placeholders stay; `check` leaves out those that are a whole parameter or job variable, because their
 *   type is unknown.
 * - `ran`: with these outputs. As in Prefect, a placeholder without a value is left out.
 */
export type StepKnowledge =
  | { kind: "skipped" }
  | { kind: "planned"; to: "check" | "show" }
  | { kind: "ran"; outputs: JsonObject; isSecret: (text: string) => boolean };

/**
 * Which settings of a deployment the file gives. A setting that it does not give keeps its value on the server. A key with `null` gives no value;
 * an empty list or mapping gives an empty value.
 */
export interface GivenSettings {
  tags: boolean;
  parameters: boolean;
  jobVariables: boolean;
  enforceParameterSchema: boolean;
  concurrencyLimit: boolean;
  sla: boolean;
  /** For each schedule. `null`: the file gives no schedules. */
  schedules: { active: boolean; parameters: boolean }[] | null;
}

/** A deployment with its placeholders filled. The run fills block references in job variables, and the placeholders of pull steps. */
export interface ResolvedDeployment {
  index: number;
  line: number;
  name: string;
  version: string | null;
  /** How Prefect infers a version for a deployment without one. */
  versionType: string | null;
  tags: string[];
  description: string | null;
  /** `null` if the file does not give it. */
  paused: boolean | null;
  flowName: string | null;
  entrypoint: string | null;
  parameters: JsonObject;
  enforceParameterSchema: boolean;
  workPool: { name: string | null; queue: string | null; jobVariables: JsonObject };
  concurrencyLimit: number | null;
  concurrencyOptions: { collisionStrategy: "ENQUEUE" | "CANCEL_NEW"; gracePeriodSeconds: number | null } | null;
  /** In the format of Prefect's API. */
  schedules: JsonObject[];
  said: GivenSettings;
  pullSteps: JsonObject[];
  build: JsonObject[];
  push: JsonObject[];
  /** As in the file. Prefect makes an automation of each. */
  triggers: JsonObject[];
  sla: JsonObject[];
  /** Whether a field that decides about others, such as the name or the entrypoint, needs the output of a step that has not run. */
  isPending: boolean;
  /** For example placeholders without a value, one line each. */
  warnings: string[];
}

/** The largest integer in the Postgres column of a Prefect server. */
const MAX_LIMIT = 2_147_483_647;
/** Prefect's own limit (`ConcurrencyOptions.grace_period_seconds`), in seconds. */
const MAX_GRACE = 86_400;
const DIRECTORY_STEP = "prefect.deployments.steps.set_working_directory";
const DOCKER_STEP = "prefect_docker.deployments.steps.build_docker_image";

/**
 * Fill the placeholders of one deployment as `prefect deploy` does. These differences protect the user from harm:
 * - A block is never stored in clear text. In job variables its reference stays, and the run fills it. Anywhere else, a secret block is refused.
 * - `tags: solo` is one tag, not a tag for each letter. `tags: null` and `work_pool: null` count as absent.
 * - If the pool has no variable for `image`, an `image` does not change the folder of the default pull step to `/opt/prefect`.
 * - If the steps do not run, a placeholder for the output of one is refused unless the user gives the output. Prefect would remove it.
 * - A deployment with `push: null` has no push steps. Prefect runs those of the file.
 * @returns the deployment, or all its errors, and whether they may go away once the outputs of its steps are known
 */
export function resolveDeployment(
  loaded: LoadedDeployment,
  file: PrefectYaml,
  around: PlaceholderValues,
  knowledge: StepKnowledge = { kind: "skipped" },
): ResolvedDeployment | { problems: string[]; isPending: boolean } {
  const { config, index, line, warnings: noted } = loaded;
  const { build, push } = stepsOf(loaded, file);
  const pending = new Set<string>();
  const warnings = [...noted];
  const problems: string[] = [];
  const read = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      problems.push(error.message);
      // A deployment with errors is not used, so any value will do.
      return undefined as T;
    }
  };
  const filler = fillerOf(around, [...build, ...push], { knowledge, warnings, pending });
  const fill = (value: Json | undefined, field: string) => filler(value ?? null, field);
  const text = (value: Json | undefined, field: string) => read(() => textAt(fill(value, field), field)) || null;
  const pool = config.work_pool ?? {};
  const poolName = text(pool.name, "work_pool.name") ?? defaultPool(around.env);

  const name = read(() => checkedName(textAt(fill(config.name, "name"), "name")));
  const resolved: ResolvedDeployment = {
    index,
    line,
    name,
    version: text(config.version, "version"),
    versionType: read(() => versionTypeOf(textAt(fill(config.version_type, "version_type"), "version_type"))),
    tags: read(() => tagsOf(fill(config.tags, "tags") ?? [])),
    description: text(config.description, "description"),
    paused: config.paused ?? null,
    flowName: text(config.flow_name, "flow_name"),
    entrypoint: text(config.entrypoint, "entrypoint"),
    parameters: read(() => fill(config.parameters ?? {}, "parameters") as JsonObject),
    enforceParameterSchema: config.enforce_parameter_schema ?? true,
    workPool: {
      name: poolName,
      queue: text(pool.work_queue_name, "work_pool.work_queue_name"),
      jobVariables: read(() => fill(pool.job_variables ?? {}, "work_pool.job_variables") as JsonObject),
    },
    ...read(() => concurrencyOf(config)),
    schedules: read(() => schedulesOf(config, fill)),
    said: saidBy(config),
    pullSteps: read(() => pullStepsOf(config, file, poolName, around, { others: [...build, ...push], knowledge })),
    build,
    push,
    triggers: read(() => triggersOf((config.triggers ?? []) as JsonObject[], name, fill, (sentence) => warnings.push(sentence))),
    sla: read(() => slasOf((config.sla ?? []) as JsonObject[])),
    isPending: [...pending].some((field) => !isTyped(field) && !FREE.has(field)),
    warnings,
  };
  return problems.length > 0 ? { problems, isPending: resolved.isPending } : resolved;
}

/** The build and push steps of a deployment: its own, or those of the file. */
export function stepsOf({ config }: LoadedDeployment, { actions }: PrefectYaml): { build: JsonObject[]; push: JsonObject[] } {
  return { build: listOf(own(config, "build", actions.build)), push: listOf(own(config, "push", actions.push)) };
}

/** Whether the values of a field can be of any type. */
const isTyped = (field: string) => field === "parameters" || field.endsWith("job_variables");
/** The fields that may be any string. */
const FREE = new Set(["tags", "version", "description"]);

/** Where a version comes from (`prefect._internal.versioning.VersionType`). */
const VERSION_TYPES = ["prefect:simple", "vcs:github", "vcs:gitlab", "vcs:bitbucket", "vcs:azuredevops", "vcs:git"];

function versionTypeOf(type: string | null): string | null {
  if (!type) return null;
  if (VERSION_TYPES.includes(type)) return type;
  throw new UserError(`version_type: must be one of ${VERSION_TYPES.join(", ")}, not ${quoted(type)}`);
}

function checkedName(name: string | null): string {
  if (!name) throw new UserError("name is missing: a deployment needs one");
  const deployed = deployedName(name);
  const fault = nameFault(deployed);
  if (fault !== undefined) throw new UserError(`name ${fault}: ${quoted(deployed)}`);
  return deployed;
}

/** Prefect's setting `deployments.default_work_pool_name`, under both of its names. */
function defaultPool({
  PREFECT_DEPLOYMENTS_DEFAULT_WORK_POOL_NAME: name,
  PREFECT_DEFAULT_WORK_POOL_NAME: older,
}: PlaceholderValues["env"]): string | null {
  return name || older || null;
}

/** A deployment's own steps if it has the key, even an empty one. Otherwise the steps of the file. */
function own(config: DeploymentConfig, key: "build" | "push", otherwise: Steps): Steps | null {
  return Object.hasOwn(config, key) ? ((config[key] ?? null) as Steps | null) : otherwise;
}

function listOf(steps: Steps | null): JsonObject[] {
  return Array.isArray(steps) ? steps : [];
}

/** Where a deployment's filler puts what it finds. */
interface Found {
  knowledge: StepKnowledge;
  warnings: string[];
  /** The fields with a placeholder that may be the output of a step. */
  pending: Set<string>;
}

function fillerOf(
  { env, blocks, variables, stepOutputs: given }: PlaceholderValues,
  steps: JsonObject[],
  { knowledge, warnings, pending }: Found,
) {
  // A deployment without steps does not get the outputs of other deployments' steps.
  const stepOutputs = steps.length > 0 ? outputsOf(knowledge, given) : {};
  const nothingGiven = Object.keys(stepOutputs).length === 0;
  const ids = new Set(idsOf(steps));
  const noted = new Set<string>();
  const missing = ({ text }: Placeholder, field: string) => {
    if (!noted.has(text)) warnings.push(`${field}: ${text} has no value and was left out`);
    noted.add(text);
    return "drop" as const;
  };
  return (template: Json, field: string): Json => {
    const isJobVariables = field.endsWith("job_variables");
    // The server fills the parameters of a trigger when it fires.
    const isFilledLater = /^triggers\[\d+\]\.parameters$/.test(field);
    const looked = (placeholder: Placeholder, value: Value, what: string) => {
      if (!holdsSecret(value)) return { value: value as Json };
      if (isJobVariables) return "keep" as const;
      throw new UserError(
        `${field}: ${placeholder.text} is a secret, but ${what} is stored and shown in clear text. Move it to work_pool.job_variables.env, where it stays a reference, or load it in the flow`,
      );
    };
    const filled = applyValues(template, (placeholder, alone) => {
      const { kind, name, text } = placeholder;
      switch (kind) {
        case "block": {
          const value = resolveBlocks(text, blocks, field, (clear) => [clear]);
          return isJobVariables ? "keep" : looked(placeholder, value, field);
        }
        case "variable":
          return looked(placeholder, resolveVariables(text, variables, field), field);
        case "environment": {
          const given = fromEnvironment(placeholder, env);
          return given === "keep" && !isFilledLater ? missing(placeholder, field) : given;
        }
        default: {
          const given = fromEnvironment(placeholder, env);
          if (given !== "keep") return given;
          if (isFilledLater || name.startsWith("ctx.")) return "keep";
          const output = fromValues(placeholder, stepOutputs);
          if (output !== "drop") {
            if (knowledge.kind === "ran") checkOutput(output, knowledge, `${field}: ${text}`);
            return output;
          }
          if (knowledge.kind === "planned" && steps.length > 0) {
            pending.add(field);
            return knowledge.to === "check" && alone && isTyped(field) ? "drop" : "keep";
          }
          if (knowledge.kind === "ran") return missing(placeholder, field);
          // A placeholder names an output by the id of its step, or by the name of the output alone.
          const [first = name, second] = name.split(".");
          if (ids.has(first) || (steps.length > 0 && second === undefined && nothingGiven)) throw skippedStep(field, text, name);
          return missing(placeholder, field);
        }
      }
    });
    return filled ?? null;
  };
}

function holdsSecret(value: Value): boolean {
  if (value instanceof Secret) return true;
  return typeof value === "object" && value !== null && Object.values(value).some(holdsSecret);
}

/** What the steps gave, with what the user gives: an output of a step's id changes only that output. */
function outputsOf(knowledge: StepKnowledge, given: JsonObject): JsonObject {
  if (knowledge.kind !== "ran") return given;
  const merged: JsonObject = { ...knowledge.outputs };
  for (const [key, value] of Object.entries(given)) {
    const there = Object.hasOwn(merged, key) ? merged[key] : undefined;
    merged[key] = isJsonObject(value) && isJsonObject(there) ? { ...there, ...value } : value;
  }
  return merged;
}

/** @throws {UserError} if an output holds a secret: deployments are stored in clear text */
function checkOutput(output: PlaceholderAnswer, { isSecret }: Extract<StepKnowledge, { kind: "ran" }>, what: string): void {
  if (typeof output !== "object" || !isSecret(JSON.stringify(output.value))) return;
  throw new UserError(
    `${what} holds a secret of a block, but deployments are stored in clear text. Refer to the block in work_pool.job_variables.env, or load it in the flow`,
  );
}

function skippedStep(field: string, text: string, name: string): UserError {
  return new UserError(
    `${field}: ${text} comes from a build or push step that does not run: give its output with --step-output ${name}=VALUE, or let the steps run (without --skip-build)`,
  );
}

/** The `id`s of steps. Other steps refer to their outputs by these. */
function idsOf(steps: JsonObject[]): string[] {
  return steps
    .flatMap((step) => Object.values(step))
    .flatMap((keywords) => {
      const id = (keywords as JsonObject | null)?.id;
      return typeof id === "string" ? [id] : [];
    });
}

/** The pull steps. Only environment variables and the outputs of other steps are known now; the run fills all other placeholders. */
function pullStepsOf(
  config: DeploymentConfig,
  { actions }: PrefectYaml,
  poolName: string | null,
  around: PlaceholderValues,
  { others, knowledge }: { others: JsonObject[]; knowledge: StepKnowledge },
): JsonObject[] {
  const effective = Object.hasOwn(config, "pull") ? config.pull : actions.pull;
  if (Array.isArray(effective) && effective.length === 0) return [];
  const given = listOf((config.pull ?? null) as Steps | null);
  const steps = given.length > 0 ? given : listOf(actions.pull);
  if (steps.length === 0) return defaultPullSteps(config, actions.build, around.hasImage(poolName), around.folder);
  const ids = new Set(idsOf(others));
  const outputs = outputsOf(knowledge, around.stepOutputs);
  return applyValues(steps, (placeholder) => {
    if (placeholder.kind === "environment") return fromEnvironment(placeholder, around.env);
    const output = fromValues(placeholder, outputs);
    if (output !== "drop") {
      if (knowledge.kind === "ran") checkOutput(output, knowledge, `pull: ${placeholder.text}`);
      return output;
    }
    if (knowledge.kind === "skipped" && ids.has(placeholder.name.split(".")[0] ?? ""))
      throw skippedStep("pull", placeholder.text, placeholder.name);
    return "keep";
  }) as JsonObject[];
}

/** Prefect's default pull step, which finds the code of the flow (`_generate_default_pull_action`). */
function defaultPullSteps(config: DeploymentConfig, fileBuild: Steps, hasImage: boolean, folder: string): JsonObject[] {
  const build = listOf((config.build ?? null) as Steps | null);
  const docker = (build.length > 0 ? build : listOf(fileBuild)).map((step) => step[DOCKER_STEP]).find((found) => found);
  if (docker)
    return (docker as JsonObject).dockerfile === "auto" ? [{ [DIRECTORY_STEP]: { directory: `/opt/prefect/${basename(folder)}` } }] : [];
  const directory = hasImage && config.work_pool?.job_variables?.image ? "/opt/prefect" : folder;
  return [{ [DIRECTORY_STEP]: { directory } }];
}

function schedulesOf(config: DeploymentConfig, fill: (value: Json | undefined, field: string) => Json): JsonObject[] {
  const legacy = legacyOf(config);
  if (legacy && Object.hasOwn(config, "schedules")) throw new UserError("schedule and schedules are both given: keep only schedules");
  const given = legacy ? [legacy] : (config.schedules ?? []);
  const field = (index: number) => (legacy ? "schedule" : `schedules[${index}]`);
  const schedules = given.map((schedule, index) => scheduleOf(fill(schedule as JsonObject, field(index)) as JsonObject, field(index)));
  for (const key of ["slug", "replaces"] as const) {
    for (const [index, { [key]: value }] of schedules.entries()) {
      if (typeof value !== "string") continue;
      const fault = labelFault(value);
      if (fault !== undefined) throw new UserError(`${field(index)}.${key} ${fault}: ${quoted(value)}`);
      const first = schedules.findIndex((other) => other[key] === value);
      if (first < index)
        throw new UserError(`${field(index)}.${key}: ${field(first)} has ${quoted(value)} too, but each schedule needs a different one`);
    }
  }
  return schedules;
}

function legacyOf({ schedule }: DeploymentConfig) {
  return schedule && Object.keys(schedule).length > 0 ? schedule : undefined;
}

/** Whether a value is given, even an empty one. */
function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function saidBy(config: DeploymentConfig): GivenSettings {
  const legacy = legacyOf(config);
  const schedules = (legacy ? [legacy] : config.schedules) as JsonObject[] | null | undefined;
  return {
    tags: isGiven(config.tags),
    parameters: isGiven(config.parameters),
    jobVariables: isGiven(config.work_pool?.job_variables),
    enforceParameterSchema: isGiven(config.enforce_parameter_schema),
    concurrencyLimit: isGiven(config.concurrency_limit),
    sla: isGiven(config.sla),
    schedules: schedules?.map(({ active, parameters }) => ({ active: isGiven(active), parameters: isGiven(parameters) })) ?? null,
  };
}

function concurrencyOf({
  concurrency_limit: given,
}: DeploymentConfig): Pick<ResolvedDeployment, "concurrencyLimit" | "concurrencyOptions"> {
  if (given === null || given === undefined) return { concurrencyLimit: null, concurrencyOptions: null };
  if (typeof given === "number") return { concurrencyLimit: within(given, 1, MAX_LIMIT, "concurrency_limit"), concurrencyOptions: null };
  const { limit, collision_strategy: strategy, grace_period_seconds: grace } = given;
  if (strategy !== "ENQUEUE" && strategy !== "CANCEL_NEW") {
    throw new UserError(`concurrency_limit.collision_strategy: must be ENQUEUE or CANCEL_NEW${strategy ? `, not "${strategy}"` : ""}`);
  }
  return {
    concurrencyLimit: limit === null || limit === undefined ? null : within(limit, 1, MAX_LIMIT, "concurrency_limit.limit"),
    concurrencyOptions: {
      collisionStrategy: strategy,
      gracePeriodSeconds:
        grace === null || grace === undefined ? null : within(grace, 60, MAX_GRACE, "concurrency_limit.grace_period_seconds"),
    },
  };
}

function within(value: number, min: number, max: number, field: string): number {
  if (value < min || value > max) throw new UserError(`${field}: must be ${min} to ${max}, not ${value}`);
  return value;
}

function tagsOf(tags: Json): string[] {
  const list = typeof tags === "string" ? [tags] : tags;
  if (!Array.isArray(list)) throw new UserError("tags: must be a list of strings");
  const named = list.map((tag) => (typeof tag === "string" ? tag : pythonStr(tag))).filter((tag) => tag.trim() !== "");
  for (const tag of named) {
    const fault = labelFault(tag);
    if (fault !== undefined) throw new UserError(`tags: a tag ${fault}: ${quoted(tag)}`);
  }
  return named;
}

function textAt(value: Json, field: string): string | null {
  if (value === null || typeof value === "string") return value;
  throw new UserError(`${field}: must be a string, not ${JSON.stringify(value)}`);
}

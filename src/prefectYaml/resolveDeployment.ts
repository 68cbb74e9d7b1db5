import { deployedName } from "../deploymentName";
import type { Json, JsonObject } from "../json";
import { labelFault, nameFault } from "../manifest/nameFaults";
import { quoted } from "../shown";
import { pythonStr } from "../template/pythonText";
import { UserError } from "../userError";
import { concurrencyOf } from "./concurrency";
import { emptyPushNote, pullStepsOf, stepsOf } from "./deploymentSteps";
import { fillerOf, isTyped, type PlaceholderValues } from "./fillPlaceholders";
import { type GivenSettings, saidBy } from "./givenSettings";
import type { LoadedDeployment, PrefectYaml } from "./loadPrefectYaml";
import { schedulesOf } from "./schedules";
import { slasOf } from "./slas";
import type { StepKnowledge } from "./stepOutputs";
import { triggersOf } from "./triggers";

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

/**
 * Fill the placeholders of one deployment as `prefect deploy` does. These differences protect the user from harm:
 * - A block is never stored in clear text. In job variables its reference stays, and the run fills it. Anywhere else, a secret block is refused.
 * - `tags: solo` is one tag, not a tag for each letter. `tags: null` and `work_pool: null` count as absent.
 * - If the pool has no variable for `image`, an `image` does not change the folder of the default pull step to `/opt/prefect`.
 * - If the steps do not run, a placeholder for the output of one is refused unless the user gives the output. Prefect would remove it.
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
  const pushNote = emptyPushNote(loaded, file);
  const warnings = [...noted, ...(pushNote === undefined ? [] : [pushNote])];
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

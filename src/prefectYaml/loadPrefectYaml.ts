import * as v from "valibot";
import { isJsonObject, type JsonObject } from "../json";
import { pythonStr } from "../template/pythonText";
import { UserError } from "../userError";
import { actionsModel, type DeploymentConfig, deploymentModel, FIELDS, type Steps } from "./model";
import { parseYaml } from "./pyYaml";
import { type UnknownKey, unknownKeys } from "./unknownKeys";

/** An error in a deployment. */
export interface Problem {
  /** The index of the deployment in the file's list, from 0. */
  index: number;
  /** The name of the deployment in the file, if it has one. */
  name?: string;
  /** Line in the file, from 1. */
  line: number;
  /** The path and the error: `schedules[0].timezon is not a field of a schedule: …`. */
  message: string;
}

export interface LoadedDeployment {
  index: number;
  line: number;
  config: DeploymentConfig;
  /** Notes that are not errors, one line each. */
  warnings: string[];
}

/** A prefect.yaml as Prefect's own loader reads it (`_load_deploy_configs_and_actions`), with invalid deployments separated. */
export interface PrefectYaml {
  /** The name of the file in messages. */
  file: string;
  /** The version of Prefect that wrote the file, if it says so. */
  prefectVersion?: string;
  deployments: LoadedDeployment[];
  /** The steps for deployments that have none of their own. `pull` is null for Prefect's default, and `[]` for no steps. */
  actions: { build: Steps; push: Steps; pull: Steps | null };
  /** The errors of invalid deployments, which are not in `deployments`. Prefect would ignore the whole file and report a missing entrypoint. */
  problems: Problem[];
  /** For messages of later steps. */
  lineOf(path: readonly (string | number)[]): number;
}

/**
 * Read a prefect.yaml.
 * @param file what messages call it
 * @throws {UserError} if the file is unusable: it is not YAML or not a mapping, or a top-level field has the wrong type
 */
export function loadPrefectYaml(text: string, file: string): PrefectYaml {
  const { tree, lineOf } = parseYaml(text, file);
  if (tree === null) throw new UserError(`${file} is empty: it must be a mapping with a list of deployments`);
  if (!isJsonObject(tree)) throw new UserError(`${file}: must be a mapping with a list of deployments`);
  const top = v.safeParse(actionsModel, tree);
  if (!top.success) {
    const [issue] = top.issues;
    const path = pathOf(issue);
    throw new UserError(`${file}:${lineOf(path)}: ${shown(path)} ${issue.message}`);
  }
  const misspelt = unknownKeys(tree, FIELDS.file, { beginnings: false }).find(
    ({ meant }) => meant !== undefined && !Object.hasOwn(tree, meant),
  );
  if (misspelt)
    throw new UserError(
      `${file}:${lineOf([misspelt.key])}: ${misspelt.key} is not a field of a prefect.yaml: did you mean "${misspelt.meant}"?`,
    );
  const { build, push, pull } = top.output;
  const given = (tree as { deployments?: unknown }).deployments ?? [];
  if (tree.deployments === null || !Array.isArray(given))
    throw new UserError(`${file}:${lineOf(["deployments"])}: deployments must be a list of deployments`);

  const deployments: LoadedDeployment[] = [];
  const problems: Problem[] = [];
  for (const [index, entry] of given.entries()) {
    const line = lineOf(["deployments", index]);
    const read = v.safeParse(deploymentModel, entry);
    const unknown = isJsonObject(entry) ? unknownIn(entry) : [];
    const misspelt = unknown.filter(({ meant }) => meant !== undefined);
    if (read.success && misspelt.length === 0) {
      const warnings = unknown.map(({ key, path, of }) => `${shown(path)} is not a field of ${of} and is ignored${insteadOf(key)}`);
      deployments.push({ index, line, config: read.output, warnings });
      continue;
    }
    const name: unknown = isJsonObject(entry) ? entry.name : undefined;
    const faults = [
      ...(read.issues ?? []).map(innermost),
      ...misspelt.map(({ path, of, meant }) => ({ path, message: `is not a field of ${of}: did you mean "${meant}"?` })),
    ];
    for (const { path, message } of faults) {
      problems.push({
        index,
        ...(name === undefined || name === null ? {} : { name: typeof name === "boolean" ? pythonStr(name) : String(name) }),
        line: lineOf(["deployments", index, ...path]),
        message: `${shown(path)} ${message}`.trim(),
      });
    }
  }
  const prefectVersion = top.output["prefect-version"] ?? top.output.prefect_version;
  return {
    file,
    ...(prefectVersion ? { prefectVersion } : {}),
    deployments,
    actions: { build: orNone(build), push: orNone(push), pull: pull ?? null },
    problems,
    lineOf,
  };
}

/** The keys of a deployment and its work pool that Prefect does not know. */
function unknownIn(entry: JsonObject): (UnknownKey & { path: string[]; of: string })[] {
  const pool = isJsonObject(entry.work_pool) ? entry.work_pool : {};
  return [
    ...unknownKeys(entry, FIELDS.deployment, { beginnings: true }).map((found) => ({ ...found, path: [found.key], of: "a deployment" })),
    ...unknownKeys(pool, FIELDS.workPool, { beginnings: true }).map((found) => ({
      ...found,
      path: ["work_pool", found.key],
      of: "work_pool",
    })),
  ];
}

/** Where settings are now that earlier versions of Prefect had elsewhere. */
const MOVED: Readonly<Record<string, string>> = {
  infra_overrides: "work_pool.job_variables",
  job_variables: "work_pool.job_variables",
  variables: "work_pool.job_variables",
  work_queue_name: "work_pool.work_queue_name",
  work_queue: "work_pool.work_queue_name",
  work_pool_name: "work_pool.name",
  is_schedule_active: "paused, or active of each schedule",
};

function insteadOf(key: string): string {
  return Object.hasOwn(MOVED, key) ? `, as in Prefect: write it as ${MOVED[key]}` : "";
}

function orNone(steps: Steps | null | undefined): Steps {
  return steps && Object.keys(steps).length > 0 ? steps : [];
}

function pathOf(issue: v.BaseIssue<unknown>): (string | number)[] {
  return (issue.path ?? []).map(({ key }) => (typeof key === "number" ? key : String(key)));
}

/** If a value matches no member of a union, the error of the last member, with its own path. The last member is the most detailed. */
function innermost(issue: v.BaseIssue<unknown>): { path: (string | number)[]; message: string } {
  const path = pathOf(issue);
  const last = issue.type === "union" && !issue.message.startsWith("must") ? issue.issues?.at(-1) : undefined;
  if (!last) return { path, message: issue.message };
  const inner = innermost(last);
  return { path: [...path, ...inner.path], message: inner.message };
}

/** `schedules[0].cron` */
function shown(path: readonly (string | number)[]): string {
  return path.map((key, index) => (typeof key === "number" ? `[${key}]` : index === 0 ? key : `.${key}`)).join("");
}

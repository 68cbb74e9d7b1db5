import { relative } from "node:path";
import type { StepReport } from "../buildSteps";
import { describeFileError } from "../fileErrors";
import type { JsonObject } from "../json";
import { few } from "../nearest";
import { type DeployPlace, defineDeployment, loadPrefectYaml, type PlaceholderValues } from "../prefectYaml";
import { undeclaredVariables } from "../template";
import { readTextFile } from "../textFile";
import { UserError } from "../userError";
import { chooseDeployments } from "./chooseDeployments";
import type { DeploymentChange } from "./deploymentDiff";
import type { DeployProblem, DeployRequest } from "./deployRequest";
import { flowReader } from "./flowReader";
import { inferVersion } from "./inferVersion";
import { noLongerThere } from "./noLongerThere";
import type { DeploymentRegistry, RefusedDeployment, ToDeploy } from "./registry";
import { resolveWithSteps } from "./resolveWithSteps";

/** What `deploy` would do with a file. Planning runs the build and push steps, and writes nothing; {@link writePlan} writes. */
export interface DeployPlan {
  /** `<project>/<stack>` */
  stack: string;
  /** Path of the file, relative to the current folder. */
  file: string;
  deployments: (DeploymentChange & { warnings: string[] })[];
  problems: DeployProblem[];
  /** The build and push steps, in the order in which they run. */
  steps: StepReport[];
  /** Notes for the user that are not errors. */
  notes: string[];
  /** Deployments that came from this file and are no longer in it. Empty unless the whole file was selected. */
  gone: string[];
  /** The line of a deployment in the file, by its full name. */
  lineOf(name: string): number;
  /** The deployments to write. */
  records: ToDeploy[];
  /** The deployments that are already as in the file. */
  unchanged: ToDeploy[];
}

/**
 * Read a prefect.yaml, run its build and push steps, and compare its deployments with those deployed before.
 * @throws {Interrupted} if a step was interrupted, after it has stopped
 * @throws {UserError} if the file is invalid, or a name matches none of its deployments
 */
export async function planDeploy(request: DeployRequest): Promise<DeployPlan> {
  const { registry, folder } = request;
  const { stack } = registry;
  const shownFile = relative(process.cwd(), request.file) || request.file;
  const file = loadPrefectYaml(readText(request.file, shownFile), shownFile);
  const notes: string[] = [];
  const problems: DeployProblem[] = [];

  const { pools, blocks, variables, origin } = await registry.place(file);
  const around: PlaceholderValues = {
    env: request.env,
    blocks,
    variables,
    stepOutputs: request.stepOutputs,
    hasImage: (pool) => pool === null || !pools[pool] || undeclaredVariables(pools[pool].baseJobTemplate, { image: "" }).length === 0,
    folder,
  };
  const chosen = await chooseDeployments(request, file, around, notes);
  for (const { name, index, line, message } of file.problems)
    if (chosen.wants(index)) problems.push({ ...(name === undefined ? {} : { name }), line, message });

  const flows = flowReader({ cwd: folder, env: request.env, imports: registry.imports }, notes);
  const versions = new Map<string | null, (JsonObject & { version: string }) | undefined>();
  const place: DeployPlace = { pools, origin, versions };
  const { resolved, steps } = await resolveWithSteps(chosen.deployments, file, { request, around, flows, place, notes, problems });
  for (const type of registry.versions === "none" ? [] : new Set(resolved.map(({ deployment }) => deployment.versionType))) {
    const found = await inferVersion(type, { folder, env: request.env });
    versions.set(type, registry.versions === "info" || !found ? found : { version: found.version });
  }

  const records = new Map<string, ToDeploy & { warnings: string[]; line: number }>();
  const deployedAt = new Date().toISOString();
  for (const { deployment, checked } of resolved) {
    const { line } = deployment;
    const outcome = defineDeployment(deployment, flows.of(deployment.entrypoint), place, checked);
    if ("problems" in outcome) {
      problems.push(...outcome.problems.map((message) => ({ name: deployment.name, line, message })));
      continue;
    }
    const { name, definition, kept, said, warnings } = outcome;
    if (registry.declared.has(name)) {
      const message = `"${name}" is already declared by the Pulumi program of stack ${stack} (pushpool:index:Deployment "${name}"): keep it in one of the two places`;
      problems.push({ name: deployment.name, line, message });
      continue;
    }
    if (records.has(name)) notes.push(`${shownFile}:${line}: "${name}" is declared twice; the last one counts`);
    records.set(name, { name, definition, kept, said, file: request.file, deployedAt, warnings, line });
  }

  const compared = await registry.compare([...records.values()].map(recordOf));
  for (const { name, problem } of compared) {
    if (problem !== undefined) problems.push({ name: nameIn(name), line: records.get(name)?.line ?? 1, message: problem });
  }
  const changes = compared.filter(({ problem }) => problem === undefined);
  const deployments = changes.map((change) => ({
    ...change,
    warnings: [...(records.get(change.name)?.warnings ?? []), ...change.warnings],
  }));
  const of = (is: (change: DeploymentChange["change"]) => boolean) =>
    changes.filter(({ change }) => is(change)).map(({ name }) => recordOf(records.get(name) as ToDeploy));
  const { schedules, automations, slas } = registry;
  notes.push(...notActedOn([...records.values()], { schedules, automations, slas, steps: (request.steps?.kind ?? "skip") !== "skip" }));
  const bad = problems.map(({ name }) => name);
  const gone = chosen.isAll ? noLongerThere(await registry.cameFrom(request.file), file, new Set(records.keys()), bad) : [];
  problems.sort((a, b) => a.line - b.line);
  return {
    stack,
    file: shownFile,
    deployments,
    problems,
    steps,
    notes,
    gone,
    records: of((change) => change !== "same"),
    unchanged: of((change) => change === "same"),
    lineOf: (name) => records.get(name)?.line ?? 1,
  };
}

/** Write what a plan found new or changed. @returns the plan as it went: a refused deployment becomes a problem */
export async function writePlan(
  plan: DeployPlan,
  registry: DeploymentRegistry,
  allOrNothing: boolean,
): Promise<DeployPlan & { exitCode: 2 | 5 }> {
  const refused = await registry.write(plan.records, { unchanged: plan.unchanged, allOrNothing });
  const names = new Set(refused.map(({ name }) => name));
  const problems = [...plan.problems, ...refused.map((one) => problemOf(one, plan))].sort((a, b) => a.line - b.line);
  const deployments = plan.deployments.filter(({ name }) => !names.has(name));
  return { ...plan, problems, deployments, exitCode: refused.some(({ exitCode }) => exitCode === 5) ? 5 : exitCodeOfPlan(plan) };
}

/** The exit code for the problems of a plan: 5 if a step failed, and otherwise 2. */
export function exitCodeOfPlan({ problems }: Pick<DeployPlan, "problems">): 2 | 5 {
  return problems.some(({ stepFailed }) => stepFailed) ? 5 : 2;
}

function problemOf({ name, message }: RefusedDeployment, plan: DeployPlan): DeployProblem {
  return { name: nameIn(name), line: plan.lineOf(name), message };
}

/** The deployment's name without its flow, as in a problem. */
function nameIn(name: string): string {
  return name.slice(name.indexOf("/") + 1);
}

function recordOf({ name, definition, kept, said, file, deployedAt }: ToDeploy): ToDeploy {
  return { name, definition, kept, said, file, deployedAt };
}

/** One line about everything that is stored but has no effect. */
function notActedOn(records: ToDeploy[], works: { schedules: boolean; automations: boolean; slas: boolean; steps: boolean }): string[] {
  const of = (has: (record: ToDeploy) => boolean) => records.filter(has).map(({ name }) => name);
  const parts = [
    ["build and push steps", "", of(({ kept }) => !works.steps && (kept.build !== undefined || kept.push !== undefined))],
    ["schedules", " (while no `pushpool serve` runs)", of(({ definition }) => !works.schedules && definition.schedules !== undefined)],
    ["triggers", " (without a Prefect server)", of(({ kept }) => !works.automations && kept.triggers !== undefined)],
    ["sla", " (Prefect Cloud only)", of(({ kept }) => !works.slas && kept.sla !== undefined)],
  ] as const;
  const said = parts.filter(([, , names]) => names.length > 0).map(([what, until, names]) => `${what} of ${few(names)}${until}`);
  return said.length > 0 ? [`stored, but without effect: ${said.join("; ")}`] : [];
}

function readText(path: string, name: string): string {
  try {
    return readTextFile(path, name);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(
      (error as NodeJS.ErrnoException).code === "ENOENT"
        ? `${path} does not exist: give the prefect.yaml with --file, or its folder with -C`
        : `cannot read ${path}: ${describeFileError(error)}`,
    );
  }
}

import { relative } from "node:path";
import { type InspectedFlows, importFlows, inspectEntrypoints } from "../entrypoint";
import { describeFileError } from "../fileErrors";
import type { JsonObject } from "../json";
import { few } from "../nearest";
import { defineDeployment, loadPrefectYaml, type PlaceholderValues, type ResolvedDeployment, resolveDeployment } from "../prefectYaml";
import { undeclaredVariables } from "../template";
import { readTextFile } from "../textFile";
import { UserError } from "../userError";
import { chooseDeployments } from "./chooseDeployments";
import type { DeploymentChange } from "./deploymentDiff";
import { noLongerThere } from "./noLongerThere";
import type { DeploymentRegistry, RefusedDeployment, ToDeploy } from "./registry";

export interface DeployRequest {
  /** Absolute path of the prefect.yaml. */
  file: string;
  /** The folder to which entrypoints and the default pull step are relative. */
  folder: string;
  /** Names of deployments, or `flow/name`; both may contain `*`. Empty: the file's only deployment. */
  names: readonly string[];
  /** Whether to deploy every deployment of the file. */
  all: boolean;
  /** Outputs of build and push steps. */
  stepOutputs: JsonObject;
  env: NodeJS.ProcessEnv;
  /** Where to deploy. */
  registry: DeploymentRegistry;
}

/** What is wrong with one deployment of a file. */
export interface DeployProblem {
  /** As in the file, if it has one. */
  name?: string;
  /** From 1. */
  line: number;
  message: string;
}

/** What `deploy` would do with a file. Planning writes nothing; {@link writePlan} does. */
export interface DeployPlan {
  /** `<project>/<stack>` */
  stack: string;
  /** Path of the file, relative to the current folder. */
  file: string;
  deployments: (DeploymentChange & { warnings: string[] })[];
  problems: DeployProblem[];
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
 * Read a prefect.yaml, and compare its deployments with those deployed before.
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

  const resolved: ResolvedDeployment[] = [];
  for (const deployment of chosen.deployments) {
    const outcome = resolveDeployment(deployment, file, around);
    if ("problems" in outcome)
      problems.push(...outcome.problems.map((message) => ({ ...named(deployment.config.name), line: deployment.line, message })));
    else resolved.push(outcome);
  }
  const { flows, pythonMissing } = await inspectEntrypoints(
    resolved.flatMap(({ entrypoint }) => entrypoint ?? []),
    { cwd: folder, env: request.env },
  );
  if (registry.imports && !pythonMissing) notes.push(...(await importOver(flows, request)));
  if (pythonMissing) notes.push("python3 is not on PATH: each flow gets the name of its function, and parameters are not checked");

  const records = new Map<string, ToDeploy & { warnings: string[]; line: number }>();
  const deployedAt = new Date().toISOString();
  for (const deployment of resolved) {
    const { line } = deployment;
    const flow = deployment.entrypoint === null ? undefined : flows.get(deployment.entrypoint);
    const outcome = defineDeployment(deployment, flow, { pools, origin });
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
  notes.push(...notActedOn([...records.values()], registry.schedules));
  const bad = problems.map(({ name }) => name);
  const gone = chosen.isAll ? noLongerThere(await registry.cameFrom(request.file), file, new Set(records.keys()), bad) : [];
  problems.sort((a, b) => a.line - b.line);
  return {
    stack,
    file: shownFile,
    deployments,
    problems,
    notes,
    gone,
    records: of((change) => change !== "same"),
    unchanged: of((change) => change === "same"),
    lineOf: (name) => records.get(name)?.line ?? 1,
  };
}

/** Write what a plan found new or changed. @returns the plan as it went: what was refused is a problem, and no longer a deployment */
export async function writePlan(
  plan: DeployPlan,
  registry: DeploymentRegistry,
  allOrNothing: boolean,
): Promise<DeployPlan & { exitCode: 2 | 5 }> {
  const refused = await registry.write(plan.records, { unchanged: plan.unchanged, allOrNothing });
  const names = new Set(refused.map(({ name }) => name));
  const problems = [...plan.problems, ...refused.map((one) => problemOf(one, plan))].sort((a, b) => a.line - b.line);
  const deployments = plan.deployments.filter(({ name }) => !names.has(name));
  return { ...plan, problems, deployments, exitCode: refused.some(({ exitCode }) => exitCode === 5) ? 5 : 2 };
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

/**
 * Replace what the code says by what importing the flows finds.
 * @returns a line for each flow that cannot be imported, or one line if Prefect is not installed
 */
async function importOver(flows: InspectedFlows["flows"], { folder, env }: DeployRequest): Promise<string[]> {
  const seen = [...flows].flatMap(([entrypoint, flow]) => ("fault" in flow ? [] : [[entrypoint, flow] as const]));
  const imported = await importFlows(
    seen.map(([entrypoint]) => entrypoint),
    { cwd: folder, env },
  );
  if (!imported) return ["python3 has no Prefect: flows and their parameters are read from the code, without importing it"];
  return seen.flatMap(([entrypoint, flow]) => {
    const found = imported.get(entrypoint);
    if (found && !("fault" in found)) {
      const { flowName, description, version, parameterSchema } = found;
      flows.set(entrypoint, {
        ...flow,
        flowName,
        parameterSchema,
        ...(description === null ? {} : { description }),
        ...(version === null ? {} : { version }),
      });
      return [];
    }
    if (flow.isFlow === false)
      flows.set(entrypoint, { fault: `${entrypoint} is not a flow, and a Prefect API runs only flows: decorate it with Prefect's @flow` });
    return [`${entrypoint} cannot be imported (${found?.fault}): its name and parameters are read from its code`];
  });
}

/** One line about everything that is stored but has no effect. */
function notActedOn(records: ToDeploy[], schedules: boolean): string[] {
  const of = (has: (record: ToDeploy) => boolean) => records.filter(has).map(({ name }) => name);
  const parts = [
    ["build and push steps", "", of(({ kept }) => kept.build !== undefined || kept.push !== undefined)],
    ["schedules", " (while no `pushpool serve` runs)", of(({ definition }) => !schedules && definition.schedules !== undefined)],
    ["triggers", "", of(({ kept }) => kept.triggers !== undefined)],
    ["sla", "", of(({ kept }) => kept.sla !== undefined)],
  ] as const;
  const said = parts.filter(([, , names]) => names.length > 0).map(([what, until, names]) => `${what} of ${few(names)}${until}`);
  return said.length > 0 ? [`stored, but without effect: ${said.join("; ")}`] : [];
}

function named(name: string | null | undefined): { name?: string } {
  return name ? { name } : {};
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

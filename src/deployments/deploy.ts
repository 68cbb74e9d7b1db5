import { relative } from "node:path";
import { type InspectedFlows, importFlows, inspectEntrypoints } from "../entrypoint";
import type { JsonObject } from "../json";
import type { DeploymentRecord } from "../ledger";
import { few } from "../nearest";
import { defineDeployment, loadPrefectYaml, type ResolvedDeployment, resolveDeployment, type Surroundings } from "../prefectYaml";
import { undeclaredVariables } from "../template";
import { readTextFile } from "../textFile";
import { UserError } from "../userError";
import { choose } from "./choose";
import type { DeploymentChange } from "./diff";
import type { DeploymentRegistry } from "./registry";

export interface DeployRequest {
  /** The prefect.yaml: an absolute path. */
  file: string;
  /** Folder that entrypoints and the default pull step are relative to. */
  folder: string;
  /** Which of its deployments: names, `flow/name`, either with `*`; none: the only one there is. */
  names: readonly string[];
  /** All of them. */
  all: boolean;
  /** What build and push steps gave. */
  stepOutputs: JsonObject;
  env: NodeJS.ProcessEnv;
  /** Where they go. */
  registry: DeploymentRegistry;
}

/** What is wrong with one deployment of a file. */
export interface DeployProblem {
  /** As the file has it, where it has one. */
  name?: string;
  /** From 1. */
  line: number;
  message: string;
}

/** What `deploy` would do with a file. Nothing is written before {@link writePlan}. */
export interface DeployPlan {
  /** `<project>/<stack>` */
  stack: string;
  /** Path of the file, as short as it can be said. */
  file: string;
  deployments: (DeploymentChange & { warnings: string[] })[];
  problems: DeployProblem[];
  /** What is worth a line and is no problem. */
  notes: string[];
  records: DeploymentRecord[];
}

/**
 * Read a prefect.yaml, and compare what it declares with what was deployed before.
 * @throws {UserError} if the file cannot be read as one, or a name means none of its deployments
 */
export async function planDeploy(request: DeployRequest): Promise<DeployPlan> {
  const { registry, folder } = request;
  const { stack } = registry;
  const shownFile = relative(process.cwd(), request.file) || request.file;
  const file = loadPrefectYaml(readText(request.file, shownFile), shownFile);
  const notes: string[] = [];
  const problems: DeployProblem[] = [];

  const { pools, blocks, variables, origin } = await registry.place(file);
  const around: Surroundings = {
    env: request.env,
    blocks,
    variables,
    stepOutputs: request.stepOutputs,
    hasImage: (pool) => pool === null || !pools[pool] || undeclaredVariables(pools[pool].baseJobTemplate, { image: "" }).length === 0,
    folder,
  };
  const chosen = await choose(request, file, around, notes);
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
  if (pythonMissing) notes.push("there is no python3 here: flows go by their functions' names, and their parameters are not known");

  const records = new Map<string, DeploymentRecord & { warnings: string[] }>();
  const deployedAt = new Date().toISOString();
  for (const deployment of resolved) {
    const { line } = deployment;
    const flow = deployment.entrypoint === null ? undefined : flows.get(deployment.entrypoint);
    const outcome = defineDeployment(deployment, flow, { pools, origin });
    if ("problems" in outcome) {
      problems.push(...outcome.problems.map((message) => ({ name: deployment.name, line, message })));
      continue;
    }
    const { name, definition, kept, warnings } = outcome;
    if (registry.declared.has(name)) {
      const message = `"${name}" is already declared by the Pulumi program of stack ${stack} (pushpool:index:Deployment "${name}"): keep it in one of the two places`;
      problems.push({ name: deployment.name, line, message });
      continue;
    }
    if (records.has(name)) notes.push(`${shownFile}:${line}: "${name}" is there twice, and the last one counts`);
    records.set(name, { name, definition, kept, file: request.file, deployedAt, warnings });
  }

  const changes = await registry.compare([...records.values()]);
  const deployments = changes.map((change) => ({
    ...change,
    warnings: [...(records.get(change.name)?.warnings ?? []), ...change.warnings],
  }));
  notes.push(...notActedOn([...records.values()], registry.schedules));
  const changed = new Set(deployments.filter(({ change }) => change !== "same").map(({ name }) => name));
  problems.sort((a, b) => a.line - b.line);
  return {
    stack,
    file: shownFile,
    deployments,
    problems,
    notes,
    records: [...records.values()].filter(({ name }) => changed.has(name)).map(({ warnings: _, ...record }) => record),
  };
}

/**
 * What importing finds goes over what the code says, flow by flow.
 * @returns a line on each flow that could not be imported, or one on Prefect missing
 */
async function importOver(flows: InspectedFlows["flows"], { folder, env }: DeployRequest): Promise<string[]> {
  const seen = [...flows].flatMap(([entrypoint, flow]) => ("fault" in flow ? [] : [[entrypoint, flow] as const]));
  const imported = await importFlows(
    seen.map(([entrypoint]) => entrypoint),
    { cwd: folder, env },
  );
  if (!imported) return ["python3 has no Prefect here: flows and their parameters are read from the code, which is not imported"];
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
      flows.set(entrypoint, { fault: `${entrypoint} is no flow, and a Prefect API runs flows only: put Prefect's @flow on it` });
    return [`${entrypoint} cannot be imported (${found?.fault}): its name and parameters are read from its code`];
  });
}

/** One line for everything that is kept and that nothing acts on. */
function notActedOn(records: DeploymentRecord[], schedules: boolean): string[] {
  const of = (has: (record: DeploymentRecord) => boolean) => records.filter(has).map(({ name }) => name);
  const parts = [
    ["build and push steps", "", of(({ kept }) => kept.build !== undefined || kept.push !== undefined)],
    ["schedules", " (while no `pushpool serve` runs)", of(({ definition }) => !schedules && definition.schedules !== undefined)],
    ["triggers", "", of(({ kept }) => kept.triggers !== undefined)],
    ["sla", "", of(({ kept }) => kept.sla !== undefined)],
  ] as const;
  const said = parts.filter(([, , names]) => names.length > 0).map(([what, until, names]) => `${what} of ${few(names)}${until}`);
  return said.length > 0 ? [`kept, and not acted on: ${said.join("; ")}`] : [];
}

function named(name: string | null | undefined): { name?: string } {
  return name ? { name } : {};
}

function readText(path: string, name: string): string {
  try {
    return readTextFile(path, name);
  } catch (error) {
    if (error instanceof UserError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UserError(
      code === "ENOENT"
        ? `there is no file ${path}: name the prefect.yaml with --file, or its folder with -C`
        : `cannot read ${path}: ${message}`,
    );
  }
}

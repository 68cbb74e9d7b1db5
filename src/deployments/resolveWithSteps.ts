import type { StepReport } from "../buildSteps";
import {
  type DeployPlace,
  defineDeployment,
  type LoadedDeployment,
  type PlaceholderValues,
  type PrefectYaml,
  type ResolvedDeployment,
  resolveDeployment,
  type StepKnowledge,
} from "../prefectYaml";
import type { DeployProblem, DeployRequest } from "./deployRequest";
import type { FlowReader } from "./flowReader";
import { faultsOf, givenSteps, runDeploySteps, runningSteps } from "./runDeploySteps";

interface Context {
  request: DeployRequest;
  around: PlaceholderValues;
  flows: FlowReader;
  place: DeployPlace;
  /** Gets lines for the user. */
  notes: string[];
  /** Gets what is wrong with deployments. */
  problems: DeployProblem[];
}

/**
 * Fill the placeholders of deployments, and run their build and push steps for it. Everything that is known to be wrong is found before a step
 * runs, because steps can take long, and push images.
 * @returns the deployments without problems, in the order of the file; `checked`: see {@link defineDeployment}
 */
export async function resolveWithSteps(
  deployments: readonly LoadedDeployment[],
  file: PrefectYaml,
  { request, around, flows, place, notes, problems }: Context,
): Promise<{ resolved: { deployment: ResolvedDeployment; checked?: ResolvedDeployment }[]; steps: StepReport[] }> {
  const { steps: mode = { kind: "skip" }, stepOutputs: given, registry } = request;
  const runs = (deployment: LoadedDeployment) => mode.kind !== "skip" && runningSteps(deployment, file, given).length > 0;
  const drafts = deployments.map((deployment) => {
    const planned: StepKnowledge | undefined = runs(deployment) ? { kind: "planned", to: "check" } : undefined;
    return { deployment, hasSteps: planned !== undefined, draft: resolveDeployment(deployment, file, around, planned) };
  });
  await flows.read(drafts.flatMap(({ draft }) => ("problems" in draft || draft.isPending ? [] : draft.entrypoint)));

  const faults = new Map<number, string[]>();
  const stepping: LoadedDeployment[] = [];
  for (const { deployment, hasSteps, draft } of drafts) {
    const found = "problems" in draft || draft.isPending ? draft : defineDeployment(draft, flows.of(draft.entrypoint), place);
    // What needs an output is checked once the steps have run.
    const wrong = [...(hasSteps ? faultsOf(deployment, file) : []), ...("problems" in found && !draft.isPending ? found.problems : [])];
    if (wrong.length > 0) faults.set(deployment.index, wrong);
    else if (hasSteps) stepping.push(deployment);
  }
  const isRefused = request.allOrNothing === true && problems.length + faults.size > 0;
  if (mode.kind !== "skip") notes.push(...givenSteps(deployments, file, given));
  const ran =
    mode.kind === "skip" || isRefused
      ? undefined
      : await runDeploySteps(stepping, mode, {
          file,
          folder: request.folder,
          env: request.env,
          prefectEnv: registry.prefectEnv,
          blocks: around.blocks,
          variables: around.variables,
          given,
        });

  const resolved: { deployment: ResolvedDeployment; checked?: ResolvedDeployment }[] = [];
  for (const { deployment, hasSteps, draft } of drafts) {
    const { index, line, config } = deployment;
    const name = "problems" in draft ? config.name : draft.name;
    const of = { ...(name ? { name } : {}), line };
    const failure = ran?.failures.get(index);
    const wrong = faults.get(index);
    if (wrong) problems.push(...wrong.map((message) => ({ ...of, message })));
    else if (failure !== undefined) problems.push({ ...of, message: failure, stepFailed: true });
    if (wrong || failure !== undefined || (hasSteps && isRefused)) continue;
    if (mode.kind === "list" && draft.isPending) {
      notes.push(
        `${file.file}:${line}: ${name}: its name, flow or settings need the outputs of its steps, so it cannot be shown before they ran`,
      );
      continue;
    }
    const outcome = hasSteps ? resolveDeployment(deployment, file, around, ran?.knowledge.get(index)) : draft;
    if ("problems" in outcome) problems.push(...outcome.problems.map((message) => ({ ...of, message })));
    else resolved.push({ deployment: outcome, ...(mode.kind === "list" && hasSteps && !("problems" in draft) ? { checked: draft } : {}) });
  }
  await flows.read(resolved.map(({ deployment }) => deployment.entrypoint));
  return { resolved, steps: ran?.report ?? [] };
}

import { canonicalJson } from "../canonicalJson";
import { isJsonObject, type Json, type JsonObject } from "../json";

/** The build and push steps of one deployment. */
export interface DeploymentSteps {
  /** Position of the deployment in the file. */
  index: number;
  /** For messages. */
  name: string;
  build: readonly JsonObject[];
  push: readonly JsonObject[];
}

/**
 * A step that runs once, with the steps that come after it. The deployments whose steps are the same up to this one share it. A step that
 * follows other steps is another step: their outputs, or the files they wrote, may be different.
 */
export interface PlannedStep {
  section: "build" | "push";
  step: JsonObject;
  /** The function, such as `prefect.deployments.steps.run_shell_script`. */
  name: string;
  id?: string;
  /** The deployments that need it, by their positions in the file. */
  deployments: number[];
  next: PlannedStep[];
}

/**
 * The steps to run, in the order of the file: for each deployment first its build steps, then its push steps.
 * @param given the outputs that the user gives: a step with an id that has one does not run
 */
export function planSteps(deployments: readonly DeploymentSteps[], given: JsonObject = {}): PlannedStep[] {
  const roots: PlannedStep[] = [];
  for (const { index, build, push } of deployments) {
    let level = roots;
    for (const [section, step] of [...labelled("build", build), ...labelled("push", push)]) {
      const id = stepId(step);
      if (Object.keys(step).length === 0 || (id !== undefined && Object.hasOwn(given, id))) continue;
      const key = canonicalJson(step);
      let planned = level.find((other) => other.section === section && canonicalJson(other.step) === key);
      if (!planned) {
        planned = { section, step, name: functionOf(step), ...(id === undefined ? {} : { id }), deployments: [], next: [] };
        level.push(planned);
      }
      planned.deployments.push(index);
      level = planned.next;
    }
  }
  return roots;
}

/** All planned steps, in the order in which they run. */
export function* inOrder(steps: readonly PlannedStep[]): Generator<PlannedStep> {
  for (const step of steps) {
    yield step;
    yield* inOrder(step.next);
  }
}

/** What is wrong with the form of a deployment's steps, one line each. Prefect finds it only after it has run the steps before. */
export function stepFaults({ build, push }: Pick<DeploymentSteps, "build" | "push">): string[] {
  return Object.entries({ build, push }).flatMap(([section, steps]) =>
    steps.flatMap((step, index) => {
      const [name = "", ...others] = Object.keys(step);
      if (others.length > 0)
        return [
          `${section}[${index}]: a step has one key, the name of its function, not ${[name, ...others].join(", ")}: write each step as its own list item`,
        ];
      if (name !== "" && !isJsonObject(step[name])) return [`${section}[${index}].${name}: must be a mapping of its inputs, such as {}`];
      return [];
    }),
  );
}

/** The `id` of a step, by which placeholders name its outputs. */
export function stepId(step: JsonObject): string | undefined {
  const inputs: Json | undefined = Object.values(step)[0];
  return isJsonObject(inputs) && typeof inputs.id === "string" && inputs.id !== "" ? inputs.id : undefined;
}

/** The function of a step, without the module if it is Prefect's, and the id: `run_shell_script (get-tag)`. */
export function stepLabel({ name, id }: Pick<PlannedStep, "name" | "id">): string {
  const short = /^prefect[._]/.test(name) ? name.slice(name.lastIndexOf(".") + 1) : name;
  return id === undefined ? short : `${short} (${id})`;
}

function functionOf(step: JsonObject): string {
  return Object.keys(step)[0] ?? "";
}

function labelled(section: "build" | "push", steps: readonly JsonObject[]): ["build" | "push", JsonObject][] {
  return steps.map((step) => [section, step]);
}

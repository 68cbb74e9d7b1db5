import type { JsonObject, Value } from "../json";
import { Redactor } from "../redactor";
import { capped, oneLine } from "../shown";
import { childEnvironment } from "../targets/childEnvironment";
import type { Blocks } from "../template/blocks";
import { clearValues } from "./clearValues";
import { type AutoVersions, dockerRunner } from "./dockerRunner";
import { pythonRunner } from "./pythonRunner";
import { inOrder, type PlannedStep, stepLabel } from "./stepPlan";
import { StepFailure, type StepPlace, type StepRunner, type StepState } from "./stepRunner";
import { learnSecrets } from "./stepSecrets";
import { cannotRun, chooseTool, type StepTool } from "./stepTool";

/** How long a step may be silent before pushpool says that it still runs, in milliseconds. */
const SILENCE = 30_000;
/** The longest reason of a failure, in characters. The step's own output has more. */
const MAX_REASON = 400;

export interface StepsRequest {
  steps: readonly PlannedStep[];
  /** The names of the deployments, by their positions in the file. */
  names: ReadonlyMap<number, string>;
  /** The folder of the project, in which each deployment's steps start. */
  folder: string;
  env: NodeJS.ProcessEnv;
  /** Variables for the steps that the environment does not have: the Prefect API of the stack. */
  prefectEnv: Record<string, string>;
  /** The blocks and variables that the steps name, with their secrets. Read only if a step names one. */
  values: () => Promise<{ blocks: Blocks; variables: Record<string, Value> }>;
  versions: AutoVersions;
  listener: StepListener;
  interrupted: AbortSignal;
}

/** Who hears what happens. Secrets are masked in all of it. */
export interface StepListener {
  /** What pushpool does. */
  tell(text: string): void;
  /** A line of a step's own output. */
  output(line: string): void;
}

/** The result of one step. */
export interface StepReport {
  section: "build" | "push";
  step: string;
  id?: string;
  /** Names of the deployments that need it. */
  deployments: string[];
  state: "planned" | "ran" | "failed" | "left out";
  /** With secrets masked. */
  outputs?: JsonObject;
  /** Why it failed. */
  problem?: string;
}

export interface StepResults {
  /** The outputs of each deployment's steps, by its position in the file. Absent if a step failed. */
  outputs: Map<number, JsonObject>;
  /** Why a deployment's steps did not succeed. */
  failures: Map<number, string>;
  report: StepReport[];
  /** Whether a string contains a secret that the steps got from a block. */
  isSecret(text: string): boolean;
}

/** What would run, in order. */
export function plannedReport(steps: readonly PlannedStep[], names: ReadonlyMap<number, string>): StepReport[] {
  return [...inOrder(steps)].map((step) => reportOf(step, names, { state: "planned" }));
}

/**
 * Run build and push steps. Each step starts in the folder and with the outputs that the steps before it left. A failing step ends only the
 * deployments that need it.
 * @throws {Interrupted} if it was interrupted, after the step has stopped
 * @throws {UserError} if `PUSHPOOL_PYTHON` cannot be used
 */
export async function runSteps(request: StepsRequest): Promise<StepResults> {
  const { steps, names, folder, interrupted, prefectEnv, listener } = request;
  const tool = await chooseTool({ folder, env: request.env });
  const failures = cannotRun(steps, tool);
  const env = stepEnvironment(request.env, prefectEnv);
  const redactor = new Redactor();
  const fromBlocks = new Redactor();
  learnSecrets(redactor, inOrder(steps), env);
  for (const secret of Object.values(prefectEnv)) if (secret !== prefectEnv.PREFECT_API_URL) redactor.learn(secret);
  const { values, secrets } = await clearValues([...inOrder(steps)], request.values);
  for (const secret of secrets) {
    redactor.learn(secret);
    fromBlocks.learn(secret);
  }
  let heard = Date.now();
  const tell = (text: string) => listener.tell(redactor.hide(text));
  const output = (line: string) => {
    heard = Date.now();
    listener.output(redactor.hide(line));
  };
  const outputs = new Map<number, JsonObject>();
  const report: StepReport[] = [];
  const place: StepPlace = { folder, env, values, output, interrupted };
  const runner = runnerOf(tool, place, request.versions);
  const runnable = (step: PlannedStep) => step.deployments.some((index) => !failures.has(index));
  if (steps.some(runnable)) tell(`build and push steps: ${describe(tool)}`);

  const walk = async (step: PlannedStep, before: StepState): Promise<void> => {
    if (!runnable(step)) {
      for (const one of inOrder([step])) report.push(reportOf(one, names, { state: "left out" }));
      return;
    }
    const label = `${step.section}: ${stepLabel(step)}`;
    tell(`${label} for ${step.deployments.map((index) => names.get(index)).join(", ")}`);
    heard = Date.now();
    const silent = setInterval(() => {
      if (Date.now() - heard < SILENCE) return;
      heard = Date.now();
      tell(`${label} still runs, without output for ${SILENCE / 1000} s; Ctrl-C stops it`);
    }, 1_000);
    try {
      const after = await runner.run(step, before);
      report.push(reportOf(step, names, { state: "ran", outputs: redactor.hideIn(after.own) }));
      const further = new Set(step.next.flatMap(({ deployments }) => deployments));
      for (const index of step.deployments) if (!further.has(index)) outputs.set(index, after.outputs);
      clearInterval(silent);
      for (const next of step.next) await walk(next, after);
    } catch (error) {
      if (!(error instanceof StepFailure)) throw error;
      const problem = capped(oneLine(redactor.hide(error.message)), MAX_REASON);
      report.push(reportOf(step, names, { state: "failed", problem }));
      for (const one of inOrder(step.next)) report.push(reportOf(one, names, { state: "left out" }));
      for (const index of step.deployments)
        failures.set(index, `${step.section} step ${stepLabel(step)} failed: ${problem}${advice(step, error)}`);
    } finally {
      clearInterval(silent);
    }
  };
  try {
    for (const step of steps) await walk(step, { outputs: {}, own: {}, folder });
  } finally {
    await runner.close();
  }
  return { outputs, failures, report, isSecret: (text) => fromBlocks.hide(text) !== text };
}

/** The caller's environment without pushpool's and Pulumi's own variables, which can hold a stack's passphrase. Prefect's settings stay. */
function stepEnvironment(env: NodeJS.ProcessEnv, prefectEnv: Record<string, string>): Record<string, string> {
  const settings = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined && /^PREFECT_/.test(entry[0]));
  const all = childEnvironment(env, { ...Object.fromEntries(settings), ...prefectEnv });
  // Another login would be for another server.
  if (prefectEnv.PREFECT_API_URL !== undefined)
    for (const name of ["PREFECT_API_KEY", "PREFECT_API_AUTH_STRING"]) if (prefectEnv[name] === undefined) delete all[name];
  return all;
}

function runnerOf(tool: StepTool, place: StepPlace, versions: AutoVersions): StepRunner {
  if (tool.kind === "python") return pythonRunner(tool.path, place);
  if (tool.kind === "docker")
    return dockerRunner(tool.path, place, { ...versions, ...(tool.python === undefined ? {} : { python: tool.python }) });
  return {
    run: () => Promise.reject(new StepFailure("nothing can run it")),
    close: async () => {},
  };
}

function describe(tool: StepTool): string {
  if (tool.kind === "python") return `Prefect ${tool.prefect} of ${tool.path} (${tool.from})`;
  return tool.kind === "docker" ? `${tool.path}, because no Python has Prefect` : "nothing can run them";
}

/** A package that only `requires` installs. */
function advice({ step, name }: PlannedStep, { message }: StepFailure): string {
  const [, module = ""] = /No module named '([\w.]+)'/.exec(message) ?? [];
  const root = name.split(".")[0] ?? "";
  if (module !== root || (step[name] as JsonObject).requires !== undefined) return "";
  return `. Install ${root.replaceAll("_", "-")}, or add \`requires: ${root.replaceAll("_", "-")}\` to the step`;
}

function reportOf(
  step: PlannedStep,
  names: ReadonlyMap<number, string>,
  more: Pick<StepReport, "state" | "outputs" | "problem">,
): StepReport {
  const { section, name, id, deployments } = step;
  return {
    section,
    step: name,
    ...(id === undefined ? {} : { id }),
    deployments: deployments.map((index) => names.get(index) ?? ""),
    ...more,
  };
}

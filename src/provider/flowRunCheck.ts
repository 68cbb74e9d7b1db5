import { parseDuration } from "../duration";
import type { JsonObject, ValueObject } from "../json";
import { segmentsOf } from "../jsonPointer";
import type { DeploymentDefinition } from "../manifest/manifest";
import { resolveRequest } from "../runs/plan";
import { checkJobVariables, checkRequiredVariables, checkTemplateShape } from "../template";
import { UserError } from "../userError";
import { askedOf, type FlowRunInputs, isObject, secretPathsOf } from "./flowRunInputs";
import { holdsUnknown } from "./operations";

/** Where a FlowRun may hold a secret. Everything else is kept in the ledger, or shown, as it is. */
const MAY_BE_SECRET = ["pool", "deployment", "jobVariables", "triggers", "blocks", "variables"];

/**
 * What is wrong with a FlowRun, as far as can be said before anything runs: in a preview, with values still unknown, only its own arguments.
 * @returns a sentence each; the first one only of what follows from another
 */
export function faultsOf(news: JsonObject): string[] {
  const own = [...argumentFaults(news), ...secretFaults(news as unknown as FlowRunInputs)];
  if (own.length > 0 || holdsUnknown(news)) return own;
  try {
    checkRun(news as unknown as FlowRunInputs);
    return [];
  } catch (error) {
    if (error instanceof UserError) return [error.message];
    throw error;
  }
}

/** How long to watch, in milliseconds; `undefined`: to the end. @throws {UserError} */
export function watchingTime({ timeout }: FlowRunInputs): number | undefined {
  return timeout === undefined || timeout === null ? undefined : parseDuration(String(timeout), "timeout");
}

function* argumentFaults({ wait, timeout, parameters, jobVariables, triggers, tags }: JsonObject): Generator<string> {
  const isGiven = (value: unknown) => value !== undefined && value !== null && !holdsUnknown(value);
  if (isGiven(wait) && typeof wait !== "boolean") yield "wait must be true or false";
  for (const [name, value] of Object.entries({ parameters, jobVariables })) {
    if (isGiven(value) && !isObject(value)) yield `${name} must be an object, as { name: value }`;
  }
  if (isGiven(triggers) && !Array.isArray(triggers)) yield "triggers must be a list: the flow runs again when one of them changes";
  if (isGiven(tags) && !(Array.isArray(tags) && tags.every((tag) => typeof tag === "string"))) yield "tags must be a list of texts";
  if (!isGiven(timeout)) return;
  try {
    watchingTime({ timeout } as unknown as FlowRunInputs);
  } catch (error) {
    yield (error as Error).message;
  }
}

function secretFaults(inputs: FlowRunInputs): string[] {
  const misplaced = secretPathsOf(inputs)
    .map(segmentsOf)
    .filter(([section = ""]) => !MAY_BE_SECRET.includes(section));
  return misplaced.map(
    (segments) =>
      `${segments.join(".")} is a secret, and what stands there is kept in the ledger as it is: put it into jobVariables.env, or take it out by pulumi.unsecret()`,
  );
}

function checkRun(inputs: FlowRunInputs): void {
  const { manifest, origin, request } = askedOf(inputs);
  const declared = manifest.deployments[request.deployment] as DeploymentDefinition;
  const { deployment, pool } = resolveRequest(manifest, origin, request, {
    name: request.deployment,
    deployment: declared,
    by: "program",
  });
  const template: ValueObject = pool.baseJobTemplate;
  const ofDeployment: ValueObject = deployment.workPool.jobVariables ?? {};
  const command: ValueObject = deployment.command === undefined ? {} : { command: deployment.command };
  checkTemplateShape(template, `pools.${deployment.workPool.name}.baseJobTemplate`);
  checkJobVariables(template, ofDeployment, `deployments.${request.deployment}.workPool.jobVariables`);
  checkJobVariables(template, request.jobVariables ?? {}, "jobVariables");
  checkRequiredVariables(template, { ...command, ...ofDeployment, ...request.jobVariables }, "jobVariables");
}

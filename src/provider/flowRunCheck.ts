import { parseDuration } from "../duration";
import { isJsonObject, type Json, type JsonObject, type ValueObject } from "../json";
import { segmentsOf } from "../jsonPointer";
import { checkLedgerUrl } from "../ledger";
import type { DeploymentInManifest } from "../manifest/manifest";
import { resolveRequest } from "../runs/plan";
import { checkJobVariables, checkRequiredVariables, checkTemplateShape } from "../template";
import { holdsUnknown } from "../unknown";
import { UserError } from "../userError";
import { type FlowRunInputs, secretPathsOf, toManifestAndRequest } from "./flowRunInputs";

/** The inputs in which a FlowRun may contain secrets. The ledger and the output show all others in plain text. */
const MAY_BE_SECRET = ["pool", "deployment", "jobVariables", "triggers", "blocks", "variables", "ledger"];

/**
 * The problems of a FlowRun that can be found before anything runs. In a preview with unknown values only its own arguments are checked.
 * @returns one sentence for each problem; no problems that follow from another
 */
export function flowRunProblems(news: JsonObject): string[] {
  const own = [...argumentProblems(news), ...secretProblems(news as unknown as FlowRunInputs)];
  if (own.length > 0 || holdsUnknown(news)) return own;
  try {
    checkRun(news as unknown as FlowRunInputs);
    return [];
  } catch (error) {
    if (error instanceof UserError) return [error.message];
    throw error;
  }
}

/**
 * How long to watch, in milliseconds; `undefined` until the run ends.
 * @throws {UserError} if it is not a valid duration
 */
export function timeoutOf({ timeout }: FlowRunInputs): number | undefined {
  return timeout === undefined || timeout === null ? undefined : parseDuration(String(timeout), "timeout");
}

function* argumentProblems(news: JsonObject): Generator<string> {
  const { wait, overridePool, timeout, parameters, jobVariables, triggers, tags, ledger } = news;
  const isGiven = (value: unknown) => value !== undefined && value !== null && !holdsUnknown(value);
  if (isGiven(wait) && typeof wait !== "boolean") yield "wait must be true or false";
  if (isGiven(overridePool) && typeof overridePool !== "boolean") yield "overridePool must be true or false";
  for (const [name, value] of Object.entries({ parameters, jobVariables })) {
    if (isGiven(value) && !isJsonObject(value)) yield `${name} must be an object, as { name: value }`;
  }
  if (isGiven(triggers) && !Array.isArray(triggers)) yield "triggers must be a list: the flow runs again when one of them changes";
  if (isGiven(tags) && !(Array.isArray(tags) && tags.every((tag) => typeof tag === "string"))) yield "tags must be a list of strings";
  if (isGiven(ledger)) yield* ledgerProblems(ledger as Json);
  if (!isGiven(timeout)) return;
  try {
    timeoutOf({ timeout } as unknown as FlowRunInputs);
  } catch (error) {
    yield (error as Error).message;
  }
}

function* ledgerProblems(ledger: Json): Generator<string> {
  if (!isJsonObject(ledger) || typeof ledger.url !== "string" || typeof (ledger.schema ?? "") !== "string")
    return yield 'ledger must be an object with the URL of a database, as { url: config.requireSecret("ledgerUrl") }';
  try {
    checkLedgerUrl(ledger.url, ledger.schema as string | undefined);
  } catch (error) {
    yield `ledger: ${(error as Error).message}`;
  }
}

function secretProblems(inputs: FlowRunInputs): string[] {
  const misplaced = secretPathsOf(inputs)
    .map(segmentsOf)
    .filter(([section = ""]) => !MAY_BE_SECRET.includes(section));
  return misplaced.map(
    (segments) =>
      `${segments.join(".")} is a secret, but the ledger stores this value in plain text: put it into jobVariables.env, or make it plain with pulumi.unsecret()`,
  );
}

function checkRun(inputs: FlowRunInputs): void {
  const { manifest, origin, request } = toManifestAndRequest(inputs);
  const declared = manifest.deployments[request.deployment] as DeploymentInManifest;
  const { deployment, pool, workPool } = resolveRequest(manifest, origin, request, {
    name: request.deployment,
    deployment: declared,
    by: "program",
  });
  const template: ValueObject = pool.baseJobTemplate;
  const ofDeployment: ValueObject = deployment.workPool.jobVariables ?? {};
  const command: ValueObject = deployment.command === undefined ? {} : { command: deployment.command };
  checkTemplateShape(template, `pools.${workPool}.baseJobTemplate`);
  checkJobVariables(
    template,
    ofDeployment,
    `deployments.${request.deployment}.workPool.jobVariables`,
    workPool === deployment.workPool.name ? "refuse" : "pass",
  );
  checkJobVariables(template, request.jobVariables ?? {}, "jobVariables");
  checkRequiredVariables(template, { ...command, ...ofDeployment, ...request.jobVariables }, "jobVariables");
}

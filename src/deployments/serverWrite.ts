import type { Json, JsonObject } from "../json";
import { deleteDeployment, deleteEmptyFlow, readDeployment, readDeploymentByName, type ServerDeployment } from "../prefect/api/deployments";
import { applySlas } from "../prefect/api/slas";
import { deleteWorkQueue, listWorkQueues } from "../prefect/api/workPools";
import type { Client } from "../prefect/client";
import { asDeclared, bringDeployment, DEPLOYMENT_FIELDS, makeDeployment } from "../prefect/declaredDeployment";
import { changedFields } from "../prefect/managedFields";
import { PrefectRefusal } from "../prefect/prefectRefusal";
import { exactly } from "../prefect/serverSchedules";
import type { DeclaredSchedule } from "../schedules";
import { UserError } from "../userError";
import type { RefusedDeployment } from "./registry";
import { type AutomationWrite, writeAutomations } from "./writeAutomations";

/** One deployment to create or change. */
export interface DeploymentWrite {
  name: string;
  /** All fields of a new one; the fields to change of an existing one. */
  wanted: JsonObject;
  /** The wanted schedules; absent: leave them alone. */
  schedules?: DeclaredSchedule[];
  /** The existing deployment as it was read; absent: create it. */
  there?: ServerDeployment;
  labels: JsonObject;
  /** Whether the server will create its work queue. */
  makesQueue: boolean;
  /** Absent if this API has no automations, or if there is nothing to write. */
  automations?: AutomationWrite;
  /** The service level agreements to set; absent: leave them alone. */
  slas?: JsonObject[];
}

/** Reverts one change; `what` names what stays if that fails. */
export interface Undo {
  what: string;
  run: () => Promise<void>;
}

/**
 * Write deployments one by one. Undo what the server refuses, and continue with the others. Send nothing more once the server is
 * unreachable or refuses the key.
 * @param allOrNothing stop at the first refusal, and undo the deployments before it too
 */
export async function writeSteps(client: Client, steps: readonly DeploymentWrite[], allOrNothing: boolean): Promise<RefusedDeployment[]> {
  const refused: RefusedDeployment[] = [];
  const done: Undo[][] = [];
  for (const [index, step] of steps.entries()) {
    const undo: Undo[] = [];
    try {
      await writeStep(client, step, undo);
      done.push(undo);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      const takenBack = await undone([...(allOrNothing ? done.flat() : []), ...undo]);
      refused.push({ name: step.name, message: `${error.message}${takenBack}`, exitCode: exitCodeOf(error) });
      if (!allOrNothing && !isOver(error)) continue;
      if (!allOrNothing) {
        const message = "it was not sent, because the Prefect API failed before its turn";
        refused.push(...steps.slice(index + 1).map(({ name }) => ({ name, message, exitCode: 5 as const })));
      }
      break;
    }
  }
  return refused;
}

async function writeStep(client: Client, step: DeploymentWrite, undo: Undo[]): Promise<void> {
  const id = await writeDeployment(client, step, undo);
  if (step.automations) await writeAutomations(client, { id, name: step.name }, step.automations, undo);
  // Last, because what it changes could not be undone.
  if (step.slas) await applySlas(client, { id, name: step.name }, step.slas);
}

/** @returns the id of the deployment */
async function writeDeployment(
  client: Client,
  { name, wanted, schedules, there, labels, makesQueue }: DeploymentWrite,
  undo: Undo[],
): Promise<string> {
  const pool = String(wanted.workPoolName);
  const queue = String(wanted.workQueueName);
  if (makesQueue) {
    undo.push({ what: `the work queue "${queue}" of "${pool}"`, run: () => dropQueue(client, pool, queue) });
  }
  if (!there) {
    const onFlow = (id: string) => undo.push({ what: `the flow "${name.split("/")[0]}"`, run: () => deleteEmptyFlow(client, id) });
    const what = `deployment "${name}"`;
    try {
      const made = await makeDeployment(client, wanted, { labels, onFlow, ...(schedules ? { schedules } : {}) });
      undo.push({ what, run: () => deleteDeployment(client, made.id) });
      return made.id;
    } catch (error) {
      // No reply: the server may have created it.
      if (error instanceof PrefectRefusal && (error.status === undefined || error.status >= 500))
        undo.push({ what, run: () => dropMade(client, name) });
      throw error;
    }
  }
  const changed = changedFields(DEPLOYMENT_FIELDS, asDeclared(wanted, there), wanted);
  const isScheduled = schedules !== undefined;
  undo.push({ what: `deployment "${name}" as it was`, run: () => bringBack(client, there, wanted, changed, isScheduled) });
  await bringDeployment(client, there, wanted, changed, schedules);
  return there.id;
}

/** No deployment had this name before: the deployment is the one whose reply was lost. */
async function dropMade(client: Client, name: string): Promise<void> {
  const found = await readDeploymentByName(client, name);
  if (found) await deleteDeployment(client, found.id);
}

async function bringBack(client: Client, was: ServerDeployment, wanted: JsonObject, changed: string[], schedules: boolean): Promise<void> {
  const now = await readDeployment(client, was.id);
  if (!now) return;
  const limit = was.global_concurrency_limit?.limit ?? null;
  const before: Record<string, Json> = { ...was, concurrency_limit: limit } as unknown as JsonObject;
  const fields = Object.fromEntries(changed.map((field) => [field, before[(DEPLOYMENT_FIELDS[field] as { api: string }).api] ?? null]));
  const news = { ...fields, deploymentName: wanted.deploymentName as Json };
  await bringDeployment(client, now, news, changed, schedules ? exactly(was.schedules) : undefined);
}

async function dropQueue(client: Client, pool: string, name: string): Promise<void> {
  if (name === "default" || !(await listWorkQueues(client, pool)).some((queue) => queue.name === name)) return;
  await deleteWorkQueue(client, pool, name);
}

/** Revert changes, the last one first. @returns a sentence on what could not be reverted, or "" */
async function undone(changes: readonly Undo[]): Promise<string> {
  const left: string[] = [];
  let reason = "";
  for (const { what, run } of changes.toReversed()) {
    // Each further attempt would wait for the server again.
    if (reason !== "") {
      left.push(what);
      continue;
    }
    try {
      await run();
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      reason = error.message;
      left.push(what);
    }
  }
  return left.length === 0 ? "" : `. Earlier changes could not be undone: check ${left.join(", ")} (${reason})`;
}

/** If the request is invalid, so is the file. */
function exitCodeOf(error: UserError): 2 | 5 {
  const status = error instanceof PrefectRefusal ? error.status : undefined;
  return status !== undefined && status >= 400 && status < 500 && !isOver(error) ? 2 : error.exitCode;
}

/** Whether the API will accept nothing more. */
function isOver(error: UserError): boolean {
  return error instanceof PrefectRefusal && [undefined, 401, 403].includes(error.status);
}

import type { Json, JsonObject } from "../json";
import { deleteDeployment, deleteEmptyFlow, readDeployment, readDeploymentByName, type ServerDeployment } from "../prefect/api/deployments";
import { deleteWorkQueue, listWorkQueues } from "../prefect/api/workPools";
import type { Client } from "../prefect/client";
import { asDeclared, bringDeployment, DEPLOYMENT_FIELDS, makeDeployment } from "../prefect/declaredDeployment";
import { changedFields } from "../prefect/managedFields";
import { PrefectRefusal } from "../prefect/refusal";
import { exactly } from "../prefect/schedules";
import type { DeclaredSchedule } from "../schedules";
import { UserError } from "../userError";
import type { Refused } from "./registry";

/** One deployment to make or to change. */
export interface ServerStep {
  name: string;
  /** What it is to be: all of it for one to make, else what to compare and send. */
  wanted: JsonObject;
  /** What its schedules are to be; absent: they stay as they are. */
  schedules?: DeclaredSchedule[];
  /** As it was read before; absent: it is to be made. */
  there?: ServerDeployment;
  labels: JsonObject;
  /** Whether the server makes the work queue that it names. */
  makesQueue: boolean;
}

/** What takes one change back, and what is left if that fails. */
interface Undo {
  what: string;
  run: () => Promise<void>;
}

/**
 * Write deployments one by one. What is refused is undone, and the others go on; once the server is out of reach or refuses the key, nothing more is sent.
 * @param allOrNothing the first that is refused ends it, and those before it are undone too
 */
export async function writeSteps(client: Client, steps: readonly ServerStep[], allOrNothing: boolean): Promise<Refused[]> {
  const refused: Refused[] = [];
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
        const message = "it was not sent, for the Prefect API could not be worked with any more";
        refused.push(...steps.slice(index + 1).map(({ name }) => ({ name, message, exitCode: 5 as const })));
      }
      break;
    }
  }
  return refused;
}

async function writeStep(client: Client, { name, wanted, schedules, there, labels, makesQueue }: ServerStep, undo: Undo[]): Promise<void> {
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
    } catch (error) {
      // No reply: it may be there all the same.
      if (error instanceof PrefectRefusal && (error.status === undefined || error.status >= 500))
        undo.push({ what, run: () => dropMade(client, name) });
      throw error;
    }
    return;
  }
  const changed = changedFields(DEPLOYMENT_FIELDS, asDeclared(wanted, there), wanted);
  const isScheduled = schedules !== undefined;
  undo.push({ what: `deployment "${name}" as it was`, run: () => bringBack(client, there, wanted, changed, isScheduled) });
  await bringDeployment(client, there, wanted, changed, schedules);
}

/** Of what was there before nothing has this name: the deployment is the one whose reply was lost. */
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

/** Take changes back, the last first. @returns what is to be said of it: nothing, unless something is left */
async function undone(changes: readonly Undo[]): Promise<string> {
  const left: string[] = [];
  let reason = "";
  for (const { what, run } of changes.toReversed()) {
    // Each try would wait for the server once more.
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
  return left.length === 0 ? "" : `. What was done before it could not be undone: look at ${left.join(", ")} (${reason})`;
}

/** What is wrong with what was sent is the file's. */
function exitCodeOf(error: UserError): 2 | 5 {
  const status = error instanceof PrefectRefusal ? error.status : undefined;
  return status !== undefined && status >= 400 && status < 500 && !isOver(error) ? 2 : error.exitCode;
}

/** Whether nothing more will be taken. */
function isOver(error: UserError): boolean {
  return error instanceof PrefectRefusal && [undefined, 401, 403].includes(error.status);
}

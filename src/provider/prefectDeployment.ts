import type { JsonObject } from "../json";
import { deploymentNameFault } from "../manifest/nameFaults";
import { deleteDeployment, readDeployment, readDeploymentByName, type ServerDeployment } from "../prefect/api/deployments";
import type { Client } from "../prefect/client";
import { aboutDeployment, asDeclared, bringDeployment, DEPLOYMENT_FIELDS, makeDeployment } from "../prefect/declaredDeployment";
import { changedFields, type ManagedFields } from "../prefect/managedFields";
import { fromServer, sameSchedules } from "../prefect/serverSchedules";
import { type DeclaredSchedule, programFaults, scheduleFromProgram, toProgram } from "../schedules";
import { quoted } from "../shown";
import { holdsUnknown } from "../unknown";
import { keptAdoption } from "./holders";
import type { CheckFailure, Operations } from "./operations";
import { configureConnection, configuredClient, connectionOuts, openClientFor, readOuts } from "./prefectConnection";
import { deleteObject, movedFields, objectWasDeleted, takeOver } from "./prefectObject";

/** These fields are separate: a change of schedules needs its own calls, and the pool's id changes when the pool is created again. */
const OTHERS: ManagedFields = { schedules: { api: "schedules", reset: [] }, workPoolId: { api: "work_pool_id", reset: null } };

/** A deployment on a Prefect API. Its id is Prefect's. */
export const operations: Operations = {
  configure: configureConnection,

  async check(_olds, news) {
    const failures: CheckFailure[] = [];
    const { deploymentName: name, schedules, concurrencyLimit: limit } = news;
    const fault = holdsUnknown(name) ? undefined : deploymentNameFault(name);
    if (fault !== undefined) failures.push({ property: "deploymentName", reason: `deploymentName ${fault}: ${quoted(name)}` });
    if (limit !== undefined && limit !== null && !holdsUnknown(limit) && !(Number.isInteger(limit) && Number(limit) >= 1)) {
      const reason = `concurrencyLimit must be a whole number of at least 1, not ${JSON.stringify(limit)}`;
      failures.push({ property: "concurrencyLimit", reason });
    }
    if (schedules !== undefined && schedules !== null && !holdsUnknown(schedules))
      failures.push(...programFaults(schedules).map((reason) => ({ property: "schedules", reason })));
    return { inputs: news, failures };
  },

  async diff(id, olds, news) {
    const moved = movedFields(id, olds);
    const replaces = [...(olds.deploymentName === news.deploymentName ? [] : ["deploymentName"]), ...moved];
    const changed = changedFields({ ...DEPLOYMENT_FIELDS, ...OTHERS }, olds, news);
    return { changes: replaces.length > 0 || changed.length > 0, replaces };
  },

  async create(inputs) {
    const name = inputs.deploymentName as string;
    const client = await configuredClient();
    const there = await readDeploymentByName(client, name);
    if (there) return { id: there.id, outs: await adopt(client, there, inputs) };

    const schedules = declaredIn(inputs);
    const made = await makeDeployment(client, inputs, schedules ? { schedules } : {});
    return { id: made.id, outs: outsOf(client, made, inputs) };
  },

  async read(id, props) {
    const client = await openClientFor(props);
    const there = await readDeployment(client, id);
    if (!there) return {};
    const schedules = schedulesNow(props, there);
    return { id, props: readOuts(props, { ...asDeclared(props, there), ...schedules, ...outsOf(client, there, {}) }) };
  },

  async update(id, olds, news) {
    const client = await configuredClient();
    const there = await readDeployment(client, id);
    if (!there) throw objectWasDeleted(aboutDeployment(news).about, client);
    const moved = olds.workPoolId === news.workPoolId ? [] : ["workPoolName"];
    const changed = new Set([...changedFields(DEPLOYMENT_FIELDS, olds, news), ...moved.filter((field) => news[field] !== undefined)]);
    const schedules = changedFields(OTHERS, olds, news).includes("schedules") ? (declaredIn(news) ?? []) : undefined;
    await bringDeployment(client, there, news, [...changed], schedules);
    return { outs: outsOf(client, there, { ...news, ...keptAdoption(olds) }) };
  },

  async delete(id, props) {
    await deleteObject(aboutDeployment(props).about, id, props, (client) => deleteDeployment(client, id));
  },
};

/** Only the fields that differ are changed. A new deployment would lose its schedules and the runs that they have created. */
async function adopt(client: Client, there: ServerDeployment, inputs: JsonObject): Promise<JsonObject> {
  const adoption = takeOver(there.id, inputs, { about: aboutDeployment(inputs).about, client, other: "name" });
  const given = Object.fromEntries(Object.entries(inputs).filter(([key]) => Object.hasOwn(DEPLOYMENT_FIELDS, key)));
  await bringDeployment(
    client,
    there,
    inputs,
    changedFields(DEPLOYMENT_FIELDS, asDeclared(given, there), given),
    inputs.schedules === undefined ? undefined : (declaredIn(inputs) ?? []),
  );
  return outsOf(client, there, { ...inputs, ...adoption });
}

/** The schedules that a program gives; absent where it does not speak of them. */
function declaredIn({ schedules }: JsonObject): DeclaredSchedule[] | undefined {
  return schedules ? (schedules as JsonObject[]).map(scheduleFromProgram) : undefined;
}

/** As the server has them now, in the program's own words where those mean the same. */
function schedulesNow(props: JsonObject, there: ServerDeployment): JsonObject {
  const declared = declaredIn(props);
  if (!declared || sameSchedules(declared, there.schedules)) return {};
  return { schedules: there.schedules.map((schedule) => toProgram(fromServer(schedule))) };
}

function outsOf(client: Client, there: ServerDeployment, inputs: JsonObject): JsonObject {
  return { ...inputs, deploymentId: there.id, flowId: there.flow_id, ...connectionOuts(client) };
}

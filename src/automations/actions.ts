import * as v from "valibot";
import { isJsonObject, type Json, type JsonObject } from "../json";
import { STATE_TYPES } from "../model/run";
import { suggestion } from "../nearest";
import { quoted } from "../shown";
import { anyObject, duration, type Fault, flag, oneOf, readFields, text, type UnknownField, unknownFields } from "./readings";

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const id = (of: string) => v.pipe(text, v.regex(UUID, `must be the id of ${of}`));

/** The fields of an action on one object, which is named or inferred from the event. */
const onObject = (field: string, of: string) => ({
  source: v.optional(oneOf("selected", "inferred"), "selected"),
  [field]: v.optional(v.nullable(id(of)), null),
});
const onDeployment = onObject("deployment_id", "a deployment, such as deploymentId of a PrefectDeployment");
const onWorkPool = onObject("work_pool_id", "a work pool, such as workPoolId of a PrefectWorkPool");
const onWorkQueue = onObject("work_queue_id", "a work queue");
const onAutomation = onObject("automation_id", "an automation");
const block = id("a block document, such as blockDocumentId of a PrefectBlock");

/** The fields of each type of action, with Prefect's defaults (`prefect.events.actions`, 3.8). */
const FIELDS: Record<string, v.ObjectEntries> = {
  "do-nothing": {},
  "run-deployment": {
    ...onDeployment,
    parameters: v.optional(v.nullable(anyObject), null),
    job_variables: v.optional(v.nullable(anyObject), null),
    schedule_after: v.optional(duration(), 0),
  },
  "pause-deployment": onDeployment,
  "resume-deployment": onDeployment,
  "pause-work-pool": onWorkPool,
  "resume-work-pool": onWorkPool,
  "pause-work-queue": onWorkQueue,
  "resume-work-queue": onWorkQueue,
  "pause-automation": onAutomation,
  "resume-automation": onAutomation,
  "cancel-flow-run": {},
  "suspend-flow-run": {},
  "resume-flow-run": {},
  "delete-flow-run": {},
  "change-flow-run-state": {
    state: oneOf(...STATE_TYPES),
    name: v.optional(v.nullable(text), null),
    message: v.optional(v.nullable(text), null),
    force: v.optional(flag, false),
  },
  "send-notification": { block_document_id: block, subject: v.optional(text, "Prefect automated notification"), body: text },
  "call-webhook": { block_document_id: block, payload: v.optional(text, "") },
  "declare-incident": {},
};

/** What was found in a list of actions. */
export interface ReadActions {
  /** In the format of Prefect's API, with all defaults. Meaningless if there are faults. */
  actions: JsonObject[];
  faults: Fault[];
  unknown: UnknownField[];
}

/**
 * Read the actions of an automation by Prefect's own rules, and fill in their defaults.
 * @param at the path of the list in messages
 */
export function readActions(given: Json | undefined, at: string): ReadActions {
  if (!Array.isArray(given)) return { actions: [], faults: [{ at, message: "must be a list of actions" }], unknown: [] };
  const faults: Fault[] = [];
  const unknown: UnknownField[] = [];
  const actions = given.map((action, index) => readAction(action, `${at}[${index}]`, faults, unknown));
  return { actions, faults, unknown };
}

function readAction(given: Json, at: string, faults: Fault[], unknown: UnknownField[]): JsonObject {
  const types = Object.keys(FIELDS);
  if (!isJsonObject(given) || given.type === undefined) {
    faults.push({ at, message: 'must be an object with a type, such as { type: "cancel-flow-run" }' });
    return {};
  }
  const { type } = given;
  const entries = typeof type === "string" && Object.hasOwn(FIELDS, type) ? FIELDS[type] : undefined;
  if (!entries) {
    faults.push({ at: `${at}.type`, message: `${quoted(type)} is not a type of action: ${suggestion(String(type), types)}` });
    return {};
  }
  unknown.push(...unknownFields(given, ["type", ...Object.keys(entries)], at));
  const before = faults.length;
  const fields = readFields(entries, given, at, faults);
  const named = Object.keys(entries).find((field) => field.endsWith("_id") && Object.hasOwn(entries, "source"));
  if (named !== undefined && faults.length === before) {
    const isNamed = fields[named] !== null;
    if (fields.source === "selected" && !isNamed)
      faults.push({ at: `${at}.${named}`, message: `is missing: give it, or source: "inferred", which takes it from the event` });
    if (fields.source === "inferred" && isNamed)
      faults.push({ at: `${at}.${named}`, message: 'is given, but source is "inferred": leave one of the two out' });
  }
  return { type: type as string, ...fields };
}

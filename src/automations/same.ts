import { sameJson } from "../canonicalJson";
import { isJsonObject, type Json, type JsonObject } from "../json";
import { readActions } from "./actions";
import { readTrigger } from "./readTrigger";

/**
 * A trigger as the server has it, in the form of `readTrigger`: without ids, with the defaults that an older server leaves out, and with
 * labels in one form. A trigger that pushpool would not make stays as it is.
 */
export function comparableTrigger(there: Json): JsonObject {
  const bare = withoutIds(there);
  const { trigger, faults } = readTrigger(bare, "");
  return withLists(faults.length > 0 ? (bare as JsonObject) : trigger);
}

/** Actions as the server has them, in the form of `readActions`. */
export function comparableActions(there: Json | undefined): Json {
  const { actions, faults } = readActions(there ?? [], "");
  return faults.length > 0 ? (there ?? []) : actions;
}

/** Whether two triggers mean the same, in any spelling. */
export function sameTrigger(one: Json, other: Json): boolean {
  return sameJson(comparableTrigger(one), comparableTrigger(other));
}

/** Whether two lists of actions mean the same, in any spelling. */
export function sameActions(one: Json, other: Json): boolean {
  return sameJson(comparableActions(one), comparableActions(other));
}

function withoutIds(trigger: Json): Json {
  if (!isJsonObject(trigger)) return trigger;
  const { id: _, ...rest } = trigger;
  return Array.isArray(rest.triggers) ? { ...rest, triggers: rest.triggers.map(withoutIds) } : rest;
}

/** The label `"a"` means the same as `["a"]`, and labels mean the same as a list with only them. */
function withLists(trigger: JsonObject): JsonObject {
  const listed = (labels: Json | undefined): Json =>
    isJsonObject(labels)
      ? Object.fromEntries(
          Object.entries(labels).map(([name, value]) => [name, Array.isArray(value) && value.length === 1 ? (value[0] as Json) : value]),
        )
      : (labels ?? null);
  const related = trigger.match_related;
  return {
    ...trigger,
    ...(trigger.match === undefined ? {} : { match: listed(trigger.match) }),
    ...(related === undefined
      ? {}
      : { match_related: Array.isArray(related) ? (related.length === 1 ? listed(related[0]) : related.map(listed)) : listed(related) }),
    ...(Array.isArray(trigger.triggers) ? { triggers: (trigger.triggers as JsonObject[]).map(withLists) } : {}),
  };
}

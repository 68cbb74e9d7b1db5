import * as v from "valibot";
import { isJsonObject, type Json, type JsonObject } from "../json";
import { suggestion } from "../nearest";
import { quoted } from "../shown";
import {
  decimal,
  duration,
  type Fault,
  labels,
  oneOf,
  readFields,
  text,
  textSet,
  type UnknownField,
  unknownFields,
  whole,
} from "./readings";

/** The kinds of triggers that Prefect has. Metric triggers exist on Prefect Cloud only. */
export type TriggerType = "event" | "metric" | "compound" | "sequence";

/** A trigger in the format of Prefect's API, with all its defaults and without ids. */
export type AutomationTrigger = JsonObject & { type: TriggerType };

/** The shortest time of a trigger that waits for events to stay away, in seconds (`EventTrigger` in `prefect.events`). */
const MIN_PROACTIVE = 10;
/** The shortest time of a metric trigger, in seconds (`MetricTriggerQuery`). */
const MIN_METRIC = 300;

const match = v.optional(labels, {});
const matchRelated = v.optional(v.union([labels, v.array(labels)], "must be an object of labels, or a list of such objects"), {});
const type = v.optional(text);

const FIELDS = {
  event: {
    type,
    match,
    match_related: matchRelated,
    after: v.optional(textSet, []),
    expect: v.optional(textSet, []),
    for_each: v.optional(textSet, []),
    posture: v.optional(oneOf("Reactive", "Proactive"), "Reactive"),
    threshold: v.optional(whole(1), 1),
    within: v.optional(duration(), 0),
  },
  metric: { type, match, match_related: matchRelated, posture: v.optional(oneOf("Metric"), "Metric"), metric: v.optional(v.any()) },
  compound: {
    type,
    triggers: v.array(v.any(), "must be a list of triggers"),
    within: v.optional(v.nullable(duration()), null),
    require: v.union([oneOf("any", "all"), whole(1)], 'must be "any", "all" or a whole number of at least 1'),
  },
  sequence: { type, triggers: v.array(v.any(), "must be a list of triggers"), within: v.optional(v.nullable(duration()), null) },
} satisfies Record<TriggerType, v.ObjectEntries>;

const METRIC = {
  name: oneOf("lateness", "duration", "successes"),
  threshold: decimal,
  operator: oneOf("<", "<=", ">", ">="),
  range: v.optional(duration(MIN_METRIC), MIN_METRIC),
  firing_for: v.optional(duration(MIN_METRIC), MIN_METRIC),
};

/** What was found in a trigger. */
export interface ReadTrigger {
  /** Meaningless if there are faults. */
  trigger: AutomationTrigger;
  faults: Fault[];
  /** Prefect ignores these fields. */
  unknown: UnknownField[];
}

/**
 * Read a trigger by Prefect's own rules (`prefect.events.schemas.automations`, 3.8), and fill in its defaults.
 *
 * Two things that Prefect accepts are refused, because nobody wants them: an event trigger that matches every event of the server, and a
 * threshold below 1.
 * @param at its path in messages
 * @param beside fields that its owner has in addition to those of a trigger
 */
export function readTrigger(given: Json | undefined, at: string, beside: readonly string[] = []): ReadTrigger {
  const faults: Fault[] = [];
  const unknown: UnknownField[] = [];
  const trigger = read(given, at, beside, faults, unknown);
  return { trigger, faults, unknown };
}

/** @returns any trigger if there are faults */
function read(given: Json | undefined, at: string, beside: readonly string[], faults: Fault[], unknown: UnknownField[]): AutomationTrigger {
  const nothing: AutomationTrigger = { type: "event" };
  if (!isJsonObject(given)) {
    faults.push({ at, message: 'must be an object, such as { expect: ["order.placed"] }' });
    return nothing;
  }
  const kind = typeOf(given);
  if (!isType(kind)) {
    faults.push({
      at: `${at}.type`,
      message: `${quoted(kind)} is not a type of trigger: ${suggestion(String(kind), Object.keys(FIELDS))}`,
    });
    return nothing;
  }
  const entries: v.ObjectEntries = FIELDS[kind];
  unknown.push(...unknownFields(given, [...Object.keys(entries), ...beside], at));
  const before = faults.length;
  const fields: AutomationTrigger = { ...readFields(entries, given, at, faults), type: kind };
  if (faults.length > before) return nothing;
  if (kind === "event") return eventTrigger(fields, at, faults);
  if (kind === "metric") return { ...fields, metric: metricOf(fields.metric, `${at}.metric`, faults, unknown) };
  const triggers = (fields.triggers as Json[]).map((inner, index) => read(inner, `${at}.triggers[${index}]`, [], faults, unknown));
  if (triggers.length === 0) faults.push({ at: `${at}.triggers`, message: "is empty: give at least one trigger" });
  else if (typeof fields.require === "number" && fields.require > triggers.length) {
    const message = `is ${fields.require}, but there are only ${triggers.length} triggers: at most that many can fire`;
    faults.push({ at: `${at}.require`, message });
  }
  return { ...fields, triggers };
}

/** Prefect finds the type by the fields if it is not given (`deployment_trigger_discriminator`). */
function typeOf(given: JsonObject): Json {
  if (Object.hasOwn(given, "type")) return given.type as Json;
  if (given.posture === "Metric") return "metric";
  if (Object.hasOwn(given, "triggers")) return Object.hasOwn(given, "require") ? "compound" : "sequence";
  return "event";
}

function isType(type: Json): type is TriggerType {
  return typeof type === "string" && Object.hasOwn(FIELDS, type);
}

function eventTrigger(fields: AutomationTrigger, at: string, faults: Fault[]): AutomationTrigger {
  const isEmpty = (value: Json | undefined) => Object.keys(value as object).length === 0;
  if (["expect", "after", "match", "match_related"].every((field) => isEmpty(fields[field])))
    faults.push({ at, message: "matches every event of the server: give expect (names of events) or match (labels of resources)" });
  if (fields.posture !== "Proactive") return fields;
  if (fields.within === 0) return { ...fields, within: MIN_PROACTIVE };
  if ((fields.within as number) < MIN_PROACTIVE)
    faults.push({ at: `${at}.within`, message: `must be at least ${MIN_PROACTIVE} seconds with posture Proactive` });
  return fields;
}

function metricOf(given: Json | undefined, at: string, faults: Fault[], unknown: UnknownField[]): JsonObject {
  if (!isJsonObject(given)) {
    faults.push({ at, message: 'must be an object, such as { name: "lateness", operator: ">", threshold: 600 }' });
    return {};
  }
  unknown.push(...unknownFields(given, Object.keys(METRIC), at));
  return readFields(METRIC, given, at, faults);
}

/** The path of the first metric trigger in a trigger; `undefined` if there is none. */
export function metricIn(trigger: JsonObject, at: string): string | undefined {
  if (trigger.type === "metric") return at;
  const inside = Array.isArray(trigger.triggers) ? (trigger.triggers as JsonObject[]) : [];
  return inside.map((inner, index) => metricIn(inner, `${at}.triggers[${index}]`)).find((found) => found !== undefined);
}

import { isJsonObject, type JsonObject } from "../json";
import type { Redactor } from "../redactor";
import type { PropertyDiff } from "./provider";
import { maskSecrets } from "./state/secretValues";
import type { Resource } from "./state/stackStore";
import { type Changes, isGone, type Op, type Step } from "./state/step";
import { nameOf } from "./urn";

export type { Changes, Op, PropertyDiff };

/** A step as the screen, a log or a test gets it. Secrets in it are "[secret]". */
export interface StepEvent {
  op: Op;
  urn: string;
  type: string;
  name: string;
  custom: boolean;
  parent?: string;
  /** Properties that cause the replacement. */
  keys?: string[];
  /** Top-level properties that differ. */
  diffs?: string[];
  /** By property path. */
  detailedDiff?: Record<string, PropertyDiff>;
  old?: ResourceView;
  new?: ResourceView;
}

interface ResourceView {
  id?: string;
  inputs: JsonObject;
  outputs: JsonObject;
}

/** What an operation reports while it runs. */
export type EngineEvent =
  /** A step is about to start. */
  | { kind: "pre"; step: StepEvent }
  /**
   * The step is done, and these are its outputs; in a preview it would be. A component's event follows when it has registered its outputs.
   */
  | { kind: "outputs"; step: StepEvent }
  | { kind: "failed"; step: StepEvent }
  | { kind: "diagnostic"; severity: "debug" | "info" | "warning" | "error"; message: string; urn?: string }
  | { kind: "stdout" | "stderr"; text: string }
  | { kind: "prelude"; config: Record<string, string> }
  | { kind: "summary"; changes: Changes; durationMs: number; preview: boolean; succeeded: boolean };

/** What an operation did. */
export interface EngineResult {
  project: string;
  stack: string;
  /** How many resources had each operation, or would have it. Default providers are not counted. */
  changes: Changes;
  /** The stack's outputs, with secrets as "[secret]". */
  outputs: JsonObject;
  /** Nothing changed, or would change. */
  unchanged: boolean;
  /** The steps that were executed, or would be, in order. Unchanged resources are left out. */
  steps: StepEvent[];
  durationMs: number;
}

/** An event with all known secrets masked. The names of resources stay as they are. */
export function hideInEvent(event: EngineEvent, redactor: Redactor): EngineEvent {
  switch (event.kind) {
    case "pre":
    case "outputs":
    case "failed":
      return { ...event, step: hideInStep(event.step, redactor) };
    case "diagnostic":
      return { ...event, message: redactor.hide(event.message) };
    case "stdout":
    case "stderr":
      return { ...event, text: redactor.hide(event.text) };
    case "prelude":
      return { ...event, config: redactor.hideIn(event.config) };
    case "summary":
      return event;
  }
}

export function hideInStep(step: StepEvent, redactor: Redactor): StepEvent {
  const { old, new: now } = step;
  const hide = (resource: ResourceView) => redactor.hideIn(withoutBulk(resource));
  return { ...step, ...(old ? { old: hide(old) } : {}), ...(now ? { new: hide(now) } : {}) };
}

/**
 * Long values are left out of events. The serialized code of a dynamic provider contains whatever it captured from its program, secret or
 * not.
 * A base job template is hundreds of lines long.
 */
function withoutBulk({ inputs, outputs, ...rest }: ResourceView): ResourceView {
  return { ...rest, inputs: brief(inputs), outputs: brief(outputs) };
}

function brief(properties: JsonObject): JsonObject {
  const shown = { ...properties };
  if ("__provider" in shown) shown.__provider = "[code]";
  if (isJsonObject(shown.baseJobTemplate)) shown.baseJobTemplate = "[base job template]";
  // A FlowRun holds the definition of its pool: `pool.pool.baseJobTemplate`.
  if (isJsonObject(shown.pool)) shown.pool = brief(shown.pool);
  return shown;
}

/**
 * The event of a step.
 * @param result the resource after the step
 */
export function stepEvent(step: Step, result: Resource | undefined = step.next): StepEvent {
  const { op, urn, type, old, keys, diffs, detailed } = step;
  const about = result ?? old;
  return {
    op,
    urn,
    type,
    name: nameOf(urn),
    custom: about?.custom ?? false,
    ...(about?.parent ? { parent: about.parent } : {}),
    ...(keys?.length ? { keys } : {}),
    ...(diffs?.length ? { diffs } : {}),
    ...(detailed && Object.keys(detailed).length > 0 ? { detailedDiff: detailed } : {}),
    ...(old ? { old: resourceView(old) } : {}),
    ...(result && !isGone(op) ? { new: resourceView(result) } : {}),
  };
}

function resourceView({ id, inputs = {}, outputs = {} }: Resource): ResourceView {
  return { ...(id === undefined ? {} : { id }), inputs: maskSecrets(inputs) as JsonObject, outputs: maskSecrets(outputs) as JsonObject };
}

import { stripVTControlCharacters } from "node:util";
import type { EngineEvent, StepEvent } from "../engine";
import { SECRET_MARK, SIGNATURE } from "../engine/propertyWire";
import { nameOf } from "../engine/urn";
import type { JsonObject } from "../json";
import type { Redactor } from "../redactor";

/** A step in Pulumi's event stream (apitype.StepEventMetadata). */
interface Metadata {
  op: StepEvent["op"];
  urn: string;
  type: string;
  old?: State | null;
  new?: State | null;
  keys?: string[] | null;
  diffs?: string[] | null;
  detailedDiff?: Record<string, { diffKind: string; inputDiff?: boolean }> | null;
}

interface State {
  custom?: boolean;
  id?: string;
  parent?: string;
  inputs?: JsonObject | null;
  outputs?: JsonObject | null;
}

/** A line of `pulumi … --json`, with the fields that pushpool uses (sdk/go/common/apitype/events.go). */
interface PulumiEvent {
  preludeEvent?: { config?: Record<string, string> };
  resourcePreEvent?: { metadata: Metadata };
  resOutputsEvent?: { metadata: Metadata };
  resOpFailedEvent?: { metadata: Metadata };
  diagnosticEvent?: { urn?: string; message: string; severity: string; ephemeral?: boolean };
  stdoutEvent?: { message: string };
  policyEvent?: { resourceUrn?: string; message: string; policyName: string; policyPackName: string; enforcementLevel: string };
  errorEvent?: { error: string };
  summaryEvent?: { durationSeconds?: number; resourceChanges?: Record<string, number> | null; isPreview?: boolean; result?: string };
}

/**
 * Convert a line of Pulumi's event stream to an event of the offline engine. A line that is not an event counts as output.
 * @returns `undefined` for events that are not shown: progress, the state of plugins, messages that replace each other
 */
export function pulumiEvent(line: string): EngineEvent | undefined {
  const event = read(line);
  if (!event) return line.trim() === "" ? undefined : { kind: "stdout", text: plain(line) };
  const { preludeEvent, resourcePreEvent, resOutputsEvent, resOpFailedEvent, diagnosticEvent, stdoutEvent, policyEvent } = event;
  if (preludeEvent) return { kind: "prelude", config: preludeEvent.config ?? {} };
  if (resourcePreEvent) return { kind: "pre", step: stepOf(resourcePreEvent.metadata) };
  if (resOutputsEvent) return { kind: "outputs", step: stepOf(resOutputsEvent.metadata) };
  if (resOpFailedEvent) return { kind: "failed", step: stepOf(resOpFailedEvent.metadata) };
  if (diagnosticEvent) {
    const { urn, message, severity, ephemeral } = diagnosticEvent;
    if (ephemeral) return undefined;
    return { kind: "diagnostic", severity: severityOf(severity), message: plain(message), ...(urn ? { urn } : {}) };
  }
  if (stdoutEvent) return { kind: "stdout", text: plain(stdoutEvent.message) };
  if (policyEvent) {
    const { resourceUrn: urn, message, policyName, policyPackName, enforcementLevel } = policyEvent;
    const severity = enforcementLevel === "mandatory" ? "error" : "warning";
    return { kind: "diagnostic", severity, message: plain(`policy ${policyPackName}/${policyName}: ${message}`), ...(urn ? { urn } : {}) };
  }
  if (event.errorEvent) return { kind: "diagnostic", severity: "error", message: plain(event.errorEvent.error) };
  if (event.summaryEvent) {
    const { durationSeconds = 0, resourceChanges, isPreview = false, result } = event.summaryEvent;
    return {
      kind: "summary",
      changes: (resourceChanges ?? {}) as (EngineEvent & { kind: "summary" })["changes"],
      durationMs: durationSeconds * 1000,
      preview: isPreview,
      succeeded: result === undefined || result === "" || result === "succeeded",
    };
  }
  return undefined;
}

/**
 * Learn the secrets in a debug message. The SDK logs complete requests and answers, with each secret in Pulumi's secret format. They include the
 * secrets of a resource that was never made, which are not in any state.
 */
export function learnFromDebug(message: string, redactor: Redactor): void {
  for (const text of [message, message.replaceAll('\\"', '"')]) {
    const mark = `"${SIGNATURE}":"${SECRET_MARK}"`;
    for (let at = text.indexOf(mark); at !== -1; at = text.indexOf(mark, at + 1)) {
      const [, start] = /^\s*,\s*"(?:value|plaintext)"\s*:\s*()/.exec(text.slice(at + mark.length)) ?? [];
      if (start === undefined) continue;
      const from = text.slice(at + mark.length).replace(/^\s*,\s*"(?:value|plaintext)"\s*:\s*/, "");
      redactor.learn(leadingJson(from));
    }
  }
}

/** The JSON value at the beginning of a string. */
function leadingJson(text: string): unknown {
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (quoted) {
      if (character === "\\") at++;
      else if (character === '"') quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === "{" || character === "[") depth++;
    else if (character === "}" || character === "]") depth--;
    if (quoted || depth > 0) continue;
    try {
      return JSON.parse(text.slice(0, depth < 0 ? at : at + 1));
    } catch {
      if (depth < 0) return undefined;
    }
  }
  return undefined;
}

function read(line: string): PulumiEvent | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    const event = JSON.parse(line) as PulumiEvent & { sequence?: unknown };
    return typeof event.sequence === "number" ? event : undefined;
  } catch {
    return undefined;
  }
}

function stepOf({ op, urn, type, old, new: now, keys, diffs, detailedDiff }: Metadata): StepEvent {
  const about = now ?? old;
  const detailed = Object.entries(detailedDiff ?? {}).map(([path, { diffKind, inputDiff = false }]) => [
    path,
    { kind: diffKind, input: inputDiff },
  ]);
  return {
    op,
    urn,
    type,
    name: nameOf(urn),
    custom: about?.custom ?? false,
    ...(about?.parent ? { parent: about.parent } : {}),
    ...(keys?.length ? { keys } : {}),
    ...(diffs?.length ? { diffs } : {}),
    ...(detailed.length > 0 ? { detailedDiff: Object.fromEntries(detailed) as StepEvent["detailedDiff"] } : {}),
    ...(old ? { old: seen(old) } : {}),
    ...(now ? { new: seen(now) } : {}),
  };
}

function seen({ id, inputs, outputs }: State): NonNullable<StepEvent["old"]> {
  return { ...(id ? { id } : {}), inputs: masked(inputs ?? {}), outputs: masked(outputs ?? {}) };
}

/** Mask secrets. Pulumi masks them itself, but an older version may send a secret with its value. */
function masked(properties: JsonObject): JsonObject {
  return JSON.parse(JSON.stringify(properties), (_, value) =>
    typeof value === "object" && value !== null && value[SIGNATURE] === SECRET_MARK ? "[secret]" : value,
  ) as JsonObject;
}

/** Convert a severity. `info#err` means that a program wrote to standard error. */
function severityOf(severity: string): (EngineEvent & { kind: "diagnostic" })["severity"] {
  if (severity === "debug" || severity === "warning" || severity === "error") return severity;
  return "info";
}

/** Remove colours, also those in Pulumi's own notation. */
function plain(text: string): string {
  return stripVTControlCharacters(text.replaceAll(/<\{%[^%]*%\}>/g, ""));
}

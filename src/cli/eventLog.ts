import type { EngineEvent, StepEvent } from "../engine";
import { hideInEvent } from "../engine/engineEvents";
import type { Redactor } from "../redactor";
import { printJson } from "./screen";

type Text = Extract<EngineEvent, { kind: "diagnostic" | "stdout" | "stderr" }>;

/** The log of an operation, for both engines. */
export interface EventLog {
  hear(event: EngineEvent): void;
  /** Print the events that are still held back. */
  end(): void;
}

/**
 * Make a log that prints each event as a line of JSON. The names are those of Pulumi's event log (sdk/go/common/apitype/events.go):
 * `preludeEvent`, `resourcePreEvent`, `resOutputsEvent`, `resOpFailedEvent`, `diagnosticEvent`, `stdoutEvent`, `summaryEvent`, `cancelEvent`.
 *
 * Secrets are replaced by "[secret]". Programs and providers may print a secret that pushpool learns only later: a provider may print a key before
 * it returns it. So their output is printed at the end of the operation, before the summary, with its original time. Debug messages are left out.
 */
export function eventLog(redactor: Redactor): EventLog {
  let sequence = 0;
  const held: { event: Text; timestamp: number }[] = [];
  const print = (event: object, timestamp = now()) => printJson({ sequence: sequence++, timestamp, ...event });
  const flush = () => {
    const texts = held.splice(0);
    const shown = redactor.hideEach(texts.map(({ event }) => (event.kind === "diagnostic" ? event.message : event.text)));
    for (const [index, { event, timestamp }] of texts.entries()) print(textEvent(event, shown[index] ?? ""), timestamp);
  };
  const hear = (heard: EngineEvent) => {
    if (heard.kind === "diagnostic" || heard.kind === "stdout" || heard.kind === "stderr") {
      if (heard.kind !== "diagnostic" || heard.severity !== "debug") held.push({ event: heard, timestamp: now() });
      return;
    }
    const event = hideInEvent(heard, redactor);
    switch (event.kind) {
      case "prelude":
        return print({ preludeEvent: { config: event.config } });
      case "pre":
        return print({ resourcePreEvent: { metadata: metadataOf(event.step) } });
      case "outputs":
        return print({ resOutputsEvent: { metadata: metadataOf(event.step) } });
      case "failed":
        return print({ resOpFailedEvent: { metadata: metadataOf(event.step), status: 0, steps: 0 } });
      case "summary": {
        const { changes, durationMs, succeeded } = event;
        const durationSeconds = Math.round(durationMs / 1000);
        flush();
        print({
          summaryEvent: { maybeCorrupt: false, durationSeconds, resourceChanges: changes, result: succeeded ? "succeeded" : "failed" },
        });
        return print({ cancelEvent: {} });
      }
    }
  };
  return { hear, end: flush };
}

function textEvent(event: Text, shown: string): object {
  if (event.kind !== "diagnostic") return { stdoutEvent: { message: shown, color: "never" } };
  return { diagnosticEvent: { ...(event.urn ? { urn: event.urn } : {}), message: shown, severity: event.severity } };
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}

function metadataOf({ op, urn, type, keys, diffs, detailedDiff, old, new: now, parent }: StepEvent): object {
  const detailed =
    detailedDiff &&
    Object.fromEntries(Object.entries(detailedDiff).map(([path, { kind, input }]) => [path, { diffKind: kind, inputDiff: input }]));
  const state = (resource: NonNullable<StepEvent["old"]>) => ({ urn, type, ...(parent ? { parent } : {}), ...resource });
  return {
    op,
    urn,
    type,
    old: old ? state(old) : null,
    new: now ? state(now) : null,
    ...(keys ? { keys } : {}),
    ...(diffs ? { diffs } : {}),
    ...(detailed ? { detailedDiff: detailed } : {}),
  };
}

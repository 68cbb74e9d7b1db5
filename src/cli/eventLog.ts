import type { EngineEvent, StepEvent } from "../engine";
import { printJson } from "./screen";

/**
 * Prints what happens as lines of JSON, one an event, named as in Pulumi's event log (sdk/go/common/apitype/events.go): `preludeEvent`,
 * `resourcePreEvent`, `resOutputsEvent`, `resOpFailedEvent`, `diagnosticEvent`, `stdoutEvent`, `summaryEvent`, `cancelEvent`. Secrets are "[secret]".
 */
export function eventLog(): (event: EngineEvent) => void {
  let sequence = 0;
  const print = (event: object) => printJson({ sequence: sequence++, timestamp: Math.floor(Date.now() / 1000), ...event });
  return (event) => {
    switch (event.kind) {
      case "prelude":
        return print({ preludeEvent: { config: event.config } });
      case "pre":
        return print({ resourcePreEvent: { metadata: metadataOf(event.step) } });
      case "outputs":
        return print({ resOutputsEvent: { metadata: metadataOf(event.step) } });
      case "failed":
        return print({ resOpFailedEvent: { metadata: metadataOf(event.step), status: 0, steps: 0 } });
      case "diagnostic":
        return print({ diagnosticEvent: { ...(event.urn ? { urn: event.urn } : {}), message: event.message, severity: event.severity } });
      case "stdout":
      case "stderr":
        return print({ stdoutEvent: { message: event.text, color: "never" } });
      case "summary": {
        const { changes, durationMs, succeeded } = event;
        const durationSeconds = Math.round(durationMs / 1000);
        print({
          summaryEvent: { maybeCorrupt: false, durationSeconds, resourceChanges: changes, result: succeeded ? "succeeded" : "failed" },
        });
        return print({ cancelEvent: {} });
      }
    }
  };
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

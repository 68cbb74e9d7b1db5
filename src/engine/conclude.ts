import { isDeepStrictEqual } from "node:util";
import type { Json, JsonObject } from "../json";
import { UNKNOWN } from "../unknown";
import { type EngineResult, hideInStep, type StepEvent } from "./engineEvents";
import { OperationFailed } from "./engineOptions";
import type { OperationContext } from "./operationContext";
import { mapChildren, type Properties } from "./propertyWire";
import { maskSecrets } from "./state/secretValues";
import type { Changes } from "./state/step";

/**
 * Report how an operation ended.
 * @throws {OperationFailed} unless it succeeded
 */
export function conclude(
  { options, project, start, onEvent, refused, redactor }: OperationContext,
  done: { changes: Changes; steps: StepEvent[]; outputs: Properties; oldOutputs: Properties; errors: string[]; preview: boolean },
): EngineResult {
  const { changes, steps, outputs, oldOutputs, errors, preview } = done;
  const { stack, signal } = options;
  const { same: _, ...changed } = changes;
  const unchanged = Object.keys(changed).length === 0 && isDeepStrictEqual(oldOutputs, outputs);
  const durationMs = Date.now() - start;
  const succeeded = errors.length === 0 && !signal?.aborted;
  onEvent({ kind: "summary", changes, durationMs, preview, succeeded });
  const result = {
    project: project.name,
    stack,
    changes,
    outputs: redactor.hideIn(shownOutputs(outputs)),
    unchanged,
    steps: steps.map((step) => hideInStep(step, redactor)),
    durationMs,
  };
  if (signal?.aborted)
    throw new OperationFailed(`interrupted: all changes so far are in the state of stack ${project.name}/${stack}`, result, 5);
  // The exit code distinguishes a mistake in the program (2) from a refusal or failure outside of it (5).
  if (!succeeded) throw new OperationFailed(errors.join("\n"), result, refused ? 5 : 2);
  return result;
}

/** Values that only the update will know are shown as "[unknown]". */
function shownOutputs(outputs: Properties): JsonObject {
  const known = (value: Json): Json => (value === UNKNOWN ? "[unknown]" : mapChildren(value, known));
  return known(maskSecrets(outputs)) as JsonObject;
}

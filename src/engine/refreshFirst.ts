import { UserError } from "../userError";
import type { Before } from "./deploymentParts";
import type { EngineEvent } from "./engineEvents";
import { refreshResources } from "./execute/refreshResources";
import type { OperationContext } from "./operationContext";
import type { Registry } from "./providers/providerRegistry";
import { pendingCreations } from "./state/stateFile";

/** Refresh the state before the operation. A resource that cannot be read ends the operation. */
export async function refreshFirst(
  { onEvent, store, options, learn }: OperationContext,
  { before, registry, parallel }: { before: Before; registry: Registry; parallel: number },
  dryRun = options.preview ?? false,
): Promise<Before> {
  const errors: string[] = [];
  const onRefreshEvent = (event: EngineEvent) => {
    // A refresh is not the operation itself, so it is reported as such.
    const refreshEvent = event.kind === "outputs" ? { ...event, step: { ...event.step, op: "refresh" as const } } : event;
    onEvent(refreshEvent);
  };
  const onFailure = (urn: string, { message }: Error) => {
    errors.push(message);
    onEvent({ kind: "diagnostic", severity: "error", message, urn });
  };
  const { resources } = await refreshResources(before.resources, {
    ...(options.selection ? { selection: options.selection } : {}),
    registry,
    parallel,
    onEvent: onRefreshEvent,
    onFailure,
    learn,
    ...(options.signal ? { signal: options.signal } : {}),
  });
  if (errors.length > 0) throw new UserError(errors.join("\n"));
  if (!dryRun) await store.write(resources, pendingCreations(before.pending));
  // The refresh settles interrupted updates and deletions. Only interrupted creations stay pending.
  return { resources, pending: pendingCreations(before.pending) };
}

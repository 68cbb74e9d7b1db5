import { UserError } from "../userError";
import type { Before } from "./deployment";
import type { EngineEvent } from "./events";
import { refresh } from "./execute/refresh";
import type { Registry } from "./providers/registry";
import type { Scene } from "./scene";
import { unsettled } from "./state/stateFile";

/** Ask what there really is before anything else is done. What cannot be read ends the operation. */
export async function refreshFirst(
  { onEvent, store, options, learn }: Scene,
  { before, registry, parallel }: { before: Before; registry: Registry; parallel: number },
  dryRun = options.preview ?? false,
): Promise<Before> {
  const errors: string[] = [];
  const heard = (event: EngineEvent) => {
    // Here it is not what the operation does, but what it begins with.
    const told = event.kind === "outputs" ? { ...event, step: { ...event.step, op: "refresh" as const } } : event;
    onEvent(told);
  };
  const onFailure = (urn: string, { message }: Error) => {
    errors.push(message);
    onEvent({ kind: "diagnostic", severity: "error", message, urn });
  };
  const { resources } = await refresh(before.resources, {
    registry,
    parallel,
    onEvent: heard,
    onFailure,
    learn,
    ...(options.signal ? { signal: options.signal } : {}),
  });
  if (errors.length > 0) throw new UserError(errors.join("\n"));
  if (!dryRun) await store.write(resources, unsettled(before.pending));
  // What was interrupted while it changed or went is settled by now.
  return { resources, pending: unsettled(before.pending) };
}

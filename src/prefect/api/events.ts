import type { Json } from "../../json";
import type { Client } from "../client";

/**
 * A resource that an event is about, as labels. `prefect.resource.id` is always present; a related resource also has
 * `prefect.resource.role`.
 */
export type EventResource = Record<string, string>;

export interface NewEvent {
  /** UUID. Sending an event with the same id again has no effect. */
  id: string;
  /** ISO 8601. */
  occurred: string;
  event: string;
  resource: EventResource;
  related: EventResource[];
  payload: Record<string, Json>;
  /** The id of the event that this one follows. */
  follows?: string;
}

/** Write events. Automations and the event feed receive them. */
export async function writeEvents(client: Client, events: readonly NewEvent[], signal?: AbortSignal): Promise<void> {
  if (events.length > 0) await client.request("POST", "/events", { json: events as unknown as Json, ...(signal ? { signal } : {}) });
}

import type { Json } from "../../json";
import type { Client } from "../client";

/** What an event is about, by Prefect's labels: `prefect.resource.id` is always among them, a related one has `prefect.resource.role`. */
export type Resource = Record<string, string>;

export interface NewEvent {
  /** UUID: the same event again is the same one. */
  id: string;
  /** ISO 8601. */
  occurred: string;
  event: string;
  resource: Resource;
  related: Resource[];
  payload: Record<string, Json>;
  /** The id of the event that this one follows. */
  follows?: string;
}

/** Write events: automations and the event feed hear of them. */
export async function writeEvents(client: Client, events: readonly NewEvent[]): Promise<void> {
  if (events.length > 0) await client.request("POST", "/events", { json: events as unknown as Json });
}

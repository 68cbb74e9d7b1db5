import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";
import type { JsonObject } from "../json";
import type { ApiConnection } from "./apiConnection";
import { nextPause } from "./repeat";

/** One event from a Prefect server's stream. */
export interface PrefectEvent {
  id: string;
  /** Such as `prefect.flow-run.Scheduled`. */
  event: string;
  occurred: string;
  resource: Record<string, string>;
  related: Record<string, string>[];
}

const A_DAY = 86_400_000;

export interface EventListener {
  onEvent: (event: PrefectEvent) => void;
  /** Called when the stream is open. It contains no earlier events: look by other means now. */
  onOpen?: () => void;
  /** Called when the stream is lost or cannot be opened. It is opened again after a pause. */
  onLost?: (reason: string) => void;
  signal: AbortSignal;
  /** How long to wait for any message, even a ping, before the connection counts as dead, in milliseconds. @default 60,000 */
  silenceMs?: number;
}

/**
 * Listen to a server's events until `signal` fires; reconnect as often as needed. Events while disconnected are lost: to miss none, look
 * again in `onOpen`.
 *
 * Recorded from Prefect's protocol: subprotocol `prefect`, then `auth` (with the token or `null`), then `filter`. Without the subprotocol,
 * or with an invalid filter, the server closes the connection.
 * @param prefixes how the events' names begin, such as `prefect.flow-run.`
 */
export async function listen(connection: ApiConnection, prefixes: readonly string[], listener: EventListener): Promise<void> {
  const { signal, onLost } = listener;
  for (let tries = 1; !signal.aborted; tries += 1) {
    const { reason, opened } = await session(connection, prefixes, listener);
    if (signal.aborted) return;
    if (opened) tries = 1;
    onLost?.(reason);
    await sleep(nextPause(tries, null, Date.now()), undefined, { signal }).catch(() => {});
  }
}

/** One connection, until it ends. */
function session(
  { apiUrl, auth }: ApiConnection,
  prefixes: readonly string[],
  { onEvent, onOpen, signal, silenceMs = 60_000 }: EventListener,
): Promise<{ reason: string; opened: boolean }> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`${apiUrl.replace(/^http/, "ws")}/events/out`, "prefect", { handshakeTimeout: 20_000 });
    let opened = false;
    let silence: NodeJS.Timeout | undefined;
    let reason = "it was closed";
    const heard = () => {
      clearTimeout(silence);
      silence = setTimeout(() => {
        reason = "the server sent nothing for too long";
        socket.terminate();
      }, silenceMs);
    };
    const give = (message: JsonObject) => socket.send(JSON.stringify(message));
    const stop = () => {
      socket.close(1000);
      setTimeout(() => socket.terminate(), 1_000).unref();
    };
    signal.addEventListener("abort", stop, { once: true });
    socket.on("open", () => {
      heard();
      // Prefect's own client also sends its auth string unchanged.
      give({ type: "auth", token: auth ? String(auth.reveal()) : null });
    });
    socket.on("ping", heard);
    socket.on("message", (data) => {
      heard();
      const message = parsed(String(data));
      if (message?.type === "auth_success") {
        // Without times, a filter ends now and matches nothing.
        const occurred = { since: new Date(Date.now() - A_DAY).toISOString(), until: new Date(Date.now() + 3650 * A_DAY).toISOString() };
        give({ type: "filter", filter: { event: { prefix: [...prefixes] }, occurred }, backfill: false });
        opened = true;
        onOpen?.();
      } else if (message?.type === "auth_failure") {
        reason = "the server refuses the key";
        socket.terminate();
      } else if (message?.type === "event" && message.event) onEvent(message.event);
    });
    socket.on("error", (error) => {
      reason = error.message;
    });
    socket.on("close", (code, text) => {
      clearTimeout(silence);
      signal.removeEventListener("abort", stop);
      resolve({ reason: text.length > 0 ? `${text} (${code})` : reason, opened });
    });
  });
}

function parsed(text: string): { type?: string; event?: PrefectEvent } | undefined {
  try {
    return JSON.parse(text) as { type?: string; event?: PrefectEvent };
  } catch {
    return undefined;
  }
}

/** The id of the flow run that an event is about. */
export function flowRunOf({ resource }: PrefectEvent): string | undefined {
  return /^prefect\.flow-run\.(.+)$/.exec(resource["prefect.resource.id"] ?? "")?.[1];
}

/** The name of the run's work pool. */
export function workPoolOf({ related }: PrefectEvent): string | undefined {
  return related.find((one) => one["prefect.resource.role"] === "work-pool")?.["prefect.resource.name"];
}

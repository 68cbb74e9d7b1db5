import { Refused } from "./problem";

/** How often a comment shows that the connection lives, in milliseconds: proxies close silent ones. */
const ALIVE = 15_000;
/** How many streams may be open. A person's pages have a few each. */
const MAX_STREAMS = 200;
/** So much may wait to be read, in bytes, before {@link EventSink.ready} waits. */
const HIGH_WATER = 256 * 1024;

let open = 0;

/** Where the events of one stream go. */
export interface EventSink {
  /** Fires when the other side has gone, or the server ends. */
  readonly signal: AbortSignal;
  /** The other side has not read what it got. */
  readonly isFull: boolean;
  /** @param data written as JSON @param id for `Last-Event-ID` */
  send(event: string, data: unknown, id?: number): void;
  /** The same with JSON that is already text. */
  sendText(event: string, json: string, id?: number): void;
  /** Resolves when the other side has read enough for more. */
  ready(): Promise<void>;
}

/**
 * Answer with server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) until `work` ends, or the other side goes.
 * @throws {Refused} if too many streams are open
 */
export function eventStream(end: AbortSignal, work: (sink: EventSink) => Promise<void>): Response {
  if (open >= MAX_STREAMS) throw new Refused(429, `more than ${MAX_STREAMS} streams are open: close some pages`);
  open += 1;
  const gone = new AbortController();
  const signal = AbortSignal.any([gone.signal, end]);
  const encoder = new TextEncoder();
  let room: (() => void) | undefined;
  let alive: NodeJS.Timeout | undefined;
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const write = (text: string) => {
          if (!signal.aborted) controller.enqueue(encoder.encode(text));
        };
        alive = setInterval(() => {
          // Whoever reads nothing needs no sign of life.
          if ((controller.desiredSize ?? 0) > 0) write(": alive\n\n");
        }, ALIVE);
        const sendText = (event: string, json: string, id?: number) =>
          write(`event: ${event}\n${id === undefined ? "" : `id: ${id}\n`}data: ${json}\n\n`);
        const close = () => {
          clearInterval(alive);
          room?.();
          if (!gone.signal.aborted) controller.close();
          gone.abort();
        };
        signal.addEventListener("abort", () => room?.(), { once: true });
        work({
          signal,
          get isFull() {
            return (controller.desiredSize ?? 0) <= 0;
          },
          sendText,
          send: (event, data, id) => sendText(event, JSON.stringify(data), id),
          ready: async () => {
            while (!signal.aborted && (controller.desiredSize ?? 0) <= 0) await new Promise<void>((resolve) => (room = resolve));
          },
        })
          .catch(() => {})
          .finally(() => {
            open -= 1;
            close();
          });
      },
      pull() {
        room?.();
      },
      cancel() {
        clearInterval(alive);
        gone.abort();
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: HIGH_WATER }),
  );
  return new Response(body, {
    headers: { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store", "x-accel-buffering": "no" },
  });
}

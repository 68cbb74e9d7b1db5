import { backOff } from "./backOff";
import { connected, reportFailure } from "./connection";

/** How long a page that nobody sees stays connected: a browser allows few connections, and other tabs need them. */
const HIDDEN_FOR = 15_000;

interface StreamOptions<Events> {
  /** Called at each start, so that it can continue where it stopped. */
  address(): string;
  on: { [Name in keyof Events]?: (data: Events[Name]) => void };
  /** Its start, after the server accepted it. @param again true after an interruption: what is shown may be old */
  opened?(again: boolean): void;
}

/** A stream of server-sent events, which comes back after an interruption. While the page is hidden it is closed. */
export interface Stream {
  close(): void;
}

export function openStream<Events>({ address, on, opened }: StreamOptions<Events>): Stream {
  let source: EventSource | undefined;
  let closed = false;
  let failures = 0;
  let again = false;
  let hiding: ReturnType<typeof setTimeout> | undefined;

  const open = () => {
    if (closed || source || document.hidden) return;
    const mine = new EventSource(address());
    source = mine;
    mine.onopen = () => {
      opened?.(again);
      again = true;
    };
    mine.onerror = () => {
      if (source !== mine) return;
      // The browser's own attempts have no back-off, and none follow an error status.
      drop();
      void reopen();
    };
    for (const [name, receive] of Object.entries(on) as [string, (data: unknown) => void][]) {
      mine.addEventListener(name, (event) => {
        if (source !== mine) return;
        failures = 0;
        receive(JSON.parse((event as MessageEvent<string>).data));
      });
    }
  };
  const drop = () => {
    source?.close();
    source = undefined;
  };
  const reopen = async () => {
    reportFailure();
    await new Promise((resolve) => setTimeout(resolve, backOff(failures++)));
    await connected();
    open();
  };
  const seen = () => {
    clearTimeout(hiding);
    if (document.hidden) hiding = setTimeout(drop, HIDDEN_FOR);
    else open();
  };

  document.addEventListener("visibilitychange", seen);
  open();
  return {
    close() {
      closed = true;
      clearTimeout(hiding);
      document.removeEventListener("visibilitychange", seen);
      drop();
    },
  };
}

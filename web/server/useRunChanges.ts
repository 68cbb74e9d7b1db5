import { useEffect, useRef } from "preact/hooks";
import type { LiveEvents, LiveView, RunsFilter } from "../../src/ui/wire";
import { send } from "./request";
import { openStream } from "./stream";

/** The shortest time between two calls, in milliseconds: many runs may change at once. */
const AT_MOST_EACH = 1500;

/** Call back when runs that match a filter changed. */
export function useRunChanges(filters: RunsFilter, changed: () => void): void {
  const latest = useRef(changed);
  latest.current = changed;
  const key = JSON.stringify(filters);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const soon = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        latest.current();
      }, AT_MOST_EACH);
    };
    const stream = openStream<LiveEvents>({
      address: () => "/api/live",
      opened: (again) => again && soon(),
      on: {
        hello: ({ session }) => {
          const view: LiveView = { ids: [], filters: JSON.parse(key) as RunsFilter, newest: null };
          // If it fails, the stream fails too, and both start again.
          void send("PUT", `/api/live/${encodeURIComponent(session)}`, view).catch(() => {});
        },
        strip: soon,
      },
    });
    return () => {
      clearTimeout(timer);
      stream.close();
    };
  }, [key]);
}

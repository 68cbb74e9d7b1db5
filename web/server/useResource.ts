import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { reconnects } from "./connection";
import type { RequestError } from "./request";

export interface Resource<T> {
  /** Stays while it is fetched again. */
  data: T | undefined;
  error: RequestError | undefined;
  reload(): void;
  /**
   * Replace the data by that of a stream or an answer. A reply that is still on its way is older, and is dropped: it would stay on the page
   * if nothing changes any more.
   */
  replace(data: T): void;
}

/**
 * Something of the server, fetched at first sight and each time that the server answers again.
 * @param key what it is: another key forgets the data
 * @param load must throw RequestErrors only
 */
export function useResource<T>(key: string, load: (signal: AbortSignal) => Promise<T>): Resource<T> {
  const [state, setState] = useState<{ key: string; data?: T; error?: RequestError }>({ key });
  const [turn, setTurn] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  const underway = useRef<AbortController>(undefined);
  const epoch = reconnects.value;

  useEffect(() => {
    const abort = new AbortController();
    underway.current = abort;
    latest.current(abort.signal).then(
      (data) => !abort.signal.aborted && setState({ key, data }),
      (error) => !abort.signal.aborted && setState((before) => ({ ...(before.key === key ? before : { key }), error })),
    );
    return () => abort.abort();
  }, [key, turn, epoch]);

  const reload = useCallback(() => setTurn((before) => before + 1), []);
  const replace = useCallback(
    (data: T) => {
      underway.current?.abort();
      setState({ key, data });
    },
    [key],
  );
  const mine = state.key === key;
  return { data: mine ? state.data : undefined, error: mine ? state.error : undefined, reload, replace };
}

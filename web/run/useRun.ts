import { useCallback, useEffect, useState } from "preact/hooks";
import type { RunDetail, RunEvents, RunRow } from "../../src/ui/wire";
import { get, type RequestError } from "../server/request";
import { openStream } from "../server/stream";
import { useResource } from "../server/useResource";

export interface LiveRun {
  run: RunDetail | undefined;
  error: RequestError | undefined;
  /** What delays the run now. */
  notice: string | undefined;
  reload(): void;
  /** Take what a cancel or retry answered, and listen again if the run had ended. */
  accept(row: RunRow): void;
}

/** One run, live until it ends. */
export function useRun(id: string): LiveRun {
  const { data, error, reload, replace } = useResource(`run ${id}`, (signal) =>
    get<RunDetail>(`/api/runs/${encodeURIComponent(id)}`, { signal }),
  );
  const [notice, setNotice] = useState<string>();
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const stream = openStream<RunEvents>({
      address: () => `/api/runs/${encodeURIComponent(id)}/live`,
      on: {
        run: (run) => {
          replace(run);
          setNotice(undefined);
        },
        notice: ({ text }) => setNotice(text),
        end: () => {
          setNotice(undefined);
          stream.close();
        },
      },
    });
    return () => stream.close();
  }, [id, turn, replace]);
  const accept = useCallback(
    (row: RunRow) => {
      if (data && row.version >= data.version) replace({ ...data, ...row });
      setTurn((before) => before + 1);
    },
    [data, replace],
  );
  return { run: data, error: data ? undefined : error, notice, reload, accept };
}

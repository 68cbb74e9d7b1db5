import { useEffect, useMemo, useState } from "preact/hooks";
import type { LogEvents } from "../../src/ui/wire";
import { openStream } from "../server/stream";
import { LogLines } from "./logLines";

export interface Log {
  lines: LogLines;
  /** The run writes no more, and all lines are here. */
  isComplete: boolean;
  /** What the last notice says, such as that the log service is late. */
  notice: string | undefined;
  /** How many lines at the start are not here. */
  missing: number;
  /** Search; the matches are in `lines`. */
  find(search: string): void;
}

/** The log of a run, from its first line. It renders at most once a frame, however many lines come. */
export function useLog(id: string): Log {
  const lines = useMemo(() => new LogLines(), [id]);
  const [, setTurn] = useState(0);
  const [state, setState] = useState<{ isComplete: boolean; notice: string | undefined; missing: number }>(START);
  useEffect(() => {
    setState(START);
    let frame = 0;
    const draw = () => {
      if (frame !== 0) return;
      frame = requestAnimationFrame(() => {
        frame = 0;
        setTurn((turn) => turn + 1);
      });
    };
    const stream = openStream<LogEvents>({
      address: () => `/api/runs/${encodeURIComponent(id)}/logs?from=${lines.next}`,
      on: {
        lines: (batch) => {
          lines.add(batch.lines);
          draw();
        },
        gap: ({ from, to }) => setState((before) => ({ ...before, missing: before.missing + (to - from) })),
        notice: ({ text }) => setState((before) => ({ ...before, notice: text })),
        end: () => {
          setState((before) => ({ ...before, isComplete: true, notice: undefined }));
          stream.close();
        },
      },
    });
    return () => {
      cancelAnimationFrame(frame);
      stream.close();
    };
  }, [id, lines]);
  const find = (search: string) => {
    lines.find(search);
    setTurn((turn) => turn + 1);
  };
  return { lines, ...state, missing: state.missing + lines.dropped, find };
}

const START = { isComplete: false, notice: undefined, missing: 0 };

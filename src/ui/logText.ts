import type { Run } from "../model/run";
import type { Runs } from "../runs";

/** So many bytes are sent at once. */
const CHUNK = 64 * 1024;

/** The log of a run's current attempt as a file. It is read as fast as it is saved. */
export function textOfLog(runs: Runs, run: Run, end: AbortSignal): Response {
  const gone = new AbortController();
  const signal = AbortSignal.any([gone.signal, end]);
  const encoder = new TextEncoder();
  let room: (() => void) | undefined;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      let lines: string[] = [];
      let size = 0;
      const flush = () => {
        if (size > 0 && !signal.aborted) controller.enqueue(encoder.encode(lines.join("")));
        lines = [];
        size = 0;
      };
      const onLine = async (text: string) => {
        lines.push(`${text}\n`);
        size += text.length + 1;
        if (size < CHUNK) return;
        flush();
        while ((controller.desiredSize ?? 0) <= 0 && !signal.aborted) await new Promise<void>((resolve) => (room = resolve));
      };
      runs
        .readLogs(run.id, { signal, onLine: ({ text }) => onLine(text) })
        .then(() => {
          flush();
          if (!signal.aborted) controller.close();
        })
        // A file that ends early must not look complete.
        .catch((error: Error) => controller.error(error));
      signal.addEventListener("abort", () => room?.(), { once: true });
    },
    pull() {
      room?.();
    },
    cancel() {
      gone.abort();
    },
  });
  const name = run.name.replaceAll(/[^A-Za-z0-9._-]+/g, "-").slice(0, 80) || "run";
  return new Response(body, {
    headers: {
      "content-type": "text/plain; charset=utf-8",
      "content-disposition": `attachment; filename="${name}.log.txt"`,
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    },
  });
}

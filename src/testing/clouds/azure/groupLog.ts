import { toTick } from "./azureClock";
import type { LogLine } from "./groups";

/** What Azure keeps of a container's output while it runs, and once it has ended, in bytes and lines. */
const WHILE_RUNNING = 4 * 1024 * 1024;
const ONCE_ENDED = { bytes: 16 * 1024, lines: 1000 };

export function keepLine(log: LogLine[], text: string): void {
  log.push({ at: toTick(), text });
}

/** The text of a log as it can be read: only its end. @param tail most lines */
export function logText(
  log: readonly LogLine[],
  { ended, tail, timestamps }: { ended: boolean; tail?: number; timestamps: boolean },
): string {
  const most = ended ? ONCE_ENDED : { bytes: WHILE_RUNNING, lines: Number.POSITIVE_INFINITY };
  const kept: string[] = [];
  let bytes = 0;
  for (let index = log.length - 1; index >= 0 && kept.length < most.lines; index--) {
    const { at, text } = log[index] as LogLine;
    bytes += Buffer.byteLength(text) + 1;
    if (bytes > most.bytes) break;
    kept.push(timestamps ? `${at} ${text}\n` : `${text}\n`);
  }
  return (tail === undefined ? kept : kept.slice(0, tail)).reverse().join("");
}

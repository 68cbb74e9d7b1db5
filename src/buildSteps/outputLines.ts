import type { Readable } from "node:stream";

/**
 * Pass on a program's output line by line. A carriage return ends a line too, as progress bars write it.
 * @param mark what a program writes after the last part of its output; it is not passed on
 * @returns `marked` waits for the next mark, or for the end of the output
 */
export function outputLines(stream: Readable, mark: string, tell: (line: string) => void): { marked(): Promise<void> } {
  let rest = "";
  let marks = 0;
  let ended = false;
  let waiting: (() => void) | undefined;
  const wake = () => {
    if (!waiting || (marks === 0 && !ended)) return;
    if (marks > 0) marks--;
    waiting();
    waiting = undefined;
  };
  const pass = (line: string) => {
    const at = mark === "" ? -1 : line.indexOf(mark);
    if (at < 0) return tell(line);
    if (at > 0) tell(line.slice(0, at));
    marks++;
    wake();
  };
  stream.setEncoding("utf8").on("data", (part: string) => {
    // A line break of Windows is one line break.
    const lines = (rest + part).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    for (const line of lines) pass(line);
  });
  const end = () => {
    if (ended) return;
    ended = true;
    if (rest !== "") pass(rest.replace(/\r$/, ""));
    wake();
  };
  stream.on("end", end).on("close", end).on("error", end);
  return {
    marked: () =>
      new Promise((done) => {
        waiting = done;
        wake();
      }),
  };
}

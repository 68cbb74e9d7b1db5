import { formatDuration } from "../duration";
import { isTerminal, type RunEvent, type State } from "../runs";
import { capped, logLine, oneLine } from "../shown";
import { dim, isWatched, note, noteLine, noteStyled, printJson, printLog, stateText } from "./screen";

/** The start from which times are counted, in milliseconds since 1970. */
export interface ViewClock {
  start: number;
  now?: () => number;
}

/** Shows the events of a run while it is watched. */
export interface RunView {
  show(event: RunEvent): void;
  close(): void;
}

/** The view for `--json`: one object per line. */
export function jsonView(): RunView {
  return {
    show: (event) => {
      switch (event.kind) {
        case "state":
          return printJson({ event: "state", runId: event.run.id, attempt: event.run.attempt, ...event.run.state });
        case "waiting":
          return printJson({ event: "waiting", runId: event.run.id, reason: event.reason });
        case "warning":
          return printJson({ event: "warning", message: event.message });
        case "log":
          return printJson({ event: "log", ...event.line });
      }
    },
    close: () => {},
  };
}

/** The view for a pipe or a file: plain lines, with the run's stdout on stdout and everything else on stderr. */
export function plainView({ start, now = Date.now }: ViewClock): RunView {
  return {
    show: (event) => {
      switch (event.kind) {
        case "state":
          return note(phaseLine(event.run.state, now() - start));
        case "waiting":
          return noteLine(`waiting: ${event.reason}`);
        case "warning":
          return noteLine(`warning: ${event.message}`);
        case "log":
          return printLog(event.line);
      }
    },
    close: () => {},
  };
}

/** `0.3 s  PENDING Submitting`, with the reason if there is one. */
export function phaseLine(state: State, elapsed: number, coloured = false): string {
  const time = formatDuration(elapsed).padStart(6);
  return `${coloured ? dim(time) : time}  ${stateText(state, coloured)}${state.message ? `: ${oneLine(state.message)}` : ""}`;
}

const FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";

/** The view for a terminal: states with their times, the output, and a status line that is updated. */
export function terminalView({ start, now = Date.now }: ViewClock): RunView {
  const erase = "\r\x1b[2K";
  let status: ((width: number) => string) | undefined;
  let frame = 0;
  const draw = () => {
    if (status === undefined) return;
    frame = (frame + 1) % FRAMES.length;
    process.stderr.write(`${erase}${FRAMES[frame]} ${status(room())} ${dim(formatDuration(now() - start))}`);
  };
  const timer = setInterval(draw, 100);
  timer.unref();
  const line = (text: string, toStdout = false) => {
    process.stderr.write(erase);
    if (toStdout) process.stdout.write(`${text}\n`);
    else noteStyled(text);
    draw();
  };
  return {
    show: (event) => {
      switch (event.kind) {
        case "state": {
          const { state } = event.run;
          status = isTerminal(state) ? undefined : () => stateText(state, true);
          return line(phaseLine(state, now() - start, true));
        }
        case "waiting":
          status = (width) => shorten(`waiting: ${event.reason}`, width);
          return draw();
        case "warning":
          return line(`warning: ${oneLine(event.message)}`);
        case "log":
          return line(`${dim("│")} ${logLine(event.line.text, true)}`, event.line.stream === "stdout");
      }
    },
    close: () => {
      clearInterval(timer);
      status = undefined;
      process.stderr.write(erase);
    },
  };
}

/** Choose the view for the current output. @param start the start from which its times are counted */
export function chooseView(json: boolean, start = Date.now()): RunView {
  if (json) return jsonView();
  return isWatched(process.stderr) && isWatched(process.stdout) ? terminalView({ start }) : plainView({ start });
}

/** The space for text next to spinner and time. A line that wraps could not be erased. */
function room(): number {
  return (process.stderr.columns || 80) - 18;
}

/** Cut a string to one line of a width in characters. */
export function shorten(text: string, width: number): string {
  return capped(oneLine(text).replace(/\s+/g, " "), width);
}

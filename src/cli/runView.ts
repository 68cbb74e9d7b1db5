import type { RunEvent, State } from "../runs";
import { formatDuration } from "./duration";
import { dim, note, print, printJson, stateText } from "./screen";

/** Shows what happens to one run while it is watched. */
export interface RunView {
  show(event: RunEvent): void;
  close(): void;
}

/** `--json`: one object a line. */
function jsonView(): RunView {
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

/** For a pipe or a file: plain lines, the run's stdout on stdout and everything else on stderr. */
function plainView(now: () => number = Date.now): RunView {
  const start = now();
  return {
    show: (event) => {
      switch (event.kind) {
        case "state":
          return note(phaseLine(event.run.state, now() - start));
        case "waiting":
          return note(`waiting: ${event.reason}`);
        case "warning":
          return note(`warning: ${event.message}`);
        case "log":
          return event.line.stream === "stdout" ? print(event.line.text) : note(event.line.text);
      }
    },
    close: () => {},
  };
}

/** `0.3 s  PENDING Submitting`, with the reason where there is one. */
function phaseLine(state: State, elapsed: number, coloured = false): string {
  const time = formatDuration(elapsed).padStart(6);
  return `${coloured ? dim(time) : time}  ${stateText(state, coloured)}${state.message ? `: ${state.message}` : ""}`;
}

const FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";

/** On a terminal: phases with their times, the output below, and a last line that lives. */
function terminalView(now: () => number = Date.now): RunView {
  const start = now();
  const erase = "\r\x1b[2K";
  let status: string | undefined;
  let frame = 0;
  const draw = () => {
    if (status === undefined) return;
    frame = (frame + 1) % FRAMES.length;
    process.stderr.write(`${erase}${FRAMES[frame]} ${status} ${dim(formatDuration(now() - start))}`);
  };
  const timer = setInterval(draw, 100);
  timer.unref();
  const line = (text: string, toStdout = false) => {
    process.stderr.write(erase);
    if (toStdout) print(text);
    else note(text);
    draw();
  };
  return {
    show: (event) => {
      switch (event.kind) {
        case "state": {
          const { state } = event.run;
          status = ["COMPLETED", "FAILED", "CRASHED", "CANCELLED"].includes(state.type) ? undefined : stateText(state, true);
          return line(phaseLine(state, now() - start, true));
        }
        case "waiting":
          status = `waiting: ${event.reason}`;
          return draw();
        case "warning":
          return line(`warning: ${event.message}`);
        case "log":
          return line(`${dim("│")} ${event.line.text}`, event.line.stream === "stdout");
      }
    },
    close: () => {
      clearInterval(timer);
      status = undefined;
      process.stderr.write(erase);
    },
  };
}

/** The view that fits where the output goes. */
export function chooseView(json: boolean): RunView {
  if (json) return jsonView();
  return process.stderr.isTTY && process.stdout.isTTY ? terminalView() : plainView();
}

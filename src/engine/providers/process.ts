import { createInterface } from "node:readline";
import { stripVTControlCharacters } from "node:util";
import { UserError } from "../../userError";
import type { EngineEvent } from "../events";
import { startSupervised } from "../supervised";

/** A provider's process, and the port that it listens on. */
export interface ProviderProcess {
  port: number;
  /** Resolves when the process has ended, with how: "ended with exit status 1", and what it wrote to standard error last. */
  ended: Promise<string>;
  kill(): void;
}

/** How many of the last lines of a provider an error quotes. */
const LAST_LINES = 20;
/** How long the last lines of a process that has ended may take to arrive, in milliseconds. */
const LAST_LINES_MS = 500;

/**
 * Start a provider as Pulumi starts a plugin: the engine's address is its argument, and the first line that it prints is its port. What it
 * prints after that are its messages. Its process ends with the operation, also where that is killed.
 * @param options.signal ends the start, and the process with it; its reason is what the start fails with
 * @throws {UserError} if it cannot be started, ends before it has printed its port, or prints something else
 */
export function startProvider(
  name: string,
  command: string,
  args: string[],
  options: { cwd: string; env: NodeJS.ProcessEnv; onEvent: (event: EngineEvent) => void; signal: AbortSignal },
): Promise<ProviderProcess> {
  const { cwd, env, onEvent, signal } = options;
  const { child, kill } = started(name, command, args, { cwd, env });
  const said: string[] = [];
  const tell = (line: string) => {
    const message = stripVTControlCharacters(line);
    said.push(message);
    if (said.length > LAST_LINES) said.shift();
    onEvent({ kind: "diagnostic", severity: "info", message });
  };
  createInterface({ input: child.stderr }).on("line", tell);
  const ended = new Promise<string>((done) => {
    child.on("exit", (code, by) => {
      const how = by ? `was ended by ${by}` : `ended with exit status ${code}`;
      const tellEnd = () => done([how, ...said].join("\n"));
      // What it started may hold its output open for longer than it lives.
      const late = setTimeout(tellEnd, LAST_LINES_MS);
      child.on("close", () => {
        clearTimeout(late);
        tellEnd();
      });
    });
  });
  return new Promise((done, fail) => {
    const giveUp = (error: Error) => {
      kill();
      fail(error);
    };
    const onAbort = () => giveUp(signal.reason as Error);
    let port: number | undefined;
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (port !== undefined) return tell(line);
      port = Number(line);
      signal.removeEventListener("abort", onAbort);
      if (/^\s*\d+\s*$/.test(line) && port > 0 && port < 65536) return done({ port, ended, kill });
      giveUp(new UserError(`the provider ${name} must print the port that it listens on, and printed "${quoted(line)}"`, 5));
    });
    child.on("error", (error) => giveUp(new UserError(`the provider ${name} cannot be started: ${error.message}`, 5)));
    ended.then((how) => fail(endedEarly(name, how)));
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
}

/** Most failures to start are events of the process; some, such as an environment that is too large, are thrown. */
function started(name: string, command: string, args: string[], options: { cwd: string; env: NodeJS.ProcessEnv }) {
  try {
    return startSupervised(command, args, options);
  } catch (error) {
    throw new UserError(`the provider ${name} cannot be started: ${(error as Error).message}`, 5);
  }
}

/** A provider's process ended before it answered. */
export function endedEarly(name: string, how: string): UserError {
  const [first, ...lines] = how.split("\n");
  return new UserError([`the provider ${name} ${first} before it could be reached`, ...lines].join("\n"), 5);
}

function quoted(line: string): string {
  const text = stripVTControlCharacters(line);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

import { createInterface } from "node:readline";
import { stripVTControlCharacters } from "node:util";
import { UserError } from "../../userError";
import type { EngineEvent } from "../engineEvents";
import { startSupervised } from "../supervised";

/** A provider's process, and the port on which it listens. */
export interface ProviderProcess {
  port: number;
  /** Resolves when the process has ended. The text is like "ended with exit status 1", followed by its last lines of stderr. */
  ended: Promise<string>;
  kill(): void;
}

/** How many of a provider's last lines an error quotes. */
const LAST_LINES = 20;
/** How long to wait for the last lines of a process that has ended, in milliseconds. */
const LAST_LINES_MS = 500;

/**
 * Start a provider as Pulumi starts a plugin. Its argument is the engine's address, and the first line that it prints is its port. All
 * later lines are messages. Its process ends with the operation, even if pushpool is killed.
 * @param options.signal ends the start and the process; the start then fails with the signal's reason
 * @throws {UserError} if it cannot be started, ends before it printed its port, or prints something else
 */
export function startProvider(
  name: string,
  command: string,
  args: string[],
  options: { cwd: string; env: NodeJS.ProcessEnv; onEvent: (event: EngineEvent) => void; signal: AbortSignal },
): Promise<ProviderProcess> {
  const { cwd, env, onEvent, signal } = options;
  const { child, kill } = spawnProvider(name, command, args, { cwd, env });
  const lastLines: string[] = [];
  const log = (line: string) => {
    const message = stripVTControlCharacters(line);
    lastLines.push(message);
    if (lastLines.length > LAST_LINES) lastLines.shift();
    onEvent({ kind: "diagnostic", severity: "info", message });
  };
  createInterface({ input: child.stderr }).on("line", log);
  const ended = new Promise<string>((done) => {
    child.on("exit", (code, by) => {
      const how = by ? `was ended by ${by}` : `ended with exit status ${code}`;
      const finish = () => done([how, ...lastLines].join("\n"));
      // A child of the process may keep its output open after the process has ended.
      const late = setTimeout(finish, LAST_LINES_MS);
      child.on("close", () => {
        clearTimeout(late);
        finish();
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
      if (port !== undefined) return log(line);
      port = Number(line);
      signal.removeEventListener("abort", onAbort);
      if (/^\s*\d+\s*$/.test(line) && port > 0 && port < 65536) return done({ port, ended, kill });
      giveUp(new UserError(`the provider ${name} must print its port first, but printed "${quoted(line)}"`, 5));
    });
    child.on("error", (error) => giveUp(new UserError(`the provider ${name} cannot be started: ${error.message}`, 5)));
    ended.then((how) => fail(earlyExitError(name, how)));
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
}

/** Most failures to start are events of the process. Some are thrown, such as for an environment that is too large. */
function spawnProvider(name: string, command: string, args: string[], options: { cwd: string; env: NodeJS.ProcessEnv }) {
  try {
    return startSupervised(command, args, options);
  } catch (error) {
    throw new UserError(`the provider ${name} cannot be started: ${(error as Error).message}`, 5);
  }
}

/** The error for a provider whose process ended before it answered. */
export function earlyExitError(name: string, how: string): UserError {
  const [first, ...lines] = how.split("\n");
  return new UserError([`the provider ${name} ${first} before it could be reached`, ...lines].join("\n"), 5);
}

function quoted(line: string): string {
  const text = stripVTControlCharacters(line);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

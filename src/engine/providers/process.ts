import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { UserError } from "../../userError";
import type { EngineEvent } from "../events";

/** A provider's process, and the port that it listens on. */
export interface ProviderProcess {
  port: number;
  kill(): void;
}

/**
 * Start a provider as Pulumi starts a plugin: the engine's address as its argument, the port as the first line that it prints. What it prints
 * after that is told as its messages. It has a process group of its own, so that a Ctrl-C in the terminal reaches the engine alone, which lets
 * a resource that is being made be finished.
 * @throws {UserError} if it ends before it has said its port
 */
export function startProvider(
  name: string,
  command: string,
  args: string[],
  options: { cwd: string; env: NodeJS.ProcessEnv; onEvent: (event: EngineEvent) => void },
): Promise<ProviderProcess> {
  const { cwd, env, onEvent } = options;
  const child = spawn(command, args, { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  const said: string[] = [];
  const tell = (text: string) => onEvent({ kind: "diagnostic", severity: "info", message: text });
  createInterface({ input: child.stderr }).on("line", (line) => {
    said.push(line);
    tell(line);
  });
  return new Promise((done, fail) => {
    let port: number | undefined;
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (port !== undefined) return tell(line);
      port = Number(line);
      if (Number.isInteger(port) && port > 0) return done({ port, kill: () => killGroup(child) });
      killGroup(child);
      fail(new UserError(`the provider ${name} must print the port that it listens on, and printed "${line}"`));
    });
    child.on("error", (error) => fail(new UserError(`the provider ${name} cannot be started: ${error.message}`, 5)));
    child.on("exit", (code, signal) => {
      const how = signal ? `was ended by ${signal}` : `ended with exit status ${code}`;
      fail(new UserError([`the provider ${name} ${how} before it could be reached`, ...said].join("\n"), 5));
    });
  });
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // It is gone.
  }
}

import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { StringDecoder } from "node:string_decoder";

/** How a container's command ended. */
export type End = { kind: "exited"; code: number } | { kind: "signalled"; signal: number } | { kind: "notStarted"; message: string };

export interface ContainerOptions {
  argv: readonly string[];
  env: Record<string, string>;
  /** The files of its image in its working directory, by path. @default none */
  files?: ReadonlyMap<string, Buffer> | undefined;
  onLine: (stream: "stdout" | "stderr", text: string) => void;
}

/** A container of a fake cloud. */
export interface Container {
  readonly ended: Promise<End>;
  /** Send SIGTERM to all of its processes, and SIGKILL after the grace period. */
  stop(graceMs: number): void;
  kill(): void;
  /** End a simulated container. @throws {Error} if it runs a command */
  finish(end: End): void;
}

/** A command as a process group on this machine. It inherits only PATH from this process's environment. */
export class ProcessContainer implements Container {
  readonly ended: Promise<End>;
  readonly #child: ChildProcess;
  #killed: NodeJS.Timeout | undefined;

  constructor({ argv, env, files, onLine }: ContainerOptions) {
    const folder = mkdtempSync(join(tmpdir(), "pushpool-container-"));
    for (const [path, content] of files ?? []) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
    const [command = "", ...args] = argv;
    const child = spawn(command, args, {
      cwd: folder,
      env: { PATH: process.env.PATH ?? "", HOME: folder, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    this.#child = child;
    for (const stream of ["stdout", "stderr"] as const) lines(child[stream] as NodeJS.ReadableStream, (text) => onLine(stream, text));
    this.ended = new Promise<End>((resolve) => {
      child.on("error", (error) => resolve({ kind: "notStarted", message: error.message }));
      // A container ends with its first process; all others are killed.
      child.on("exit", () => this.#signalGroup("SIGKILL"));
      child.on("close", (code, signal) =>
        resolve(signal === null ? { kind: "exited", code: code ?? 0 } : { kind: "signalled", signal: constants.signals[signal] }),
      );
    });
    this.ended.finally(() => {
      clearTimeout(this.#killed);
      rmSync(folder, { recursive: true, force: true });
    });
  }

  stop(graceMs: number): void {
    if (this.#killed) return;
    this.#signalGroup("SIGTERM");
    this.#killed = setTimeout(() => this.#signalGroup("SIGKILL"), graceMs);
  }

  kill(): void {
    this.#signalGroup("SIGKILL");
  }

  finish(): void {
    throw new Error("this container runs a command: only a simulated one can be finished");
  }

  #signalGroup(signal: NodeJS.Signals): void {
    if (this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}

/** A container that runs no command: it runs until it is stopped, killed or finished. */
export class SimulatedContainer implements Container {
  readonly ended: Promise<End>;
  #resolve: (end: End) => void = () => {};

  constructor() {
    this.ended = new Promise<End>((resolve) => {
      this.#resolve = resolve;
    });
  }

  stop(): void {
    this.#resolve({ kind: "signalled", signal: constants.signals.SIGTERM });
  }

  kill(): void {
    this.#resolve({ kind: "signalled", signal: constants.signals.SIGKILL });
  }

  finish(end: End): void {
    this.#resolve(end);
  }
}

function lines(stream: NodeJS.ReadableStream, onLine: (text: string) => void): void {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  stream.on("data", (chunk: Buffer) => {
    const parts = (rest + decoder.write(chunk)).split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) onLine(part);
  });
  stream.on("end", () => {
    rest += decoder.end();
    if (rest !== "") onLine(rest);
    rest = "";
  });
}

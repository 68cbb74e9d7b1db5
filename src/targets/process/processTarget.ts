import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync, rmSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ValueObject } from "../../json";
import { makeFolder } from "../../makeFolder";
import { processStart, wrapperOf } from "../../processTable";
import { UserError } from "../../userError";
import { childEnvironment } from "../childEnvironment";
import { revealedVariables } from "../revealed";
import type { InfrastructureId, LogPage, Observation, Prepared, RunToPlan, Submission, Target } from "../target";
import { readPage } from "./processLogs";
import { observationOf } from "./processOutcome";
import { type ProcessRequest, planProcess } from "./processPlan";
import { infrastructureId, locate, readFolder, readWrapper, runFolder, type WrapperProcess } from "./runFolder";
import { WRAPPER } from "./wrapper";

/** How long a new wrapper may take to write its `pid` file, in milliseconds. */
const START_TIMEOUT = 20_000;
/** How long a wrapper may still be starting after the process that started it was killed, in milliseconds. `find` waits for this. */
const SETTLE = 1_000;

/**
 * Make the target for `process:push` pools, whose runs are processes of this machine.
 * @param place `home`: the `.pushpool` folder, in which each attempt has a folder; `env`: the environment of the caller, which commands inherit
 */
export function createProcessTarget({ home, env }: { home: string; env: NodeJS.ProcessEnv }): Target {
  return new ProcessTarget(home, env);
}

class ProcessTarget implements Target {
  readonly pace = { first: 15, longest: 200 };
  readonly #home: string;
  readonly #env: NodeJS.ProcessEnv;
  /** The home folders of runs that were submitted from another home than this, by run id. */
  readonly #elsewhere = new Map<string, string>();

  constructor(home: string, env: NodeJS.ProcessEnv) {
    this.#home = home;
    this.#env = env;
  }

  plan(job: ValueObject, run: RunToPlan): Submission {
    return planProcess(job, run);
  }

  async prepare(submission: Submission): Promise<Prepared> {
    return { submission, resources: {} };
  }

  async submit({ submission }: Prepared, signal: AbortSignal): Promise<InfrastructureId> {
    const { runId, attempt } = submission;
    const folder = runFolder(this.#home, runId, attempt);
    const wrapper = readWrapper(folder) ?? (await this.#start(folder, submission.request as unknown as ProcessRequest, signal));
    return infrastructureId(runId, attempt, wrapper);
  }

  async find(runId: string, attempt: number): Promise<InfrastructureId | undefined> {
    for (;;) {
      const folder = runFolder(this.#homeOf(runId), runId, attempt);
      const wrapper = readWrapper(folder);
      if (wrapper) return infrastructureId(runId, attempt, wrapper);
      const touched = statSync(folder, { throwIfNoEntry: false })?.mtimeMs;
      if (touched === undefined) {
        // The run was submitted from another home folder of this machine: another clone, or a deleted one.
        const elsewhere = wrapperOf(runId)?.home;
        if (elsewhere === undefined || elsewhere === this.#homeOf(runId)) return undefined;
        this.#elsewhere.set(runId, elsewhere);
        continue;
      }
      if (Date.now() - touched > SETTLE) return undefined;
      await sleep(20);
    }
  }

  unseen(runId: string): string | undefined {
    const folder = dirname(runFolder(this.#homeOf(runId), runId, 1));
    if (existsSync(folder)) return undefined;
    const wrapper = wrapperOf(runId);
    if (wrapper) return `its process ${wrapper.pid} runs on this machine, but its files (${folder}) are gone: kill the process`;
    return `its process is on the machine that submitted it, and this machine (${hostname()}) has neither its files (${folder}) nor its process`;
  }

  async observe(ids: readonly InfrastructureId[]): Promise<Map<InfrastructureId, Observation>> {
    return new Map(
      ids.map((id) => {
        const { folder, pid, start } = this.#locate(id);
        return [id, observationOf(readFolder(folder, pid, start))];
      }),
    );
  }

  async logs(id: InfrastructureId, cursor?: string): Promise<LogPage> {
    const { folder, pid, start } = this.#locate(id);
    // Check this before reading. If the wrapper has already ended, no more output follows.
    const ended = processStart(pid) !== start;
    return readPage(folder, cursor, ended, Date.now);
  }

  async stop(id: InfrastructureId, { graceSeconds }: { reason: string; graceSeconds: number }): Promise<void> {
    const { folder, pid, start } = this.#locate(id);
    if (processStart(pid) !== start) return;
    try {
      writeFileSync(join(folder, "stop"), `${Math.ceil(graceSeconds)}\n`, { flag: "wx", mode: 0o600 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    try {
      // This only speeds the stop up: the watchdog of the wrapper finds the file within a second.
      process.kill(pid, "SIGUSR1");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }

  async cleanup(id: InfrastructureId): Promise<void> {
    rmSync(join(this.#locate(id).folder, "work"), { recursive: true, force: true });
  }

  #homeOf(runId: string): string {
    return this.#elsewhere.get(runId) ?? this.#home;
  }

  #locate(id: InfrastructureId): ReturnType<typeof locate> {
    return locate(this.#homeOf(id.slice(0, id.indexOf("/"))), id);
  }

  /**
   * Start a wrapper, and wait until this or another wrapper has written its `pid` file.
   * The child inherits the environment directly, so no secret is in a file or an argument.
   */
  async #start(folder: string, request: ProcessRequest, signal: AbortSignal): Promise<WrapperProcess> {
    makeFolder(folder);
    const workingDirectory = request.workingDirectory ?? join(folder, "work");
    if (request.workingDirectory === null) makeFolder(workingDirectory);
    const streams = ["out", "err"].map((name) => openSync(join(folder, name), "a", 0o600)) as [number, number];
    let failure: Error | undefined;
    try {
      const now = String(Date.now());
      const limit = String(Math.ceil(request.timeoutSeconds ?? 0));
      const child = spawn("/bin/sh", ["-c", WRAPPER, "pushpool", folder, limit, now.slice(0, -3), now.slice(-3), ...request.argv], {
        cwd: workingDirectory,
        env: childEnvironment(this.#env, revealedVariables(request.env)),
        stdio: ["ignore", ...streams],
        detached: true,
      });
      child.on("error", (error) => {
        failure = error;
      });
      child.unref();
    } catch (error) {
      failure = error as Error;
    } finally {
      for (const stream of streams) closeSync(stream);
    }
    const until = Date.now() + START_TIMEOUT;
    for (let pause = 1; ; pause = Math.min(pause + 1, 20)) {
      const wrapper = readWrapper(folder);
      if (wrapper) return wrapper;
      if (failure) throw new UserError(`the command could not be started in ${workingDirectory}: ${failure.message}`, 5);
      signal.throwIfAborted();
      if (Date.now() > until)
        throw new UserError(`the command was not started within ${START_TIMEOUT / 1000} s; see ${join(folder, "err")}`, 5);
      await sleep(pause);
    }
  }
}

import { setTimeout as sleep } from "node:timers/promises";
import type { Run, State } from "../model/run";
import { type Log, readServerLogs, SUBMITTER_LOGGER } from "../prefect/api/flowRunLogs";
import { readFlowRun, readStates, type ServerRun, type ServerState } from "../prefect/api/flowRuns";
import type { Client } from "../prefect/client";
import { flowRunOf, listen } from "../prefect/eventStream";
import type { RunEvent } from "../runs/runsContext";
import { NotOnServer } from "./notOnServer";

/** How long a look may wait for an event, in milliseconds: with the event stream, and without it. */
const HEARING = 2_000;
const DEAF = 500;
/** How long the last lines may take to arrive after the end, in milliseconds. Prefect sends its log every 2 s. */
const LOG_DRAIN = 3_000;

/** A run of the server in the form of the command line. */
export function shownRun(run: ServerRun, names: { deployment: string; stack: string; workPool: string }): Run {
  const state = run.state ? shownState(run.state) : { type: "SCHEDULED" as const, name: "Scheduled", timestamp: run.created };
  return {
    id: run.id,
    name: run.name,
    stack: names.stack,
    deployment: names.deployment,
    workPool: run.work_pool_name ?? names.workPool,
    workQueue: run.work_queue_name ?? "default",
    parameters: run.parameters,
    jobVariables: run.job_variables ?? {},
    tags: run.tags,
    attempt: Math.max(1, run.run_count),
    state,
    createdAt: run.created,
    ...(run.start_time === null ? {} : { startedAt: run.start_time }),
    ...(run.end_time === null ? {} : { endedAt: run.end_time }),
    ...(run.infrastructure_pid === null ? {} : { infrastructureId: run.infrastructure_pid }),
    version: 1,
  };
}

/** A state of the server in the form of the command line. */
export function shownState({ type, name, timestamp, message }: ServerState): State {
  return { type, name, timestamp, ...(message ? { message } : {}) };
}

export interface FollowServer {
  client: Client;
  show: (run: ServerRun) => Run;
  onEvent: (event: RunEvent) => void;
  /** Whether to report the log too. */
  logs: boolean;
  signal: AbortSignal;
  /** Awaited before the end is reported. */
  settled?: () => Promise<unknown>;
}

/**
 * Report the states and the log of a run, as the server has them, until the run has ended or `signal` fires. Each state is reported once,
 * before the lines that were written after it.
 */
export async function followOnServer(id: string, { client, show, onEvent, logs, signal, settled }: FollowServer): Promise<ServerRun> {
  const states = new StatesTold(client, id);
  const lines = new LogTold(client, id);
  let wake = new AbortController();
  let hears = false;
  const over = new AbortController();
  const stop = AbortSignal.any([signal, over.signal]);
  const hearing = listen(client.connection, ["prefect.flow-run."], {
    signal: stop,
    onOpen: () => {
      hears = true;
      wake.abort();
    },
    onLost: () => {
      hears = false;
    },
    onEvent: (event) => {
      if (flowRunOf(event) === id) wake.abort();
    },
  });
  try {
    for (;;) {
      const run = await readFlowRun(client, id);
      if (!run) throw new NotOnServer(id);
      const ended = run.state !== null && ENDS.has(run.state.type);
      for (const state of await states.fresh())
        if (!ENDS.has(state.type)) onEvent({ kind: "state", run: { ...show(run), state: shownState(state) } });
      if (logs) await lines.pull(onEvent);
      if (ended) {
        await settled?.();
        if (logs) await lines.drain(onEvent, signal);
        const last = (await readFlowRun(client, id)) ?? run;
        if (last.state !== null && !ENDS.has(last.state.type)) continue;
        onEvent({ kind: "state", run: show(last) });
        return last;
      }
      if (signal.aborted) return run;
      await sleep(hears ? HEARING : DEAF, undefined, { signal: AbortSignal.any([stop, wake.signal]) }).catch(() => {});
      wake = new AbortController();
    }
  } finally {
    over.abort();
    await hearing;
  }
}

/** Report the log of a run so far, oldest first. @returns the number of entries */
export function tellLog(client: Client, id: string, onEvent: (event: RunEvent) => void): Promise<number> {
  return new LogTold(client, id).pull(onEvent);
}

const ENDS = new Set(["COMPLETED", "FAILED", "CANCELLED", "CRASHED"]);

class StatesTold {
  readonly #told = new Set<string>();

  constructor(
    private readonly client: Client,
    private readonly id: string,
  ) {}

  async fresh(): Promise<ServerState[]> {
    const all = await readStates(this.client, this.id);
    const fresh = all.filter((state) => !this.#told.has(state.id));
    for (const { id } of fresh) this.#told.add(id);
    return fresh;
  }
}

/**
 * Reads the log page by page, from the time of the last line on. The server returns lines with exactly that time again; their ids show
 * which they are.
 */
class LogTold {
  #from: string | undefined;
  #atThatTime = new Set<string>();

  constructor(
    private readonly client: Client,
    private readonly id: string,
  ) {}

  async pull(onEvent: (event: RunEvent) => void): Promise<number> {
    let told = 0;
    for (let offset = 0; ; ) {
      const from = this.#from;
      const { logs, isLast } = await readServerLogs(this.client, this.id, { ...(from === undefined ? {} : { from }), offset });
      for (const log of logs) if (!this.#atThatTime.has(log.id)) told += this.#tell(log, onEvent);
      if (isLast) return told;
      // The next page begins at the new time, unless all lines of this page have the same time.
      offset = this.#from === from ? offset + logs.length : 0;
    }
  }

  async drain(onEvent: (event: RunEvent) => void, signal: AbortSignal): Promise<void> {
    const until = Date.now() + LOG_DRAIN;
    for (let quiet = 0; quiet < 2 && Date.now() < until && !signal.aborted; ) {
      quiet = (await this.pull(onEvent)) > 0 ? 0 : quiet + 1;
      await sleep(250, undefined, { signal }).catch(() => {});
    }
  }

  #tell({ id, name, timestamp, level, message }: Log, onEvent: (event: RunEvent) => void): number {
    if (timestamp !== this.#from) this.#atThatTime = new Set();
    this.#from = timestamp;
    this.#atThatTime.add(id);
    const by = name === SUBMITTER_LOGGER ? { bySubmitter: true as const } : {};
    for (const text of message.split("\n"))
      onEvent({ kind: "log", line: { at: timestamp, stream: level >= 40 ? "stderr" : "stdout", text }, ...by });
    return 1;
  }
}

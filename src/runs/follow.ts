import { setTimeout as sleep } from "node:timers/promises";
import type { JsonObject } from "../json";
import type { RunRecord } from "../ledger";
import { isTerminal, type Run, type State } from "../model/run";
import { UserError } from "../userError";
import { commonWatch } from "./commonWatch";
import { type Created, draftRun } from "./create";
import { asWatcher, elsewhere } from "./elsewhere";
import { isInterruption } from "./isInterruption";
import { newOutput } from "./newOutput";
import { cleanUp, observe } from "./observe";
import type { RunRequest } from "./plan";
import type { RunEvent, RunsContext, Watching } from "./runsContext";
import { confirmStopped } from "./stop";
import { type Advance, submitDraft, submitScheduled, takeUp } from "./submit";
import { whyElsewhere } from "./whyWaiting";

/** How long to wait for the last lines of an ended run, in milliseconds; then a warning says that they may be missing. */
const LOG_DRAIN = 30_000;
/** How often a waiting run looks again, in milliseconds. */
const HELD_PAUSE = 250;
/** The same on a ledger that several machines share, where each look is a way to the server. */
const HELD_PAUSE_SHARED = 1_000;
/** How often to read the manifest again while a run waits, in milliseconds: someone may resume the pool or raise its limit. */
const MANIFEST_AGE = 5_000;

/** How to follow a run to its end. */
export interface Following extends Watching {
  /** Stop watching after so many milliseconds; the run continues. */
  timeoutMs?: number;
  /** Pass on the run's output too. @default true */
  logs?: boolean;
  /** Seconds that a cancelled run has to end by itself. @default 30 */
  graceSeconds?: number;
}

/**
 * Take a run to its end. Submit it if nobody has, take it up if another process left it, and report its states and its output.
 * @returns the run once it has ended and its output is complete, or as it is when `signal` fires or the time is over
 */
export async function follow(context: RunsContext, id: string, following: Following = {}): Promise<Run> {
  const record = await mustRead(context, id);
  return context.listeners.during(following.onEvent, record.run.workPool, () =>
    asWatcher(context, record, () => toItsEnd(context, id, following)),
  );
}

async function toItsEnd(
  context: RunsContext,
  id: string,
  { signal, onEvent, timeoutMs, logs = true, graceSeconds }: Following,
): Promise<Run> {
  const stop = signal ?? new AbortController().signal;
  // A submission under way is finished in spite of the time: it would have to be taken up.
  const watching = timeoutMs === undefined ? stop : AbortSignal.any([stop, AbortSignal.timeout(timeoutMs)]);
  const tell = teller(onEvent);
  const output = logs ? new OutputTail(context, (event) => onEvent?.(event)) : undefined;
  // Kept between looks. Released while a common watch has the run: there may be thousands of runs.
  let record: RunRecord | undefined;
  let manifestReadAt = Date.now();
  let pause = 0;
  let alone = output !== undefined;

  /** @returns the run if there is no more to do, else what to wait for */
  const look = async (): Promise<{ over: Run } | { until: Promise<unknown> }> => {
    const before = record ?? (await mustRead(context, id));
    tell.state(before.run);
    if (isTerminal(before.run.state)) {
      await output?.drain(before, watching);
      return { over: (await cleanUp(context, before, watching)).run };
    }
    if (watching.aborted) return { over: before.run };
    if (!alone && isUnderWay(before) && elsewhere(context, before.run) === undefined) {
      record = undefined;
      const changed = commonWatch(context, before).untilChanged(before, watching);
      return {
        until: changed.then((watched) => {
          alone = !watched;
        }),
      };
    }
    alone = output !== undefined;

    const step = await advance(context, before, { stop, watching }, graceSeconds);
    record = step.record;
    // Report a state before the lines that came in it, and the end after all lines.
    if (!isTerminal(record.run.state)) tell.state(record.run);
    await output?.pull(record, watching);
    const { pace } = await context.target(record);
    if (step.kind === "held") {
      tell.waiting(record.run, step.reason);
      if (Date.now() - manifestReadAt > MANIFEST_AGE) {
        await context.manifest({ fresh: true }).catch((error: Error) => onEvent?.({ kind: "warning", message: error.message }));
        manifestReadAt = Date.now();
      }
      pause = context.ledger.shared ? HELD_PAUSE_SHARED : HELD_PAUSE;
    } else {
      const changed = record.run.version !== before.run.version;
      pause = changed ? pace.first : Math.min(Math.max(pause, pace.first) * 1.5, pace.longest);
    }
    if (isTerminal(record.run.state)) return { until: Promise.resolve() };
    await sleep(pause, undefined, { signal: watching }).catch(() => {});
    // Most looks find nothing new. With many runs, reading each one again would be most of the work.
    if (!(await context.ledger.isAt(id, record.run.version))) record = undefined;
    return { until: Promise.resolve() };
  };

  try {
    for (;;) {
      const next = await look();
      if ("over" in next) return next.over;
      await next.until;
    }
  } catch (error) {
    // The signal has ended what was waited for.
    if (!isInterruption(error, watching)) throw error;
    return (await mustRead(context, id)).run;
  }
}

/** Whether the run only needs watching. */
function isUnderWay({ run: { state, infrastructureId }, submission }: RunRecord): boolean {
  // A Prefect server owns the state of its runs.
  return (state.type === "PENDING" || state.type === "RUNNING") && infrastructureId !== undefined && submission.prefect === undefined;
}

/** Try to submit once, for callers that do not watch. */
export async function submitOnce(context: RunsContext, id: string, watching?: Watching): Promise<Run> {
  // If it has changed since it was recorded, the ledger refuses to submit it.
  const record = context.created.get(id) ?? (await mustRead(context, id));
  context.created.delete(id);
  return submitRecorded(context, record, watching);
}

async function submitRecorded(context: RunsContext, record: RunRecord, { signal, onEvent }: Watching = {}): Promise<Run> {
  const tell = teller(onEvent);
  const stop = signal ?? new AbortController().signal;
  const { type } = record.run.state;
  if (type !== "SCHEDULED" && !(type === "PENDING" && record.run.infrastructureId === undefined)) {
    tell.state(record.run);
    return record.run;
  }
  const step = await context.listeners.during(onEvent, record.run.workPool, () =>
    type === "SCHEDULED" ? submitScheduled(context, record, stop) : takeUp(context, record, stop),
  );
  tell.state(step.record.run);
  if (step.kind === "held") tell.waiting(step.record.run, step.reason);
  return step.record.run;
}

/** How to start a run. */
export interface Starting extends Watching {
  /** Gets the run once it is recorded, before anything is sent. */
  onRecorded?: (made: Created) => void;
}

/**
 * Create a run and try to submit it once: as `createRun` and {@link submitOnce}, with one write less.
 * @throws {UserError} as both of them
 */
export async function startOnce(context: RunsContext, request: RunRequest, starting: Starting = {}): Promise<Run> {
  const { signal, onEvent, onRecorded = () => {} } = starting;
  const draft = await draftRun(context, request);
  const stop = signal ?? new AbortController().signal;
  const step = await context.listeners.during(onEvent, draft.given.run.workPool, () => submitDraft(context, draft, stop, onRecorded));
  if (step.kind === "recorded") return submitRecorded(context, step.record, starting);
  teller(onEvent).state(step.record.run);
  return step.record.run;
}

/** @param signals `stop`: the user's; `watching`: also the end of the time */
async function advance(
  context: RunsContext,
  record: RunRecord,
  { stop, watching }: { stop: AbortSignal; watching: AbortSignal },
  graceSeconds?: number,
): Promise<Advance> {
  const { state, infrastructureId } = record.run;
  const host = elsewhere(context, record.run);
  if (host !== undefined && state.type !== "CANCELLING") return { kind: "held", record, reason: whyElsewhere(host) };
  if (state.type === "SCHEDULED") return submitScheduled(context, record, stop);
  if (state.type === "CANCELLING") return confirmStopped(context, record, graceSeconds, watching);
  if (infrastructureId === undefined) return takeUp(context, record, stop);
  const [seen = record] = await observe(context, [record], watching);
  // If the cloud has no time limit, the watcher enforces it; a mere reader does not.
  if (!isTerminal(seen.run.state)) await (await context.target(seen)).enforceLimits?.([infrastructureId], watching);
  return { kind: "moved", record: seen };
}

/** Reports each state once, and a reason for waiting only if it is new. */
function teller(onEvent: ((event: RunEvent) => void) | undefined) {
  let told: State | undefined;
  let reasonTold: string | undefined;
  return {
    state(run: Run) {
      const { type, name, timestamp } = run.state;
      if (told && told.type === type && told.name === name && told.timestamp === timestamp) return;
      told = run.state;
      onEvent?.({ kind: "state", run });
    },
    waiting(run: Run, reason: string) {
      if (reason === reasonTold) return;
      reasonTold = reason;
      onEvent?.({ kind: "waiting", run, reason });
    },
  };
}

/** Reports the output of one run, from where it stopped before. */
class OutputTail {
  #cursor: string | undefined;
  #of: string | undefined;
  #complete = false;

  constructor(
    private readonly context: RunsContext,
    private readonly onEvent: (event: RunEvent) => void,
  ) {}

  async pull(record: RunRecord, signal: AbortSignal): Promise<void> {
    const { run, submission } = record;
    if (run.infrastructureId === undefined || !isStreamed(submission)) return;
    if (this.#of !== run.infrastructureId) {
      this.#of = run.infrastructureId;
      this.#cursor = undefined;
      this.#complete = false;
    }
    if (this.#complete) return;
    const host = elsewhere(this.context, run);
    if (host !== undefined) return this.#refused(new UserError(logElsewhere(run, host)));
    const target = await this.context.target(record);
    try {
      for await (const page of newOutput(target, run.infrastructureId, this.#cursor, signal)) {
        for (const line of page.lines) this.onEvent({ kind: "log", line });
        this.#cursor = page.cursor;
        this.#complete = page.complete;
      }
    } catch (error) {
      this.#refused(error);
    }
  }

  /** A user who may run but not read the log still learns how the run ends. */
  #refused(error: unknown): void {
    if (!(error instanceof UserError)) throw error;
    this.#complete = true;
    this.onEvent({ kind: "warning", message: `the run's log is not shown: ${error.message}` });
  }

  async drain(record: RunRecord, signal: AbortSignal): Promise<void> {
    if (record.run.infrastructureId === undefined || !isStreamed(record.submission)) return;
    const until = Date.now() + LOG_DRAIN;
    for (;;) {
      await this.pull(record, signal);
      if (this.#complete || signal.aborted) return;
      if (Date.now() > until) {
        this.onEvent({ kind: "warning", message: "the last lines of the log are still missing: `pushpool logs` shows them later" });
        return;
      }
      await sleep(200, undefined, { signal }).catch(() => {});
    }
  }
}

/** Only that host has the files. */
export function logElsewhere({ id }: Run, host: string): string {
  return `it is on host ${host}: \`pushpool logs ${id}\` there shows it`;
}

/** Prefect's `stream_output`: with `false` the output is stored, but not shown while the run is going. */
function isStreamed({ request }: JsonObject): boolean {
  return (request as JsonObject | undefined)?.streamOutput !== false;
}

export async function mustRead(context: RunsContext, id: string): Promise<RunRecord> {
  const record = await context.ledger.read(id);
  if (!record) throw new Error(`run ${id} is not in the ledger`);
  return record;
}

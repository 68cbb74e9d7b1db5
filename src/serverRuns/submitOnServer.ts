import { setTimeout as sleep } from "node:timers/promises";
import type { RunRecord } from "../ledger";
import type { Run } from "../model/run";
import { nowAndAgain } from "../nowAndAgain";
import { readFlowRun, type ServerRun } from "../prefect/api/flowRuns";
import { readWorkPool, scheduledFlowRuns, type WorkPool } from "../prefect/api/workPools";
import type { Client } from "../prefect/client";
import type { RunEvent } from "../runs/runsContext";
import { whyElsewhere } from "../runs/whyWaiting";
import { contextMaker, type Shared } from "./contextMaker";
import type { Dispatching } from "./dispatching";
import { dispatchRun } from "./dispatchRun";
import { EndWatch, notSeen } from "./endWatch";
import { type DispatcherName, isOpenAttempt } from "./record";
import { ServerStates } from "./serverStates";
import { WorkerVoice } from "./workerVoice";

/** How often to ask for a run that the server holds back, in milliseconds. */
const HELD_PAUSE = 1_000;
const POLL = 2_000;
/** How long sending the last messages about a run may take, in milliseconds. */
const LAST_WORDS = 5_000;

export interface SubmitOnServer {
  client: Client;
  shared: Shared;
  dispatcher: DispatcherName;
  /** How long a cancelled run may take to end by itself, in seconds. */
  graceSeconds: number;
  show: (run: ServerRun) => Run;
  onEvent: (event: RunEvent) => void;
  signal: AbortSignal;
  /** It was sent to its cloud. */
  onSubmitted?: () => void;
  /** The server holds it back. */
  onHeld?: () => void;
}

/**
 * Submit a run that nobody else would submit, and watch it to its end: a run of a push pool on a self-hosted server. A run that the server
 * holds back (a pause, a limit) waits. A run that another dispatcher claims is left alone.
 */
export async function submitOnServer(id: string, parts: SubmitOnServer): Promise<void> {
  const { client, dispatcher, onEvent } = parts;
  const warn = nowAndAgain((message) => onEvent({ kind: "warning", message }));
  const voice = new WorkerVoice(client, dispatcher.name, warn, false);
  try {
    await submitWith(dispatchingOf(parts, voice, warn), id, parts);
  } finally {
    // Do not wait long for it, as Prefect's workers do not either.
    await voice.settled(AbortSignal.timeout(LAST_WORDS));
  }
}

async function submitWith(
  dispatching: Dispatching,
  id: string,
  { client, shared, show, onEvent, signal, onHeld }: SubmitOnServer,
): Promise<void> {
  const tellWaiting = nowAndAgain((reason, run: ServerRun) => onEvent({ kind: "waiting", run: show(run), reason }));
  for (let refusal: string | undefined; ; ) {
    const [run, kept] = await Promise.all([readFlowRun(client, id), shared.ledger.read(id)]);
    if (!run?.state || signal.aborted) return;
    if (!isTaken(run, kept)) {
      if (run.state.type !== "SCHEDULED" || run.work_pool_name === null) return;
      const pool = await readWorkPool(client, run.work_pool_name);
      if (!pool?.type.endsWith(":push") || client.connection.isCloud) return;
      if (refusal !== undefined || !(await isDue(client, run, pool))) {
        // Another dispatcher may have claimed it in that moment. Then nothing holds it back.
        if ((await readFlowRun(client, id))?.state?.type !== "SCHEDULED") continue;
        tellWaiting(whyHeld(run, pool, refusal), run);
        refusal = undefined;
        onHeld?.();
        await sleep(HELD_PAUSE, undefined, { signal }).catch(() => {});
        continue;
      }
    }
    const done = await dispatchRun(dispatching, run);
    if (done.kind === "left" && done.host !== undefined) tellWaiting(whyElsewhere(done.host), run);
    // It was scheduled for a retry: continue with the next attempt.
    if (done.kind === "left" || (done.kind === "ended" && done.state?.type !== "SCHEDULED")) return;
    // If a limit refused it, it waits. If another dispatcher has it, the next look shows that.
    refusal = done.kind === "refused" ? done.reason : undefined;
  }
}

/**
 * Whether this ledger has an attempt that must be brought to its end. The run may have ended on the server while nobody watched. Then it
 * must end in the ledger too. An attempt that is SCHEDULED in both places is still to begin.
 */
function isTaken(run: ServerRun, kept: RunRecord | undefined): boolean {
  if (kept === undefined || !isOpenAttempt(kept)) return false;
  return kept.run.state.type !== "SCHEDULED" || run.state?.type !== "SCHEDULED";
}

/** Whether the server offers it now. */
async function isDue(client: Client, { id, created, state }: ServerRun, pool: WorkPool): Promise<boolean> {
  client.clock.wrote(created);
  if (state) client.clock.wrote(state.timestamp);
  // The server writes microseconds. So look a millisecond ahead, or a run that is due right now would not be found.
  const due = await scheduledFlowRuns(client, pool.name, { before: new Date(client.clock.now() + 1) });
  return due.some((one) => one.id === id);
}

/** @param refusal why the server has just refused to start it */
function whyHeld({ state }: ServerRun, { name, is_paused: isPaused }: WorkPool, refusal: string | undefined): string {
  if (state?.name === "AwaitingConcurrencySlot") return "the concurrency limit of its deployment is reached";
  if (refusal !== undefined) return `the Prefect server does not let it start: ${refusal}`;
  const why = isPaused
    ? "is paused"
    : "does not let it start yet: its limits, its queue's pause, or the time that the run is scheduled for";
  return `work pool "${name}" ${why}`;
}

function dispatchingOf(
  { client, shared, dispatcher, graceSeconds, signal, onSubmitted }: SubmitOnServer,
  voice: WorkerVoice,
  warn: (message: string) => void,
): Dispatching {
  const states = new ServerStates(client, POLL, signal);
  return {
    client,
    dispatcher,
    startUp: "execute",
    stack: shared.stack,
    ledger: shared.ledger,
    contextOf: contextMaker(shared),
    ...(shared.poolsBeside ? { poolsBeside: shared.poolsBeside } : {}),
    watchOf: (target, workPool) => new EndWatch(target, signal, (error) => warn(notSeen(workPool, error))),
    untilState: (id, types, until) => states.until(id, types, until),
    graceSeconds,
    signal,
    tell: (event) => {
      if (event.kind === "trouble") warn(event.message);
      if (event.kind === "submitted") onSubmitted?.();
    },
    voice,
  };
}

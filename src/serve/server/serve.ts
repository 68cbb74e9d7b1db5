import { setTimeout as sleep } from "node:timers/promises";
import type { RunRecord } from "../../ledger";
import { readFlowRun, type ServerRun } from "../../prefect/api/flowRuns";
import { readWorkPool, scheduledFlowRuns, sendHeartbeat, type WorkPool } from "../../prefect/api/workPools";
import type { Client } from "../../prefect/client";
import { flowRunOf, listen, type PrefectEvent, workPoolOf } from "../../prefect/eventStream";
import { isServers, putBack } from "../../serverRuns/claim";
import { contextMaker, type Shared } from "../../serverRuns/context";
import type { DispatchEvent, Dispatched, Dispatching } from "../../serverRuns/dispatching";
import { dispatchRun } from "../../serverRuns/dispatchRun";
import { InfrastructureWatch } from "../../serverRuns/infrastructureWatch";
import { type DispatcherName, isOpen, type StartUp } from "../../serverRuns/record";
import { ServerStates } from "../../serverRuns/serverStates";
import { inOrder, Turns } from "../../serverRuns/turns";
import { WorkerVoice } from "../../serverRuns/workerVoice";
import { asPoolType } from "../../targets/pushType";
import type { Target } from "../../targets/target";
import { UserError } from "../../userError";

/** How often the server is asked although its events say nothing, in milliseconds. */
const POLL = 15_000;
const HEARTBEAT_SECONDS = 30;
/** How long a run rests that something went wrong with, in milliseconds. */
const TROUBLE_PAUSE = 5_000;
/** How long one rests that is not to be run from here, in milliseconds. */
const REFUSED_PAUSE = 1_000;
/** So many ended runs are watched over. */
const REMEMBERED = 1_000;

export type ServeEvent =
  | DispatchEvent
  | { kind: "listening" }
  | { kind: "deaf"; message: string }
  | { kind: "refused"; run: ServerRun; message: string }
  | { kind: "serverTrouble"; message: string };

export interface Serving {
  client: Client;
  /** The work pools to serve, by name. */
  pools: readonly string[];
  dispatcher: DispatcherName;
  shared: Shared;
  /** @default "execute" */
  startUp?: StartUp;
  /** @default 30 */
  graceSeconds?: number;
  /** Ends it: nothing more is begun, what is begun is brought to where another dispatcher can take it up. */
  signal: AbortSignal;
  /** Every pool can be served, and from now on is. */
  onReady?: () => void;
  onEvent?: (event: ServeEvent) => void;
  /** Hears the server's own events too. */
  onServerEvent?: (event: PrefectEvent) => void;
  /** How often the server is asked although nothing was heard, in milliseconds. @default 15,000 */
  pollMs?: number;
}

/**
 * Dispatch the runs of work pools that no one else submits: those of `…:push` types on a server of one's own, and hybrid ones in place of a
 * worker. Runs until `signal` fires.
 *
 * It hears of a run by the server's events, and asks for what is due: only in that answer do pauses, limits and priorities count.
 * @throws {UserError} if a pool is not there, is of a type that is not run here, or is Prefect Cloud's own to submit
 */
export async function serve(serving: Serving): Promise<void> {
  const { client, pools, signal, onEvent = () => {}, pollMs = POLL } = serving;
  const served: WorkPool[] = [];
  for (const pool of pools) served.push(await checkedPool(client, pool));
  serving.onReady?.();
  const trouble = (message: string) => onEvent({ kind: "serverTrouble", message });
  const voice = new WorkerVoice(client, serving.dispatcher.name, trouble);
  const stops = served.map((pool) => voice.started(pool));
  const states = new ServerStates(client, pollMs, signal);
  const watches = new Map<Target, InfrastructureWatch>();
  const parts: Dispatching = {
    client,
    dispatcher: serving.dispatcher,
    startUp: serving.startUp ?? "execute",
    stack: serving.shared.stack,
    ledger: serving.shared.ledger,
    contextOf: contextMaker(serving.shared),
    ...(serving.shared.poolsBeside ? { poolsBeside: serving.shared.poolsBeside } : {}),
    graceSeconds: serving.graceSeconds ?? 30,
    signal,
    tell: (event) => {
      if (event.kind === "trouble") voice.warn(event.run, event.message);
      onEvent(event);
    },
    voice,
    untilState: (id, types, until) => states.until(id, types, until),
    watchOf: (target) => {
      const watch = watches.get(target) ?? new InfrastructureWatch(target, signal, (error) => trouble((error as Error).message));
      watches.set(target, watch);
      return watch;
    },
  };
  const turns = new Turns();
  const active = new Map<string, Promise<void>>();
  const ended = new Map<string, RunRecord>();
  const begin = (run: ServerRun, readAt = Date.now()) => {
    if (signal.aborted || active.has(run.id)) return;
    const turn = turns.join(run.deployment_id ?? run.id);
    const over = dispatchRun({ ...parts, turn }, run, readAt)
      .finally(turn.done)
      .then(async (dispatched) => {
        told(dispatched, run);
        // Should the server go on giving it away all the same.
        if (dispatched.kind === "refused") await sleep(REFUSED_PAUSE, undefined, { signal }).catch(() => {});
      })
      .catch(async (error: Error) => {
        if (signal.aborted) return;
        onEvent({ kind: "trouble", run, message: error.message });
        // It comes again at once otherwise, for as long as the trouble lasts.
        await sleep(TROUBLE_PAUSE, undefined, { signal }).catch(() => {});
        return "again" as const;
      })
      .then((again) => {
        active.delete(run.id);
        // What was claimed is in no queue any more.
        if (again === "again") begin(run, 0);
        // It may have made room for another one.
        else lookEverywhere();
      });
    active.set(run.id, over);
  };
  const told = (dispatched: Dispatched, run: ServerRun) => {
    if (dispatched.kind === "refused") onEvent({ kind: "refused", run, message: dispatched.reason });
    if (dispatched.kind !== "ended" || !dispatched.record) return;
    ended.set(run.id, dispatched.record);
    const [oldest] = ended.keys();
    if (ended.size > REMEMBERED && oldest !== undefined) ended.delete(oldest);
  };
  // A proposal of ours that the network kept back until after the end has brought the run back to PENDING.
  const guardEnds = (event: PrefectEvent) => {
    const id = flowRunOf(event);
    const record = id === undefined || active.has(id) ? undefined : ended.get(id);
    if (record && event.resource["prefect.state-type"] === "PENDING") putBack(client, record).catch(() => {});
  };
  const queues = new Map(pools.map((pool) => [pool, new Queue(client, pool, begin, signal, onEvent)]));
  const lookEverywhere = () => {
    if (signal.aborted) return;
    for (const queue of queues.values()) queue.look();
  };

  for (const run of await unfinished(serving)) begin(run);
  const hearing = listen(client.connection, ["prefect.flow-run.", "prefect.work-pool.", "prefect.work-queue."], {
    signal,
    onOpen: () => {
      onEvent({ kind: "listening" });
      // The server takes a moment before it really listens on our behalf: what comes in between is in no event.
      for (const delay of [0, 500, 2_000]) setTimeout(lookEverywhere, delay).unref();
      states.ask().catch(() => {});
    },
    onLost: (message) => onEvent({ kind: "deaf", message }),
    onEvent: (event) => {
      states.hear(event);
      guardEnds(event);
      serving.onServerEvent?.(event);
      const pool = workPoolOf(event);
      const isNew = event.event.startsWith("prefect.flow-run.") && event.resource["prefect.state-type"] === "SCHEDULED";
      if (isNew) client.clock.wrote(event.occurred);
      if (isNew && pool !== undefined) queues.get(pool)?.look();
      else if (!event.event.startsWith("prefect.flow-run.")) lookEverywhere();
    },
  });
  lookEverywhere();
  for (let beat = 0; !signal.aborted; beat += pollMs) {
    if (beat % (HEARTBEAT_SECONDS * 1000) < pollMs) {
      for (const pool of pools) await sendHeartbeat(client, pool, serving.dispatcher.name, HEARTBEAT_SECONDS).catch(() => {});
    }
    await sleep(pollMs, undefined, { signal }).catch(() => {});
    lookEverywhere();
  }
  await hearing;
  await Promise.all(active.values());
  for (const stop of stops) stop();
  await voice.settled();
}

async function checkedPool(client: Client, name: string): Promise<WorkPool> {
  const pool = await readWorkPool(client, name);
  const at = client.connection.apiUrl;
  if (!pool) throw new UserError(`there is no work pool "${name}" at ${at}: \`pulumi up\` with prefect.register() makes it`, 5);
  asPoolType(pool.type, name);
  if (client.connection.isCloud && pool.type.endsWith(":push")) {
    throw new UserError(
      `work pool "${name}" is of type ${pool.type}, whose runs Prefect Cloud submits by itself: serve is for pools of hybrid types there, as ${pool.type.replace(/:push$/, "")}`,
    );
  }
  return pool;
}

/** What an earlier dispatcher of this ledger left unfinished, as the server has it now. */
async function unfinished({ client, shared: { ledger, stack } }: Serving): Promise<ServerRun[]> {
  const kept = await ledger.list({ stack, states: ["SCHEDULED", "PENDING", "RUNNING", "CANCELLING"], limit: 100_000 });
  const ours = kept.filter((record) => isServers(record) && isOpen(record));
  const runs: ServerRun[] = [];
  for (const { run } of ours) {
    const there = await readFlowRun(client, run.id);
    if (there) runs.push(there);
  }
  return runs;
}

/** The runs of one pool that are due: asked for again whenever something may have changed, never twice at a time. */
class Queue {
  #asking = false;
  #again = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly client: Client,
    private readonly pool: string,
    private readonly begin: (run: ServerRun) => void,
    private readonly signal: AbortSignal,
    private readonly onEvent: (event: ServeEvent) => void,
  ) {
    signal.addEventListener("abort", () => clearTimeout(this.#timer), { once: true });
  }

  look(): void {
    if (this.#asking) {
      this.#again = true;
      return;
    }
    void this.#ask();
  }

  async #ask(): Promise<void> {
    this.#asking = true;
    do {
      this.#again = false;
      try {
        await this.#take();
      } catch (error) {
        if (!this.signal.aborted) this.onEvent({ kind: "serverTrouble", message: (error as Error).message });
      }
    } while (this.#again && !this.signal.aborted);
    this.#asking = false;
  }

  async #take(): Promise<void> {
    const ahead = new Date(this.client.clock.now() + POLL);
    // Not cut short by the signal: a server on SQLite can keep its lock for a minute after a client that left.
    const found = await scheduledFlowRuns(this.client, this.pool, { before: ahead });
    const later: number[] = [];
    const now = this.client.clock.now();
    for (const run of inOrder(found, dueOf)) {
      const due = dueOf(run);
      if (due <= now) this.begin(run);
      else later.push(due - now);
    }
    clearTimeout(this.#timer);
    if (later.length > 0) this.#timer = setTimeout(() => this.look(), Math.min(...later));
  }
}

/** Not `expected_start_time`: that stays what it was when a run is put off. */
function dueOf({ next_scheduled_start_time: next, state, created }: ServerRun): number {
  return Date.parse(next ?? state?.state_details?.scheduled_time ?? created);
}

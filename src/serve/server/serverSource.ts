import { setTimeout as sleep } from "node:timers/promises";
import type { RunRecord } from "../../ledger";
import { readFlowRun, type ServerRun } from "../../prefect/api/flowRuns";
import { readWorkPool, sendHeartbeat, type WorkPool } from "../../prefect/api/workPools";
import type { Client } from "../../prefect/client";
import { flowRunOf, listen, type PrefectEvent, workPoolOf } from "../../prefect/eventStream";
import { ANSWERED, Listeners } from "../../runs/listeners";
import { isServers, putBack } from "../../serverRuns/claim";
import { contextMaker, type Shared } from "../../serverRuns/contextMaker";
import type { Dispatched, Dispatching, ServerRunEvent } from "../../serverRuns/dispatching";
import { dispatchRun } from "../../serverRuns/dispatchRun";
import { EndWatch, notSeen } from "../../serverRuns/endWatch";
import { type DispatcherName, isOpenAttempt, type StartUp } from "../../serverRuns/record";
import { ServerStates } from "../../serverRuns/serverStates";
import { Turns } from "../../serverRuns/turns";
import { WorkerVoice } from "../../serverRuns/workerVoice";
import { asPoolType } from "../../targets/pushType";
import type { Target } from "../../targets/target";
import { UserError } from "../../userError";
import type { Dispatcher } from "../dispatcher";
import type { Health } from "../endpoint";
import type { RunSource } from "../runSource";
import type { ReportedRun, ServeEvent } from "../serveEvents";
import { DueRuns, dueTimeOf } from "./dueRuns";
import { RunsInHand } from "./runsInHand";

/** How often to ask the server even without events, in milliseconds. */
const POLL = 15_000;
const HEARTBEAT_SECONDS = 30;
/** How long to leave a refused run alone, in milliseconds. */
const REFUSED_PAUSE = 1_000;
/** For how many ended runs to restore the end: see `#guardEnds`. */
const REMEMBERED = 1_000;
/** How long the API may be unreachable before the dispatcher counts as unhealthy, in milliseconds. */
const UNHEALTHY = 90_000;

export interface ServerSourceParts {
  client: Client;
  /** The work pools to serve, by name. */
  pools: readonly string[];
  dispatcher: Dispatcher;
  /** The dispatcher's name on the server. */
  name: DispatcherName;
  shared: Shared;
  /** @default "execute" */
  startUp?: StartUp;
  /** @default 30 */
  graceSeconds?: number;
  /** How often to ask the server even without events, in milliseconds. @default 15,000 */
  pollMs?: number;
}

/**
 * The source for a Prefect server. It takes the runs of work pools that nobody else submits: push pools (`…:push`) on a self-hosted server,
 * and hybrid pools instead of a worker.
 *
 * The server's events announce a run. Then the source asks for the runs that are due, because only that reply considers pauses, limits and
 * priorities.
 */
export class ServerSource implements RunSource {
  readonly pools: readonly string[];
  readonly of: string;
  readonly #dispatching: Dispatching;
  readonly #voice: WorkerVoice;
  readonly #states: ServerStates;
  readonly #due: ReadonlyMap<string, DueRuns>;
  readonly #turns = new Turns();
  readonly #inHand = new RunsInHand();
  readonly #listeners: Listeners;
  /** The latest runs that ended here, for `#guardEnds`. */
  readonly #ended = new Map<string, RunRecord>();
  readonly #pollMs: number;
  #stops: (() => void)[] = [];
  #hearing: Promise<void> = Promise.resolve();
  #heartbeatDue = 0;

  /** @throws {UserError} if a pool does not exist, has a type that cannot run here, or is submitted by Prefect Cloud itself */
  static async open(parts: ServerSourceParts): Promise<ServerSource> {
    const served: WorkPool[] = [];
    for (const pool of parts.pools) served.push(await checkedPool(parts.client, pool));
    return new ServerSource(parts, served);
  }

  private constructor(
    private readonly parts: ServerSourceParts,
    private readonly served: readonly WorkPool[],
  ) {
    const { client, pools, dispatcher, name, shared, startUp = "execute", graceSeconds = 30, pollMs = POLL } = parts;
    const { signal } = dispatcher;
    this.pools = pools;
    this.of = client.connection.apiUrl;
    this.#pollMs = pollMs;
    this.#listeners = shared.listeners ?? new Listeners(shared.warn);
    const onTrouble = (message: string) => dispatcher.tell({ kind: "serverTrouble", message });
    this.#voice = new WorkerVoice(client, name.name, onTrouble);
    this.#states = new ServerStates(client, pollMs, signal);
    this.#due = new Map(pools.map((pool) => [pool, new DueRuns(client, pool, (run) => this.#begin(run), signal, onTrouble)]));
    const watches = new Map<Target, EndWatch>();
    this.#dispatching = {
      client,
      dispatcher: name,
      startUp,
      stack: shared.stack,
      ledger: shared.ledger,
      contextOf: contextMaker({ ...shared, listeners: this.#listeners }),
      ...(shared.poolsBeside ? { poolsBeside: shared.poolsBeside } : {}),
      graceSeconds,
      signal,
      tell: (event) => this.#tell(event),
      voice: this.#voice,
      untilState: (id, types, until) => this.#states.until(id, types, until),
      watchOf: (target, workPool) => {
        const onError = (error: unknown) => dispatcher.tell({ kind: "trouble", message: notSeen(workPool, error) });
        const watch = watches.get(target) ?? new EndWatch(target, signal, onError);
        watches.set(target, watch);
        return watch;
      },
    };
  }

  async start(): Promise<void> {
    const { client, dispatcher, shared } = this.parts;
    this.#stops = this.served.map((pool) => this.#voice.started(pool));
    for (const run of await unfinished(client, shared)) this.#begin(run);
    this.#hearing = listen(client.connection, ["prefect.flow-run.", "prefect.work-pool.", "prefect.work-queue."], {
      signal: dispatcher.signal,
      onOpen: () => {
        dispatcher.tell({ kind: "listening" });
        // The server does not send events of the first moments. So look again a little later.
        for (const delay of [0, 500, 2_000]) setTimeout(() => this.#lookEverywhere(), delay).unref();
        this.#states.ask().catch(() => {});
      },
      onLost: (message) => dispatcher.tell({ kind: "deaf", message }),
      onEvent: (event) => this.#hear(event),
    });
  }

  /** Begins to ask, and does not wait for the replies: a slow pool delays no other pool. */
  async look(): Promise<number> {
    const now = Date.now();
    if (now >= this.#heartbeatDue) void this.#sendHeartbeats(now);
    this.#lookEverywhere();
    return Math.min(now + this.#pollMs, this.#heartbeatDue);
  }

  async close(): Promise<void> {
    await this.#hearing;
    for (const stop of this.#stops) stop();
    await this.#voice.settled();
  }

  inHand(): Record<string, number> {
    return this.#inHand.counts();
  }

  requests(): number {
    return this.parts.client.sent;
  }

  health(): Health {
    const { client } = this.parts;
    const silent = Date.now() - client.answeredAt;
    return {
      healthy: silent < UNHEALTHY,
      api: this.of,
      reaches: {
        "Prefect API": silent < UNHEALTHY ? ANSWERED : `no answer for ${Math.round(silent / 1000)} s`,
        ...this.#listeners.reaches(),
      },
      secondsSinceAnswer: Math.round(silent / 1000),
      workPools: this.pools,
      ...this.#inHand.counts(),
    };
  }

  #begin(run: ServerRun, readAt = Date.now()): void {
    const { dispatcher } = this.parts;
    if (dispatcher.signal.aborted || dispatcher.has(run.id)) return;
    const turn = this.#turns.join(run.deployment_id ?? run.id);
    const work = async () => {
      const dispatched = await dispatchRun({ ...this.#dispatching, turn }, run, readAt).finally(turn.done);
      this.#inHand.drop(run.id);
      this.#settled(dispatched, run);
      // The server may offer it again at once.
      if (dispatched.kind === "refused") await sleep(REFUSED_PAUSE, undefined, { signal: dispatcher.signal }).catch(() => {});
    };
    // A claimed run is in no queue any more: the server does not offer it again.
    dispatcher.begin(reported(run), work, () => this.#begin(run, 0));
  }

  #settled(dispatched: Dispatched, run: ServerRun): void {
    if (dispatched.kind === "refused") this.parts.dispatcher.tell({ kind: "refused", run: reported(run), message: dispatched.reason });
    if (dispatched.kind !== "ended" || !dispatched.record) return;
    this.#ended.set(run.id, dispatched.record);
    const [oldest] = this.#ended.keys();
    if (this.#ended.size > REMEMBERED && oldest !== undefined) this.#ended.delete(oldest);
  }

  #tell(event: ServerRunEvent): void {
    const { dispatcher, client } = this.parts;
    if (event.kind === "trouble") this.#voice.warn(event.run, event.message);
    this.#inHand.tell(event);
    dispatcher.tell(asReported(event, client.clock.now()));
  }

  #hear(event: PrefectEvent): void {
    this.#states.hear(event);
    this.#guardEnds(event);
    this.#inHand.hear(event);
    const pool = workPoolOf(event);
    const isNew = event.event.startsWith("prefect.flow-run.") && event.resource["prefect.state-type"] === "SCHEDULED";
    if (isNew) this.parts.client.clock.wrote(event.occurred);
    if (isNew && pool !== undefined) this.#due.get(pool)?.look();
    else if (!event.event.startsWith("prefect.flow-run.")) this.#lookEverywhere();
  }

  /** The network may deliver a proposal of ours after the run's end, which sets the run back to PENDING. Restore the end. */
  #guardEnds(event: PrefectEvent): void {
    const id = flowRunOf(event);
    const record = id === undefined || this.parts.dispatcher.has(id) ? undefined : this.#ended.get(id);
    if (record && event.resource["prefect.state-type"] === "PENDING") putBack(this.parts.client, record).catch(() => {});
  }

  #lookEverywhere(): void {
    if (this.parts.dispatcher.signal.aborted) return;
    for (const due of this.#due.values()) due.look();
  }

  /** While the server is unreachable, requests are repeated automatically. More requests would only pile up. */
  async #sendHeartbeats(now: number): Promise<void> {
    const { client, name } = this.parts;
    this.#heartbeatDue = Number.POSITIVE_INFINITY;
    for (const pool of this.pools) await sendHeartbeat(client, pool, name.name, HEARTBEAT_SECONDS).catch(() => {});
    this.#heartbeatDue = now + HEARTBEAT_SECONDS * 1000;
  }
}

function reported({ id, name, work_pool_name: workPool }: ServerRun): ReportedRun {
  return { id, name, workPool };
}

/** @param now by the server's clock, in milliseconds since the epoch */
function asReported(event: ServerRunEvent, now: number): ServeEvent {
  const run = reported(event.run);
  switch (event.kind) {
    case "submitted": {
      const due = Math.max(dueTimeOf(event.run), Date.parse(event.run.created));
      return { kind: "submitted", run, infrastructureId: event.infrastructureId, seconds: Math.max(0, now - due) / 1000 };
    }
    case "ended":
      return { kind: "ended", run, state: event.state, ...(event.message ? { message: event.message } : {}) };
    case "trouble":
      return { kind: "trouble", run, message: event.message };
    default:
      return { kind: event.kind, run };
  }
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

/** Read the runs that an earlier dispatcher of this ledger left unfinished, as the server has them now. */
async function unfinished(client: Client, { ledger, stack }: Shared): Promise<ServerRun[]> {
  const kept = await ledger.list({ stack, states: ["SCHEDULED", "PENDING", "RUNNING", "CANCELLING"], limit: 100_000 });
  const ours = kept.filter((record) => isServers(record) && isOpenAttempt(record));
  const runs: ServerRun[] = [];
  for (const { run } of ours) {
    const there = await readFlowRun(client, run.id);
    if (there) runs.push(there);
  }
  return runs;
}

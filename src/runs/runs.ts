import type { Json } from "../json";
import type { RunRecord } from "../ledger";
import type { Run, State, StateType } from "../model/run";
import type { LogLine } from "../targets/target";
import { type Created, createRun, planRun, type RunPlan } from "./create";
import { elsewhere } from "./elsewhere";
import { findRun } from "./find";
import { type Following, follow, type Starting, startOnce, submitOnce } from "./follow";
import { cleanUp, notSeenToEnd, observe, observeWherePossible } from "./observe";
import { openContext, type RunsParts } from "./openContext";
import type { RunRequest } from "./plan";
import { type PoolLeftovers, removeLeftovers } from "./poolLeftovers";
import { readLogs } from "./readLogs";
import { retry } from "./retryRun";
import type { Watching } from "./runsContext";
import { type Cancelling, cancel, checkCancel } from "./stop";
import { stopUnrecorded, type Unrecorded, type UnrecordedRun } from "./stopUnrecorded";
import { masked } from "./storedSecrets";

/** The runs of one workspace. The CLI and the trigger module are thin layers over it. Every method may throw a `UserError`. */
export interface Runs {
  /** What a request would record and send, without doing it. */
  planRun(request: RunRequest): Promise<RunPlan>;
  /** Check, render and record. Nothing is sent. `created` is false if an idempotency key returned an earlier run. */
  createRun(request: RunRequest): Promise<Created>;
  /** `createRun` and `submitRun` in one step, with one write less. */
  startRun(request: RunRequest, starting?: Starting): Promise<Run>;
  /** Try to submit once. A run that must wait stays SCHEDULED. */
  submitRun(id: string, watching?: Watching): Promise<Run>;
  /** Submit if necessary, and watch until the end; see {@link follow}. */
  followRun(id: string, following?: Following): Promise<Run>;
  cancelRun(id: string, cancelling?: Cancelling): Promise<Run>;
  /** Change nothing. @throws {UserError} if `cancelRun` would refuse the run, although it has not ended */
  checkCancel(id: string): Promise<void>;
  /** Stop the infrastructure of a run that this ledger does not have. */
  stopUnrecorded(run: UnrecordedRun): Promise<Unrecorded>;
  /** The host of a run's processes, for messages, if they are not in reach from here; only in a ledger that several machines share. */
  elsewhere(run: Run): string | undefined;
  /** Start another attempt: SCHEDULED; `followRun` then submits it. */
  retryRun(id: string): Promise<Run>;
  /** Look and record; it submits and stops nothing. */
  observeRuns(runs: Run[]): Promise<Run[]>;
  /** The runs whose infrastructure is not known to have ended. It records nothing. */
  notSeenToEnd(runs: readonly Run[]): Promise<Run[]>;
  /** @param options.onLine may return a promise: the next line of the ledger's own runs waits for it */
  readLogs(id: string, options: { follow?: boolean; signal?: AbortSignal; onLine: (line: LogLine) => unknown }): Promise<Run>;
  /** By full id; `undefined` if it is not in this ledger. */
  readRun(id: string): Promise<Run | undefined>;
  /** Release a run's idempotency key: the next request with it gets a new run. */
  releaseKey(id: string): Promise<void>;
  /** Note that the run belongs to whoever requested it. */
  handOver(id: string): Promise<void>;
  isHandedOver(id: string): Promise<boolean>;
  /** By id, unique prefix, or name. */
  findRun(ref: string): Promise<Run>;
  /** Newest first; of this stack unless `allStacks`; observed. @param limit default 50 */
  listRuns(filter?: { limit?: number; states?: StateType[]; deployment?: string; pool?: string; allStacks?: boolean }): Promise<Run[]>;
  showRun(id: string): Promise<{ run: Run; transitions: (State & { attempt: number })[]; submission: Json }>;
  /**
   * While `work` runs, `onEvent` gets notices about retries of the Prefect API. {@link createRun} and other methods without events wait for
   * it too.
   */
  listening<T>(onEvent: Watching["onEvent"], work: () => Promise<T>): Promise<T>;
  /** The runs of this stack whose infrastructure may be running; observed. */
  inFlight(): Promise<Run[]>;
  /** Remove what this stack's runs created in the clouds. @throws {UserError} without a manifest */
  removeLeftovers(signal: AbortSignal): Promise<PoolLeftovers[]>;
  close(): Promise<void>;
}

/** Open the runs of a ledger, to submit and watch them from here. */
export function runsOver(parts: RunsParts): Runs {
  const context = openContext(parts);
  const { ledger, stack } = context;
  const look = async (records: RunRecord[]) => (await observeWherePossible(context, records)).map(({ run }) => run);

  return {
    planRun: (request) => planRun(context, request),
    createRun: (request) => createRun(context, request),
    startRun: (request, starting) => startOnce(context, request, starting),
    submitRun: (id, watching) => submitOnce(context, id, watching),
    followRun: (id, following) => follow(context, id, following),
    cancelRun: (id, cancelling) => cancel(context, id, cancelling),
    checkCancel: (id) => checkCancel(context, id),
    elsewhere: (run) => elsewhere(context, run),
    stopUnrecorded: (run) => stopUnrecorded(context, run),
    retryRun: async (id) => {
      const record = await ledger.read(id);
      if (record) await cleanUp(context, record);
      return (await retry(context, id)).run;
    },
    observeRuns: async (runs) => {
      const records = await Promise.all(runs.map(({ id }) => ledger.read(id)));
      return look(records.filter((record) => record !== undefined));
    },
    notSeenToEnd: async (runs) => {
      const records = await Promise.all(runs.map(({ id }) => ledger.read(id)));
      return (
        await notSeenToEnd(
          context,
          records.filter((record) => record !== undefined),
        )
      ).map(({ run }) => run);
    },
    readLogs: (id, options) => readLogs(context, id, options),
    readRun: async (id) => (await ledger.read(id))?.run,
    releaseKey: async (id) => {
      for (;;) {
        const record = await ledger.read(id);
        if (record?.run.idempotencyKey === undefined) return;
        if (await ledger.change(id, record.run.version, { idempotencyKey: null })) return;
      }
    },
    handOver: async (id) => void (await ledger.swapNote(handedOver(id), undefined, "yes")),
    isHandedOver: async (id) => (await ledger.readNote(handedOver(id))) !== undefined,
    findRun: async (ref) => (await findRun(context, ref)).run,
    listRuns: async ({ limit, states, deployment, pool, allStacks = false } = {}) =>
      look(
        await ledger.list({
          ...(allStacks || stack === undefined ? {} : { stack }),
          ...(states ? { states } : {}),
          ...(deployment === undefined ? {} : { deployment }),
          ...(pool === undefined ? {} : { workPool: pool }),
          ...(limit === undefined ? {} : { limit }),
        }),
      ),
    showRun: async (id) => {
      const found = await findRun(context, id);
      const [{ run, submission } = found] = await observe(context, [found]);
      return { run, transitions: await ledger.transitions(id), submission: masked(submission) };
    },
    listening: (onEvent, work) => context.listeners.during(onEvent, undefined, work),
    inFlight: async () => {
      const states: StateType[] = ["PENDING", "RUNNING", "CANCELLING"];
      const seen = await look(await ledger.list({ ...(stack === undefined ? {} : { stack }), states, limit: 10_000 }));
      return seen.filter(({ state }) => states.includes(state.type));
    },
    removeLeftovers: (signal) => removeLeftovers(context, signal),
    close: async () => {
      await context.tidying.close();
      await context.lease.close();
      ledger.close();
    },
  };
}

/** The key of the note that a run was handed over. */
function handedOver(id: string): string {
  return `handed-over/${id}`;
}

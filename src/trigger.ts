/**
 * `pushpool/trigger`: run, watch and cancel flow runs from a program of your own. It loads nothing of Pulumi.
 *
 * ```ts
 * import { openTrigger } from "pushpool/trigger";
 *
 * const trigger = openTrigger({ stack: "prod" });
 * const run = await trigger.run("hello/prod", { parameters: { name: "Ada" }, onEvent: console.log });
 * console.log(run.state.type);
 * await trigger.close();
 * ```
 */
import pLimit from "p-limit";
import { numberOf } from "./exactNumber";
import { keepHeapSmall } from "./heapShape";
import { isJsonObject, type Json, type JsonObject } from "./json";
import type { Cancelling, Following, Run, RunRequest, Runs } from "./runs";
import { openWorkspace } from "./workspace";
import { openRuns } from "./workspaceRuns";

export type { Outcome } from "./model/outcome";
/** @deprecated The record of a run is a `Run`. A `FlowRun` is the resource that a Pulumi program declares. */
export type { Run as FlowRun, RunEvent, Watching } from "./runs";
export {
  type Cancelling,
  exitCodeOf,
  exitCodeOfCommand,
  type Following,
  isTerminal,
  type Run,
  type State,
  type StateType,
} from "./runs";
export type { LogLine } from "./targets/target";
export { UserError } from "./userError";

/** Where runs are made from; everything has the CLI's defaults. */
export interface TriggerOptions {
  /** As `-C`. @default the current directory */
  cwd?: string;
  /** As `--stack`. @default the selected stack */
  stack?: string;
  /** As `--manifest`: a file. @default the stack's */
  manifest?: string;
  /** @default `process.env` */
  env?: NodeJS.ProcessEnv;
}

/** JSON, with whole numbers of any size as `bigint`. */
export type Given = { [key: string]: GivenValue };
type GivenValue = Json | bigint | GivenValue[] | Given;

/** What a run gets in addition to its deployment's own; as the flags of `pushpool run`. */
export interface RunOptions {
  /** A whole number beyond 2^53 is given as a `bigint`, as `{ id: 9007199254740993n }`. */
  parameters?: Given;
  jobVariables?: Given;
  tags?: string[];
  name?: string;
  idempotencyKey?: string;
  /** The work pool of this run and its later attempts. @default the deployment's */
  pool?: string;
  /** `"ambient"`: your own cloud login, not the work pool's credentials. */
  credentials?: "ambient";
}

/** Runs of one workspace. */
export interface Trigger {
  /**
   * Submit a run of `FLOW/DEPLOYMENT` and watch it to its end.
   * @returns the run as it ended; read `state`: a failed run does not throw
   * @throws {UserError} on bad input (nothing was sent), or if it was refused
   */
  run(deployment: string, options?: RunOptions & Following): Promise<Run>;
  /** Submit and return at once. A run that something holds stays SCHEDULED: `watch` submits it when it may go. */
  submit(deployment: string, options?: RunOptions): Promise<Run>;
  /** Watch a run, by id, unique prefix or name, to its end. */
  watch(run: string, following?: Following): Promise<Run>;
  /** Stop a run for real and wait until it has stopped. */
  cancel(run: string, cancelling?: Cancelling): Promise<Run>;
  /** Let go of the ledger. */
  close(): Promise<void>;
}

/** With every `bigint` as a number that keeps its digits. */
function exact<T extends Given | undefined>(given: T): T extends undefined ? undefined : JsonObject {
  const read = (value: GivenValue): Json => {
    if (typeof value === "bigint") return numberOf(String(value));
    if (Array.isArray(value)) return value.map(read);
    return isPlainObject(value) ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, read(inner)])) : (value as Json);
  };
  return (given === undefined ? undefined : read(given as Given)) as T extends undefined ? undefined : JsonObject;
}

/** A `Date` or another instance knows its own JSON. */
function isPlainObject(value: GivenValue): value is Given {
  return isJsonObject(value) && (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null);
}

/** Runs that are looked up at a time. */
const BEGUN_AT_A_TIME = 50;

/** Watched at a time, so many runs make garbage faster than node's heap should grow for. */
const MANY = 1_000;

/** Open the trigger of a workspace. Close it when done: it holds the ledger open. */
export function openTrigger({ manifest, ...place }: TriggerOptions = {}): Trigger {
  const workspace = openWorkspace({ ...place, create: true });
  let opened: Promise<Runs> | undefined;
  const open = () => {
    opened ??= openRuns({ workspace, ...(manifest === undefined ? {} : { manifest }) });
    // After a failure, the next call tries again.
    opened.catch(() => {
      opened = undefined;
    });
    return opened;
  };
  const requestOf = (
    deployment: string,
    { parameters, jobVariables, tags, name, idempotencyKey, pool, credentials }: RunOptions,
  ): RunRequest => ({
    deployment,
    parameters: exact(parameters),
    jobVariables: exact(jobVariables),
    tags,
    name,
    idempotencyKey,
    workPool: pool,
    credentials,
  });
  const create = async (request: RunRequest) => (await (await open()).createRun(request)).run.id;
  // Thousands that begin together take the memory of a few.
  const begin = pLimit(BEGUN_AT_A_TIME);
  let watched = 0;
  const follow = async (id: Promise<string>, following?: Following): Promise<Run> => {
    watched += 1;
    if (watched === MANY) keepHeapSmall();
    try {
      return await (await open()).followRun(await id, following);
    } finally {
      watched -= 1;
    }
  };
  return {
    run: async (deployment, options = {}) =>
      (await open()).listening(options.onEvent, () => follow(create(requestOf(deployment, options)), options)),
    submit: async (deployment, options = {}) => (await open()).startRun(requestOf(deployment, options)),
    watch: async (run, following) => {
      const runs = await open();
      return runs.listening(following?.onEvent, () =>
        follow(
          begin(async () => (await runs.findRun(run)).id),
          following,
        ),
      );
    },
    cancel: async (run, cancelling) => {
      const runs = await open();
      return runs.listening(cancelling?.onEvent, async () => runs.cancelRun((await runs.findRun(run)).id, cancelling));
    },
    close: async () => (await opened)?.close(),
  };
}

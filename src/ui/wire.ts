import type { Outcome } from "../model/outcome";
import type { State, StateType } from "../model/run";

export type { Outcome, State, StateType };

/** JSON as `JSON.parse` returns it in a browser. */
export type Json = null | boolean | number | string | Json[] | JsonObject;
export type JsonObject = { [key: string]: Json };

/**
 * What the server of `pushpool ui` and its page say to each other: types only, which both import. Every path is under `/api`. Bodies are
 * JSON. Times are ISO 8601, UTC. No answer contains a credential: a secret is shown as `[secret]`.
 *
 * | request                                | answer                                            |
 * | -------------------------------------- | ------------------------------------------------- |
 * | `GET /api/stack`                       | {@link StackInfo}                                 |
 * | `GET /api/runs?…`                      | {@link RunsPage}, for {@link RunsQuery}           |
 * | `GET /api/strip?…`                     | {@link Strip}, for {@link RunsFilter}             |
 * | `GET /api/live`                        | events {@link LiveEvents}                         |
 * | `PUT /api/live/SESSION`                | 204, for {@link LiveView}                         |
 * | `POST /api/runs`                       | 201 {@link RunCreated}, for {@link NewRunRequest} |
 * | `POST /api/runs/check`                 | {@link RunChecked}, for {@link NewRunRequest}     |
 * | `GET /api/runs/ID`                     | {@link RunDetail}                                 |
 * | `GET /api/runs/ID/live`                | events {@link RunEvents}                          |
 * | `GET /api/runs/ID/logs?from=N`         | events {@link LogEvents}                          |
 * | `GET /api/runs/ID/logs.txt`            | the log as a text file                            |
 * | `POST /api/runs/ID/cancel`             | {@link RunAnswer}                                 |
 * | `POST /api/runs/ID/retry`              | {@link RunAnswer}                                 |
 * | `GET /api/deployments`                 | {@link DeploymentList}                            |
 * | `GET /api/deployments/FLOW/NAME`       | {@link DeploymentDetail}                          |
 * | `GET /api/pools`                       | {@link PoolList}                                  |
 * | `POST /api/pools/NAME/pause`, `resume` | {@link PoolAnswer}                                |
 *
 * Anything that fails answers {@link Problem}, with a status of 400 or higher.
 *
 * Over HTTP/1.1 a browser opens six connections to one host at most, for all its tabs. A page therefore closes its streams while it is hidden,
 * and holds at most two at a time.
 */
export interface Problem {
  /** One message that names the field and the fix. */
  message: string;
  /** Which fields of the body are wrong; `message` covers all of them. */
  fields?: FieldProblem[];
  /** With which the same command would end: 2 for a mistake in the request, 5 if a cloud, a server or the ledger does not answer, … */
  exitCode: number;
}

export interface FieldProblem {
  /** RFC 6901 pointer into the body, such as `/parameters/name`. */
  path: string;
  message: string;
}

/** What the head of the page shows. */
export interface StackInfo {
  /** `<project>/<stack>`; null: no stack, all runs of the ledger are shown. */
  stack: string | null;
  /** Version of pushpool. */
  version: string;
  /** Where the runs are stored: a path or an address without credentials. */
  ledger: string;
  /** The Prefect API of the stack's manifest. */
  server?: ServerInfo;
  /** Why nothing can be created, cancelled or retried here, such as a manifest that cannot be read; absent: it can. */
  readOnly?: string;
}

export interface ServerInfo {
  /** Address of its API, without credentials. */
  url: string;
  /** Address of Prefect's own pages; null if the server names none. */
  uiUrl: string | null;
  /** Why the server does not answer; its runs are then as the ledger last saw them. Absent: it answers. */
  unreachable?: string;
}

/** One run in a list. */
export interface RunRow {
  /** A UUID. */
  id: string;
  name: string;
  /** `<project>/<stack>` */
  stack: string;
  /** `<flow name>/<deployment name>` */
  deployment: string;
  workPool: string;
  workQueue: string;
  tags: string[];
  /** From 1. */
  attempt: number;
  state: State;
  createdAt: string;
  /** When the current attempt's infrastructure was first seen running. */
  startedAt?: string;
  endedAt?: string;
  outcome?: Outcome;
  /** The machine whose processes run it; only of a `process:push` run in a ledger that several machines share. */
  host?: string;
  /** Increases with every change. Of two rows with one id, the higher version is the newer one. */
  version: number;
  /** Who owns its states. */
  on: "ledger" | "server";
  /** The run on Prefect's own page. */
  prefectUrl?: string;
}

/** Query string of a filter; all given fields must match. */
export interface RunsFilter {
  /** `state=RUNNING&state=PENDING`: any of them. */
  state?: StateType[];
  deployment?: string;
  pool?: string;
  tag?: string;
  /** Created at this time or later: ISO 8601. */
  since?: string;
  /** Created before this time: ISO 8601. */
  until?: string;
  /** Part of the run's name, the deployment, or the start of its id; case does not matter. */
  text?: string;
  /** Also the runs of other stacks in this ledger. @default false */
  allStacks?: boolean;
}

/** Query string of a page of runs. */
export interface RunsQuery extends RunsFilter {
  /** Only runs up to this one, the newest of an earlier page. Offsets then stay the same while new runs arrive. */
  upTo?: string;
  /** @default 0 */
  offset?: number;
  /** At most 200. @default 100 */
  limit?: number;
}

export interface RunsPage {
  /** Newest first. */
  runs: RunRow[];
  /** How many runs match, up to `upTo`. */
  total: number;
  /** Anchor for the next pages: the given one, else the newest run that matches; null if there is none. */
  upTo: string | null;
}

/** Counts of runs by state over the last day, by the time of their creation. */
export interface Strip {
  from: string;
  to: string;
  bucketSeconds: number;
  /** Every bucket, oldest first. */
  buckets: StripBucket[];
}

export interface StripBucket {
  /** Its start. */
  at: string;
  counts: Partial<Record<StateType, number>>;
}

/** What the page shows now: what the events of its session are about. */
export interface LiveView {
  /** The runs that are shown, at most 200. */
  ids: string[];
  filters: RunsFilter;
  /** The newest run that the page knows: `new` has the ones after it. null: every run is new. */
  newest: string | null;
}

/** Server-sent events of `GET /api/live`, by their name. After a reconnect, the page sends its view again and fetches what it shows. */
export interface LiveEvents {
  /** First event: the address for `PUT /api/live/SESSION`. */
  hello: { session: string };
  /** Shown runs that changed. */
  runs: { runs: RunRow[] };
  /** Runs that match the filters and are newer than `newest`, newest first, at most 100; `total` counts all that match. */
  new: { runs: RunRow[]; total: number };
  /** The strip changed: fetch it again. */
  strip: Record<string, never>;
  /** The server of the runs is unreachable, or answers again (`null`). */
  server: { unreachable: string | null };
}

/** In this order. A run may skip some of them. */
export type PhaseName = "queued" | "submitted" | "provisioning" | "starting" | "running" | "stopping";

/** One phase of an attempt. */
export interface Phase {
  name: PhaseName;
  from: string;
  /** null: it continues. */
  to: string | null;
  /** Why it took its time, such as a full work pool. */
  waitedFor?: string;
}

/** One attempt of a run, with all that was sent for it. */
export interface Attempt {
  /** From 1. */
  number: number;
  /** Oldest first. */
  states: State[];
  phases: Phase[];
  /** The resolved job configuration, as stored; secrets are `[secret]`. null if the ledger does not have it. */
  submission: Json;
  /** The requests that the cloud gets, in order; secrets are `[secret]`. */
  requests: SentRequest[];
  infrastructureId?: string;
  /** The infrastructure on the cloud's own page. */
  consoleUrl?: string;
}

export interface SentRequest {
  /** The call, such as `RunTask`. */
  call: string;
  body: Json;
}

/** All of one run. */
export interface RunDetail extends RunRow {
  parameters: JsonObject;
  jobVariables: JsonObject;
  /** Both as JSON texts with their numbers' exact digits, which a browser's `JSON.parse` may lose: for an editor, and to send again. */
  texts: { parameters: string; jobVariables: string };
  idempotencyKey?: string;
  infrastructureId?: string;
  consoleUrl?: string;
  /** null: unknown, or it has not ended. */
  exitCode: number | null;
  /** The work pool's type, such as `ecs:push`. */
  poolType: string;
  /** The place of the flow's code, such as `flows/hello.py:hello`; null if the command is not a flow's. */
  entrypoint: string | null;
  /** Oldest first; the last one is the current one. */
  attempts: Attempt[];
  commands: RunCommands;
  can: RunActions;
  /** What the run waits for now. */
  waitingFor?: string;
}

/** Lines for a shell that do the same, quoted. */
export interface RunCommands {
  show: string;
  logs: string;
  /** The same run again, with its parameters and job variables. */
  run: string;
  cancel?: string;
  retry?: string;
}

export interface RunActions {
  cancel: boolean;
  retry: boolean;
  runAgain: boolean;
}

/** Server-sent events of `GET /api/runs/ID/live`. The first one is `run`. */
export interface RunEvents {
  run: RunDetail;
  /** Something that delays the run, such as a cloud that does not answer. */
  notice: { text: string };
  /** The run has ended. The page closes the stream. */
  end: Record<string, never>;
}

export interface LogRow {
  /** Its place in this log, from 0. */
  n: number;
  /** When it was written; null if unknown. */
  at: string | null;
  /** As the run wrote it, with its ANSI codes; to be shown as text only. */
  text: string;
  stderr: boolean;
}

/** Server-sent events of `GET /api/runs/ID/logs`. The id of `lines` is the `n` after them, which `Last-Event-ID` sends back. */
export interface LogEvents {
  lines: { lines: LogRow[] };
  /** Lines that are not shown: the page asked for older ones than the server has. `logs.txt` has all of them. */
  gap: { from: number; to: number };
  /** Something about the log, such as a log service that is late. */
  notice: { text: string };
  /** The log is complete. The page closes the stream. */
  end: Record<string, never>;
}

/** A new run, as `pushpool run` takes it. */
export interface NewRunRequest {
  /** `<flow name>/<deployment name>` */
  deployment: string;
  /** @default {} */
  parameters?: JsonObject;
  /** @default {} */
  jobVariables?: JsonObject;
  /** @default [] */
  tags?: string[];
  name?: string;
  idempotencyKey?: string;
  /** Another work pool than the deployment's. */
  workPool?: string;
}

export interface RunCreated {
  run: RunRow;
  /** false: the idempotency key returned an earlier run. */
  created: boolean;
  warnings: string[];
}

export interface RunChecked {
  warnings: string[];
}

export interface RunAnswer {
  run: RunRow;
}

/** A recent run of a deployment, for a strip. */
export interface RecentRun {
  id: string;
  name: string;
  state: State;
  createdAt: string;
  startedAt?: string;
  endedAt?: string;
}

export interface DeploymentRow {
  /** `<flow name>/<deployment name>` */
  name: string;
  workPool: string;
  /** Whether its schedules are paused. Absent: it has none. */
  paused?: boolean;
  /** How many schedules it has. */
  schedules: number;
  /** The next time of an active schedule. */
  nextRun?: string;
  /** Newest first, at most 30. */
  lastRuns: RecentRun[];
  /** Where it is defined. */
  from: "pulumi" | "prefect.yaml" | "server";
  /** Why it cannot run. */
  error?: string;
}

export interface DeploymentList {
  deployments: DeploymentRow[];
  /** Why some are missing, such as a server that does not answer. */
  notice?: string;
}

export interface DeploymentDetail extends DeploymentRow {
  /** What is declared, as `pushpool deployments --json` shows it; secrets are `[secret]`. */
  definition: JsonObject;
  /** JSON schema of the parameters; null if there is none: then any object. */
  parameterSchema: JsonObject | null;
  /** The deployment's own parameters, which a run inherits. */
  defaults: JsonObject;
  tags: string[];
  scheduleList: ScheduleInfo[];
  /** Newest first, at most 50. */
  recentRuns: RecentRun[];
  /** The job variables that its work pool takes. */
  poolVariables: PoolVariable[];
  /** Its page on Prefect's own pages. */
  prefectUrl?: string;
  commands: { run: string };
}

export interface ScheduleInfo {
  /** In words, such as `every day at 07:00 (Europe/Berlin)` or the cron expression. */
  description: string;
  active: boolean;
  /** The next times, at most 5; empty if it is not active or has ended. */
  next: string[];
}

export interface PoolVariable {
  name: string;
  /** Of the pool's template, or null. */
  title: string | null;
  description: string | null;
  /** The value without a job variable, as the deployment and the pool set it; secrets are `[secret]`. Absent: none. */
  default?: Json;
  /** JSON schema of its value. */
  schema: JsonObject;
  /** The deployment's own value; absent: it sets none. */
  ofDeployment?: Json;
}

export interface PoolRow {
  name: string;
  /** Such as `ecs:push`. */
  type: string;
  region: string | null;
  network: string | null;
  paused: boolean;
  /** Where it is paused, such as `in the program (paused: true of work pool batch)`; absent if it is not. */
  pausedBy?: string;
  /** Whether the page can pause and resume it. */
  pausable: boolean;
  /** `limit` null: none. */
  slots: { used: number; limit: number | null };
  queues: QueueRow[];
  credentials: PoolCredentials | null;
  /** The last refusal of its cloud, with the fix; absent after the next success. */
  lastError?: { at: string; message: string };
  /** The work pool on Prefect's own pages. */
  prefectUrl?: string;
  /** Why its facts are incomplete. */
  error?: string;
}

export interface QueueRow {
  name: string;
  /** Lower is earlier. Absent: the ledger has none. */
  priority?: number;
  paused: boolean;
  used: number;
  limit: number | null;
}

/** How a pool signs in. */
export interface PoolCredentials {
  /** Such as `AwsCredentials`, or `ambient`: whatever this machine's environment has. */
  kind: string;
  /** The credentials block, if there is one. */
  block?: string;
  /** When they were created, if pushpool knows. */
  createdAt?: string;
  /** Their age in seconds. */
  age?: number;
}

export interface PoolList {
  pools: PoolRow[];
  notice?: string;
}

export interface PoolAnswer {
  pool: PoolRow;
}

import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { Json } from "../json";
import { readJson } from "../jsonText";
import { isTerminal, type Run, type State } from "../model/run";
import { createFlowRun, filterFlowRuns, proposeState, readFlowRun, readStates, type ServerRun } from "../prefect/api/flowRuns";
import type { Client } from "../prefect/client";
import { isRefusal } from "../prefect/prefectRefusal";
import type { RunPlan } from "../runs/create";
import type { Following } from "../runs/follow";
import type { RunRequest } from "../runs/plan";
import type { RunEvent } from "../runs/runsContext";
import { oneLine } from "../shown";
import type { LogLine } from "../targets/target";
import { UserError } from "../userError";
import { contextMaker, type Shared } from "./contextMaker";
import { findServerRun } from "./findServerRun";
import { followOnServer, shownRun, shownState, tellLog } from "./followOnServer";
import { readJob } from "./job";
import { NotOnServer } from "./notOnServer";
import { createOnNamedPool, refuseOtherPool } from "./onNamedPool";
import { planServerJob } from "./record";
import { resolveOnServer } from "./resolveOnServer";
import { type SubmitOnServer, submitOnServer } from "./submitOnServer";

export interface ServerRunsParts {
  client: Client;
  shared: Shared;
  /** How long a cancelled run may take to end by itself, in seconds. @default 30 */
  graceSeconds?: number;
}

/** The runs of a Prefect server. The server keeps their states. This process submits the runs that nobody else would submit. */
export class ServerRuns {
  readonly #dispatcher = { id: randomUUID(), name: `pushpool ${hostname()}` };
  readonly #names = new Map<string, { deployment: string; stack: string; workPool: string }>();

  constructor(private readonly parts: ServerRunsParts) {}

  /**
   * Create a run on the server.
   * @throws {UserError} for invalid input (exit code 2, nothing was sent), or if the server refuses (5)
   */
  async createRun(request: RunRequest): Promise<{ run: Run; created: boolean; warnings: string[] }> {
    const { client, shared } = this.parts;
    const { name, deployment, pool, named, jobVariables } = await resolveOnServer(this.parts.client, request);
    const isElsewhere = pool.name !== deployment.work_pool_name;
    const { run, created } =
      named && isElsewhere
        ? await createOnNamedPool(client, name, deployment, named, { request, jobVariables })
        : await createFlowRun(
            client,
            deployment.id,
            {
              idempotency_key: request.idempotencyKey ?? randomUUID(),
              ...(request.name === undefined ? {} : { name: request.name }),
              ...(request.parameters === undefined ? {} : { parameters: request.parameters }),
              ...(request.jobVariables === undefined ? {} : { job_variables: jobVariables }),
              ...(request.tags === undefined ? {} : { tags: request.tags }),
            },
            `flow run of "${name}"`,
          );
    if (named && !created) refuseOtherPool(run, request.idempotencyKey, pool.name);
    this.#names.set(run.id, { deployment: name, stack: shared.stack, workPool: pool.name });
    return { run: this.#show(run), created, warnings: created ? (named?.warnings ?? []) : [] };
  }

  /** Submit the run, if this process must do that. Report states and log until the end, or until `signal` fires or the timeout passes. */
  async followRun(id: string, following: Following = {}): Promise<Run> {
    return this.#listening(id, following.onEvent, () => this.#follow(id, following));
  }

  async #follow(id: string, { signal, onEvent = () => {}, timeoutMs, logs = true }: Following): Promise<Run> {
    const limit = timeoutMs === undefined ? [] : [AbortSignal.timeout(timeoutMs)];
    const end = AbortSignal.any([...(signal ? [signal] : []), ...limit, new AbortController().signal]);
    const over = new AbortController();
    const submitting = this.#submitting(id, AbortSignal.any([end, over.signal]), onEvent);
    // Its error is thrown where it is awaited.
    submitting.catch(() => {});
    const run = await followOnServer(id, {
      client: this.parts.client,
      show: (one) => this.#show(one),
      onEvent,
      logs,
      signal: end,
      settled: () => Promise.race([submitting, sleep(10_000, undefined, { signal: end, ref: false }).catch(() => {})]),
    }).finally(() => over.abort());
    // Another process of this ledger may have seen the end of the infrastructure and cleaned up. Then nothing is left to do here.
    await submitting;
    return this.#show(run);
  }

  /** Submit the run, if this process must do that and the server does not hold it back, and return. */
  async submitRun(id: string, onEvent: (event: RunEvent) => void = () => {}): Promise<Run> {
    const leave = new AbortController();
    return this.#listening(id, onEvent, async () => {
      await this.#submitting(id, leave.signal, onEvent, { onSubmitted: () => leave.abort(), onHeld: () => leave.abort() });
      return this.readRun(id);
    });
  }

  /** Meanwhile `onEvent` gets retries, both of the server's client and in the cloud of the run's work pool. */
  async #listening<T>(id: string, onEvent: Following["onEvent"], work: () => Promise<T>): Promise<T> {
    const { client, shared } = this.parts;
    const { listeners } = shared;
    if (!listeners || !onEvent) return work();
    return listeners.during(onEvent, undefined, async () => {
      const pool = this.#names.get(id)?.workPool ?? (await readFlowRun(client, id))?.work_pool_name ?? undefined;
      return listeners.during(onEvent, pool, work);
    });
  }

  /** The run as it is on the server now. */
  async readRun(id: string): Promise<Run> {
    const run = await readFlowRun(this.parts.client, id);
    if (!run) throw new NotOnServer(id);
    return this.#show(run);
  }

  /**
   * Find a run by its id or its name, whoever created it.
   * @throws {UserError} if several runs have that name
   */
  async findRun(ref: string): Promise<Run | undefined> {
    const { client, shared } = this.parts;
    const found = await findServerRun(client, ref);
    if (!found) return undefined;
    const { run, deployment } = found;
    this.#names.set(run.id, { deployment, stack: shared.stack, workPool: run.work_pool_name ?? "" });
    return this.#show(run);
  }

  /**
   * Read the log of a run from the server. Nothing is submitted.
   * @param options.follow continue until the run has ended
   */
  async readLogs(
    id: string,
    { follow = false, signal, onLine }: { follow?: boolean; signal?: AbortSignal; onLine: (line: LogLine, bySubmitter: boolean) => void },
  ): Promise<Run> {
    const { client } = this.parts;
    const onEvent = (event: RunEvent) => {
      if (event.kind === "log") onLine(event.line, event.bySubmitter === true);
    };
    if (!follow) {
      await tellLog(client, id, onEvent);
      return this.readRun(id);
    }
    const never = new AbortController().signal;
    return this.#show(await followOnServer(id, { client, show: (run) => this.#show(run), onEvent, logs: true, signal: signal ?? never }));
  }

  /** Everything that the ledger and the server know about a run, with all its states on the server. */
  async show(kept: Run): Promise<{ run: Run; transitions: (State & { attempt: number })[] }> {
    const { client } = this.parts;
    const [run, states] = await Promise.all([readFlowRun(client, kept.id), readStates(client, kept.id)]);
    let attempt = 0;
    const transitions = states.map((state) => {
      if (state.type === "SCHEDULED" && state.name !== "Late") attempt += 1;
      return { ...shownState(state), attempt };
    });
    return { run: run ? merged(kept, run) : kept, transitions };
  }

  /** The same runs as they are on the server, by id. */
  async readRuns(kept: readonly Run[]): Promise<Map<string, Run>> {
    const byId = new Map(kept.map((run) => [run.id, run]));
    const seen = new Map<string, Run>();
    const ids = [...byId.keys()];
    for (let from = 0; from < ids.length; from += 200) {
      const filter = { flow_runs: { id: { any_: ids.slice(from, from + 200) } } };
      for (const run of await filterFlowRuns(this.parts.client, filter)) seen.set(run.id, merged(byId.get(run.id) as Run, run));
    }
    return seen;
  }

  /**
   * Ask the server to schedule an ended run again.
   * @throws {UserError} if it has not ended, or has COMPLETED
   */
  async retryRun(id: string): Promise<Run> {
    const { client } = this.parts;
    const run = await this.readRun(id);
    if (!isTerminal(run.state))
      throw new UserError(
        `run ${oneLine(run.name)} (${id}) has not ended: it is ${run.state.type}. \`pushpool wait ${id}\` follows it, \`pushpool cancel ${id}\` ends it`,
      );
    if (run.state.type === "COMPLETED")
      throw new UserError(`run ${oneLine(run.name)} (${id}) COMPLETED: there is nothing to retry. To run it again: \`pushpool run\``);
    // A state without a time is due at once by the server's clock.
    const verdict = await proposeState(client, id, { type: "SCHEDULED", name: "AwaitingRetry" });
    if (verdict.kind !== "accepted")
      throw new UserError(`run ${oneLine(run.name)} (${id}): the server refuses to schedule it again: ${oneLine(verdict.reason)}`, 5);
    return this.readRun(id);
  }

  /** The run and the request that would be created. Nothing is created or sent. */
  async planRun(request: RunRequest): Promise<RunPlan> {
    const { client, shared } = this.parts;
    const { name, deployment, pool, named, jobVariables } = await resolveOnServer(this.parts.client, request);
    const now = new Date().toISOString();
    const run = {
      id: "00000000-0000-0000-0000-000000000000",
      name: request.name ?? "made-up-by-the-server",
      flow_id: deployment.flow_id,
      deployment_id: deployment.id,
      parameters: { ...deployment.parameters, ...request.parameters },
      job_variables: jobVariables,
      tags: request.tags ?? [],
      work_pool_name: pool.name,
      created: now,
    } as unknown as ServerRun;
    const job = await readJob(client, run, shared.stack, shared.poolsBeside);
    const { jobConfiguration, submission } = await planServerJob(contextMaker(shared)(job), job, {
      attempt: 1,
      dispatcher: this.#dispatcher,
      startUp: "execute",
    });
    return {
      stack: shared.stack,
      deployment: name,
      workPool: pool.name,
      workQueue: named?.queue ?? deployment.work_queue_name ?? "default",
      parameters: run.parameters,
      jobConfiguration: masked(jobConfiguration),
      submission: masked(submission.request),
      warnings: [...(named?.warnings ?? []), ...submission.warnings],
    };
  }

  /**
   * Ask the server to cancel the run. If it was submitted from here, also stop it.
   * @throws {NotOnServer}
   */
  async cancelRun(id: string, { detach = false, ...following }: Following & { detach?: boolean } = {}): Promise<Run> {
    const { client } = this.parts;
    const verdict = await proposeState(client, id, { type: "CANCELLING", name: "Cancelling" }).catch((error) => {
      throw isRefusal(error, 404) ? new NotOnServer(id) : error;
    });
    const run = await readFlowRun(client, id);
    if (!run) throw new NotOnServer(id);
    const shown = this.#show(run);
    if (verdict.kind === "aborted" && isTerminal(shown.state))
      throw new UserError(`run ${oneLine(run.name)} (${id}) has already ended: it is ${shown.state.type}. There is nothing to cancel`);
    if (isTerminal(shown.state) || detach) return shown;
    return this.followRun(id, { ...following, logs: false });
  }

  #submitting(
    id: string,
    signal: AbortSignal,
    onEvent: (event: RunEvent) => void,
    heard: Pick<SubmitOnServer, "onSubmitted" | "onHeld"> = {},
  ): Promise<void> {
    const { client, shared, graceSeconds = 30 } = this.parts;
    const show = (run: ServerRun) => this.#show(run);
    return submitOnServer(id, { client, shared, dispatcher: this.#dispatcher, graceSeconds, show, signal, onEvent, ...heard });
  }

  #show(run: ServerRun): Run {
    const { stack } = this.parts.shared;
    return shownRun(run, this.#names.get(run.id) ?? { deployment: run.deployment_id ?? "", stack, workPool: run.work_pool_name ?? "" });
  }
}

/** A run as it is on the server, with the facts that only this ledger has. */
function merged(kept: Run, run: ServerRun): Run {
  const { deployment, stack, workPool, attempt, host, outcome } = kept;
  const onlyHere = { attempt, ...(host === undefined ? {} : { host }), ...(outcome ? { outcome } : {}) };
  return { ...shownRun(run, { deployment, stack, workPool }), ...onlyHere };
}

/** Convert through JSON, which prints each secret as the mask. */
function masked(value: unknown): Json {
  return readJson(JSON.stringify(value));
}

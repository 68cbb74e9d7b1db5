import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { suggestion } from "../nearest";
import type { RunEvent } from "../runs/context";
import { isTerminal, type FlowRun as Shown } from "../runs/flowRun";
import type { Following } from "../runs/follow";
import type { RunRequest } from "../runs/plan";
import type { Target } from "../targets/target";
import { checkJobVariables, checkParameters } from "../template";
import { UserError } from "../userError";
import { type Deployment, readDeploymentByName } from "./api/deployments";
import { createFlowRun, type FlowRun, proposeState, readFlowRun } from "./api/flowRuns";
import { readWorkPool, scheduledFlowRuns, type WorkPool } from "./api/workPools";
import type { Client } from "./client";
import { contextMaker, type Shared } from "./dispatch/context";
import { type DispatchEvent, type Dispatching, dispatchRun } from "./dispatch/dispatchRun";
import { InfrastructureWatch } from "./dispatch/infrastructureWatch";
import { isOpen } from "./dispatch/record";
import { ServerStates } from "./dispatch/states";
import { followOnServer, shownRun } from "./follow";

/** How often a run that the server holds back is asked for, in milliseconds. */
const HELD_PAUSE = 1_000;
const POLL = 2_000;

export interface PrefectRunsParts {
  client: Client;
  shared: Shared;
  /** How long a running run has to end by itself when it is cancelled, in seconds. @default 30 */
  graceSeconds?: number;
}

/** The runs of a Prefect server: it owns their states; where nobody else submits them, they are submitted from here. */
export class PrefectRuns {
  readonly #names = new Map<string, { deployment: string; stack: string; workPool: string }>();

  constructor(private readonly parts: PrefectRunsParts) {}

  /**
   * Make a run on the server.
   * @throws {UserError} on bad input (2, nothing was sent) or where the server refuses (5)
   */
  async createRun(request: RunRequest): Promise<{ run: Shown; created: boolean; warnings: string[] }> {
    const { client, shared } = this.parts;
    const { deployment, pool } = await this.#resolve(request);
    if (deployment.enforce_parameter_schema && deployment.parameter_openapi_schema)
      checkParameters(deployment.parameter_openapi_schema, { ...deployment.parameters, ...request.parameters }, "parameters");
    if (Object.keys(pool.base_job_template).length > 0)
      checkJobVariables(pool.base_job_template, request.jobVariables ?? {}, "job variable");
    const { run, created } = await createFlowRun(
      client,
      deployment.id,
      {
        idempotency_key: request.idempotencyKey ?? randomUUID(),
        ...(request.name === undefined ? {} : { name: request.name }),
        ...(request.parameters === undefined ? {} : { parameters: request.parameters }),
        ...(request.jobVariables === undefined ? {} : { job_variables: request.jobVariables }),
        ...(request.tags === undefined ? {} : { tags: request.tags }),
      },
      `flow run of "${request.deployment}"`,
    );
    this.#names.set(run.id, { deployment: request.deployment, stack: shared.stack, workPool: pool.name });
    return { run: this.#show(run), created, warnings: [] };
  }

  /** Submit, if that is ours to do, and tell states and log to the end, or until `signal` or the time-out. */
  async followRun(id: string, { signal, onEvent = () => {}, timeoutMs, logs = true }: Following = {}): Promise<Shown> {
    const limit = timeoutMs === undefined ? [] : [AbortSignal.timeout(timeoutMs)];
    const end = AbortSignal.any([...(signal ? [signal] : []), ...limit, new AbortController().signal]);
    const submitting = this.#submitting(id, end, onEvent);
    const run = await followOnServer(id, {
      client: this.parts.client,
      show: (one) => this.#show(one),
      onEvent,
      logs,
      signal: end,
      settled: () => Promise.race([submitting, sleep(10_000, undefined, { signal: end, ref: false }).catch(() => {})]),
    });
    if (end.aborted) await submitting;
    return this.#show(run);
  }

  /** Submit and leave it, if that is ours to do and nothing holds it. */
  async submitRun(id: string, onEvent: (event: RunEvent) => void = () => {}): Promise<Shown> {
    const leave = new AbortController();
    await this.#submitting(id, leave.signal, onEvent, { onSubmitted: () => leave.abort(), onHeld: () => leave.abort() });
    return this.readRun(id);
  }

  /** As the server has it now. */
  async readRun(id: string): Promise<Shown> {
    const run = await readFlowRun(this.parts.client, id);
    if (!run) throw new UserError(`flow run ${id} is no longer on the server`, 5);
    return this.#show(run);
  }

  /** Ask the server for the cancellation, and see it through where the run was submitted from here. */
  async cancelRun(id: string, { detach = false, ...following }: Following & { detach?: boolean } = {}): Promise<Shown> {
    const verdict = await proposeState(this.parts.client, id, { type: "CANCELLING", name: "Cancelling" });
    const run = await readFlowRun(this.parts.client, id);
    if (!run) throw new UserError(`flow run ${id} is no longer on the server`, 5);
    const shown = this.#show(run);
    if (verdict.kind === "aborted" && isTerminal(shown.state))
      throw new UserError(`run ${run.name} (${id}) has already ended: it is ${shown.state.type}. There is nothing to cancel`);
    if (isTerminal(shown.state) || detach) return shown;
    return this.followRun(id, { ...following, logs: false });
  }

  async #resolve(request: RunRequest): Promise<{ deployment: Deployment; pool: WorkPool }> {
    const { client } = this.parts;
    const { apiUrl } = client.connection;
    const deployment = await readDeploymentByName(client, request.deployment);
    if (!deployment) {
      const { body } = await client.request<{ name: string; flow_id: string }[]>("POST", "/deployments/filter", { json: {} });
      const flows = await client.request<{ id: string; name: string }[]>("POST", "/flows/filter", { json: {} });
      const flowName = new Map(flows.body.map(({ id, name }) => [id, name]));
      const known = body.map(({ name, flow_id }) => `${flowName.get(flow_id) ?? "?"}/${name}`);
      throw new UserError(
        `there is no deployment "${request.deployment}" at ${apiUrl}: ${suggestion(request.deployment, known) || "it has none"}`,
      );
    }
    if (deployment.work_pool_name === null)
      throw new UserError(
        `deployment "${request.deployment}" has no work pool at ${apiUrl} (any more): \`pulumi refresh\` and \`pulumi up\` give it one`,
      );
    const pool = await readWorkPool(client, deployment.work_pool_name);
    if (!pool) throw new UserError(`work pool "${deployment.work_pool_name}" is gone from ${apiUrl}`, 5);
    return { deployment, pool };
  }

  /**
   * Submit the run where nobody else would: a push pool's, on a server of one's own. What the server holds back (a pause, a limit) is held;
   * what another one claims is only followed.
   */
  async #submitting(
    id: string,
    signal: AbortSignal,
    onEvent: (event: RunEvent) => void,
    { onSubmitted, onHeld }: { onSubmitted?: () => void; onHeld?: () => void } = {},
  ): Promise<void> {
    const { client, shared } = this.parts;
    const kept = await shared.ledger.read(id);
    let toldHeld = false;
    for (;;) {
      const run = await readFlowRun(client, id);
      if (!run?.state || isTerminal(run.state as never) || signal.aborted) return;
      const isOurs = kept !== undefined && isOpen(kept);
      if (!isOurs) {
        if (run.state.type !== "SCHEDULED" || run.work_pool_name === null) return;
        const pool = await readWorkPool(client, run.work_pool_name);
        if (!pool?.type.endsWith(":push") || client.connection.isCloud) return;
        const due = await scheduledFlowRuns(client, pool.name, { before: new Date() });
        if (!due.some((one) => one.id === id)) {
          const reason = `work pool "${pool.name}" ${pool.is_paused ? "is paused" : "holds it back: its limits, its queue's pause, or the time that the run is scheduled for"}`;
          if (!toldHeld) onEvent({ kind: "waiting", run: this.#show(run), reason });
          toldHeld = true;
          onHeld?.();
          await sleep(HELD_PAUSE, undefined, { signal }).catch(() => {});
          continue;
        }
      }
      const tell = (event: DispatchEvent) => {
        if (event.kind === "trouble") onEvent({ kind: "warning", message: event.message });
        if (event.kind === "submitted") onSubmitted?.();
      };
      await dispatchRun(this.#dispatching(signal, tell), run);
      return;
    }
  }

  #dispatching(signal: AbortSignal, tell: (event: DispatchEvent) => void): Dispatching {
    const { client, shared, graceSeconds = 30 } = this.parts;
    const states = new ServerStates(client, POLL, signal);
    return {
      client,
      dispatcher: { id: randomUUID(), name: `pushpool ${hostname()}` },
      startUp: "execute",
      stack: shared.stack,
      ledger: shared.ledger,
      contextOf: contextMaker(shared),
      ...(shared.poolsBeside ? { poolsBeside: shared.poolsBeside } : {}),
      watchOf: (target: Target) => new InfrastructureWatch(target, signal, () => {}),
      untilState: (id, types, until) => states.until(id, types, until),
      graceSeconds,
      signal,
      tell,
    };
  }

  #show(run: FlowRun): Shown {
    const { stack } = this.parts.shared;
    return shownRun(run, this.#names.get(run.id) ?? { deployment: run.deployment_id ?? "", stack, workPool: run.work_pool_name ?? "" });
  }
}

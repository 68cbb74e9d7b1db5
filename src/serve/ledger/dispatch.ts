import { setTimeout as sleep } from "node:timers/promises";
import type { RunRecord } from "../../ledger";
import type { DeploymentDefinition } from "../../manifest/manifest";
import { type FlowRun, isTerminal } from "../../runs";
import type { RunEvent, RunsContext } from "../../runs/context";
import { follow } from "../../runs/follow";
import { hold, submitScheduled } from "../../runs/submit";
import { choose } from "./choose";

/** How long a run rests that something went wrong with, in milliseconds. */
const TROUBLE_PAUSE = 5_000;

export type DispatchEvent =
  | RunEvent
  /** What another process began is followed from here. */
  | { kind: "takenUp"; run: FlowRun }
  | { kind: "submitted"; run: FlowRun }
  | { kind: "trouble"; run: FlowRun; message: string };

export interface Dispatching {
  context: RunsContext;
  /** `<project>/<stack>` */
  stack: string;
  pools: ReadonlySet<string>;
  /** Time that a cancelled run has to end by itself. */
  graceSeconds: number;
  signal: AbortSignal;
  tell: (event: DispatchEvent) => void;
  /** Something may be possible that was not: a run has ended. */
  onRoom: () => void;
}

/** Takes the runs of the ledger on: submits those that nothing holds, and follows to its end whatever has begun, by whomever. */
export class Dispatcher {
  readonly #active = new Map<string, Promise<void>>();

  constructor(private readonly parts: Dispatching) {}

  /** Look at every run that has not ended, and begin with what is to be done. @returns those runs, as they were */
  async pass(deployments: ReadonlyMap<string, DeploymentDefinition>): Promise<FlowRun[]> {
    const { context, stack, pools } = this.parts;
    const states = ["SCHEDULED", "PENDING", "RUNNING", "CANCELLING"] as const;
    const records = (await context.ledger.list({ stack, states: [...states], limit: 1_000_000 }))
      // Those of a Prefect server are its own to dispatch.
      .filter(({ submission }) => submission.prefect === undefined);
    const isOurs = ({ run }: RunRecord) => pools.has(run.workPool);
    const isWaiting = ({ run }: RunRecord) => run.state.type === "SCHEDULED";
    for (const record of records) {
      if (isOurs(record) && !isWaiting(record)) this.#begin(record, () => this.#takeUp(record.run));
    }

    const waiting = records.filter((record) => isOurs(record) && isWaiting(record) && !this.#active.has(record.run.id));
    // One that is being submitted counts, although it may not have its slot yet.
    const holding = records.filter((record) => !isWaiting(record) || this.#active.has(record.run.id));
    const { manifest } = await context.manifest();
    const runsOf = (some: RunRecord[]) => some.map(({ run }) => run);
    const { submit, held } = choose(runsOf(waiting), runsOf(holding), { pools: manifest.pools, deployments });
    const byId = new Map(waiting.map((record) => [record.run.id, record]));
    for (const { run, reason, name } of held) await hold(context, byId.get(run.id) as RunRecord, reason, name);
    for (const { id } of submit) {
      if (this.parts.signal.aborted) break;
      await this.#submit(byId.get(id) as RunRecord);
    }
    return records.map(({ run }) => run);
  }

  /** Resolves when everything that was begun is where another process can take it up. */
  async settled(): Promise<void> {
    await Promise.all(this.#active.values());
  }

  /** @returns once it has its slot or waits: the next one is not to take the slot from it; sending goes on meanwhile */
  #submit(record: RunRecord): Promise<void> {
    const { context, signal } = this.parts;
    return new Promise((resolve) => {
      const mayPrepare = async () => {
        resolve();
        return true;
      };
      this.#begin(record, async () => {
        try {
          const step = await submitScheduled(context, record, signal, { mayPrepare });
          const { run } = step.record;
          if (step.kind === "held" || run.state.type === "SCHEDULED") return;
          if (run.infrastructureId !== undefined) this.parts.tell({ kind: "submitted", run });
          await this.#follow(run);
        } finally {
          resolve();
        }
      });
    });
  }

  #takeUp(run: FlowRun): Promise<void> {
    this.parts.tell({ kind: "takenUp", run });
    return this.#follow(run);
  }

  async #follow({ id }: FlowRun): Promise<void> {
    const { context, signal, graceSeconds, tell } = this.parts;
    const run = await follow(context, id, { signal, onEvent: tell, logs: false, graceSeconds });
    if (!isTerminal(run.state)) return;
    context.planned.delete(`${id}/${run.attempt}`);
    if (run.infrastructureId !== undefined) context.stopAsked.delete(run.infrastructureId);
  }

  #begin({ run }: RunRecord, work: () => Promise<void>): void {
    const { signal, tell, onRoom } = this.parts;
    if (signal.aborted || this.#active.has(run.id)) return;
    const over = work()
      .catch(async (error: Error) => {
        if (signal.aborted) return;
        tell({ kind: "trouble", run, message: error.message });
        await sleep(TROUBLE_PAUSE, undefined, { signal }).catch(() => {});
      })
      .then(() => {
        this.#active.delete(run.id);
        onRoom();
      });
    this.#active.set(run.id, over);
  }
}

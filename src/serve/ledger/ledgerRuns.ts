import type { RunRecord } from "../../ledger";
import type { DeploymentInManifest } from "../../manifest/manifest";
import { isTerminal, type Run } from "../../model/run";
import { elsewhere } from "../../runs/elsewhere";
import { follow } from "../../runs/follow";
import { pausedPools } from "../../runs/poolNotes";
import type { RunEvent, RunsContext } from "../../runs/runsContext";
import { hold, submitScheduled } from "../../runs/submit";
import { UserError } from "../../userError";
import type { Dispatcher } from "../dispatcher";
import { chooseRuns } from "./chooseRuns";

export interface LedgerRunsParts {
  context: RunsContext;
  dispatcher: Dispatcher;
  /** `<project>/<stack>` */
  stack: string;
  pools: ReadonlySet<string>;
  /** How long a cancelled run has to end by itself. */
  graceSeconds: number;
}

/** The runs of a ledger: submits those that nobody holds, and follows all that have begun, whoever began them. */
export class LedgerRuns {
  /** The work pools whose runs are processes: no call shows that they can be reached, so their runs do. */
  #ofProcesses: ReadonlySet<string> = new Set();

  constructor(private readonly parts: LedgerRunsParts) {}

  /** Look at every run that has not ended, and start what needs doing. @returns those runs, as they were */
  async pass(deployments: ReadonlyMap<string, DeploymentInManifest>): Promise<Run[]> {
    const { context, stack, pools, dispatcher } = this.parts;
    const states = ["SCHEDULED", "PENDING", "RUNNING", "CANCELLING"] as const;
    const records = (await context.ledger.list({ stack, states: [...states], limit: 1_000_000 }))
      // A Prefect server dispatches its own runs.
      .filter(({ submission }) => submission.prefect === undefined);
    // A run of another host is for the dispatcher there.
    const isOurs = ({ run }: RunRecord) => pools.has(run.workPool) && elsewhere(context, run) === undefined;
    const isWaiting = ({ run }: RunRecord) => run.state.type === "SCHEDULED";
    for (const { run } of records.filter((record) => isOurs(record) && !isWaiting(record))) {
      dispatcher.begin(run, () => this.#noting(run, () => this.#takeUp(run)));
    }

    const waiting = records.filter((record) => isOurs(record) && isWaiting(record) && !dispatcher.has(record.run.id));
    // A run that is being submitted counts, even if it does not have its slot yet.
    const holding = records.filter((record) => !isWaiting(record) || dispatcher.has(record.run.id));
    const { manifest } = await context.manifest();
    this.#ofProcesses = new Set(Object.entries(manifest.pools).flatMap(([name, { type }]) => (type === "process:push" ? name : [])));
    const runsOf = (some: RunRecord[]) => some.map(({ run }) => run);
    const pausedHere = waiting.length > 0 ? await pausedPools(context.ledger, stack) : new Set<string>();
    const { submit, held } = chooseRuns(runsOf(waiting), runsOf(holding), { pools: manifest.pools, pausedHere, deployments });
    const byId = new Map(waiting.map((record) => [record.run.id, record]));
    for (const { run, reason, name } of held) await hold(context, byId.get(run.id) as RunRecord, reason, name);
    for (const { id } of submit) {
      if (dispatcher.signal.aborted) break;
      await this.#submit(byId.get(id) as RunRecord);
    }
    return records.map(({ run }) => run);
  }

  /**
   * @returns once the run has its slot, or waits, or another process has it, so that the next run cannot take that slot; sending continues
   * meanwhile
   */
  #submit(record: RunRecord): Promise<void> {
    const { context, dispatcher } = this.parts;
    const { signal } = dispatcher;
    return new Promise((resolve) => {
      const mayPrepare = async () => {
        resolve();
        return true;
      };
      const work = async () => {
        try {
          const step = await submitScheduled(context, record, signal, { mayPrepare });
          // Following it may take hours, and nothing else is looked at before.
          resolve();
          const { run } = step.record;
          if (step.kind === "held" || run.state.type === "SCHEDULED") return;
          const { infrastructureId } = run;
          if (infrastructureId !== undefined) {
            const seconds = Math.max(0, context.now().getTime() - Date.parse(run.createdAt)) / 1000;
            dispatcher.tell({ kind: "submitted", run, infrastructureId, seconds });
          }
          await this.#follow(run);
        } finally {
          resolve();
        }
      };
      dispatcher.begin(record.run, () => this.#noting(record.run, work));
    });
  }

  /** Note whether the run's cloud answers. */
  async #noting({ workPool }: Run, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      // A fault of the ledger says nothing about the cloud.
      if (error instanceof UserError && error.exitCode === 5 && !/^the ledger /.test(error.message))
        this.parts.context.listeners.answered(workPool, error.message);
      throw error;
    }
  }

  #takeUp(run: Run): Promise<void> {
    this.parts.dispatcher.tell({ kind: "takenUp", run, state: run.state.type });
    return this.#follow(run);
  }

  async #follow({ id }: Run): Promise<void> {
    const { context, graceSeconds, dispatcher } = this.parts;
    const onEvent = (event: RunEvent) => this.#tell(event);
    const run = await follow(context, id, { signal: dispatcher.signal, onEvent, logs: false, graceSeconds });
    if (!isTerminal(run.state)) return;
    context.planned.delete(`${id}/${run.attempt}`);
    if (run.infrastructureId === undefined) return;
    context.stopAsked.delete(run.infrastructureId);
    context.notCleaned.delete(run.infrastructureId);
  }

  #tell(event: RunEvent): void {
    const { dispatcher } = this.parts;
    switch (event.kind) {
      case "state": {
        const { run } = event;
        const { type: state, name, message } = run.state;
        if (this.#ofProcesses.has(run.workPool) && run.infrastructureId !== undefined) this.parts.context.listeners.answered(run.workPool);
        if (isTerminal(run.state)) dispatcher.tell({ kind: "ended", run, state, ...(message ? { message } : {}) });
        else dispatcher.tell({ kind: "state", run, state, name });
        break;
      }
      case "waiting":
      case "warning":
        dispatcher.tell(event);
        break;
      case "log":
        break;
    }
  }
}

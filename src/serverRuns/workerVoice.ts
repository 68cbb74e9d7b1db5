import { constants } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { v5 as derived, v4 as uuid } from "uuid";
import type { RunRecord } from "../ledger";
import type { Outcome } from "../model/outcome";
import { type EventResource, type NewEvent, writeEvents } from "../prefect/api/events";
import { type ServerLogEntry, SUBMITTER_LOGGER, writeLogs } from "../prefect/api/flowRunLogs";
import type { ServerRun } from "../prefect/api/flowRuns";
import type { WorkPool } from "../prefect/api/workPools";
import type { Client } from "../prefect/client";
import { transitionsOf } from "./claim";
import type { ServerJob } from "./job";

/** How long to collect lines and events before they are sent, in milliseconds. */
const GATHERED = 250;
/** The largest batch: as many lines as Prefect's own workers send at once. */
const MAX_BATCH = 200;
/** How many lines and events to keep while the server does not answer. */
const MAX_KEPT = 10_000;
const [INFO, WARNING, ERROR] = [20, 30, 40];

/**
 * Writes the log lines and events of Prefect's workers to the server: lines in the run's log, and events for automations
 * (`prefect/workers/base.py` of Prefect 3). Nothing waits for it. If it cannot be sent, the run continues.
 */
export class WorkerVoice {
  #lines: ServerLogEntry[] = [];
  #events: NewEvent[] = [];
  #sending: Promise<void> = Promise.resolve();
  #waiting = false;
  /** When the last event occurred, in milliseconds since 1970. */
  #last = 0;
  /** Nothing is sent any more. */
  readonly #end = new AbortController();

  constructor(
    private readonly client: Client,
    private readonly name: string,
    private readonly onTrouble: (message: string) => void,
    /** Whether to write lines to the run's log too. A process that follows its own run shows them itself. */
    private readonly writesLines = true,
  ) {}

  /** @returns a function to call when it no longer serves the pool */
  started(pool: WorkPool): () => void {
    const started = this.#event("prefect.worker.started", pool, [], { id: uuid() });
    return () => {
      this.#event("prefect.worker.stopped", pool, [], { id: uuid(), follows: started });
    };
  }

  /** A run was claimed and is about to start. */
  submitting(job: ServerJob, record: RunRecord): void {
    this.#line(job.run, INFO, `Worker '${this.name}' submitting flow run '${job.run.id}'`);
    this.#event("prefect.worker.submitted-flow-run", job.pool, relatedTo(job), { id: submittedId(record) });
  }

  submitted(run: ServerRun): void {
    this.#line(run, INFO, `Flow run '${run.name}' submitted to infrastructure`);
  }

  notSubmitted(run: ServerRun, reason: string): void {
    this.#line(run, ERROR, `Failed to submit flow run '${run.name}' to infrastructure: ${reason}`);
  }

  crashed(run: ServerRun, reason: string): void {
    this.#line(run, INFO, `Reported flow run '${run.id}' as crashed: ${reason}`);
  }

  warn(run: ServerRun, message: string): void {
    this.#line(run, WARNING, message);
  }

  /** Its infrastructure has ended, in any way. */
  executed(job: ServerJob, record: RunRecord, outcome: Outcome): void {
    const status = statusCode(outcome);
    const infrastructure: EventResource = {
      "prefect.infrastructure.identifier": record.run.infrastructureId ?? "",
      ...(status === undefined ? {} : { "prefect.infrastructure.status-code": String(status) }),
    };
    const id = derived("executed", transitionsOf(record)[0] as string);
    this.#event("prefect.worker.executed-flow-run", job.pool, relatedTo(job, infrastructure), { id, follows: submittedId(record) });
  }

  /**
   * Resolves when everything is sent, or sending has failed.
   * @param signal when it fires, unsent lines and events are dropped @default it never fires
   */
  async settled(signal?: AbortSignal): Promise<void> {
    signal?.addEventListener("abort", () => this.#end.abort(signal.reason), { once: true });
    await this.#flush();
  }

  #line(run: ServerRun, level: number, message: string): void {
    if (!this.writesLines) return;
    const timestamp = new Date(this.client.clock.now()).toISOString();
    this.#lines.push({ name: SUBMITTER_LOGGER, level, message, timestamp, flow_run_id: run.id });
    if (this.#lines.length > MAX_KEPT) this.#lines.shift();
    this.#soon();
  }

  #event(event: string, pool: WorkPool, related: EventResource[], more: { id: string; follows?: string }): string {
    const type = pool.type.replace(/:push$/, "");
    // The server sorts events by time, and the estimate of its clock may go back. The order of the events is certain.
    this.#last = Math.max(this.#last + 1, this.client.clock.now());
    this.#events.push({
      ...more,
      occurred: new Date(this.#last).toISOString(),
      event,
      resource: {
        "prefect.resource.id": `prefect.worker.${type}.${slugOf(this.name)}`,
        "prefect.resource.name": this.name,
        "prefect.worker-type": type,
        ...(this.client.version === undefined ? {} : { "prefect.version": this.client.version }),
      },
      related: [...related, relatedAs("work-pool", pool)],
      payload: {},
    });
    if (this.#events.length > MAX_KEPT) this.#events.shift();
    this.#soon();
    return more.id;
  }

  #soon(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    void sleep(GATHERED).then(() => this.#flush());
  }

  /** Sends one batch after another, so that a run's lines keep their order. */
  #flush(): Promise<void> {
    this.#waiting = false;
    this.#sending = this.#sending.then(() => this.#send());
    return this.#sending;
  }

  async #send(): Promise<void> {
    const { signal } = this.#end;
    while (this.#lines.length + this.#events.length > 0 && !signal.aborted) {
      const [lines, events] = [this.#lines.splice(0, MAX_BATCH), this.#events.splice(0, MAX_BATCH)];
      try {
        await Promise.all([writeLogs(this.client, lines, signal), writeEvents(this.client, events, signal)]);
      } catch (error) {
        const why = signal.aborted ? "the server did not answer in time" : (error as Error).message;
        this.onTrouble(`lines and events about runs could not be sent: ${why}`);
      }
    }
  }
}

/** The id stays the same after a restart, so that later events can refer to it. */
function submittedId(record: RunRecord): string {
  return derived("submitted", transitionsOf(record)[0] as string);
}

function relatedTo({ deployment, flow, run }: ServerJob, infrastructure: EventResource = {}): EventResource[] {
  const tags = [...new Set([...deployment.tags, ...run.tags])].sort();
  return [
    relatedAs("deployment", deployment),
    relatedAs("flow", flow),
    { ...relatedAs("flow-run", run), ...infrastructure },
    ...tags.map((tag) => ({ "prefect.resource.id": `prefect.tag.${tag}`, "prefect.resource.role": "tag" })),
  ];
}

function relatedAs(kind: string, { id, name }: { id: string; name: string }): EventResource {
  return { "prefect.resource.id": `prefect.${kind}.${id}`, "prefect.resource.role": kind, "prefect.resource.name": name };
}

/** The status code of a process: a signal is its negative number. */
function statusCode(outcome: Outcome): number | undefined {
  if (outcome.kind === "exited") return outcome.code;
  if (outcome.kind !== "signalled") return undefined;
  const number = constants.signals[outcome.signal as NodeJS.Signals];
  return number === undefined ? undefined : -number;
}

function slugOf(name: string): string {
  return name
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
}

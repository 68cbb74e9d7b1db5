import type { Logger } from "pino";
import type { ServerRun } from "../../prefect/api/flowRuns";
import { flowRunOf, type PrefectEvent } from "../../prefect/eventStream";
import type { ApiMetrics } from "../metrics";
import type { ServeEvent } from "./serve";

/** Puts what a dispatcher tells into the log and the metrics, and keeps count of the runs that it has in hand. */
export class Report {
  /** State type by flow run id. */
  readonly #inHand = new Map<string, string>();

  constructor(
    private readonly log: Logger,
    private readonly metrics: () => ApiMetrics,
    /** The server's clock, in milliseconds since 1970. */
    private readonly serverNow: () => number,
  ) {}

  /** How many runs there are in each state type. */
  inHand(): Record<string, number> {
    const counts: Record<string, number> = { PENDING: 0, RUNNING: 0, CANCELLING: 0 };
    for (const type of this.#inHand.values()) counts[type] = (counts[type] ?? 0) + 1;
    return counts;
  }

  /** What the server's events say of the runs in hand. */
  hear(event: PrefectEvent): void {
    const id = flowRunOf(event);
    const type = event.resource["prefect.state-type"];
    if (id !== undefined && type !== undefined && this.#inHand.has(id)) this.#inHand.set(id, type);
  }

  tell(event: ServeEvent): void {
    const { log } = this;
    switch (event.kind) {
      case "listening":
        this.metrics().listening.set(1);
        log.info("listening to the server's events");
        break;
      case "deaf":
        this.metrics().listening.set(0);
        log.warn({ reason: event.message }, "the server's events do not come in; asking now and then instead");
        break;
      case "serverTrouble":
        log.warn({ reason: event.message }, "the server could not be asked; asking again");
        break;
      case "claimed":
        this.#inHand.set(event.run.id, "PENDING");
        log.info(named(event.run), "claimed");
        break;
      case "submitted": {
        this.#inHand.set(event.run.id, this.#inHand.get(event.run.id) ?? "PENDING");
        const seconds = waited(event.run, this.serverNow());
        this.metrics().submitSeconds.observe({ work_pool: event.run.work_pool_name ?? "" }, seconds);
        log.info({ ...named(event.run), infrastructure: event.message, seconds }, "submitted");
        break;
      }
      case "ended":
        this.#inHand.delete(event.run.id);
        this.metrics().ended.inc({ work_pool: event.run.work_pool_name ?? "", state: event.state ?? "" });
        log.info({ ...named(event.run), state: event.state, ...(event.message ? { reason: event.message } : {}) }, "ended");
        break;
      case "left":
        this.#inHand.delete(event.run.id);
        log.info(named(event.run), "left running; the next dispatcher of this ledger takes it up");
        break;
      case "refused":
        log.info({ ...named(event.run), reason: event.message }, "not run from here");
        break;
      case "trouble":
        log.warn({ ...named(event.run), reason: event.message }, "trouble");
        break;
    }
  }
}

function named({ id, name, work_pool_name }: ServerRun): { flowRun: string; name: string; workPool: string | null } {
  return { flowRun: id, name, workPool: work_pool_name };
}

/** Since it was due, in seconds. */
function waited({ created, next_scheduled_start_time, state }: ServerRun, now: number): number {
  const due = Date.parse(next_scheduled_start_time ?? state?.state_details?.scheduled_time ?? created);
  return Math.max(0, now - Math.max(due, Date.parse(created))) / 1000;
}

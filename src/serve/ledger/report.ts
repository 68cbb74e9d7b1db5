import type { Logger } from "pino";
import { type FlowRun, isTerminal } from "../../runs";
import type { Metrics } from "../metrics";
import type { ServeEvent } from "./serveLedger";

/** Puts what happens into the log and the metrics. */
export class Report {
  constructor(
    private readonly log: Logger,
    private readonly metrics: Metrics,
  ) {}

  tell(event: ServeEvent): void {
    const { log } = this;
    switch (event.kind) {
      case "scheduled":
        log.info({ ...named(event.run), due: event.due }, "scheduled");
        break;
      case "missed": {
        const { kind: _, ...what } = event;
        log.warn(what, "occurrences of a schedule were missed and are not made up for (--missed)");
        break;
      }
      case "notScheduled":
        log.error({ deployment: event.deployment, ...(event.due ? { due: event.due } : {}), reason: event.message }, "not scheduled");
        break;
      case "takenUp":
        log.info({ ...named(event.run), state: event.run.state.type }, "taken up");
        break;
      case "submitted": {
        const seconds = Math.max(0, Date.now() - Date.parse(event.run.createdAt)) / 1000;
        this.metrics.submitSeconds.observe({ work_pool: event.run.workPool }, seconds);
        log.info({ ...named(event.run), infrastructure: event.run.infrastructureId, seconds }, "submitted");
        break;
      }
      case "state":
        this.#tellState(event.run);
        break;
      case "waiting":
        log.info({ ...named(event.run), reason: event.reason }, "waiting");
        break;
      case "warning":
        log.warn(event.message);
        break;
      case "trouble":
        log.warn({ ...(event.run ? named(event.run) : {}), reason: event.message }, "trouble");
        break;
      case "log":
        break;
    }
  }

  #tellState(run: FlowRun): void {
    const { type, name, message } = run.state;
    if (!isTerminal(run.state)) {
      this.log.debug({ ...named(run), state: type, name }, "state");
      return;
    }
    this.metrics.ended.inc({ work_pool: run.workPool, state: type });
    this.log.info({ ...named(run), state: type, ...(message ? { reason: message } : {}) }, "ended");
  }
}

function named({ id, name, deployment, workPool }: FlowRun) {
  return { flowRun: id, name, deployment, workPool };
}

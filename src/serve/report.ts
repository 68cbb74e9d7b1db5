import type { Logger } from "pino";
import type { Metrics } from "./metrics";
import type { ReportedRun, ServeEvent } from "./serveEvents";

/** Writes a dispatcher's events to the log and the metrics. */
export class Report {
  constructor(
    private readonly log: Logger,
    private readonly metrics: Metrics,
  ) {}

  tell(event: ServeEvent): void {
    const { log, metrics } = this;
    switch (event.kind) {
      case "scheduled":
        log.info({ ...named(event.run), due: event.due }, "scheduled");
        break;
      case "missed": {
        const { kind: _, ...what } = event;
        log.warn(what, "occurrences of a schedule were missed and are skipped (--missed)");
        break;
      }
      case "notScheduled":
        log.error({ deployment: event.deployment, ...(event.due ? { due: event.due } : {}), reason: event.message }, "not scheduled");
        break;
      case "claimed":
        log.info(named(event.run), "claimed");
        break;
      case "takenUp":
        log.info({ ...named(event.run), state: event.state }, "taken up");
        break;
      case "waiting":
        log.info({ ...named(event.run), reason: event.reason }, "waiting");
        break;
      case "submitted":
        metrics.submitSeconds.observe({ work_pool: event.run.workPool ?? "" }, event.seconds);
        log.info({ ...named(event.run), infrastructure: event.infrastructureId, seconds: event.seconds }, "submitted");
        break;
      case "state":
        log.debug({ ...named(event.run), state: event.state, name: event.name }, "state");
        break;
      case "ended":
        metrics.ended.inc({ work_pool: event.run.workPool ?? "", state: event.state });
        log.info({ ...named(event.run), state: event.state, ...(event.message ? { reason: event.message } : {}) }, "ended");
        break;
      case "left":
        log.info(named(event.run), "left; the next dispatcher of this ledger continues it");
        break;
      case "refused":
        log.info({ ...named(event.run), reason: event.message }, "not started here");
        break;
      case "trouble":
        log.warn({ ...(event.run ? named(event.run) : {}), reason: event.message }, "trouble");
        break;
      case "warning":
        log.warn(event.message);
        break;
      case "listening":
        metrics.listening?.set(1);
        log.info("listening to the server's events");
        break;
      case "deaf":
        metrics.listening?.set(0);
        log.warn({ reason: event.message }, "the server's event stream is not open; asking from time to time instead");
        break;
      case "serverTrouble":
        log.warn({ reason: event.message }, "a problem with the Prefect server");
        break;
      case "repeated":
        metrics.apiErrors?.inc({ answer: /answered (\d+)/.exec(event.reason)?.[1] ?? "no_answer" });
        log.warn({ reason: event.reason, pauseMs: event.pauseMs }, "the Prefect API did not reply; trying again");
        break;
    }
  }
}

function named({ id, name, deployment, workPool }: ReportedRun) {
  return { flowRun: id, name, ...(deployment === undefined ? {} : { deployment }), workPool };
}

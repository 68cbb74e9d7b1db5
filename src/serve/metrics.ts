import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** A dispatcher's metrics, by their names in Prometheus. The last two exist only with a Prefect API. */
export interface Metrics {
  /** `pushpool_submit_seconds`: from the time when a run was due until its infrastructure exists, by work pool. */
  submitSeconds: Histogram<"work_pool">;
  /** `pushpool_flow_runs_ended_total`, by work pool and final state type. */
  ended: Counter<"work_pool" | "state">;
  /** `pushpool_api_errors_total`, by the API's answer (a status, or `no_answer`). A repeated request counts each time. */
  apiErrors?: Counter<"answer">;
  /** `pushpool_listening`: 1 while the server's event stream is open. */
  listening?: Gauge;
  /** In the text format of Prometheus. */
  text(): Promise<string>;
}

/**
 * @param inHand the number of runs by state type now: `pushpool_flow_runs`
 * @param requests the number of requests to the Prefect API: `pushpool_api_requests_total`. Absent: there is no API, and no metrics about
 * one.
 */
export function createMetrics({ inHand, requests }: { inHand: () => Record<string, number>; requests?: () => number }): Metrics {
  const registry = new Registry();
  return { ...(requests ? apiMetricsIn(registry, requests) : {}), ...metricsIn(registry, inHand) };
}

function apiMetricsIn(registry: Registry, requests: () => number): Pick<Metrics, "apiErrors" | "listening"> {
  const registers = [registry];
  new Counter({
    name: "pushpool_api_requests_total",
    help: "Requests to the Prefect API, including retries",
    registers,
    collect() {
      this.reset();
      this.inc(requests());
    },
  });
  return {
    apiErrors: new Counter({
      name: "pushpool_api_errors_total",
      help: "Failed requests to the Prefect API: errors that are retried, and missing replies",
      labelNames: ["answer"],
      registers,
    }),
    listening: new Gauge({ name: "pushpool_listening", help: "1 while the event stream of the Prefect server is open", registers }),
  };
}

function metricsIn(registry: Registry, inHand: () => Record<string, number>): Metrics {
  const registers = [registry];
  new Gauge({
    name: "pushpool_flow_runs",
    help: "Flow runs that this dispatcher works on, by state type",
    labelNames: ["state"],
    registers,
    collect() {
      this.reset();
      for (const [state, count] of Object.entries(inHand())) this.set({ state }, count);
    },
  });
  return {
    submitSeconds: new Histogram({
      name: "pushpool_submit_seconds",
      help: "Time from when a flow run was due until its infrastructure exists",
      labelNames: ["work_pool"],
      buckets: [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300],
      registers,
    }),
    ended: new Counter({
      name: "pushpool_flow_runs_ended_total",
      help: "Flow runs that have ended, by state type",
      labelNames: ["work_pool", "state"],
      registers,
    }),
    text: () => registry.metrics(),
  };
}

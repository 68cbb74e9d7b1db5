import { errorInfo, GoogleError } from "./googleError";
import type { Settled } from "./googleOptions";

const METRICS = {
  read: "Read requests",
  write: "Write requests",
  run: "Job run requests",
  logRead: "Read requests",
} as const;

/** Counts calls by quota, project and region, in windows; Google's window is a minute. */
export class Quotas {
  readonly #options: Pick<Settled, "quotas" | "quotaWindow">;
  readonly #used = new Map<string, { window: number; calls: number }>();

  constructor(options: Pick<Settled, "quotas" | "quotaWindow">) {
    this.#options = options;
  }

  /** @throws {GoogleError} if the quota is used up */
  take(quota: keyof typeof METRICS, place: string, projectNumber: string): void {
    const most = this.#options.quotas[quota];
    if (most === undefined) return;
    const window = Math.floor(Date.now() / this.#options.quotaWindow);
    const key = `${quota}/${place}`;
    const used = this.#used.get(key);
    const calls = used?.window === window ? used.calls + 1 : 1;
    this.#used.set(key, { window, calls });
    if (calls <= most) return;
    const service = quota === "logRead" ? "logging.googleapis.com" : "run.googleapis.com";
    const limit = `${METRICS[quota]} per minute${quota === "logRead" ? "" : " per region"}`;
    throw new GoogleError(
      "RESOURCE_EXHAUSTED",
      `Quota exceeded for quota metric '${METRICS[quota]}' and limit '${limit}' of service '${service}' for consumer 'project_number:${projectNumber}'.`,
      [errorInfo("RATE_LIMIT_EXCEEDED", { service, consumer: `projects/${projectNumber}`, quota_limit_value: String(most) })],
    );
  }
}

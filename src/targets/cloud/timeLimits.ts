import type { InfrastructureId } from "../target";

/** The times by which a limit is measured, in milliseconds. */
export interface LimitedRun {
  createdAt?: number | undefined;
  startedAt?: number | undefined;
  /** Seconds from its start; `null`: no limit. */
  timeoutSeconds: number | null;
  /** Seconds that it may take to start; `null`: no limit. */
  startTimeoutSeconds: number | null;
}

/** Time limits in a cloud that has none: whoever watches a run to its end stops it. */
export interface TimeLimits {
  /** It is still running, as just seen. */
  seen(id: InfrastructureId, run: LimitedRun): void;
  /** It has ended, or is being stopped. */
  over(id: InfrastructureId): void;
  /** Stop it if it was past a limit when it was last seen. If it was never seen, nothing happens. */
  enforce(id: InfrastructureId, signal?: AbortSignal): Promise<void>;
}

/** @param now the time by the clock of all machines that watch, in milliseconds since 1970 */
export function openTimeLimits(
  stop: (id: InfrastructureId, phase: "pending" | "running", signal?: AbortSignal) => Promise<void>,
  now: () => number,
): TimeLimits {
  const latest = new Map<InfrastructureId, LimitedRun>();
  const stopping = new Set<InfrastructureId>();
  return {
    seen: (id, run) => {
      if (run.timeoutSeconds !== null || run.startTimeoutSeconds !== null) latest.set(id, run);
    },
    over: (id) => {
      latest.delete(id);
    },
    enforce: async (id, signal) => {
      const { createdAt, startedAt, timeoutSeconds = null, startTimeoutSeconds = null } = latest.get(id) ?? {};
      const [since, limit] = startedAt === undefined ? [createdAt, startTimeoutSeconds] : [startedAt, timeoutSeconds];
      if (since === undefined || limit === null || now() < since + limit * 1000 || stopping.has(id)) return;
      stopping.add(id);
      await stop(id, startedAt === undefined ? "pending" : "running", signal).finally(() => stopping.delete(id));
    },
  };
}

import { InfrastructureWatch, type Watched } from "../runs/infrastructureWatch";
import type { InfrastructureId, Observation, Target } from "../targets/target";

export type EndedObservation = Extract<Observation, { phase: "ended" }>;

interface WatchedEnd extends Watched {
  resolve: (ended: EndedObservation) => void;
}

/**
 * Watches the runs of a server on one target until their infrastructure has ended. The server keeps their states, so the result of a look is
 * not stored.
 */
export class EndWatch {
  readonly #watch: InfrastructureWatch<WatchedEnd>;

  /** @param onError gets the reason of a failed look, which is repeated */
  constructor(
    target: Target,
    private readonly signal: AbortSignal,
    onError: (error: unknown) => void,
  ) {
    this.#watch = new InfrastructureWatch<WatchedEnd>({
      target: async () => target,
      seen: (one, observation) => {
        if (observation.phase === "ended" && this.#watch.drop(one)) one.resolve(observation);
        return undefined;
      },
      failed: (_, error) => onError(error),
      left: () => {},
    });
  }

  /** Resolves with the end of a run; never, once the signal has fired. */
  untilEnded(infrastructureId: InfrastructureId): Promise<EndedObservation> {
    return new Promise((resolve) => {
      this.#watch.add({ infrastructureId, signal: this.signal, due: 0, pause: 0, resolve });
    });
  }
}

/** The message for a failed look, which is repeated. */
export function notSeen(workPool: string, error: unknown): string {
  return `pushpool could not read the state of the runs on work pool "${workPool}"; it tries again: ${(error as Error).message}`;
}

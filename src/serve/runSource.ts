import type { Health } from "./endpoint";

/** Where a dispatcher takes its runs from: the ledger with its schedules, or a Prefect server. */
export interface RunSource {
  /** Names of the work pools that it serves. */
  readonly pools: readonly string[];
  /** For messages: `stack data/dev`, or the URL of an API. */
  readonly of: string;
  /** Take up what an earlier process left unfinished, and listen for new runs. */
  start(): Promise<void>;
  /**
   * Begin what is due. Called again at the returned time, and whenever a run has ended.
   * @returns when to look again at the latest, in milliseconds since the epoch
   */
  look(): Promise<number>;
  /** Another process can take up everything that has begun: stop listening. */
  close(): Promise<void>;
  /** The number of runs by state type now. */
  inHand(): Record<string, number>;
  health(): Health;
  /** How many requests were sent to a Prefect API; absent without one. */
  requests?(): number;
}

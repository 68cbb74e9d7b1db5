import type { Health } from "./endpoint";

/** Where a dispatcher takes its runs from: the ledger with its schedules, or a Prefect server. */
export interface Source {
  /** Names of the work pools that it serves. */
  readonly pools: readonly string[];
  /** For people: `stack data/dev`, or the URL of an API. */
  readonly of: string;
  /** Begin with what an earlier process left unfinished, and listen for what comes. */
  start(): Promise<void>;
  /**
   * Begin what is due. Called again when the time has come that it returns, and whenever a run has ended.
   * @returns when to look again at the latest, in milliseconds since the epoch
   */
  look(): Promise<number>;
  /** Everything that was begun is where another process can take it up: stop listening. */
  close(): Promise<void>;
  /** How many runs there are in each state type just now. */
  inHand(): Record<string, number>;
  health(): Health;
  /** How many requests were sent to a Prefect API; absent where there is none. */
  requests?(): number;
}

import type { ServerRun } from "../../prefect/api/flowRuns";
import { scheduledFlowRuns } from "../../prefect/api/workPools";
import type { Client } from "../../prefect/client";
import { inOrder } from "../../serverRuns/turns";

/** How far ahead to ask, in milliseconds: runs that become due before the next look then begin in time. */
const AHEAD = 15_000;

/** Asks for the runs of one pool that are due, whenever something may have changed, and never twice at a time. */
export class DueRuns {
  #asking = false;
  #again = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly client: Client,
    private readonly pool: string,
    private readonly begin: (run: ServerRun) => void,
    private readonly signal: AbortSignal,
    private readonly onTrouble: (message: string) => void,
  ) {
    signal.addEventListener("abort", () => clearTimeout(this.#timer), { once: true });
  }

  look(): void {
    if (this.#asking) {
      this.#again = true;
      return;
    }
    void this.#ask();
  }

  async #ask(): Promise<void> {
    this.#asking = true;
    do {
      this.#again = false;
      try {
        await this.#take();
      } catch (error) {
        if (!this.signal.aborted) this.onTrouble((error as Error).message);
      }
    } while (this.#again && !this.signal.aborted);
    this.#asking = false;
  }

  async #take(): Promise<void> {
    const ahead = new Date(this.client.clock.now() + AHEAD);
    // The signal does not cut this short: if a client leaves, a server on SQLite can keep its lock for a minute.
    const found = await scheduledFlowRuns(this.client, this.pool, { before: ahead });
    const later: number[] = [];
    const now = this.client.clock.now();
    for (const run of inOrder(found, dueTimeOf)) {
      const due = dueTimeOf(run);
      if (due <= now) this.begin(run);
      else later.push(due - now);
    }
    clearTimeout(this.#timer);
    if (later.length > 0) this.#timer = setTimeout(() => this.look(), Math.min(...later));
  }
}

/** When a run is due. Not `expected_start_time`: that stays the same when a run is postponed. */
export function dueTimeOf({ next_scheduled_start_time: next, state, created }: ServerRun): number {
  return Date.parse(next ?? state?.state_details?.scheduled_time ?? created);
}

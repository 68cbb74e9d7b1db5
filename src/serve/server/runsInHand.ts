import { flowRunOf, type PrefectEvent } from "../../prefect/eventStream";
import type { ServerRunEvent } from "../../serverRuns/dispatching";

/** Counts the runs of the server that a dispatcher is working on. */
export class RunsInHand {
  /** State type by flow run id. */
  readonly #states = new Map<string, string>();

  /** The number of runs in each state type. */
  counts(): Record<string, number> {
    const counts: Record<string, number> = { PENDING: 0, RUNNING: 0, CANCELLING: 0 };
    for (const type of this.#states.values()) counts[type] = (counts[type] ?? 0) + 1;
    return counts;
  }

  /** Take over a state from the server's events. */
  hear(event: PrefectEvent): void {
    const id = flowRunOf(event);
    const type = event.resource["prefect.state-type"];
    if (id !== undefined && type !== undefined && this.#states.has(id)) this.#states.set(id, type);
  }

  /** Take over an event of this dispatcher's own work on a run. */
  tell({ kind, run: { id } }: ServerRunEvent): void {
    if (kind === "claimed") this.#states.set(id, "PENDING");
    if (kind === "submitted") this.#states.set(id, this.#states.get(id) ?? "PENDING");
  }

  /** The work on a run has ended, with any result. */
  drop(id: string): void {
    this.#states.delete(id);
  }
}

import { flowRunOf, type PrefectEvent } from "../../prefect/eventStream";
import type { ServerRunEvent } from "../../serverRuns/dispatching";

/** Keeps count of the server's runs that a dispatcher has in hand. */
export class RunsInHand {
  /** State type by flow run id. */
  readonly #states = new Map<string, string>();

  /** How many there are in each state type. */
  counts(): Record<string, number> {
    const counts: Record<string, number> = { PENDING: 0, RUNNING: 0, CANCELLING: 0 };
    for (const type of this.#states.values()) counts[type] = (counts[type] ?? 0) + 1;
    return counts;
  }

  /** What the server's events say of them. */
  hear(event: PrefectEvent): void {
    const id = flowRunOf(event);
    const type = event.resource["prefect.state-type"];
    if (id !== undefined && type !== undefined && this.#states.has(id)) this.#states.set(id, type);
  }

  /** What happens to one of them here. */
  tell({ kind, run: { id } }: ServerRunEvent): void {
    if (kind === "claimed") this.#states.set(id, "PENDING");
    if (kind === "submitted") this.#states.set(id, this.#states.get(id) ?? "PENDING");
  }

  /** Whatever came of it, it is no longer in hand. */
  drop(id: string): void {
    this.#states.delete(id);
  }
}

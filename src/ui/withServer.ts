import { UserError } from "../userError";
import type { RunList } from "./runList";

/** How long to leave a server alone that does not answer, in milliseconds. */
const AGAIN = 10_000;
/** How often to ask it for what is new, in milliseconds. */
const PACE = 2_000;

/** The runs of a Prefect server; while it does not answer, what the ledger last saw of them. */
export class WithServer implements RunList {
  unreachable: string | null = null;
  readonly pace = PACE;
  #failedAt = 0;

  constructor(
    private readonly server: () => Promise<RunList>,
    private readonly ledger: RunList,
  ) {}

  page: RunList["page"] = (...given) => this.#ask((list) => list.page(...given));
  newer: RunList["newer"] = (...given) => this.#ask((list) => list.newer(...given));
  changed: RunList["changed"] = (...given) => this.#ask((list) => list.changed(...given));
  has: RunList["has"] = (...given) => this.#ask((list) => list.has(...given));
  strip: RunList["strip"] = (...given) => this.#ask((list) => list.strip(...given));

  /** The server did not answer. */
  failed(message: string): void {
    this.unreachable = message;
    this.#failedAt = Date.now();
  }

  async #ask<T>(question: (list: RunList) => Promise<T>): Promise<T> {
    if (this.unreachable !== null && Date.now() - this.#failedAt < AGAIN) return question(this.ledger);
    try {
      const answer = await question(await this.server());
      this.unreachable = null;
      return answer;
    } catch (error) {
      // A mistake in the request is not a fault of the server.
      if (!(error instanceof UserError) || error.exitCode === 2) throw error;
      this.failed(error.message);
      return question(this.ledger);
    }
  }
}

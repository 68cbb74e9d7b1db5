import { printLine } from "../src/provider/printLine";

/** Answers a call with an error. */
export type Fail = (reason: unknown) => void;

/**
 * The calls that are not answered yet. An error outside of a call, such as in an output's function, fails all of them. Nobody knows to
 * which one it belongs, and without an answer the engine would wait forever.
 */
export class Failures {
  readonly #open = new Set<Fail>();
  /** Messages that answered a call. The same error arrives again from each output that depends on the failed one. */
  readonly #answered = new Set<string>();

  /** Do work that answers a call. `fail` is called if an error occurs elsewhere meanwhile. */
  async during<T>(fail: Fail, work: () => Promise<T>): Promise<T> {
    this.#open.add(fail);
    try {
      return await work();
    } catch (error) {
      this.#answered.add(messageOf(error));
      throw error;
    } finally {
      this.#open.delete(fail);
    }
  }

  failAll(reason: unknown): void {
    const open = [...this.#open];
    const message = messageOf(reason);
    if (open.length === 0 && !this.#answered.has(message)) printLine(message);
    this.#answered.add(message);
    for (const fail of open) fail(reason);
  }
}

/** An error's message, without its stack and the SDK's words about an output that waits for it. */
export function messageOf(reason: unknown): string {
  const message = reason instanceof Error ? reason.message : String(reason);
  return message.replace(/^(error serializing property "[^"]*": )+/, "");
}

import type { RunEvent } from "./runsContext";

type OnEvent = (event: RunEvent) => void;

/** The word for a cloud, or an API, that answers. */
export const ANSWERED = "ok";

/** Passes on notices from clouds and servers: to those who follow a run there, else to whoever opened the runs. */
export class Listeners {
  /** How often each listener is registered, by work pool; `""` is for notices that concern no single pool. */
  readonly #byPool = new Map<string, Map<OnEvent, number>>();
  /** What was last heard of each work pool's cloud: {@link ANSWERED}, or why it does not answer. */
  readonly #answers = new Map<string, string>();

  /** @param otherwise gets notices that have no listener @default nothing */
  constructor(private readonly otherwise: (message: string) => void = () => {}) {}

  /** For `/health`: what each work pool's cloud last answered, by `work pool NAME`. */
  reaches(): Record<string, string> {
    return Object.fromEntries([...this.#answers].map(([pool, answer]) => [`work pool ${pool}`, answer]));
  }

  /** @param fault why the cloud does not answer */
  answered(pool: string, fault: string = ANSWERED): void {
    this.#answers.set(pool, fault);
  }

  /** A function gets each message once, however many runs it follows. @param pool absent: the message concerns every pool */
  tell(message: string, pool?: string): void {
    const lists = pool === undefined ? [...this.#byPool.values()] : [this.#byPool.get(pool)];
    const listeners = new Set(lists.flatMap((list) => [...(list?.keys() ?? [])]));
    if (listeners.size === 0) this.otherwise(message);
    for (const onEvent of listeners) onEvent({ kind: "warning", message });
  }

  /** Register `onEvent` while `work` runs. @param pool absent: only messages that concern every pool */
  during<T>(onEvent: OnEvent | undefined, pool: string | undefined, work: () => Promise<T>): Promise<T> {
    // Thousands of runs may be followed without a listener. Another promise of each would need memory.
    return onEvent ? this.#registered(onEvent, pool, work) : work();
  }

  async #registered<T>(onEvent: OnEvent, pool: string | undefined, work: () => Promise<T>): Promise<T> {
    const key = pool ?? "";
    const list = this.#byPool.get(key) ?? new Map<OnEvent, number>();
    this.#byPool.set(key, list);
    list.set(onEvent, (list.get(onEvent) ?? 0) + 1);
    try {
      return await work();
    } finally {
      const left = (list.get(onEvent) ?? 1) - 1;
      if (left > 0) list.set(onEvent, left);
      else list.delete(onEvent);
      if (list.size === 0) this.#byPool.delete(key);
    }
  }
}

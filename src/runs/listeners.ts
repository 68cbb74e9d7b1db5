import type { RunEvent } from "./context";

type OnEvent = (event: RunEvent) => void;

/** Who is told what clouds and servers say while they are waited for: those who follow a run there, else whoever opened the runs. */
export class Listeners {
  /** How often each listens, by work pool; `""`: to what concerns no single pool. */
  readonly #byPool = new Map<string, Map<OnEvent, number>>();

  /** @param otherwise hears what nobody listens to @default nobody */
  constructor(private readonly otherwise: (message: string) => void = () => {}) {}

  /** One function hears one message once, however many runs it follows. @param pool absent: it concerns every pool */
  tell(message: string, pool?: string): void {
    const lists = pool === undefined ? [...this.#byPool.values()] : [this.#byPool.get(pool)];
    const listeners = new Set(lists.flatMap((list) => [...(list?.keys() ?? [])]));
    if (listeners.size === 0) this.otherwise(message);
    for (const onEvent of listeners) onEvent({ kind: "warning", message });
  }

  /** Let `onEvent` hear while `work` goes on. @param pool absent: only what concerns every pool */
  async during<T>(onEvent: OnEvent | undefined, pool: string | undefined, work: () => Promise<T>): Promise<T> {
    if (!onEvent) return work();
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

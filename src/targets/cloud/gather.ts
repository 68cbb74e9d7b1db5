/** Returns the observation of one item: most are known at once, some only after another call. */
export type Tell<Key, Seen> = (key: Key, seen: Seen | Promise<Seen>) => void;

export interface Gathering<Key, Seen> {
  /** Which batch an item belongs to. */
  groups: (keys: Iterable<Key>) => Iterable<readonly Key[]>;
  /**
   * Look at one batch. If it throws, the items without an answer so far fail too.
   * @param signal fires once nobody waits for the batch any more
   */
  look: (group: readonly Key[], tell: Tell<Key, Seen>, signal: AbortSignal) => Promise<void>;
  /** How long to wait for other callers, in milliseconds. @default 15 */
  wait?: () => number;
}

/** Callers within this time share the same calls, in milliseconds. */
export const GATHER = 15;

interface Asked<Key, Seen> {
  keys: ReadonlySet<Key>;
  missing: number;
  resolve: (seen: Map<Key, Seen>) => void;
  reject: (error: unknown) => void;
  /** The batches with its items. `undefined`: it has its answer, or no longer wants one. */
  batches: Batch<Key, Seen>[] | undefined;
}

/** One batch, and who waits for it. */
interface Batch<Key, Seen> {
  waiting: Set<Asked<Key, Seen>>;
  over: AbortController;
}

/**
 * Callers at about the same time share one look. Each gets its answer as soon as all its items are seen. If an item cannot be seen, only
 * its callers get the error. A caller whose signal fires gets its reason at once; a look ends early if it was the last caller.
 *
 * @returns a function that looks at some items; its answer may also contain other callers' items
 */
export function gather<Key, Seen>({
  groups,
  look,
  wait = () => GATHER,
}: Gathering<Key, Seen>): (keys: readonly Key[], signal?: AbortSignal) => Promise<Map<Key, Seen>> {
  let waiting = new Set<Asked<Key, Seen>>();
  let timer: NodeJS.Timeout | undefined;

  function fail(asked: Asked<Key, Seen>, error: unknown): void {
    const { batches } = asked;
    if (!batches) return;
    asked.batches = undefined;
    asked.reject(error);
    // The timer would keep the process alive.
    if (waiting.delete(asked) && waiting.size === 0) clearTimeout(timer);
    for (const { waiting: others, over } of batches) {
      others.delete(asked);
      if (others.size === 0) over.abort();
    }
  }

  function answer(): void {
    const asked = waiting;
    waiting = new Set();
    const askedFor = new Map<Key, Asked<Key, Seen>[]>();
    for (const each of asked) {
      for (const key of each.keys) {
        const others = askedFor.get(key);
        if (others) others.push(each);
        else askedFor.set(key, [each]);
      }
    }
    const seen = new Map<Key, Seen>();
    const answered = (key: Key, one: Seen) => {
      seen.set(key, one);
      for (const each of askedFor.get(key) ?? []) {
        each.missing -= 1;
        if (each.missing > 0) continue;
        each.batches = undefined;
        each.resolve(seen);
      }
    };
    const failed = (key: Key, error: unknown) => {
      for (const each of askedFor.get(key) ?? []) fail(each, error);
    };
    const told = new Set<Key>();
    const tell: Tell<Key, Seen> = (key, one) => {
      told.add(key);
      if (!(one instanceof Promise)) answered(key, one);
      else
        one.then(
          (value) => answered(key, value),
          (error) => failed(key, error),
        );
    };
    for (const group of groups(askedFor.keys())) {
      const rest = (error: unknown) => {
        for (const key of group) if (!told.has(key)) failed(key, error);
      };
      const batch: Batch<Key, Seen> = { waiting: new Set(group.flatMap((key) => askedFor.get(key) ?? [])), over: new AbortController() };
      for (const each of batch.waiting) each.batches?.push(batch);
      look(group, tell, batch.over.signal).then(() => rest(new Error("the look gave no answer for this item")), rest);
    }
  }

  return async (keys, signal) => {
    signal?.throwIfAborted();
    const wanted = new Set(keys);
    if (wanted.size === 0) return new Map();
    const { promise, resolve, reject } = Promise.withResolvers<Map<Key, Seen>>();
    const asked: Asked<Key, Seen> = { keys: wanted, missing: wanted.size, resolve, reject, batches: [] };
    waiting.add(asked);
    if (waiting.size === 1) timer = setTimeout(answer, wait());
    const letGo = () => fail(asked, signal?.reason);
    signal?.addEventListener("abort", letGo, { once: true });
    return promise.finally(() => signal?.removeEventListener("abort", letGo));
  };
}

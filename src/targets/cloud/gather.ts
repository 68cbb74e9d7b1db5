/** Returns the observation of one item: most are known at once, some only after another call. */
export type Tell<Key, Seen> = (key: Key, seen: Seen | Promise<Seen>) => void;

export interface Gathering<Key, Seen> {
  /** Which batch an item belongs to. */
  groups: (keys: Iterable<Key>) => Iterable<readonly Key[]>;
  /** Look at one batch. If it throws, the items without an answer so far fail too. */
  look: (group: readonly Key[], tell: Tell<Key, Seen>) => Promise<void>;
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
}

/**
 * Callers at about the same time share one look. Each gets its answer as soon as all its items are seen. If an item cannot be seen, only
 * its callers get the error.
 *
 * @returns a function that looks at some items; its answer may also contain other callers' items
 */
export function gather<Key, Seen>({
  groups,
  look,
  wait = () => GATHER,
}: Gathering<Key, Seen>): (keys: readonly Key[]) => Promise<Map<Key, Seen>> {
  let waiting: Asked<Key, Seen>[] = [];

  function answer(): void {
    const asked = waiting;
    waiting = [];
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
        if (each.missing === 0) each.resolve(seen);
      }
    };
    const failed = (key: Key, error: unknown) => {
      for (const each of askedFor.get(key) ?? []) each.reject(error);
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
      look(group, tell).then(() => rest(new Error("the look gave no answer for this item")), rest);
    }
  }

  return (keys) => {
    const wanted = new Set(keys);
    if (wanted.size === 0) return Promise.resolve(new Map());
    return new Promise((resolve, reject) => {
      waiting.push({ keys: wanted, missing: wanted.size, resolve, reject });
      if (waiting.length === 1) setTimeout(answer, wait());
    });
  };
}

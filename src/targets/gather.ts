import type { InfrastructureId } from "./target";

/** Says what was seen of one; of most that is known at once, of some only after another call. */
export type Tell<Seen> = (id: InfrastructureId, seen: Seen | Promise<Seen>) => void;

export interface Gathering<Seen> {
  /** What is looked at together. */
  groups: (ids: Iterable<InfrastructureId>) => Iterable<readonly InfrastructureId[]>;
  /** Look at one group. Those that it has not told of when it throws fail with it. */
  look: (group: readonly InfrastructureId[], tell: Tell<Seen>) => Promise<void>;
  /** How long to wait for others, in milliseconds. */
  wait: () => number;
}

interface Asked<Seen> {
  ids: ReadonlySet<InfrastructureId>;
  missing: number;
  resolve: (seen: Map<InfrastructureId, Seen>) => void;
  reject: (error: unknown) => void;
}

/**
 * Those who ask at about the same time are answered by the same look, each as soon as all that it asked for is seen. Who asks for something
 * that cannot be seen hears why, and nobody else does.
 *
 * @returns what looks at some; its answer may have more than was asked for: what others asked for too
 */
export function gather<Seen>({
  groups,
  look,
  wait,
}: Gathering<Seen>): (ids: readonly InfrastructureId[]) => Promise<Map<InfrastructureId, Seen>> {
  let waiting: Asked<Seen>[] = [];

  function answer(): void {
    const asked = waiting;
    waiting = [];
    const askedFor = new Map<InfrastructureId, Asked<Seen>[]>();
    for (const each of asked) {
      for (const id of each.ids) {
        const others = askedFor.get(id);
        if (others) others.push(each);
        else askedFor.set(id, [each]);
      }
    }
    const seen = new Map<InfrastructureId, Seen>();
    const answered = (id: InfrastructureId, one: Seen) => {
      seen.set(id, one);
      for (const each of askedFor.get(id) ?? []) {
        each.missing -= 1;
        if (each.missing === 0) each.resolve(seen);
      }
    };
    const failed = (id: InfrastructureId, error: unknown) => {
      for (const each of askedFor.get(id) ?? []) each.reject(error);
    };
    const told = new Set<InfrastructureId>();
    const tell: Tell<Seen> = (id, one) => {
      told.add(id);
      if (!(one instanceof Promise)) answered(id, one);
      else
        one.then(
          (value) => answered(id, value),
          (error) => failed(id, error),
        );
    };
    for (const group of groups(askedFor.keys())) {
      const rest = (error: unknown) => {
        for (const id of group) if (!told.has(id)) failed(id, error);
      };
      look(group, tell).then(() => rest(new Error("nothing was said of what was asked for")), rest);
    }
  }

  return (ids) => {
    const wanted = new Set(ids);
    if (wanted.size === 0) return Promise.resolve(new Map());
    return new Promise((resolve, reject) => {
      waiting.push({ ids: wanted, missing: wanted.size, resolve, reject });
      if (waiting.length === 1) setTimeout(answer, wait());
    });
  };
}

import type { JsonObject } from "../../../src/json";
import type { RecordedStep } from "./recording";

/** How long an answer is held for one that was earlier when it was recorded, and does not come. Only a difference makes it wait so long. */
const PATIENCE_MS = 60_000;

/**
 * Holds an operation to the order of a recorded one. Of a step that fails it is chance what its siblings had come to by then, and everything
 * after depends on it; so there every provider's answer is held until those that came before it have been given, and a call that was never made is
 * never answered.
 */
export class Schedule {
  readonly #ends = new Map<string, number | null>();
  readonly #seen = new Map<string, number>();
  readonly #done = new Set<number>();
  readonly #waiting = new Set<() => void>();

  constructor({ calls, ends = [] }: RecordedStep) {
    for (const [index, [method, request]] of calls.entries()) this.#ends.set(this.#key(method, request), ends[index] ?? null);
    this.#seen.clear();
  }

  async run(method: string, request: JsonObject, proceed: () => Promise<unknown>): Promise<unknown> {
    const end = this.#ends.get(this.#key(method, request));
    if (end === undefined) return new Promise(() => {});
    try {
      return await proceed();
    } finally {
      if (end !== null) {
        await this.#turn(end);
        // What comes of this answer comes before the next one is given.
        setTimeout(() => {
          this.#done.add(end);
          for (const look of [...this.#waiting]) look();
        }, 20);
      }
    }
  }

  /** Each call of a method for a resource is one of its own. */
  #key(method: string, { urn = "", tok = "" }: JsonObject): string {
    const what = `${method} ${urn}${tok}`;
    const count = (this.#seen.get(what) ?? 0) + 1;
    this.#seen.set(what, count);
    return `${what} ${count}`;
  }

  async #turn(end: number): Promise<void> {
    const isFirst = () => [...this.#ends.values()].every((other) => other === null || other >= end || this.#done.has(other));
    if (isFirst()) return;
    await new Promise<void>((go) => {
      const timer = setTimeout(go, PATIENCE_MS);
      const look = () => {
        if (!isFirst()) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        go();
      };
      this.#waiting.add(look);
    });
  }
}

/** Makes the calls of one method wait until so many of another have been answered. */
export class Hold {
  readonly #rule: { method: string; after: string };
  readonly #gate: Promise<void>;
  #open = () => {};
  #left: number;

  constructor(rule: { method: string; after: string; count: number }) {
    this.#rule = rule;
    this.#left = rule.count;
    this.#gate = new Promise((open) => {
      this.#open = open;
    });
  }

  async run(method: string, proceed: () => Promise<unknown>): Promise<unknown> {
    if (method === this.#rule.method) await this.#gate;
    try {
      return await proceed();
    } finally {
      if (method === this.#rule.after && --this.#left === 0) this.#open();
    }
  }
}

/** The custom resources in the order in which they were planned, as the program is told it. */
export function orderOf({ calls, events }: RecordedStep): string[] {
  const isImported = (urn: string) => events.some(([, op, whose]) => op.startsWith("import") && whose === urn);
  const begun = new Set<string>();
  return calls.flatMap(([method, { urn, news }]) => {
    // What is imported is read before it is checked, and what cannot be is only read.
    const begins = method === "Check" || (method === "Read" && isImported(String(urn)));
    if (!begins || begun.has(String(urn))) return [];
    begun.add(String(urn));
    const [types = "", name = ""] = String(urn).replace(/^~/, "").split("::");
    const given = (news as JsonObject | undefined)?.name;
    return [[types.split("$").at(-1), name, typeof given === "string" ? given : ""].join("::")];
  });
}

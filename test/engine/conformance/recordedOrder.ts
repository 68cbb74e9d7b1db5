import type { JsonObject } from "../../../src/json";
import type { RecordedStep } from "./recording";

/**
 * How long an answer waits for an earlier one of the recording that does not arrive, in milliseconds. It waits so long only if the engines
 * differ.
 */
const PATIENCE_MS = 60_000;

/**
 * Forces an operation into the order of the recording. In a step that fails, it depends on chance how far its siblings have come, and
 * everything later depends on that. So every answer of a provider waits until the recorded earlier ones have been given.
 * A call that was never made in the recording is never answered.
 */
export class RecordedOrder {
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
        // The engine handles this answer before the next one is given.
        setTimeout(() => {
          this.#done.add(end);
          for (const look of [...this.#waiting]) look();
        }, 20);
      }
    }
  }

  /** The key of a call. Repeated calls of a method for the same resource have different keys. */
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

/** Makes the calls of one method, or their answers, wait for a number of calls of another. */
export class Hold {
  readonly #rule: { method: string; after: string };
  readonly #what: "calls" | "answers";
  readonly #gate: Promise<void>;
  #open = () => {};
  #left: number;

  /** @param what `calls` wait until the others have been answered, `answers` until they have begun */
  constructor(rule: { method: string; after: string; count: number }, what: "calls" | "answers") {
    this.#rule = rule;
    this.#what = what;
    this.#left = rule.count;
    this.#gate = new Promise((open) => {
      this.#open = open;
    });
  }

  async run(method: string, proceed: () => Promise<unknown>): Promise<unknown> {
    const isHeld = method === this.#rule.method;
    if (this.#what === "answers") this.#count(method);
    else if (isHeld) await this.#gate;
    try {
      return await proceed();
    } finally {
      if (this.#what === "calls") this.#count(method);
      else if (isHeld) await this.#gate;
    }
  }

  #count(method: string): void {
    if (method === this.#rule.after && --this.#left === 0) this.#open();
  }
}

/** The custom resources in the order in which they were planned, in the format of DEMO_ORDER. */
export function orderOf({ calls, events }: RecordedStep): string[] {
  const isImported = (urn: string) => events.some(([, op, whose]) => op.startsWith("import") && whose === urn);
  const begun = new Set<string>();
  return calls.flatMap(([method, { urn, news }]) => {
    // An imported resource is read before it is checked. If the import fails, it is only read.
    const begins = method === "Check" || (method === "Read" && isImported(String(urn)));
    if (!begins || begun.has(String(urn))) return [];
    begun.add(String(urn));
    const [types = "", name = ""] = String(urn).replace(/^~/, "").split("::");
    const given = (news as JsonObject | undefined)?.name;
    return [[types.split("$").at(-1), name, typeof given === "string" ? given : ""].join("::")];
  });
}

import type { Leases, Ledger } from "../ledger/ledger";
import { isWithin, type Moment, momentNow } from "../moment";
import { processLives, processName } from "../processName";

/** How long a lease lasts without being renewed, in seconds. It is renewed three times as often. */
const LASTS = 30;

/**
 * That this process works, for the others of its ledger. What a process owns is named after its lease: `<lease>/<number>`. Whoever finds
 * something owned by a process that is gone takes it up.
 */
export interface Lease {
  /** @returns its name, for {@link release} */
  hold(): Promise<string>;
  /** The work under it is done. */
  release(name: string): Promise<void>;
  /**
   * Whether this process still has what it owns by this name; ask right before something is sent. A process that was stopped for a while
   * may have lost it.
   */
  has(name: string): Promise<boolean>;
  /** Whether the holder of another name still works, as this process sees it. If not, it has lost what it owns for good. */
  lives(name: string): Promise<boolean>;
  /** Holds that remain stay until they are released. A hold after that ends at once. */
  close(): Promise<void>;
}

/**
 * @param machine see `src/machineName.ts`
 * @param options.seconds how long a lease lasts without being renewed
 * @param options.lingers how long it stays when nothing needs it any more, in milliseconds: whoever submits one run after another begins
 * only one. Then `close` must be called. @default 0
 */
export function openLease(
  ledger: Ledger,
  machine: () => string,
  { seconds = LASTS, lingers = 0 }: { seconds?: number | undefined; lingers?: number } = {},
): Lease {
  return ledger.shared ? new SharedLease(ledger.shared.leases, machine, seconds, lingers) : ONE_MACHINE;
}

/** On one machine, the process table says who lives: there is nothing to renew, or to lose. */
const ONE_MACHINE: Lease = {
  hold: async () => processName(),
  release: async () => {},
  has: async () => true,
  lives: async (name) => processLives(name),
  close: async () => {},
};

/** Each lease of this process has its own number: one that was lost never comes back. */
let count = 0;

/** One row of the ledger for all that this process owns, renewed only as long as it owns something. */
class SharedLease implements Lease {
  #holders = 0;
  #held: Promise<Held> | undefined;
  #lingering: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(
    private readonly leases: Leases,
    private readonly machine: () => string,
    private readonly seconds: number,
    private readonly lingers: number,
  ) {}

  async hold(): Promise<string> {
    clearTimeout(this.#lingering);
    this.#holders += 1;
    const held = this.#held ?? this.#begin();
    this.#held = held;
    try {
      return (await held).name;
    } catch (error) {
      this.#holders -= 1;
      if (this.#held === held) this.#held = undefined;
      throw error;
    }
  }

  async release(): Promise<void> {
    this.#holders -= 1;
    if (this.#holders > 0) return;
    if (this.#isClosed || this.lingers === 0) return this.#end();
    clearTimeout(this.#lingering);
    this.#lingering = setTimeout(() => void this.#end(), this.lingers);
    this.#lingering.unref();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#lingering);
    await this.#end();
  }

  async #end(): Promise<void> {
    const held = await this.#held?.catch(() => undefined);
    if (this.#holders > 0 || !held) return;
    this.#held = undefined;
    clearInterval(held.timer);
    // If that fails, it expires.
    await this.leases.end(held.name).catch(() => {});
  }

  async has(name: string): Promise<boolean> {
    const held = await this.#held;
    if (held?.name !== name) return false;
    // Nobody ends a lease before its time.
    while (!isWithin(held.every, held.renewed)) if (!(await this.#renew(held))) return false;
    return true;
  }

  async lives(name: string): Promise<boolean> {
    // A process of this machine that has ended needs no time to expire.
    const process = name.slice(0, name.lastIndexOf("/"));
    if (!processLives(process, this.machine())) return false;
    return this.leases.holds(name);
  }

  async #begin(): Promise<Held> {
    count += 1;
    const machine = this.machine();
    const name = `${processName(machine)}/${count}`;
    const began = momentNow();
    await this.leases.begin(name, machine, this.seconds);
    const every = (this.seconds * 1000) / 3;
    const held: Held = { name, every, renewed: began, timer: setInterval(() => void this.#renew(held).catch(() => {}), every) };
    held.timer.unref();
    return held;
  }

  /** @returns `false` if others have ended it */
  async #renew(held: Held): Promise<boolean> {
    const began = momentNow();
    if (await this.leases.renew(held.name)) {
      held.renewed = began;
      return true;
    }
    clearInterval(held.timer);
    // Another lease owns later work.
    if (this.#held && (await this.#held) === held) this.#held = undefined;
    return false;
  }
}

interface Held {
  name: string;
  /** How often to renew it, in milliseconds. */
  every: number;
  renewed: Moment;
  timer: NodeJS.Timeout;
}

import { setImmediate as others } from "node:timers/promises";
import type { Json, JsonObject } from "../../json";
import type { DeploymentDefinition } from "../../manifest/manifest";
import type { RunsContext } from "../../runs/context";
import { createRun } from "../../runs/create";
import { requestDigest } from "../../runs/requestDigest";
import { dueOf, type MissedPolicy, type Occurrences, occurrencesOf, readSchedule, type Schedule, timingFault } from "../../schedules";
import { UserError } from "../../userError";
import type { ScheduleEvent } from "../events";

/** How long a schedule rests whose run could not be made for now, in milliseconds. */
const TROUBLE_PAUSE = 5_000;
const DAY = 86_400_000;
/** How far back missed occurrences are looked for, in milliseconds: at first, and where those are few. */
const BACK = [7 * DAY, 400 * DAY] as const;
/** So many of the latest are enough to decide by. */
const ENOUGH = 100;
/** So many of the latest are kept: more than can be due. */
const LATEST = 1_000;

/** What of a schedule must outlive this process. */
interface Kept {
  /** What an interval without an anchor counts from: when its deployment was deployed, or first seen. */
  anchor: number;
  /** Every occurrence up to here is made or passed over. */
  through: number;
}

interface Entry {
  deployment: string;
  schedule: Schedule;
  digest: string;
  occurrences: Occurrences;
  next: number | undefined;
}

export interface DeploymentWithSchedules {
  definition: DeploymentDefinition;
  /** In milliseconds since the epoch; absent where the Pulumi program declares it. */
  deployedAt?: number;
}

/**
 * Makes the runs of deployments' schedules when they are due.
 *
 * An occurrence is known by its deployment, its schedule (what it says; so one that is changed begins anew) and its time: that is the run's
 * idempotency key, so no process makes it twice. How far a schedule has come is noted after its runs are made: who is killed between the
 * two makes them again, and gets the ones that are there.
 */
export class Schedules {
  #entries = new Map<string, Entry>();
  #faultsTold = new Set<string>();

  constructor(
    private readonly context: RunsContext,
    private readonly stack: string,
    private readonly policy: MissedPolicy,
    private readonly tell: (event: ScheduleEvent) => void,
  ) {}

  /** Take in which deployments there are now. What is no longer there, or rests, is forgotten: it misses nothing meanwhile. */
  async refresh(deployments: ReadonlyMap<string, DeploymentWithSchedules>): Promise<void> {
    const before = this.#entries;
    const now = new Map<string, Entry>();
    for (const [name, { definition, deployedAt }] of deployments) {
      for (const given of definition.schedules ?? []) {
        const { key, digest } = this.#identity(name, given);
        if (this.#faultsTold.has(key)) continue;
        const schedule = this.#read(name, key, given);
        if (schedule === undefined) continue;
        if (!schedule.active) {
          await this.#forget(key);
          continue;
        }
        const entry = before.get(key) ?? (await this.#begin(key, name, digest, schedule, deployedAt));
        if (entry) now.set(key, entry);
      }
    }
    this.#entries = now;
    for (const key of before.keys()) if (!now.has(key)) await this.#forget(key);
  }

  /** Make what is due. @returns when the next one is, in milliseconds since the epoch; `undefined` if nothing comes */
  async fire(): Promise<number | undefined> {
    for (const [key, entry] of this.#entries) {
      const now = this.context.now().getTime();
      if (entry.next === undefined || entry.next > now) continue;
      await others();
      try {
        await this.#fireOne(key, entry, now);
        entry.next = entry.occurrences.next(now);
      } catch (error) {
        // For now only: the same occurrences are looked at again.
        entry.next = now + TROUBLE_PAUSE;
        this.tell({ kind: "notScheduled", deployment: entry.deployment, message: (error as Error).message });
      }
    }
    const times = [...this.#entries.values()].flatMap(({ next }) => next ?? []);
    return times.length > 0 ? Math.min(...times) : undefined;
  }

  async #fireOne(key: string, entry: Entry, now: number): Promise<void> {
    const text = await this.context.ledger.readNote(key);
    if (text === undefined) return;
    const kept = JSON.parse(text) as Kept;
    const { max_scheduled_runs: most } = entry.schedule;
    const passed = await since(entry.occurrences, kept.through, now);
    const { run, missed } = dueOf(passed.latest, now, this.policy, most);
    const [first, last] = [passed.first, missed.at(-1)];
    if (first !== undefined && last !== undefined) {
      const { deployment } = entry;
      const count = passed.count - passed.latest.length + missed.length;
      this.tell({ kind: "missed", deployment, count, first: iso(first), last: iso(last), policy: this.policy });
    }
    for (const time of run) await this.#make(entry, iso(time));
    // Should another process have come further meanwhile, it has made the same runs.
    if (kept.through < now) await this.context.ledger.swapNote(key, text, JSON.stringify({ ...kept, through: now }));
  }

  async #make({ deployment, schedule, digest }: Entry, due: string): Promise<void> {
    try {
      const { run, created } = await createRun(this.context, {
        deployment,
        parameters: schedule.parameters as JsonObject,
        tags: ["auto-scheduled"],
        idempotencyKey: `scheduled ${digest} ${due}`,
        scheduledFor: due,
      });
      if (created) this.tell({ kind: "scheduled", run, due });
    } catch (error) {
      // A mistake of the deployment's stays one; anything else may be over soon.
      if (!(error instanceof UserError) || error.exitCode !== 2) throw error;
      this.tell({ kind: "notScheduled", deployment, due, message: error.message });
    }
  }

  async #begin(key: string, deployment: string, digest: string, schedule: Schedule, deployedAt?: number): Promise<Entry | undefined> {
    const now = this.context.now().getTime();
    const { ledger } = this.context;
    const first: Kept = { anchor: deployedAt ?? now, through: now };
    await ledger.swapNote(key, undefined, JSON.stringify(first));
    const { anchor, through } = JSON.parse((await ledger.readNote(key)) ?? JSON.stringify(first)) as Kept;
    try {
      await others();
      const occurrences = occurrencesOf(schedule.schedule, anchor);
      const next = occurrences.next(through);
      // That it has ended is no fault; that it could never begin is one.
      const fault = next === undefined ? timingFault(schedule.schedule) : undefined;
      if (fault !== undefined) throw new Error(fault);
      return { deployment, schedule, digest, occurrences, next };
    } catch (error) {
      this.#tellFault(key, deployment, (error as Error).message);
      return undefined;
    }
  }

  #identity(deployment: string, given: Json): { key: string; digest: string } {
    const { schedule = null, slug = null, parameters = null } = (given ?? {}) as JsonObject;
    const digest = requestDigest({ schedule, slug, parameters }).slice(0, 16);
    return { key: `schedule ${JSON.stringify([this.stack, deployment])} ${digest}`, digest };
  }

  #read(deployment: string, key: string, given: Json): Schedule | undefined {
    const read = readSchedule(given);
    if (!("fault" in read)) return read;
    this.#tellFault(key, deployment, read.fault);
    return undefined;
  }

  #tellFault(key: string, deployment: string, message: string): void {
    if (this.#faultsTold.has(key)) return;
    this.#faultsTold.add(key);
    this.tell({ kind: "notScheduled", deployment, message: `a schedule of it cannot be acted on: ${message}` });
  }

  async #forget(key: string): Promise<void> {
    const text = await this.context.ledger.readNote(key);
    if (text !== undefined) await this.context.ledger.swapNote(key, text, undefined);
  }
}

/** The occurrences that have passed: how many, the first, and the latest of them. */
interface Passed {
  count: number;
  first: number | undefined;
  latest: number[];
}

/** Those of a long time are not looked for where the latest decide. */
async function since(occurrences: Occurrences, through: number, now: number): Promise<Passed> {
  const near = await passed(occurrences, Math.max(through, now - BACK[0]), now);
  return near.count > ENOUGH || through >= now - BACK[0] ? near : passed(occurrences, Math.max(through, now - BACK[1]), now);
}

/** Signals and whatever else waits get their turn meanwhile: by seconds there are half a million in a week. */
async function passed(occurrences: Occurrences, after: number, until: number): Promise<Passed> {
  const found: Passed = { count: 0, first: undefined, latest: [] };
  for (const time of occurrences.after(after)) {
    if (time > until) break;
    found.count += 1;
    found.first ??= time;
    found.latest.push(time);
    if (found.latest.length >= 2 * LATEST) found.latest = found.latest.slice(-LATEST);
    if (found.count % LATEST === 0) await others();
  }
  return found;
}

const iso = (time: number) => new Date(time).toISOString();

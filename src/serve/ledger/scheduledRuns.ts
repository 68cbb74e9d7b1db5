import { setImmediate as others } from "node:timers/promises";
import type { Json, JsonObject } from "../../json";
import type { DeploymentInManifest } from "../../manifest/manifest";
import { createRun } from "../../runs/create";
import { requestDigest } from "../../runs/requestDigest";
import type { RunsContext } from "../../runs/runsContext";
import { dueOf, type MissedPolicy, type Occurrences, occurrencesOf, readSchedule, type Schedule, timingFault } from "../../schedules";
import { UserError } from "../../userError";
import type { ScheduleEvent } from "../serveEvents";

/** How long to pause a schedule after its run could not be created for the moment, in milliseconds. */
const TROUBLE_PAUSE = 5_000;
const DAY = 86_400_000;
/** How far back to look for missed occurrences, in milliseconds: first, and then if those were few. */
const BACK = [7 * DAY, 400 * DAY] as const;
/** This many of the latest occurrences are enough to decide. */
const ENOUGH = 100;
/** This many of the latest occurrences are kept: more than can be due. */
const LATEST = 1_000;

/** The state of a schedule that must outlive this process. */
interface Kept {
  /** The start of an interval without an anchor: when its deployment was deployed, or first seen. */
  anchor: number;
  /** The run of every occurrence up to here is created or skipped. */
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
  definition: DeploymentInManifest;
  /** In milliseconds since the epoch; absent if the Pulumi program declares it. */
  deployedAt?: number;
}

/**
 * Creates the runs of deployments' schedules when they are due.
 *
 * A run's idempotency key consists of its deployment, its schedule's content and its time: no process creates it twice. A changed schedule
 * is a new one. The progress is noted after the runs are created. If the process dies between the two, the next one creates them again and
 * gets the existing ones.
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

  /** Learn the current deployments. A schedule that is gone or paused is forgotten: it misses nothing meanwhile. */
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

  /** Create the runs that are due. @returns when the next one is due, in milliseconds since the epoch; `undefined` if there is none */
  async fire(): Promise<number | undefined> {
    for (const [key, entry] of this.#entries) {
      const now = this.context.now().getTime();
      if (entry.next === undefined || entry.next > now) continue;
      await others();
      try {
        await this.#fireOne(key, entry, now);
        entry.next = entry.occurrences.next(now);
      } catch (error) {
        // A temporary error: look at the same occurrences again.
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
    // If another process has come further meanwhile, it has created the same runs.
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
      // A user's mistake in the deployment stays; any other error may pass.
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
      // A schedule may end, but one that never has a time is an error.
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
    this.tell({ kind: "notScheduled", deployment, message: `it has an invalid schedule: ${message}` });
  }

  async #forget(key: string): Promise<void> {
    const text = await this.context.ledger.readNote(key);
    if (text !== undefined) await this.context.ledger.swapNote(key, text, undefined);
  }
}

/** The occurrences that have passed: their number, the first one, and the latest ones. */
interface Passed {
  count: number;
  first: number | undefined;
  latest: number[];
}

/** Do not count the occurrences of a long time if the latest ones decide. */
async function since(occurrences: Occurrences, through: number, now: number): Promise<Passed> {
  const near = await passed(occurrences, Math.max(through, now - BACK[0]), now);
  return near.count > ENOUGH || through >= now - BACK[0] ? near : passed(occurrences, Math.max(through, now - BACK[1]), now);
}

/** Let signals and other work run meanwhile: a schedule of seconds has half a million occurrences in a week. */
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

import { isJsonObject } from "../json";
import { readJson } from "../jsonText";
import type { Ledger } from "../ledger";
import type { LoadedManifest } from "../manifest";
import { suggestion } from "../nearest";
import { quoted } from "../shown";
import { UserError } from "../userError";

// What a ledger knows of its work pools, besides the manifest: who paused them here, and the last refusal of their cloud.

type Notes = Pick<Ledger, "readNote" | "readNotes" | "swapNote" | "changeNote" | "noteKeys">;

/** The most pools of a stack that are read at once. */
const MAX_POOLS = 10_000;

const pauses = (stack: string) => `paused-pool/${stack}/`;
const errors = (stack: string) => `pool-error/${stack}/`;

/** The work pools of a stack that are paused in the ledger, whatever the manifest says. */
export async function pausedPools(notes: Notes, stack: string): Promise<Set<string>> {
  const prefix = pauses(stack);
  return new Set((await notes.noteKeys(prefix, MAX_POOLS)).map((key) => key.slice(prefix.length)));
}

/** Whether a work pool is paused in the ledger. */
export async function isPausedHere(notes: Notes, stack: string, pool: string): Promise<boolean> {
  return (await notes.readNote(`${pauses(stack)}${pool}`)) !== undefined;
}

/** What a submission needs to know of its work pool, with one query. `error`: its last refusal, for {@link clearPoolError}. */
export async function poolNotes(notes: Notes, stack: string, pool: string): Promise<{ isPaused: boolean; error?: string }> {
  const [paused, refused] = [`${pauses(stack)}${pool}`, `${errors(stack)}${pool}`];
  const found = await notes.readNotes([paused, refused]);
  const error = found.get(refused);
  return { isPaused: found.has(paused), ...(error === undefined ? {} : { error }) };
}

/** How a pool is paused that only its Pulumi program can resume. */
export function pausedInProgram(pool: string): string {
  return `paused in the Pulumi program (isPaused of work pool "${pool}")`;
}

/**
 * Check that the ledger can pause and resume a pool.
 * @throws {UserError} if there is no such pool, or if the program or a Prefect server decides about its pause
 */
export function checkPausable({ manifest, origin }: LoadedManifest, pool: string): void {
  const { pools, prefect } = manifest;
  if (!Object.hasOwn(pools, pool))
    throw new UserError(`there is no work pool ${quoted(pool)} in ${origin}: ${suggestion(pool, Object.keys(pools)) || "it has none"}`);
  if (prefect !== undefined)
    throw new UserError(
      `work pool "${pool}" belongs to the Prefect server: pause and resume it there, as \`prefect work-pool pause ${pool}\``,
    );
  if (pools[pool]?.isPaused) throw new UserError(`work pool "${pool}" is ${pausedInProgram(pool)}: change that, and run \`pushpool up\``);
}

/** Pause or resume a work pool in the ledger. Runs in flight continue, new ones wait. */
export async function pausePool(notes: Notes, stack: string, pool: string, paused: boolean, at: Date): Promise<void> {
  await notes.changeNote(`${pauses(stack)}${pool}`, (now) => (paused ? (now ?? at.toISOString()) : undefined));
}

/** The last refusal of a pool's cloud. */
export interface PoolError {
  /** ISO 8601, UTC. */
  at: string;
  /** With the fix. It contains no secrets. */
  message: string;
}

/** Remember a refusal until the next success. */
export async function notePoolError(notes: Notes, stack: string, pool: string, error: PoolError): Promise<void> {
  await notes.changeNote(`${errors(stack)}${pool}`, () => JSON.stringify(error));
}

/**
 * The cloud accepted something: its last refusal is over.
 * @param before as it was noted then; one that came meanwhile stays until the next success
 */
export async function clearPoolError(notes: Notes, stack: string, pool: string, before: string | undefined): Promise<void> {
  if (before !== undefined) await notes.swapNote(`${errors(stack)}${pool}`, before, undefined);
}

export async function readPoolError(notes: Notes, stack: string, pool: string): Promise<PoolError | undefined> {
  const text = await notes.readNote(`${errors(stack)}${pool}`);
  const found = text === undefined ? undefined : readJson(text);
  return isJsonObject(found) ? { at: String(found.at), message: String(found.message) } : undefined;
}

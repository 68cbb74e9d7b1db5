import { ageInWords } from "../duration";
import type { BlockDefinition } from "../manifest/manifest";

const DAY = 86_400_000;

/** A key of a pool's block: how old it is, and what becomes of it. Times are ISO 8601. */
export interface KeyAge {
  /** Absent in the manifest of an older pushpool. */
  keyId?: string;
  createdAt: string;
  use: "current" | "previous";
  /** The first `up` after this makes a new key. Absent: the key stays. */
  changesAt?: string;
  /** The first `up` after this removes it, once no unfinished run was submitted with it. */
  removedAfter?: string;
}

/** The keys of a block, the current one first. */
export function keyAges({ createdAt, keyId, rotation }: Pick<BlockDefinition, "createdAt" | "keyId" | "rotation">): KeyAge[] {
  if (createdAt === undefined || Number.isNaN(Date.parse(createdAt))) return [];
  const { everyDays, overlapDays, since = createdAt, previous } = rotation ?? {};
  const id = keyId === undefined ? {} : { keyId };
  return [
    { ...id, createdAt, use: "current", ...(everyDays === undefined ? {} : { changesAt: after(createdAt, everyDays) }) },
    ...(previous ? [{ ...previous, use: "previous" as const, removedAfter: after(since, overlapDays ?? 0) }] : []),
  ];
}

/**
 * The same in words: `key K2 is 3 days old and changes in 87 days; the previous key K1 is removed in 4 days`.
 * @param now in milliseconds
 * @param unfinished the runs that hold a key; without them, only its overlap is shown
 */
export function keysInWords(keys: readonly KeyAge[], now: number, unfinished: readonly { keyId: string; run: string }[] = []): string {
  return keys
    .map(({ keyId = "", createdAt, use, changesAt, removedAfter }) =>
      use === "previous"
        ? `the previous key ${keyId} is removed ${whenOf(removedAfter, now)}${heldBy(unfinished.filter((each) => each.keyId === keyId))}`
        : `key ${keyId} is ${ageInWords(now - Date.parse(createdAt))} old and changes ${whenOf(changesAt, now)}`,
    )
    .join("; ");
}

/** The first of some names: `fox, owl, elk and 2 more`. */
export function someOf(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(", ");
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}

function heldBy(runs: readonly { run: string }[]): string {
  return runs.length === 0 ? "" : `, once its unfinished runs have ended: ${someOf(runs.map(({ run }) => run))}`;
}

function whenOf(at = "", now: number): string {
  const left = Date.parse(at) - now;
  return left > 0 ? `in ${ageInWords(left)}` : "at the next up";
}

function after(time: string, days: number): string {
  const start = Date.parse(time);
  return Number.isNaN(start) ? time : new Date(start + days * DAY).toISOString();
}

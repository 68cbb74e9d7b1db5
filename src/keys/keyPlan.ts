import { ageInWords } from "../duration";
import { someOf } from "./keyAges";

/** How often the key of a pool changes, and for how long the old one stays beside the new one, in days. */
export interface Rotation {
  everyDays: number;
  overlapDays: number;
}

/** A key of a pool in the stack's state. */
export interface StoredKey {
  /** 1 for the pool's first key, and one more for each that follows. */
  generation: number;
  /** The cloud's id of it, which is not secret. */
  keyId: string;
  /** When it was created, by the cloud's clock; ISO 8601. */
  createdAt: string;
  /** Whether its secret is in the state. A key that was only imported does not have it. */
  usable: boolean;
}

/** A key that the cloud lists. */
export interface ListedKey {
  keyId: string;
  createdAt: string;
  /** Somebody has switched it off: it counts for the cloud's limit, but nobody can use it. */
  isDisabled?: boolean;
}

/** Everything that decides which keys a pool has. All times are in milliseconds. */
export interface KeyFacts {
  /** By the cloud's clock. Absent: the cloud did not answer. */
  now?: number;
  /** By this machine's clock. */
  localNow: number;
  /** In the stack's state, oldest first. */
  keys: StoredKey[];
  /** The last proof in the state. `again`: what asked for it. */
  proof?: { generation: number; keyId: string; provenAt: string; again?: string };
  /** The key in the manifest that the last complete `up` wrote. Absent: no manifest has the pool's block. */
  manifestKeyId?: string;
  /** Generations whose creation was interrupted. */
  pending: number[];
  /** Ids of keys in the stack's state that other pools have. Pools may share an owner. */
  othersKeys?: readonly string[];
  /** Who has the keys, in the cloud's words, such as the name of an IAM user. Absent before there is a key. */
  owner?: string;
  /** What this machine's ledger knows of the pool's runs. Absent: it has none of them, or a Prefect API has them. */
  unfinishedRuns?: { keyId: string; run: string }[];
}

export interface KeyRules extends Rotation {
  workPoolName: string;
  /** How long a run may take, in seconds. */
  longestRun: number;
  /** How many keys the cloud allows at once. */
  limit: number;
  /** Whether Pulumi can import an existing key. */
  canImport: boolean;
  /** How to delete a key by hand. */
  deleteCommand: (owner: string, keyId: string) => string;
  /** What to do if the cloud refuses a new key, when it did not list the keys. */
  ifRefused?: string;
}

/** What an `up` does. */
export interface KeyPlan {
  /** The generations that the program declares, oldest first. */
  generations: number[];
  /** The one with which runs are submitted. */
  current: number;
  /** Another value proves the key again. */
  again?: string;
  /** A key that an interrupted `up` made, whose secret nobody has: take it into the stack, so that the next `up` deletes it. */
  adopt?: { generation: number; keyId: string };
  /** One line each, for the user. */
  notes: { text: string; isWarning: boolean }[];
  /** Why nothing may change. */
  refusal?: string;
}

const DAY = 86_400_000;
/** How far this machine's clock may be from the cloud's without a word, in milliseconds. */
const CLOCK_TOLERANCE = 300_000;
/** How long a cloud's list may lack a new key, in milliseconds: all three are eventually consistent. */
const LISTED_AFTER = 600_000;

/**
 * Decide which keys a pool has. There are at most two: the current one, and the one before it during the overlap.
 *
 * The times of keys and of proofs come from the cloud, and so does the time of day. So a wrong clock of this machine changes nothing.
 * @param listed what the cloud lists, if it can; the state may be older
 */
export function planKeys(facts: KeyFacts, rules: KeyRules, listed?: readonly ListedKey[]): KeyPlan {
  const { workPoolName, everyDays, overlapDays } = rules;
  const of = `work pool "${workPoolName}"`;
  const notes: KeyPlan["notes"] = [];
  const note = (text: string, isWarning = false) => notes.push({ text: `${of}: ${text}`, isWarning });
  const age = ({ createdAt }: StoredKey | ListedKey) => (facts.now ?? facts.localNow) - Date.parse(createdAt);
  const entryOf = (key: StoredKey) => listed?.find(({ keyId }) => keyId === key.keyId);
  const isDisabled = (key: StoredKey) => entryOf(key)?.isDisabled === true;
  const isThere = (key: StoredKey) => !isDisabled(key) && (listed === undefined || entryOf(key) !== undefined || age(key) < LISTED_AFTER);

  const stored = facts.keys.filter(({ usable }) => usable);
  const lost = facts.keys.filter(({ usable }) => !usable);
  for (const { keyId } of lost) note(`key ${keyId} is removed: an interrupted up made it, and its secret is lost`);
  const alive = stored.filter(isThere);
  const newest = Math.max(0, ...stored.map(({ generation }) => generation), facts.proof?.generation ?? 0);
  // An existing owner may have keys already.
  if (newest === 0)
    return listed === undefined ? { generations: [1], current: 1, notes } : withRoom({ generations: [1], current: 1, notes }, 1);
  const highest = Math.max(newest, ...lost.map(({ generation }) => generation));

  const { now } = facts;
  if (now !== undefined && Math.abs(now - facts.localNow) > CLOCK_TOLERANCE)
    note(
      `the clock of this machine is ${ageInWords(Math.abs(now - facts.localNow))} ${now > facts.localNow ? "behind" : "ahead of"} the cloud's: pushpool uses the cloud's time for keys`,
      true,
    );

  const current = alive.find(({ generation }) => generation === newest);
  const previous = alive.filter(({ generation }) => generation < newest).at(-1);
  const isProven = current !== undefined && facts.proof?.keyId === current.keyId;
  const hasMoved = isProven && (facts.manifestKeyId === undefined || facts.manifestKeyId === current.keyId);
  const again = facts.proof?.again;
  const kept = again === undefined ? {} : { again };

  for (const key of stored.filter(({ generation }) => generation < newest))
    if (isDisabled(key)) note(`key ${key.keyId} is removed: it is disabled in the cloud`);

  // Somebody deleted or disabled the newest key. The next one takes its place at once.
  if (!current) {
    const dead = stored.find(({ generation }) => generation === newest);
    // Without a listing the state lost it by a refresh, and the same resource is created again.
    const next = dead ? highest + 1 : newest;
    const what = dead && isDisabled(dead) ? "is disabled" : "was deleted";
    note(`key ${dead?.keyId ?? facts.proof?.keyId ?? ""} ${what} in the cloud: a new key replaces it now`, true);
    return withRoom({ generations: [...generationsOf(previous), next], current: next, ...kept, notes }, next);
  }

  const isNew = facts.proof !== undefined && !hasMoved;
  if (previous) {
    const reason = isNew || !isProven ? "waits" : whyKept(previous);
    // The proof of an `up` that did not finish is repeated: the overlap begins when the key has really moved.
    if (reason === "waits") {
      note(`an earlier up did not finish the change from key ${previous.keyId} to ${current.keyId}: this one continues it`);
      return { generations: [previous.generation, newest], current: newest, ...proveAgain(), notes };
    }
    if (reason !== undefined) {
      note(`key ${previous.keyId} stays ${reason}`);
      return { generations: [previous.generation, newest], current: newest, ...kept, notes };
    }
    note(`key ${previous.keyId} is removed: its overlap is over, and no unfinished run was submitted with it`);
    return { generations: [newest], current: newest, ...kept, notes };
  }

  if (isNew) return { generations: [newest], current: newest, ...proveAgain(), notes };
  if (!(age(current) >= everyDays * DAY) || lost.length > 0) return { generations: [newest], current: newest, ...kept, notes };
  if (now === undefined) {
    note(`key ${current.keyId} is due for a change, but the cloud did not send its time: a later up changes it`, true);
    return { generations: [newest], current: newest, ...kept, notes };
  }
  const next = highest + 1;
  note(
    `key ${current.keyId} is ${ageInWords(age(current))} old: a new key replaces it, and the old one stays valid for ${days(overlapDays)}`,
  );
  return withRoom({ generations: [newest, next], current: next, ...kept, notes }, next);

  /** A new key needs room beside those that the cloud lists. */
  function withRoom(plan: KeyPlan, next: number): KeyPlan {
    if (listed === undefined && rules.ifRefused !== undefined) note(rules.ifRefused);
    if (listed === undefined) return plan;
    const isFull = listed.length >= rules.limit;
    const others = new Set(facts.othersKeys);
    const known = new Set([...facts.keys.map(({ keyId }) => keyId), ...others]);
    const strangers = listed.filter(({ keyId }) => !known.has(keyId));
    const latest = Math.max(...stored.map(({ createdAt }) => Date.parse(createdAt)));
    // An existing owner may have keys that others made. Among them, the stack cannot recognize its own first key.
    const orphan =
      facts.pending.includes(next) && stored.length > 0 ? strangers.find(({ createdAt }) => Date.parse(createdAt) >= latest) : undefined;
    const byHand = (keyId: string) => rules.deleteCommand(facts.owner ?? "", keyId);
    if (orphan && !rules.canImport)
      note(`an interrupted up made key ${orphan.keyId}, and its secret is lost: delete it with \`${byHand(orphan.keyId)}\``, true);
    if (!isFull) return plan;
    const without = plan.generations.filter((generation) => generation !== next);
    if (orphan && rules.canImport && without.length > 0) {
      notes.splice(0);
      note(`an interrupted up made key ${orphan.keyId}, and its secret is lost: this up takes it into the stack, the next one removes it`);
      return { ...plan, generations: without, current: newest, adopt: { generation: next, keyId: orphan.keyId }, notes };
    }
    const [first, ...more] = [...strangers].sort((one, other) => Date.parse(one.createdAt) - Date.parse(other.createdAt));
    const andMore = more.length === 0 ? "" : `, nor ${more.length === 1 ? "one other" : `${more.length} others`}`;
    const how =
      first &&
      `this stack did not make ${first.keyId} (created ${first.createdAt.slice(0, 10)})${andMore}: if nothing uses it, ${byHand(first.keyId)}`;
    const off = stored.find(isDisabled);
    const ofOther = listed.find(({ keyId }) => others.has(keyId));
    const waits = ofOther
      ? `${ofOther.keyId} belongs to another pool of this stack: give each pool its own owner`
      : off
        ? `${off.keyId} is disabled: enable it again, or ${byHand(off.keyId)}`
        : "wait until the overlap of the old key is over";
    return {
      ...plan,
      refusal: `keyRotation: ${facts.owner ?? ""} already has ${listed.length} keys, and the cloud allows ${rules.limit}, so there is no room for a new one: ${how ?? waits}. ${stored.length === 0 ? "No key was made" : "Nothing was changed"}`,
    };
  }

  function proveAgain(): { again?: string } {
    return now === undefined ? kept : { again: new Date(now).toISOString() };
  }

  /** Why the previous key must stay; `undefined`: it can go. */
  function whyKept({ keyId }: StoredKey): string | undefined {
    if (now === undefined) return "because the cloud did not send its time: a later up removes it";
    const provenAt = Date.parse(facts.proof?.provenAt ?? "");
    const end = provenAt + overlapDays * DAY;
    if (!(now >= end)) return `until its overlap is over, ${dateOf(end)}`;
    if (facts.unfinishedRuns) {
      const runs = facts.unfinishedRuns.filter((each) => each.keyId === keyId).map(({ run }) => run);
      if (runs.length === 0) return undefined;
      return `because unfinished runs were submitted with it: ${someOf(runs)}`;
    }
    const longest = end + rules.longestRun * 1000;
    if (now >= longest) return undefined;
    return `until ${dateOf(longest)}: the ledger on this machine does not know the pool's runs, so the overlap is longer by the time limit of a run (${days(rules.longestRun / 86_400)})`;
  }
}

function generationsOf(key: StoredKey | undefined): number[] {
  return key ? [key.generation] : [];
}

function days(count: number): string {
  const rounded = Math.round(count * 10) / 10;
  return rounded === 1 ? "1 day" : `${rounded} days`;
}

function dateOf(time: number): string {
  return new Date(time).toISOString().slice(0, 16).replace("T", " ").concat(" UTC");
}

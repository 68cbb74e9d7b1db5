import { expect, test } from "vitest";
import { type KeyFacts, type KeyPlan, type KeyRules, type ListedKey, planKeys } from "../../src/keys/keyPlan";

// Which keys a pool has: each row is a state of the stack, of the cloud and of the clock.

const DAY = 86_400_000;
const START = Date.parse("2026-01-01T00:00:00Z");
const at = (day: number) => new Date(START + day * DAY).toISOString();
const RULES: KeyRules = {
  workPoolName: "etl",
  everyDays: 90,
  overlapDays: 7,
  longestRun: 86_400,
  limit: 2,
  canImport: true,
  deleteCommand: (owner, keyId) => `delete ${keyId} of ${owner}`,
};

/** Key 1 is of day 0, key 2 of day 91, key 3 of day 182. */
const key = (generation: number, usable = true) => ({
  generation,
  keyId: `K${generation}`,
  createdAt: at((generation - 1) * 91),
  usable,
});
const proof = (generation: number, day = (generation - 1) * 91) => ({ generation, keyId: `K${generation}`, provenAt: at(day) });
const list = (...keys: [string, number][]): ListedKey[] => keys.map(([keyId, day]) => ({ keyId, createdAt: at(day) }));

function plan(day: number, facts: Partial<KeyFacts>, listed?: ListedKey[], rules = RULES): KeyPlan {
  const now = START + day * DAY;
  return planKeys({ keys: [], pending: [], owner: "ada", now, localNow: now, unfinishedRuns: [], ...facts }, rules, listed);
}

const [at1, at2] = list(["K1", 0], ["K2", 91]) as [ListedKey, ListedKey];
const both = { keys: [key(1), key(2)], proof: proof(2), manifestKeyId: "K2" };

test.each<[string, number, Partial<KeyFacts>, ListedKey[] | undefined, number[], number, RegExp]>([
  ["the first up", 0, {}, undefined, [1], 1, /^$/],
  ["before its time", 89, { keys: [key(1)], proof: proof(1), manifestKeyId: "K1" }, undefined, [1], 1, /^$/],
  ["after its time", 90, { keys: [key(1)], proof: proof(1), manifestKeyId: "K1" }, undefined, [1, 2], 2, /K1 is 90 days old/],
  ["an old key of a pool that did not change keys before", 400, { keys: [key(1)], manifestKeyId: "" }, undefined, [1, 2], 2, /400 days/],
  [
    "killed after the creation",
    91,
    { keys: [key(1), key(2)], proof: proof(1), manifestKeyId: "K1" },
    undefined,
    [1, 2],
    2,
    /did not finish the change/,
  ],
  ["killed after the proof", 99, { ...both, manifestKeyId: "K1" }, undefined, [1, 2], 2, /did not finish the change/],
  ["within the overlap", 97.9, both, undefined, [1, 2], 2, /K1 stays until its overlap is over, 2026-04-09 00:00 UTC/],
  ["after the overlap", 98, both, undefined, [2], 2, /K1 is removed/],
  ["an unfinished run", 150, { ...both, unfinishedRuns: [{ keyId: "K1", run: "fox" }] }, undefined, [1, 2], 2, /unfinished.*: fox$/],
  ["an unfinished run of the new key", 98, { ...both, unfinishedRuns: [{ keyId: "K2", run: "fox" }] }, undefined, [2], 2, /removed/],
  ["nothing known of runs", 98.9, { ...both, unfinishedRuns: undefined as never }, undefined, [1, 2], 2, /until 2026-04-10 .* \(1 day\)/],
  ["nothing known, longest run over", 99, { ...both, unfinishedRuns: undefined as never }, undefined, [2], 2, /removed/],
  // A key is never due while another one is before it: the cloud allows two.
  ["due, but a run holds the old key", 300, { ...both, unfinishedRuns: [{ keyId: "K1", run: "fox" }] }, undefined, [1, 2], 2, /fox/],
  ["the cloud tells no time", 300, { ...both, now: undefined as never }, undefined, [1, 2], 2, /did not send its time/],
  ["due, and the cloud sends no time", 300, { keys: [key(1)], proof: proof(1), now: undefined as never }, undefined, [1], 1, /a later up/],
  // A wrong clock of this machine.
  [
    "a clock far ahead",
    10,
    { keys: [key(1)], proof: proof(1), localNow: START + 4000 * DAY },
    undefined,
    [1],
    1,
    /clock .*3990 days ahead/,
  ],
  ["a clock far behind", 98, { ...both, localNow: START }, undefined, [2], 2, /98 days behind.*\n.*removed/],
  ["a clock behind never brings an old key back", 0, { keys: [key(2)], proof: proof(2), manifestKeyId: "K2" }, undefined, [2], 2, /^$/],
  // Keys that somebody disabled.
  [
    "the current key is disabled, a minute after it was made",
    91.001,
    { keys: [key(2)], proof: proof(2), manifestKeyId: "K2" },
    [{ ...at2, isDisabled: true }],
    [3],
    3,
    /key K2 is disabled in the cloud: a new key replaces it now/,
  ],
  ["the old key is disabled in its overlap", 92, both, [{ ...at1, isDisabled: true }, at2], [2], 2, /K1 is removed: it is disabled/],
  // Keys that somebody deleted.
  [
    "deleted by hand, as a refresh saw",
    95,
    { keys: [key(1)], proof: proof(2), manifestKeyId: "K2" },
    undefined,
    [1, 2],
    2,
    /K2 was deleted/,
  ],
  ["a new key that the list does not have yet", 91.005, both, list(["K1", 0]), [1, 2], 2, /K1 stays/],
  ["deleted by hand, as the list shows", 95, both, list(["K1", 0]), [1, 3], 3, /K2 was deleted/],
  ["the only key deleted by hand", 5, { keys: [key(1)], proof: proof(1) }, [], [2], 2, /K1 was deleted/],
  ["the old key deleted by hand", 93, both, list(["K2", 91]), [2], 2, /^$/],
  ["all gone, as a refresh saw", 93, { proof: proof(2), manifestKeyId: "K2" }, [], [2], 2, /K2 was deleted/],
  // A key that nobody has the secret of.
  [
    "taken in by an earlier up",
    92,
    { keys: [key(1), key(2, false)], proof: proof(1), manifestKeyId: "K1" },
    undefined,
    [1],
    1,
    /K2 is removed/,
  ],
])("%s", (_, day, facts, listed, generations, current, says) => {
  const made = plan(day, facts, listed);
  expect(made).toMatchObject({ generations, current });
  expect(made.refusal).toBeUndefined();
  expect(made.notes.map(({ text }) => text.replace(/^work pool "etl": /, "")).join("\n")).toMatch(says);
});

test("no room for a new key: refused with the key that is in the way", () => {
  const facts = { keys: [key(1)], proof: proof(1), manifestKeyId: "K1" };
  const { refusal } = plan(91, facts, list(["K1", 0], ["HAND", 5]));
  expect(refusal).toMatch(
    /ada already has 2 keys.*HAND \(created 2026-01-06\): if nothing uses it, delete HAND of ada.*Nothing was changed/,
  );
  // Made by hand after the newest key, but no creation was interrupted.
  expect(plan(91, facts, list(["K1", 0], ["HAND", 91])).refusal).toMatch(/HAND/);
  // Before its time it is in nobody's way.
  expect(plan(20, facts, list(["K1", 0], ["HAND", 5])).refusal).toBeUndefined();
});

test("the first key of an owner that has others: refused without room, and none of them is taken in", () => {
  const full = list(["HAND", 5], ["OTHER", 7]);
  for (const pending of [[], [1]])
    expect(plan(91, { pending }, full).refusal).toMatch(
      /ada already has 2 keys.*did not make HAND .*, nor one other: .*delete HAND of ada\. No key was made$/,
    );
  const room = plan(91, { pending: [1] }, list(["HAND", 5]));
  expect(room).toEqual({ generations: [1], current: 1, notes: [] });
});

test("an interrupted up made a key: it is taken in, not refused, and never one that existed before", () => {
  const facts = { keys: [key(1)], proof: proof(1), manifestKeyId: "K1", pending: [2] };
  expect(plan(91, facts, list(["K1", 0], ["LOST", 91]))).toMatchObject({
    generations: [1],
    current: 1,
    adopt: { generation: 2, keyId: "LOST" },
  });
  const older = { ...facts, keys: [{ ...key(1), createdAt: at(50) }] };
  expect(plan(150, older, list(["K1", 50], ["HAND", 5]))).toMatchObject({ refusal: expect.stringMatching(/HAND/) });
});

test("a cloud whose keys cannot be imported: the user deletes what an interrupted up made, and a full list refuses", () => {
  const rules = { ...RULES, canImport: false, limit: 3 };
  const facts = { keys: [key(1)], proof: proof(1), manifestKeyId: "K1", pending: [2] };
  const of = (more: Partial<KeyFacts>, listed: ListedKey[]) => plan(91, { ...facts, ...more }, listed, rules);
  const lost = of({}, list(["K1", 0], ["LOST", 91]));
  expect([lost.generations, lost.adopt, lost.refusal]).toEqual([[1, 2], undefined, undefined]);
  expect(lost.notes.at(-1)).toEqual({ text: expect.stringMatching(/key LOST.*delete it with `delete LOST of ada`/), isWarning: true });
  expect(of({ pending: [] }, list(["K1", 0], ["HAND", 91])).notes.map(({ text }) => text)).toEqual([expect.not.stringContaining("HAND")]);
  expect(of({}, list(["K1", 0], ["NEW", 9], ["OLD", 2])).refusal).toMatch(
    /3 keys.*did not make OLD \(created 2026-01-03\), nor one other: if nothing uses it, delete OLD of ada/,
  );
});

test("a change that did not finish is proved again, so that its overlap begins when the key has moved", () => {
  expect(plan(99, { ...both, manifestKeyId: "K1" }).again).toBe(at(99));
  const again = { ...both, proof: { ...proof(2, 99), again: at(99) } };
  expect(plan(100, again).again).toBe(at(99));
  expect(plan(105.9, again).generations).toEqual([1, 2]);
  expect(plan(106, again).generations).toEqual([2]);
});

test("a disabled key counts for the cloud's limit: the refusal says how to go on", () => {
  const { refusal } = plan(92, both, [at1, { ...at2, isDisabled: true }]);
  expect(refusal).toMatch(
    /^keyRotation: ada already has 2 keys.* K2 is disabled: enable it again, or delete K2 of ada\. Nothing was changed$/,
  );
});

test("a key of another pool with the same owner is neither deleted by advice, nor taken for one that an interrupted up made", () => {
  const mine = { keys: [key(1)], proof: proof(1), manifestKeyId: "K1" };
  const listed = list(["K1", 0], ["B1", 50]);
  const { refusal, adopt } = plan(100, { ...mine, othersKeys: ["B1"], pending: [2] }, listed);
  expect(adopt).toBeUndefined();
  expect(refusal).toMatch(
    /no room for a new one: B1 belongs to another pool of this stack: give each pool its own owner\. Nothing was changed$/,
  );
  expect(plan(100, { ...mine, pending: [2] }, listed).adopt).toEqual({ generation: 2, keyId: "B1" });
});

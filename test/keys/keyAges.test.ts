import { expect, test } from "vitest";
import { keyAges, keysInWords } from "../../src/keys/keyAges";

// What `pushpool pools` says of keys.

const NOW = Date.parse("2026-04-10T00:00:00Z");
const block = {
  keyId: "K2",
  createdAt: "2026-04-02T00:00:00Z",
  rotation: { everyDays: 90, overlapDays: 7, since: "2026-04-02T00:00:00Z", previous: { keyId: "K1", createdAt: "2026-01-01T00:00:00Z" } },
};
const uses = (...runs: string[]) => [{ keyId: "K2", run: "bee" }, ...runs.map((run) => ({ keyId: "K1", run }))];

test.each<[string, { keyId: string; run: string }[], RegExp]>([
  ["no runs", [], /^key K2 is 8 days old and changes in 82 days; the previous key K1 is removed at the next up$/],
  ["runs of the current key", uses(), /at the next up$/],
  ["a run of the old key", uses("fox"), /at the next up, once its unfinished runs have ended: fox$/],
  ["five of them", uses("fox", "owl", "elk", "ant", "cat"), /: fox, owl, elk and 2 more$/],
])("%s", (_, unfinished, says) => {
  expect(keysInWords(keyAges(block), NOW, unfinished)).toMatch(says);
});

test("a time that no up has made known: the age is unknown", () => {
  expect(keyAges({ keyId: "K1", createdAt: "04da6b54-80e4-46f7-96ec-b56ff0331ba9" })).toEqual([]);
});

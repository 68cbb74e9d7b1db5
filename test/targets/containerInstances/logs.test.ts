import { describe, expect, test } from "vitest";
import type { AciApi } from "../../../src/targets/containerInstances/aciApi";
import { openLogs } from "../../../src/targets/containerInstances/aciLogs";
import { runNote } from "../../../src/targets/containerInstances/aciNotes";
import type { Watcher } from "../../../src/targets/containerInstances/aciWatcher";
import { following, type Line, tailOf } from "../../../src/targets/containerInstances/logTail";
import type { Observation } from "../../../src/targets/target";
import { memoryNotes } from "../cloud/memoryNotes";

const at = (n: number) => `2026-01-01T00:00:${String(n % 60).padStart(2, "0")}.${String(n).padStart(9, "0")}Z`;
const line = (n: number, text = `line ${n}`): Line => [at(n), text];
const lines = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => line(from + n));
const content = (all: readonly Line[]) => all.map(([time, text]) => `${time} ${text}\n`).join("");

describe("a tail", () => {
  test.each<[string, string, boolean, Line[]]>([
    ["a last line that may still grow is left for later", `${at(1)} a\n${at(2)} b`, false, [[at(1), "a"]]],
    [
      "unless its container has ended",
      `${at(1)} a\n${at(2)} b`,
      true,
      [
        [at(1), "a"],
        [at(2), "b"],
      ],
    ],
    ["a first line that was cut is dropped", `f a line\n${at(2)} b\n`, false, [[at(2), "b"]]],
    [
      "empty lines and carriage returns",
      `${at(1)} \n${at(2)} b\r\n`,
      false,
      [
        [at(1), ""],
        [at(2), "b"],
      ],
    ],
  ])("%s", (_, text, ended, expected) => {
    expect(tailOf(text, ended).lines).toEqual(expected);
  });

  test("it may have been cut where it is as long as Azure keeps", () => {
    expect(tailOf(content(lines(0, 1_000)), true).cut).toBe(true);
    expect(tailOf(content(lines(0, 900)), true).cut).toBe(false);
    expect(tailOf(content(lines(0, 1_000)), false).cut).toBe(false);
  });
});

describe("what follows", () => {
  const same = (text: string): Line => [at(1), text];
  test.each<[string, Line[], Line[], Line[] | undefined]>([
    ["nothing is known", [], lines(0, 2), lines(0, 2)],
    ["nothing new", lines(0, 3), lines(0, 3), []],
    ["new lines behind a part that is known", lines(0, 5), lines(2, 8), lines(5, 8)],
    [
      "lines of one instant, of which some are known",
      [same("a"), same("b")],
      [same("a"), same("b"), same("c"), same("d")],
      [same("c"), same("d")],
    ],
    // Nothing tells them apart: rather one too few than one twice.
    ["the same line again, at the same instant", [same("a")], [same("a"), same("a")], []],
    ["lines are missing between", lines(0, 3), lines(5, 8), undefined],
    ["a log that has begun again", lines(5, 8), lines(20, 22), undefined],
  ])("%s", (_, known, tail, expected) => {
    expect(following(known, tail)).toEqual(expected);
  });
});

/** A run whose log the test writes. */
function setUp({ workspace, rows = [] }: { workspace?: string; rows?: Record<string, unknown>[] } = {}) {
  const id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerInstance/containerGroups/pp-1";
  const notes = memoryNotes();
  const state = {
    log: [] as Line[],
    there: true,
    reads: [] as (number | undefined)[],
    seen: { phase: "running", startedAt: at(0) } as Observation,
    queries: [] as string[],
  };
  const api = {
    log: async (_: unknown, __: string, tail?: number) => {
      state.reads.push(tail);
      if (!state.there) return undefined;
      return content(tail === undefined ? state.log : state.log.slice(-tail));
    },
    query: async (_: string, query: string) => {
      state.queries.push(query);
      return rows;
    },
  } as unknown as AciApi;
  const watcher = { observe: async () => new Map([[id, state.seen]]) } as unknown as Watcher;
  const open = () => openLogs({ api, notes, watcher, late: 0 });
  const all = async (logs = open()) => {
    const texts: string[] = [];
    let cursor: string | undefined;
    for (let pages = 0; pages < 1_000; pages++) {
      const page = await logs.page(id, cursor);
      texts.push(...page.lines.map(({ text }) => text));
      if (page.complete || page.cursor === cursor) return texts;
      cursor = page.cursor;
    }
    throw new Error("it never ends");
  };
  const end = () => {
    state.seen = {
      phase: "ended",
      outcome: { kind: "exited", code: 0 },
      startedAt: "2026-01-01T00:00:00Z",
      endedAt: "2026-01-01T00:01:00Z",
    };
  };
  const remember = () =>
    runNote(notes, id).create({
      at: 0,
      container: "run",
      keep: false,
      timeoutSeconds: null,
      startTimeoutSeconds: null,
      ...(workspace === undefined ? {} : { workspace }),
    });
  return { id, state, open, all, end, remember };
}
const texts = (from: number, to: number) => lines(from, to).map(([, text]) => text);

test("each line once, in bursts of a thousand of one instant, whoever reads", async () => {
  const { id, state, open, all, end } = setUp();
  const expected: string[] = [];
  for (let burst = 0; burst < 6; burst++) {
    for (let n = 0; n < 1_000; n++) {
      state.log.push([at(burst), `${burst} ${n}`]);
      expected.push(`${burst} ${n}`);
    }
    await open().pull(id);
  }
  end();
  // Azure keeps a thousand lines now.
  state.log = state.log.slice(-1_000);
  expect(await all()).toEqual(expected);
  state.there = false;
  expect(await all()).toEqual(expected);
});

test("a look reads what is new, and all that Azure keeps only where that does not meet what is known", async () => {
  const { id, state, open } = setUp();
  state.log = lines(0, 10);
  const logs = open();
  await logs.pull(id);
  state.log = lines(0, 20);
  await logs.pull(id);
  state.log = lines(0, 5_000);
  await logs.pull(id);
  expect(state.reads).toEqual([undefined, 2_000, 2_000, undefined]);
});

test("what could not be had is said in its place", async () => {
  const { id, state, open, all, end } = setUp();
  state.log = lines(0, 3);
  await open().pull(id);
  end();
  state.log = lines(1_000, 2_000);
  const found = await all();
  expect([found.slice(0, 3), found.slice(4)]).toEqual([texts(0, 3), texts(1_000, 2_000)]);
  expect(found[3]).toMatch(/^\[pushpool\] lines are missing here: Azure keeps 4 MB/);
});

test("a group that someone deleted before its log was read: that is said at the end", async () => {
  const { id, state, open, all, end } = setUp();
  state.log = lines(0, 3);
  await open().pull(id);
  end();
  state.there = false;
  expect(await all()).toEqual([...texts(0, 3), expect.stringMatching(/lines are missing here/)]);
});

test("with Log Analytics the missing lines come from there", async () => {
  const rows = [{ TimeGenerated: "2026-01-01T00:00:02.5Z", Message: "from there" }];
  const { id, state, open, all, end, remember } = setUp({ workspace: "w", rows });
  await remember();
  state.log = lines(0, 3);
  await open().pull(id);
  end();
  state.log = lines(1_000, 2_000);
  expect(await all()).toEqual([...texts(0, 3), "from there", ...texts(1_000, 2_000)]);
  expect(state.queries[0]).toContain('ContainerGroup_s == "pp-1" and ContainerName_s == "run"');
});

test("a long log comes in pages", async () => {
  const { state, open, all, end, id } = setUp();
  state.log = Array.from({ length: 3_000 }, (_, n): Line => line(n, `${n} ${"x".repeat(200)}`));
  await open().pull(id);
  end();
  state.log = state.log.slice(-50);
  expect(await all()).toHaveLength(3_000);
});

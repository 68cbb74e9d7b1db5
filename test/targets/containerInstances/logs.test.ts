import { describe, expect, test } from "vitest";
import type { AciApi } from "../../../src/targets/containerInstances/aciApi";
import { openLogs } from "../../../src/targets/containerInstances/aciLogs";
import { runNote } from "../../../src/targets/containerInstances/aciNotes";
import type { Watcher } from "../../../src/targets/containerInstances/aciWatcher";
import { added, filled, type Row } from "../../../src/targets/containerInstances/logAnalytics";
import { following, type Line, tailOf } from "../../../src/targets/containerInstances/logTail";
import type { Observation } from "../../../src/targets/target";
import { memoryNotes } from "../cloud/memoryNotes";

const at = (n: number) => new Date(Date.UTC(2026, 0, 1) + n * 1_000).toISOString().replace(/\d{3}Z$/, `${String(n).padStart(9, "0")}Z`);
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

describe("what follows, where the first line of the log is known", () => {
  const same = (text: string): Line => [at(1), text];
  test.each<[string, Line[], Line[], Line[] | undefined]>([
    ["the same line again, at the same instant", [same("a")], [same("a"), same("a")], [same("a")]],
    [
      "and again, among others",
      [same("a"), same("b"), same("a")],
      [same("a"), same("b"), same("a"), same("a"), same("b")],
      [same("a"), same("b")],
    ],
    ["nothing new", [same("a"), same("a")], [same("a"), same("a")], []],
    ["a tail that begins later", [line(0), same("a"), same("a")], [same("a"), same("a"), same("a")], [same("a")]],
    ["a log that has begun again", [same("a")], [line(5), same("a")], undefined],
  ])("%s", (_, known, tail, expected) => {
    expect(following(known, tail, true)).toEqual(expected);
  });
});

/** A run whose log the test writes. */
function setUp({
  workspace,
  query = () => [],
  denied,
}: {
  workspace?: string;
  query?: (text: string) => Record<string, unknown>[];
  denied?: Error;
} = {}) {
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
    log: async (_: unknown, __: string, { tail }: { tail?: number } = {}) => {
      state.reads.push(tail);
      if (!state.there) return undefined;
      return content(tail === undefined ? state.log : state.log.slice(-tail));
    },
    query: async (_: string, text: string) => {
      state.queries.push(text);
      if (denied) throw denied;
      return query(text);
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
  return { id, notes, state, open, all, end, remember };
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

test("each line once, though they are the same at the same instant", async () => {
  const { id, state, open, all, end } = setUp();
  for (let n = 0; n < 7; n++) {
    state.log.push([at(1), "tick"]);
    if (n % 3 === 0) await open().pull(id);
  }
  end();
  expect(await all()).toEqual(Array(7).fill("tick"));
});

test("a look reads new lines; it reads all that Azure keeps only if they do not follow the known ones", async () => {
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
  expect(found[3]).toMatch(/^\[pushpool\] lines are missing here: Azure stores 4 MB/);
});

test("a group that someone deleted before its log was read: that is said at the end", async () => {
  const { id, state, open, all, end } = setUp();
  state.log = lines(0, 3);
  await open().pull(id);
  end();
  state.there = false;
  expect(await all()).toEqual([...texts(0, 3), expect.stringMatching(/lines are missing here/)]);
});

describe("with Log Analytics", () => {
  /** As a workspace has lines: with its own time of them. */
  const rowsOf = (all: readonly Line[]) =>
    all.map(([time, Message]) => ({ TimeGenerated: new Date(Date.parse(time) + 3_000).toISOString(), Message }));
  /** What a query asks for. */
  const queried = (rows: ReturnType<typeof rowsOf>, asked: string) => {
    const [, from = ""] = />= datetime\((.*?)\)/.exec(asked) ?? [];
    const [, to = "9999"] = /<= datetime\((.*?)\)/.exec(asked) ?? [];
    return rows.filter(({ TimeGenerated }) => TimeGenerated >= from && TimeGenerated <= to).slice(0, 2_000);
  };
  /** Read lines 0 to 3, then the last thousand of 2000 of a run that has ended. */
  async function withGap(rows: ReturnType<typeof rowsOf>, more: Parameters<typeof setUp>[0] = {}) {
    const made = setUp({ workspace: "w", query: (asked) => queried(rows, asked), ...more });
    await made.remember();
    made.state.log = lines(0, 3);
    await made.open().pull(made.id);
    made.end();
    made.state.log = lines(1_000, 2_000);
    return { ...made, found: await made.all() };
  }

  test("the missing lines come from there, each once and in order", async () => {
    const { found, state } = await withGap(rowsOf(lines(0, 2_000)));
    expect(found).toEqual(texts(0, 2_000));
    expect(state.queries[0]).toBe(
      'ContainerInstanceLog_CL | where ContainerGroup_s == "pp-1" and ContainerName_s == "run"' +
        " | where TimeGenerated >= datetime(2025-12-31T23:59:02.000Z) | where TimeGenerated <= datetime(2026-01-01T00:46:40.000Z)" +
        " | project TimeGenerated, Message | order by TimeGenerated asc | take 2000",
    );
  });

  test("what it does not have is said in its place", async () => {
    const { found } = await withGap(rowsOf(lines(0, 700)));
    expect(found).toEqual([
      ...texts(0, 700),
      expect.stringMatching(/lines are missing here: .*, and Log Analytics does not have them either$/),
      ...texts(1_000, 2_000),
    ]);
    const late = await withGap(rowsOf(lines(500, 2_000)));
    expect(late.found).toEqual([...texts(0, 3), expect.stringMatching(/lines may be missing here, or come twice/), ...texts(500, 2_000)]);
  });

  test("it has none: that is said, and where the run is new that they may come", async () => {
    const { found } = await withGap([]);
    expect(found[3]).toMatch(/lines are missing here: Azure stores 4 MB .*, and Log Analytics has none of them$/);
    const now = setUp({ workspace: "w" });
    await now.remember();
    now.end();
    now.state.log = Array.from({ length: 1_000 }, (_, n): Line => [new Date(Date.now() + n).toISOString(), `${n}`]);
    const [first] = await now.all();
    expect(first).toMatch(
      /Log Analytics does not have them yet\. That may take ten minutes: read the log again later with `pushpool logs`$/,
    );
  });

  test("a denial says which role is missing", async () => {
    const denied = Object.assign(new Error("The provided credentials have insufficient access"), {
      statusCode: 403,
      code: "InsufficientAccessError",
    });
    const { found } = await withGap([], { denied });
    expect(found[3]).toMatch(
      /Log Analytics does not give them: .*insufficient access.*"Log Analytics Reader" on the workspace.*If the role is new, .* read the log again later/,
    );
  });

  test("many lines are asked for page by page", async () => {
    const all = Array.from({ length: 7_000 }, (_, n): Line => [at(Math.floor(n / 50)), `line ${n}`]);
    const pages: number[] = [];
    const query = (asked: string) => {
      const page = queried(rowsOf(all), asked);
      pages.push(page.length);
      return page;
    };
    const made = setUp({ workspace: "w", query });
    await made.remember();
    made.end();
    made.state.log = all.slice(-1_000);
    expect(await made.all()).toEqual(all.map(([, text]) => text));
    expect(pages).toEqual([2_000, 2_000, 2_000, expect.any(Number)]);
  });
});

describe("the lines of a gap among the rows of a workspace", () => {
  const row = (n: number, text: string): Row => ({ at: new Date(Date.parse("2026-01-01T00:00:00Z") + n * 1_000).toISOString(), text });
  // Each two seconds after its line.
  const rows = (text: string, from = 0) => [...text].map((letter, n) => row(from + n + 2, letter));
  const known = (text: string, from = 0): Line[] => [...text].map((letter, n) => [row(from + n, "").at, letter]);
  test.each<[string, string, Line[], Line[], string, boolean, boolean]>([
    ["between its neighbours", "abcdefgh", known("ab"), known("gh", 6), "cdef", true, true],
    ["nothing lies between", "abgh", known("ab"), known("gh", 2), "", true, true],
    ["at the beginning", "abcd", [], known("d", 3), "abc", true, true],
    ["at the end", "abcd", known("ab"), [], "cd", true, false],
    ["lines that are all alike: their times say how many", "aaaaaaaa", known("aa"), known("aa", 6), "aaaa", true, true],
    ["a neighbour that comes again", "xabxcxd", known("xab"), known("xd", 5), "xc", true, true],
    ["the line after does not exist yet", "abcd", known("ab"), known("yz", 9), "cd", true, false],
    ["the line before does not exist", "cdyz", known("ab"), known("yz", 4), "cd", false, true],
    ["it has none of them", "", known("ab"), known("yz", 9), "", false, false],
  ])("%s", (_, all, before, after, expected, meetsBefore, meetsAfter) => {
    const { lines: found, ...meets } = filled(rows(all), before, after);
    expect([found.map(({ text }) => text).join(""), meets]).toEqual([expected, { meetsBefore, meetsAfter }]);
  });

  test("a page that begins at the time at which the one before ended adds its new lines", () => {
    const first = [row(1, "a"), row(2, "b"), row(2, "b"), row(2, "c")];
    expect(added(first, [row(2, "b"), row(2, "b"), row(2, "c"), row(2, "b"), row(2, "d"), row(3, "b")])).toEqual([
      row(2, "b"),
      row(2, "d"),
      row(3, "b"),
    ]);
    expect(added([], first)).toEqual(first);
  });
});

test("the log of a run that ended 30 days ago is removed, and says so; a younger one stays", async () => {
  const { id, notes, state, open, all, end } = setUp();
  state.log = Array.from({ length: 3_000 }, (_, n): Line => line(n, `${n} ${"x".repeat(200)}`));
  await open().pull(id);
  const parts = () => notes.noteKeys("aci/log/", 100);
  expect((await parts()).length).toBeGreaterThan(2);
  expect(await open().prune()).toBe(false);
  const endAt = (days: number) => {
    end();
    state.seen = { ...state.seen, endedAt: new Date(Date.now() - days * 86_400_000).toISOString() } as Observation;
  };
  endAt(29);
  await all();
  await open().prune();
  expect((await all()).length).toBeGreaterThan(2_000);

  const old = setUp();
  old.state.log = state.log;
  await old.open().pull(old.id);
  old.end();
  // Of the first days of 2026.
  await old.all();
  await old.open().prune();
  expect(await old.notes.noteKeys("aci/log/", 100)).toHaveLength(1);
  expect(await old.all()).toEqual([expect.stringMatching(/^\[pushpool\] the lines of this log were removed/)]);
  expect(await old.notes.noteKeys("aci/closed/", 1)).toEqual([]);
});

test("a long log comes in pages", async () => {
  const { state, open, all, end, id } = setUp();
  state.log = Array.from({ length: 3_000 }, (_, n): Line => line(n, `${n} ${"x".repeat(200)}`));
  await open().pull(id);
  end();
  state.log = state.log.slice(-50);
  expect(await all()).toHaveLength(3_000);
});

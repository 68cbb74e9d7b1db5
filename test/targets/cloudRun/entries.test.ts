import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatCursor, isDrained, parseCursor, sinceOf } from "../../../src/targets/cloud/logPosition";
import { parseExecutionName } from "../../../src/targets/cloudRun/cloudRunNames";
import { afterOf, type EntryPosition, filterOf, isOf, take } from "../../../src/targets/cloudRun/entries";
import type { Entry } from "../../../src/targets/cloudRun/entryLines";
import { type Belonging, belongingOf, namedExecution, type Spans } from "../../../src/targets/cloudRun/unnamedEntries";
import { matches, parseFilter } from "../../../src/testing/clouds/gcp/logFilter";

const LATE = 1_000;
const entry = (n: number, time: number, stream = "stdout"): Entry => ({
  insertId: `id-${n}`,
  timestamp: new Date(time).toISOString(),
  logName: `projects/acme/logs/run.googleapis.com%2F${stream}`,
  textPayload: `line ${n}`,
});

/** One part of an entry that was split. */
const part = (whole: Entry, index: number, totalSplits: number): Entry => {
  const { textPayload = "", insertId } = whole;
  const size = Math.ceil(textPayload.length / totalSplits);
  const split = { uid: insertId, ...(index === 0 ? {} : { index }), totalSplits };
  return { ...whole, insertId: `${insertId}.${index}`, split, textPayload: textPayload.slice(index * size, (index + 1) * size) };
};

test("however late lines appear, and wherever a reading stops: none is lost, none comes twice, the end is found", () => {
  // A line is one entry, or two or three parts, each with its own delay.
  const line = fc.record({
    time: fc.integer({ min: 1, max: 5_000 }),
    delays: fc.array(fc.integer({ min: 0, max: LATE }), { minLength: 1, maxLength: 3 }),
  });
  const asking = fc.record({
    /** When the first page came, and how much later the last one. */
    at: fc.integer({ min: 0, max: 6_500 }),
    lasts: fc.integer({ min: 0, max: 3_000 }),
    /** Entries before this time were on the first page. */
    firstPage: fc.integer({ min: 0, max: 5_000 }),
    /** How many entries the quota allows. */
    room: fc.integer({ min: 1, max: 12 }),
  });
  fc.assert(
    fc.property(fc.array(line, { maxLength: 40 }), fc.array(asking, { maxLength: 12 }), (lines, asked) => {
      const all = lines.flatMap(({ time, delays }, n) =>
        delays.map((delay, index) => ({ entry: part(entry(n, time), index, delays.length), time, shown: time + delay })),
      );
      // The order of Cloud Logging: by time, then by id.
      const order = (entry: { timestamp: string; insertId: string }) => `${entry.timestamp} ${entry.insertId}`;
      const ended = Math.max(0, ...lines.map(({ time }) => time));
      let cursor = formatCursor(parseCursor(undefined));
      const told: string[] = [];
      let drained = false;
      const later = Array.from({ length: 60 }, (_, n) => ({
        at: 10_000 + n,
        lasts: 0,
        firstPage: 0,
        room: Math.max(4, all.length / 4),
      }));
      let free = 0;
      for (const { at: wanted, lasts, firstPage, room } of [...asked.sort((a, b) => a.at - b.at), ...later]) {
        const at = Math.max(free, wanted);
        free = at + lasts;
        const position: EntryPosition = parseCursor(cursor);
        const [since, after] = [sinceOf(position, LATE), afterOf(position)];
        const answer = all
          .filter(({ time, shown }) => time >= since && shown <= (time < firstPage ? at : at + lasts))
          .filter(({ entry }) => after === undefined || order(entry) > order(after))
          .sort((a, b) => (order(a.entry) < order(b.entry) ? -1 : 1));
        const some = answer.slice(0, Math.floor(room));
        const read = some.length === answer.length ? { at } : { at, cut: (some.at(-1) as { entry: Entry }).entry };
        const taken = take(
          position,
          some.map(({ entry: each }) => each),
          read,
          { since, late: LATE },
        );
        told.push(...taken.lines.map(({ text }) => text));
        drained = isDrained(position, read, ended, LATE);
        cursor = formatCursor(taken.position);
        if (drained) break;
      }
      expect(drained).toBe(true);
      expect(told.sort()).toEqual(lines.map((_, n) => `line ${n}`).sort());
    }),
    { numRuns: 500 },
  );
});

test("Cloud Run's own messages are not output of the run", () => {
  expect(
    take(parseCursor(undefined), [entry(1, 1, "varlog%2Fsystem"), entry(2, 2, "stderr")], { at: 5 }, { since: 0, late: LATE }).lines,
  ).toEqual([{ at: "1970-01-01T00:00:00.002Z", stream: "stderr", text: "line 2" }]);
});

const read = (...entries: Entry[]) => take(parseCursor(undefined), entries, { at: 60_000 }, { since: 0, late: LATE });
const seen = (...entries: Entry[]) => read(...entries).lines.map(({ at: _, ...line }) => line);

describe("what an entry shows", () => {
  const log = (name: string, over: Partial<Entry>): Entry => {
    const { textPayload: _, ...rest } = entry(1, 1);
    return { ...rest, logName: `projects/acme/logs/${name}`, ...over };
  };
  const stdout = (over: Partial<Entry>) => log("run.googleapis.com%2Fstdout", over);

  test.each<[string, Entry, object[]]>([
    ["text", stdout({ textPayload: "a" }), [{ stream: "stdout", text: "a" }]],
    ["an empty line", stdout({ textPayload: "" }), [{ stream: "stdout", text: "" }]],
    [
      "a traceback of several lines",
      log("run.googleapis.com%2Fstderr", { textPayload: 'Traceback (most recent call last):\n  File "x"\r\nValueError: no\n' }),
      ["Traceback (most recent call last):", '  File "x"', "ValueError: no"].map((text) => ({ stream: "stderr", text })),
    ],
    [
      "a JSON line's message, its other fields, and its severity as an error",
      stdout({ severity: "ERROR", jsonPayload: { message: "boom", n: 1 } }),
      [{ stream: "stderr", severity: "ERROR", text: 'boom {"n":1}' }],
    ],
    ["a warning", stdout({ severity: "WARNING", textPayload: "hm" }), [{ stream: "stdout", severity: "WARNING", text: "hm" }]],
    ["no severity", stdout({ severity: "DEFAULT", textPayload: "a" }), [{ stream: "stdout", text: "a" }]],
    ["JSON without a message", stdout({ jsonPayload: { level: "info" } }), [{ stream: "stdout", text: '{"level":"info"}' }]],
    [
      "JSON whose message is not a string",
      stdout({ jsonPayload: { message: { a: 1 } } }),
      [{ stream: "stdout", text: '{"message":{"a":1}}' }],
    ],
    ["a message and empty fields", stdout({ jsonPayload: { message: "a", metadata: {}, x: null } }), [{ stream: "stdout", text: "a" }]],
    [
      "what a program wrote through the Logging API",
      log("python", { severity: "INFO", jsonPayload: { message: "hi" } }),
      [{ stream: "stdout", severity: "INFO", text: "hi" }],
    ],
    [
      "an error through the Logging API",
      log("winston_log", { severity: "CRITICAL", textPayload: "no" }),
      [{ stream: "stderr", severity: "CRITICAL", text: "no" }],
    ],
    ["Cloud Run's own log", log("run.googleapis.com%2Fvarlog%2Fsystem", { textPayload: "Container called exit(0)." }), []],
    ["audit logs", log("cloudaudit.googleapis.com%2Fsystem_event", { protoPayload: {}, severity: "ERROR" }), []],
  ])("%s", (_, each, lines) => expect(seen(each)).toEqual(lines));

  test("the parts of an entry become one line, in whatever order they come", () => {
    const whole = entry(1, 1);
    const parts = [2, 0, 1].map((index) => part(whole, index, 3));
    expect(seen(...parts)).toEqual([{ stream: "stdout", text: "line 1" }]);
    const json = [0, 1].map(
      (index): Entry => ({ ...part(whole, index, 2), textPayload: undefined, jsonPayload: { message: ["ab", "cd"][index] } }) as Entry,
    );
    expect(seen(...json)).toEqual([{ stream: "stdout", text: "abcd" }]);
  });

  test("a part that never comes does not delay the others for ever; if it comes late, it is shown once", () => {
    const [a, b] = [0, 1].map((index) => part(entry(1, 1_000), index, 2)) as [Entry, Entry];
    const at = (now: number, cursor: string, ...entries: Entry[]) =>
      take(parseCursor(cursor), entries, { at: now }, { since: 0, late: LATE });
    const early = at(1_500, "", a);
    expect(early.lines).toEqual([]);
    const later = at(2_500, formatCursor(early.position), a);
    expect(later.lines.map(({ text }) => text)).toEqual(["lin"]);
    const last = at(2_600, formatCursor(later.position), a, b);
    expect(last.lines.map(({ text }) => text)).toEqual(["e 1"]);
    expect(at(2_700, formatCursor(last.position), a, b).lines).toEqual([]);
  });

  test("a program's own insertId identifies an entry only together with its time", () => {
    const [one, two] = [1_000, 2_000].map((time) => ({ ...entry(1, time), insertId: "same", textPayload: `at ${time}` }));
    const first = read(one as Entry, two as Entry, one as Entry);
    expect(first.lines.map(({ text }) => text)).toEqual(["at 1000", "at 2000"]);
    // The older of the two is forgotten by then, since no query looks back that far.
    const three = { ...entry(1, 2_900), insertId: "same", textPayload: "at 2900" };
    const at = { at: 60_000 };
    const later = take(first.position, [two as Entry, three], at, { since: 1_000, late: LATE });
    const last = take(later.position, [two as Entry, three], at, { since: 1_900, late: LATE });
    expect([later, last].map(({ lines }) => lines.map(({ text }) => text))).toEqual([["at 2900"], []]);
  });
});

test("the query finds the entries of its executions from their times on, and no others", () => {
  const name = (execution: string) => parseExecutionName(`projects/acme/locations/europe-west1/jobs/j/executions/${execution}`);
  const query = parseFilter(
    filterOf([
      { name: name("j-a"), since: 1_000 },
      { name: name("j-b"), since: 2_000 },
    ]),
  );
  const of = (execution: string, time: number, region = "europe-west1") => ({
    ...entry(1, time),
    resource: { type: "cloud_run_job", labels: { job_name: "j", location: region } },
    labels: { "run.googleapis.com/execution_name": execution },
  });
  const own = parseFilter(filterOf([{ name: name("j-run"), since: 1_000 }]));
  const unnamed = { ...of("j-run", 1_000), labels: {} };
  expect([matches(own, unnamed), isOf(unnamed, name("j-run")), matches(query, unnamed), isOf(unnamed, name("j-a"))]).toEqual([
    true,
    true,
    true,
    undefined,
  ]);
  const until = parseFilter(filterOf([{ name: name("j-a"), since: 1_000, until: 1_500 }]));
  const late = { ...of("j-a", 1_501), labels: { x: "y" } };
  expect([unnamed, late, of("j-a", 2_000)].map((each) => matches(until, each))).toEqual([true, false, true]);
  const [first, second] = [1, 2].map((n) => ({ ...of("j-a", 1_000), insertId: `id-${n}` }));
  const behind = parseFilter(filterOf([{ name: name("j-a"), since: 1_000, after: first as Entry }]));
  expect([first, second, of("j-a", 1_001)].map((each) => matches(behind, each as Entry))).toEqual([false, true, true]);
  const found = [of("j-a", 1_000), of("j-a", 999), of("j-b", 1_500), of("j-b", 2_500), of("j-c", 5_000), of("j-a", 1_500, "us-east1")];
  expect(found.map((each) => matches(query, each))).toEqual([true, false, false, true, false, false]);
});

describe("an entry that names no execution", () => {
  const spans = (...known: [string, number, number][]) => ({ known: known.map(([execution, from, to]) => ({ execution, from, to })) });
  const open = Number.POSITIVE_INFINITY;
  test.each<[string, number, Spans, Belonging]>([
    ["belongs to the only execution that ran", 5, spans(["a", 0, 10], ["b", 20, open]), "own"],
    ["belongs to another one that alone ran", 25, spans(["a", 0, 10], ["b", 20, open]), "other"],
    ["is unclear if two ran", 5, spans(["a", 0, 10], ["b", 5, open]), "unclear"],
    ["does not belong to it if none ran", 15, spans(["a", 0, 10], ["b", 20, open]), "other"],
    ["is unclear if Google no longer has the execution", 5, spans(["b", 20, open]), "unclear"],
    ["is unclear if the executions are unknown", 5, { unknown: "denied" }, "unclear"],
  ])("%s", (_, time, known, belonging) => expect(belongingOf(time, "a", known)).toBe(belonging));

  test.each([
    ["Google's label", { "run.googleapis.com/execution_name": "j-abcde" }, "j-abcde"],
    ["a label of the program's own", { execution: "j-abcde", task: "0" }, "j-abcde"],
    ["the full name", { e: "projects/p/locations/r/jobs/j/executions/j-abcde" }, "j-abcde"],
    ["no label", {}, undefined],
    ["labels that name none", { version: "j-1.2.3", job: "j" }, undefined],
  ])("%s name it or not", (_, labels, named) =>
    expect(namedExecution({ ...entry(1, 1), labels, resource: { labels: { job_name: "j" } } } as Entry)).toBe(named),
  );
});

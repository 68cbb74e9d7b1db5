import fc from "fast-check";
import { expect, test } from "vitest";
import { type Entry, filterOf, formatCursor, isDrained, parseCursor, sinceOf, take } from "../../../src/targets/cloudRun/entries";
import { parseExecutionName } from "../../../src/targets/cloudRun/names";
import { matches, parseFilter } from "../../../src/testing/clouds/gcp/logFilter";

const LATE = 1_000;
const entry = (n: number, time: number, stream = "stdout"): Entry => ({
  insertId: `id-${n}`,
  timestamp: new Date(time).toISOString(),
  logName: `projects/acme/logs/run.googleapis.com%2F${stream}`,
  textPayload: `line ${n}`,
});

test("however late lines show up, whenever it is asked, and wherever a reading is left: none is lost, none comes twice, the end is known", () => {
  const line = fc.record({ time: fc.integer({ min: 1, max: 5_000 }), delay: fc.integer({ min: 0, max: LATE }) });
  const asking = fc.record({
    /** When the first page came, and how much later the last one. */
    at: fc.integer({ min: 0, max: 6_500 }),
    lasts: fc.integer({ min: 0, max: 3_000 }),
    /** Entries before this time were on the first page. */
    firstPage: fc.integer({ min: 0, max: 5_000 }),
    /** Entries that the quota allows. */
    room: fc.integer({ min: 1, max: 12 }),
  });
  fc.assert(
    fc.property(fc.array(line, { maxLength: 40 }), fc.array(asking, { maxLength: 12 }), (lines, asked) => {
      const all = lines.map(({ time, delay }, n) => ({ entry: entry(n, time), time, shown: time + delay }));
      const ended = Math.max(0, ...lines.map(({ time }) => time));
      let cursor = formatCursor(parseCursor(undefined));
      const told: string[] = [];
      let drained = false;
      const later = Array.from({ length: 60 }, (_, n) => ({ at: 10_000 + n, lasts: 0, firstPage: 0, room: 1 + all.length / 4 }));
      let free = 0;
      for (const { at: wanted, lasts, firstPage, room } of [...asked.sort((a, b) => a.at - b.at), ...later]) {
        const at = Math.max(free, wanted);
        free = at + lasts;
        const position = parseCursor(cursor);
        const since = sinceOf(position, 0, LATE);
        const answer = all
          .filter(({ time, shown }) => time >= since && shown <= (time < firstPage ? at : at + lasts))
          .sort((a, b) => a.time - b.time);
        // Those of one moment are on one page here: a query cannot begin between them.
        const last = answer[Math.floor(room)]?.time;
        const some = last === undefined ? answer : answer.filter(({ time }) => time <= last);
        const read = some.length === answer.length ? { at } : { at, cut: last as number };
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
      expect(told.sort()).toEqual(all.map(({ entry: each }) => each.textPayload ?? "").sort());
    }),
    { numRuns: 500 },
  );
});

test("what Cloud Run writes itself is no output of the run", () => {
  expect(
    take(parseCursor(undefined), [entry(1, 1, "varlog%2Fsystem"), entry(2, 2, "stderr")], { at: 5 }, { since: 0, late: LATE }).lines,
  ).toEqual([{ at: "1970-01-01T00:00:00.002Z", stream: "stderr", text: "line 2" }]);
});

test("the query finds the entries of its executions since their times, and no others", () => {
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
  const found = [of("j-a", 1_000), of("j-a", 999), of("j-b", 1_500), of("j-b", 2_500), of("j-c", 5_000), of("j-a", 1_500, "us-east1")];
  expect(found.map((each) => matches(query, each))).toEqual([true, false, false, true, false, false]);
});

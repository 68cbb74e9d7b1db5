import fc from "fast-check";
import { expect, test } from "vitest";
import { type Entry, filterOf, formatCursor, parseCursor, take } from "../../../src/targets/cloudRun/entries";
import { parseExecutionName } from "../../../src/targets/cloudRun/names";
import { matches, parseFilter } from "../../../src/testing/clouds/gcp/logFilter";

const LATE = 1_000;
const entry = (n: number, time: number, stream = "stdout"): Entry => ({
  insertId: `id-${n}`,
  timestamp: new Date(time).toISOString(),
  logName: `projects/acme/logs/run.googleapis.com%2F${stream}`,
  textPayload: `line ${n}`,
});

test("however late lines show up, within the window, and whenever it is asked: none is lost, none comes twice", () => {
  const line = fc.record({ time: fc.integer({ min: 1, max: 5_000 }), delay: fc.integer({ min: 0, max: LATE }) });
  fc.assert(
    fc.property(fc.array(line, { maxLength: 40 }), fc.array(fc.integer({ min: 0, max: 6_500 }), { maxLength: 12 }), (lines, asked) => {
      const all = lines.map(({ time, delay }, n) => ({ entry: entry(n, time), shown: time + delay }));
      let cursor = formatCursor(parseCursor(undefined));
      const told: string[] = [];
      for (const now of [...asked.sort((a, b) => a - b), 10_000]) {
        const position = parseCursor(cursor);
        const since = Math.max(0, position.time - LATE);
        const answer = all
          .filter(({ entry: each, shown }) => shown <= now && Date.parse(each.timestamp) >= since)
          .map(({ entry: each }) => each)
          .sort((a, b) => a.timestamp.localeCompare(b.timestamp));
        const taken = take(position, answer, LATE);
        told.push(...taken.lines.map(({ text }) => text));
        cursor = formatCursor(taken.position);
      }
      expect(told.sort()).toEqual(all.map(({ entry: each }) => each.textPayload ?? "").sort());
    }),
  );
});

test("what Cloud Run writes itself is no output of the run", () => {
  expect(take(parseCursor(undefined), [entry(1, 1, "varlog%2Fsystem"), entry(2, 2, "stderr")], LATE).lines).toEqual([
    { at: "1970-01-01T00:00:00.002Z", stream: "stderr", text: "line 2" },
  ]);
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

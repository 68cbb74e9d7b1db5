import fc from "fast-check";
import { expect, test } from "vitest";
import type { Ledger } from "../../src/ledger";
import type { NewRun, RunQuery } from "../../src/ledger/ledger";
import { state } from "../../src/runs/states";

// The lists of runs: the promises of `Ledger.page`, `count`, `countByMinute` and `summaries`.

const STATES = ["SCHEDULED", "RUNNING", "COMPLETED", "FAILED"] as const;
/** A time, in minutes after three o'clock. */
const at = (minute: number) => new Date(Date.UTC(2026, 0, 2, 3, minute)).toISOString();

function newRun(n: number, over: Partial<NewRun["run"]> = {}): NewRun {
  // Ids do not tell the order, like those of a Prefect server.
  const id = `${(n * 7919) % 1000}-${n}`;
  return {
    run: {
      id,
      name: `run-${n}`,
      stack: "data/dev",
      deployment: "hello/node",
      workPool: "local",
      workQueue: "default",
      parameters: {},
      jobVariables: {},
      tags: [],
      attempt: 1,
      state: state("SCHEDULED", new Date(at(n))),
      createdAt: at(n),
      version: 1,
      ...over,
    },
    poolType: "process:push",
    requestDigest: "",
    submission: { runId: id, ...(n % 5 === 0 ? { prefect: { transition: "t" } } : {}) },
  };
}

const runs = Array.from({ length: 60 }, (_, n) =>
  newRun(n, {
    stack: n % 7 === 0 ? "data/prod" : "data/dev",
    deployment: n % 3 === 0 ? "hello/node" : "Etl/Daily_100%",
    workPool: n % 4 === 0 ? "batch" : "local",
    tags: n % 6 === 0 ? ["a", "b c"] : n % 2 === 0 ? ["a"] : [],
    state: state(STATES[n % STATES.length] as (typeof STATES)[number], new Date(at(n)), n % 9 === 0 ? "why" : undefined),
    createdAt: at(Math.floor(n / 2)),
  }),
);

/** What the promises of `Ledger` say about a list. */
function expected({ stack, deployment, workPool, states = [], tag, since, until, text = "", upTo, after }: RunQuery): NewRun[] {
  const ordered = [...runs].sort((a, b) => compare(b.run, a.run));
  const place = (id: string) => ordered.findIndex(({ run }) => run.id === id);
  const has = (whole: string, part: string) => whole.toLowerCase().includes(part.toLowerCase());
  return ordered.filter(
    ({ run }, index) =>
      (stack === undefined || run.stack === stack) &&
      (deployment === undefined || run.deployment === deployment) &&
      (workPool === undefined || run.workPool === workPool) &&
      (states.length === 0 || states.includes(run.state.type)) &&
      (tag === undefined || run.tags.includes(tag)) &&
      (since === undefined || run.createdAt >= since) &&
      (until === undefined || run.createdAt < until) &&
      (has(run.name, text) || has(run.deployment, text) || run.id.startsWith(text)) &&
      (upTo === undefined || (place(upTo) >= 0 && index >= place(upTo))) &&
      (after === undefined || (place(after) >= 0 && index < place(after))),
  );
}

function compare(a: { createdAt: string; id: string }, b: { createdAt: string; id: string }): number {
  return a.createdAt < b.createdAt ? -1 : a.createdAt > b.createdAt ? 1 : a.id < b.id ? -1 : 1;
}

const queries: fc.Arbitrary<RunQuery> = fc.record(
  {
    stack: fc.constantFrom("data/dev", "data/prod", "no/such"),
    deployment: fc.constantFrom("hello/node", "Etl/Daily_100%"),
    workPool: fc.constantFrom("local", "batch"),
    states: fc.subarray([...STATES]),
    tag: fc.constantFrom("a", "b c", "b"),
    since: fc.integer({ min: 0, max: 40 }).map(at),
    until: fc.integer({ min: 0, max: 40 }).map(at),
    text: fc.constantFrom("", "run-1", "RUN", "daily_1", "100%", "%", "_", "\\", "HELLO", "5"),
    upTo: fc.constantFrom(...runs.slice(20, 50).map(({ run }) => run.id), "nobody"),
    after: fc.constantFrom(...runs.slice(0, 30).map(({ run }) => run.id)),
  },
  { requiredKeys: [] },
);

/** Lists of a new ledger, for `describeLedger`. */
export function describeLists(open: () => Promise<Ledger>): void {
  const filled = async (): Promise<Ledger> => {
    const ledger = await open();
    for (const run of runs) await ledger.createRun(run);
    return ledger;
  };

  test("a page, its total and its counts are what the filters say, whatever they are", async () => {
    const ledger = await filled();
    await fc.assert(
      fc.asyncProperty(queries, fc.integer({ min: 0, max: 20 }), fc.integer({ min: 1, max: 30 }), async (query, offset, limit) => {
        const whole = expected(query);
        const page = await ledger.page(query, { offset, limit });
        expect(page.map(({ id }) => id)).toEqual(whole.slice(offset, offset + limit).map(({ run }) => run.id));
        expect(await ledger.count(query)).toBe(whole.length);
        const span = { since: at(0), until: at(59), ...query };
        const counts = await ledger.countByMinute(span);
        const grouped = Map.groupBy(expected(span), ({ run }) => `${run.createdAt.slice(0, 16)} ${run.state.type}`);
        expect(Object.fromEntries(counts.map(({ minute, state, count }) => [`${minute} ${state}`, count]))).toEqual(
          Object.fromEntries([...grouped].map(([key, group]) => [key, group.length])),
        );
      }),
      { numRuns: 300 },
    );
  });

  test("a row of a list has all that a list shows", async () => {
    const ledger = await filled();
    const { parameters: _, jobVariables: __, ...run } = (runs[45] as NewRun).run;
    expect(await ledger.page({ text: run.id }, { offset: 0, limit: 9 })).toEqual([{ ...run, isOnServer: true }]);
    expect((await ledger.summaries([run.id, "nobody"])).map(({ id }) => id)).toEqual([run.id]);
  });
}

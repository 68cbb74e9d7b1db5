import { join } from "node:path";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { openPostgresLedger } from "../../src/ledger/postgres";
import { isTerminal } from "../../src/model/run";
import { manifestOf } from "../e2e/pushpool";
import { newSchema, sharedPostgres } from "../ledger/postgresServer";
import { scratch } from "../scratch";
import { until } from "../until";
import { expectEachSecondOnce, type Host, hostOf, lineTo, marksIn } from "./sharedServes";

// Three machines serve one ledger. `npm run soak` does this for longer, with thousands of runs.

let server: string;
beforeAll(async () => {
  server = await sharedPostgres();
}, 300_000);

test("three serves, one killed, one stopped and resumed, one cut off from the database: each time has one run, each runs once", async () => {
  const schema = newSchema();
  const marks = marksIn(join(scratch(), "marks"));
  const everySecond = { schedule: { interval: 1, anchor_date: "2026-01-01T00:00:00Z" }, active: true };
  const manifest = manifestOf(
    {},
    { deployments: { "tick/second": { command: marks.command, workPool: { name: "local" }, schedules: [everySecond] } } },
  );
  const line = await lineTo(server);
  const withSchema = (url: string) => Object.assign(new URL(url), { search: `schema=${schema}` }).href;
  const hosts = [hostOf("one", withSchema(server), manifest), hostOf("two", withSchema(server), manifest)] as [Host, Host];
  const far = hostOf("three", withSchema(line.url), manifest);
  const [one, two] = hosts;
  const ledger = openPostgresLedger(server, { schema });
  onTestFinished(() => ledger.close());
  const later = (count: number) => {
    const before = marks.read().length;
    return until(() => marks.read().length >= before + count);
  };

  await Promise.all([one, two, far].map((host) => host.serve()));
  await later(3);
  expect(await far.health()).toMatchObject({ status: 200, body: { healthy: true, reaches: { ledger: "ok" } } });

  await one.kill();
  two.signal("SIGSTOP");
  // Only the third one is left.
  await later(2);
  line.cut();
  two.signal("SIGCONT");
  await later(2);
  line.heal();
  await one.serve();
  await until(async () => (await far.health()).status === 200);
  await later(3);

  for (const host of [one, two, far]) await host.kill("SIGTERM");
  const runs = await ledger.list({ limit: 1_000 });
  // A run ends on the machine where it began: each host continues its own.
  for (const host of [one, two, far]) {
    for (const { run } of runs)
      if (!isTerminal(run.state) && (run.host === undefined || run.host.startsWith(`${host.at.env.PUSHPOOL_HOST}:`)))
        expect(await host.run("wait", run.id)).toEqual([0, ""]);
  }
  const ended = await ledger.list({ limit: 1_000 });
  expectEachSecondOnce(ended, marks.read());
});

test("while the ledger is away, /health says so with 503; serve continues by itself when it is back", async () => {
  const schema = newSchema();
  const marks = marksIn(join(scratch(), "marks"));
  const line = await lineTo(server);
  const url = Object.assign(new URL(line.url), { search: `schema=${schema}` }).href;
  const far = hostOf("far", url, manifestOf({ "hello/mark": marks.command }, { pool: { isPaused: false } }));
  await far.serve();
  line.down();
  const away = await until(async () => {
    const { status, body } = await far.health();
    return status === 503 && body;
  });
  // A question that was on its way gets no answer; the next one cannot be asked.
  const says = expect.stringMatching(/^(the ledger postgres:.* cannot be used: |it has not answered for \d+ s$)/);
  expect(away).toMatchObject({ healthy: false, reaches: { ledger: says } });
  expect(JSON.stringify(away)).not.toMatch(/s3cr3t/);
  line.heal();
  expect(await far.run("run", "hello/mark", "--detach")).toEqual([0, ""]);
  await until(async () => (await far.health()).status === 200);
  await until(() => far.log().includes('"ended"'));
  expect(marks.read()).toHaveLength(1);
});

import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openPostgresLedger } from "../../src/ledger/postgres";
import { loadManifest } from "../../src/manifest";
import { isTerminal } from "../../src/model/run";
import { runsOver } from "../../src/runs";
import { openTarget } from "../../src/targets/open";
import { openWorkspace } from "../../src/workspace";
import { manifestOf } from "../e2e/pushpool";
import { ownPostgres } from "../ledger/ownPostgres";
import { scratch } from "../scratch";
import { type Host, hostOf, lineTo, marksIn } from "../serve/sharedServes";
import { until } from "../until";

/** How many runs: fewer for a quick look. */
const RUNS = Number(process.env.PUSHPOOL_SOAK_RUNS ?? 2_000);
const RESTARTS = 5;
/** How many runs are asked for before earlier ones have begun. */
const AHEAD = Math.ceil(RUNS / (2 * (RESTARTS + 1)));

test(`${RUNS} runs, three dispatchers: killed, stopped, cut off, and the database restarted: each run ran once and ended well`, async () => {
  const postgres = await ownPostgres();
  const marks = marksIn(join(scratch(), "marks"));
  const manifest = manifestOf({ "hello/mark": marks.command }, { pool: { concurrencyLimit: 12 } });
  const line = await lineTo(postgres.url);
  const hosts = [
    hostOf("one", postgres.url, manifest),
    hostOf("two", postgres.url, manifest),
    hostOf("three", line.url, manifest),
  ] as const;
  const ledger = openPostgresLedger(postgres.url);
  onTestFinished(() => ledger.close());
  await Promise.all(hosts.map((host) => host.serve()));

  const requester = runsOver({
    ledger,
    stack: "data/dev",
    readManifest: () => loadManifest(openWorkspace({ cwd: hosts[0].at.folder, env: hosts[0].at.env, create: false }), { secrets: true }),
    openTarget: (type, access) => openTarget(type, { home: hosts[0].at.home, env: hosts[0].at.env, ...access }),
    digestKey: async () => Buffer.alloc(32),
    env: hosts[0].at.env,
  });
  let created = 0;
  let restarts = 0;
  const done = () => marks.read().length;
  const nextRestart = () => (restarts < RESTARTS ? ((restarts + 1) * RUNS) / (RESTARTS + 1) : RUNS);
  const create = async () => {
    for (; created < RUNS; created += 1) {
      // Some runs are always unfinished, also at each restart.
      await until(() => created < Math.min(done(), nextRestart()) + AHEAD, 600_000);
      // A repeated request, because the database was away, gets the same run.
      const request = { deployment: "hello/mark", idempotencyKey: `run ${created}` };
      await until(() =>
        requester.createRun(request).then(
          () => true,
          () => false,
        ),
      );
    }
  };
  const creating = create();

  const random = <T>(some: readonly T[]): T => some[Math.floor(Math.random() * some.length)] as T;
  const steps: ((host: Host) => Promise<void>)[] = [
    async (host) => {
      await host.kill();
      await until(() =>
        host.serve().then(
          () => true,
          () => false,
        ),
      );
    },
    async (host) => {
      host.signal("SIGSTOP");
      await new Promise((done) => setTimeout(done, 3_000));
      host.signal("SIGCONT");
    },
    async () => {
      line.cut();
      await new Promise((done) => setTimeout(done, 3_000));
      line.heal();
    },
  ];
  while (done() < RUNS) {
    if (restarts < RESTARTS && done() >= nextRestart()) {
      await postgres.restart();
      restarts += 1;
    }
    await random(steps)(random(hosts));
    const before = done();
    await until(() => {
      for (const each of hosts) each.checkServes();
      return done() >= Math.min(nextRestart(), before + RUNS / 50);
    }, 300_000);
  }
  await creating;
  await until(async () => (await ledger.list({ limit: RUNS * 2 })).every(({ run }) => isTerminal(run.state)), 300_000);
  const runs = await ledger.list({ limit: RUNS * 2 });
  expect(restarts).toBe(RESTARTS);
  expect(new Set(runs.map(({ run }) => run.state.type))).toEqual(new Set(["COMPLETED"]));
  expect(runs).toHaveLength(RUNS);
  expect(marks.read().sort()).toEqual(runs.map(({ run }) => run.id).sort());
});

import { join } from "node:path";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { openPostgresLedger } from "../../src/ledger/postgres";
import { isTerminal } from "../../src/model/run";
import { startFakeAws } from "../../src/testing";
import { ecsManifest } from "../e2e/clouds/aws";
import { newSchema, sharedPostgres } from "../ledger/postgresServer";
import { scratch } from "../scratch";
import { QUICK } from "../targets/ecs/place";
import { until } from "../until";
import { expectEachSecondOnce, hostOf, lineTo, marksIn } from "./sharedServes";

let server: string;
beforeAll(async () => {
  server = await sharedPostgres();
}, 300_000);

test("of two serves on one ledger, one is cut off from the cloud: no time is lost, and no run starts twice", async () => {
  const aws = await startFakeAws({ grace: 1000, step: 50 });
  onTestFinished(() => aws.stop());
  const line = await lineTo(aws.endpoints.ecs as string);
  const marks = marksIn(join(scratch(), "marks"));
  const everySecond = { schedule: { interval: 1, anchor_date: "2026-01-01T00:00:00Z" }, active: true };
  const key = aws.accessKey("submitter");
  const manifestVia = (ecs: string) => {
    const { deployments, ...rest } = ecsManifest(
      aws,
      key,
      { "tick/second": marks.command },
      { pool: { endpoints: { ...aws.endpoints, ecs } } },
    );
    const [deployment] = Object.values(deployments as Record<string, object>);
    return { ...rest, deployments: { "tick/second": { ...deployment, schedules: [everySecond] } } };
  };
  const schema = newSchema();
  const url = Object.assign(new URL(server), { search: `schema=${schema}` }).href;
  const near = hostOf("near", url, manifestVia(aws.endpoints.ecs as string), QUICK);
  const far = hostOf("far", url, manifestVia(line.url), QUICK);
  const ledger = openPostgresLedger(server, { schema });
  onTestFinished(() => ledger.close());
  const later = (count: number) => {
    const before = marks.read().length;
    return until(() => marks.read().length >= before + count);
  };

  await Promise.all([near, far].map((host) => host.serve()));
  await later(3);
  line.cut();
  await later(2);
  line.down();
  const told = await until(async () => {
    const { reaches } = (await far.health()).body as { reaches: Record<string, string> };
    return reaches["work pool etl"] !== "ok" && reaches;
  });
  // It is not the ledger's fault, and the other one continues.
  expect(told).toMatchObject({ ledger: "ok", "work pool etl": expect.stringMatching(/ECONN|socket hang up|timeout/i) });
  await later(2);
  line.heal();
  await later(2);

  for (const host of [near, far]) await host.kill("SIGTERM");
  for (const { run } of await ledger.list({ limit: 1_000 }))
    if (!isTerminal(run.state)) expect(await near.run("wait", run.id)).toEqual([0, ""]);
  const ended = await ledger.list({ limit: 1_000 });
  expectEachSecondOnce(ended, marks.read());
  expect(aws.world.tasks.size).toBe(ended.length);
});

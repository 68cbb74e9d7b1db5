import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readBlockByName } from "../../src/prefect/api/blocks";
import { readDeploymentByName } from "../../src/prefect/api/deployments";
import { describePrefect } from "../prefect/python";
import { served } from "../prefect/served";
import { ownServer } from "../prefect/server";
import { scratch } from "../scratch";
import { clientOf, QUICK, startRun, untilEnd, until as untilState } from "../serve/server/dispatcher";
import { lineTo } from "../serve/sharedServes";
import { until } from "../until";
import { awsPlace } from "./clouds/aws";
import { keysOnAws } from "./keyClouds";
import { listen } from "./pushpool";

// A key that changes while its block is on a real Prefect server: the server cannot be reached, and `serve` has runs.

/** A flow that reports to the server what it does. */
const FLOW = `${process.execPath} ${QUICK}`;

const PROGRAM = (apiUrl: string, gate: string) => `
const prefect = require("pushpool/prefect");
const connection = new prefect.Connection("prefect", { apiUrl: "${apiUrl}" });
const jobVariables = { image: "acme/etl:1" };
const etl = new Pool("etl", { ...place, jobVariables, keyRotation: { everyDays: 90, overlapDays: 7 } });
const of = (name, command) => new Deployment(name, { workPoolName: etl.workPoolName, command, jobVariables });
const deployments = [of("quick/prod", "${FLOW}"), of("slow/prod", "sh -c 'until [ -e ${gate} ]; do sleep 0.1; done; exec ${FLOW}'")];
const parts = { pools: [etl], deployments };
exports.pushPools = manifest({ ...parts, prefect: prefect.register(connection, parts) });`;

describePrefect("a key that changes, on a real Prefect server", () => {
  test("up while the server is gone, the next up, and a serve whose run was submitted by the key that dies", {
    timeout: 600_000,
  }, async () => {
    const home = scratch();
    const server = await ownServer({ home });
    let { stop } = server;
    onTestFinished(() => stop());
    const here = await awsPlace();
    const { fake } = here;
    const client = clientOf(server.apiUrl);
    const gate = join(here.folder, "gate");
    const line = await lineTo(server.apiUrl);
    here.program(PROGRAM(line.url, gate));
    here.configure();
    const done = async (command: string) => {
      const { status, stdout, stderr } = await here.run(command, "--engine", "offline", "--yes");
      expect([command, status, stdout + stderr]).toEqual([command, 0, expect.any(String)]);
      return stderr;
    };
    await done("up");
    const [first] = keysOnAws(fake) as [string];
    const key = fake.world.iam.keys.get(first);
    if (!key) throw new Error("up made no key");
    const keyInBlock = async () => (await readBlockByName(client, "aws-credentials", "etl", { secrets: true }))?.data?.aws_access_key_id;
    const start = async (name: string) => {
      const deployment = await readDeploymentByName(client, name);
      return startRun(client, deployment?.id ?? "", "complete", { name: `${name}-${randomUUID()}` });
    };
    const callers = (since: number) =>
      new Set(
        fake.calls.slice(since).flatMap(({ action, accessKeyId, status }) => (status === 200 && /^ecs:/.test(action) ? [accessKeyId] : [])),
      );
    await served(here);
    const slow = await start("slow/prod");
    await until(() => [...fake.world.tasks.values()].some(({ record }) => record.lastStatus === "RUNNING"));

    // The key is due, and the server cannot be reached.
    key.since -= 91 * 86_400_000;
    await done("refresh");
    await stop();
    const failed = await here.up();
    expect([failed.status, failed.stderr]).toEqual([expect.any(Number), expect.stringContaining(new URL(line.url).host)]);
    expect(failed.status).not.toBe(0);
    const [, second] = keysOnAws(fake) as [string, string];
    expect(keysOnAws(fake)).toEqual([first, second]);
    const since = fake.calls.length;
    await until(() => callers(since).has(first));
    expect(callers(since)).toEqual(new Set([first]));

    ({ stop } = await ownServer({ home, port: server.port }));
    expect(await keyInBlock()).toBe(first);

    // The server has the new key, but no answer arrives: the `up` is killed while the block moves.
    line.muteAfter(second);
    const killed = here.start("up", "--engine", "offline", "--yes");
    const said = listen(killed);
    await until(async () => (await keyInBlock()) === second);
    killed.kill("SIGKILL");
    await said.ended;
    line.heal();
    await done("up");
    expect([await keyInBlock(), keysOnAws(fake)]).toEqual([second, [first, second]]);

    // Somebody deletes the old key under the run that it has submitted.
    fake.world.iam.keys.delete(first);
    const deleted = fake.calls.length;
    const quick = await start("quick/prod");
    const ended = (await untilEnd(client, quick)).state;
    expect([ended?.type, ended?.message]).toEqual(["COMPLETED", null]);
    expect(callers(deleted)).toEqual(new Set([second]));
    await untilState(client, slow, "PENDING", "RUNNING");
    writeFileSync(gate, "");
    const end = (await untilEnd(client, slow)).state;
    expect([end?.type, end?.message]).toEqual(["COMPLETED", null]);
  });
});

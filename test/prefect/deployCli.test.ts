import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test, vi } from "vitest";
import type { JsonObject } from "../../src/json";
import { createBlock, newestSchema } from "../../src/prefect/api/blocks";
import { readDeploymentByName, type ServerDeployment } from "../../src/prefect/api/deployments";
import { listWorkQueues } from "../../src/prefect/api/workPools";
import type { Client } from "../../src/prefect/client";
import { manifestOf, type Place, placeWith } from "../e2e/pushpool";
import { aPool, clientOf } from "../serve/server/dispatcher";
import { badLine } from "./proxy";
import { describePrefect } from "./python";
import { pushpool, through } from "./served";
import { sharedServer } from "./server";

/** A prefect.yaml with two deployments, and a flow beside it. */
function withFile(at: Place, pool: string, over = ""): { one: string; two: string } {
  const mark = randomUUID().slice(0, 8);
  const flow = `flow_${mark}`;
  writeFileSync(join(at.folder, "flows.py"), `from prefect import flow\n@flow\ndef ${flow}(n: int = 1):\n    """Counts."""\n`);
  const entry = (name: string, more: string) =>
    `- name: ${name}\n  entrypoint: flows.py:${flow}\n  work_pool: { name: ${pool}, job_variables: { env: { A: b } } }\n${more}`;
  writeFileSync(join(at.folder, "prefect.yaml"), `deployments:\n${entry("one", `  parameters: { n: 2 }\n${over}`)}${entry("two", "")}`);
  return { one: `flow-${mark}/one`, two: `flow-${mark}/two` };
}

describePrefect("pushpool deploy to a real Prefect server", () => {
  vi.setConfig({ testTimeout: 1_500_000 });
  let apiUrl: string;
  let client: Client;
  let venv: string;
  beforeAll(async () => {
    ({ apiUrl, venv } = await sharedServer());
    client = clientOf(apiUrl);
  }, 600_000);
  const isThere = async (name: string) => (await readDeploymentByName(client, name)) !== undefined;

  test("a dry run shows what it would send, and sends nothing; then deploy by name, all, again, changed, removed", async () => {
    const { pool } = await aPool(client);
    const at = through(apiUrl);
    const { one, two } = withFile(at, pool);
    const dry = await pushpool(at, "deploy", "--all", "--dry-run", "--json");
    expect(JSON.parse(dry.stdout)).toMatchObject({
      dryRun: true,
      deployments: [
        { name: one, change: "create" },
        { name: two, change: "create" },
      ],
      records: [
        { deploymentName: one, parameters: { n: 2 }, workPoolName: pool, jobVariables: { env: { A: "b" } } },
        { deploymentName: two },
      ],
    });
    expect(await isThere(one)).toBe(false);

    expect(await pushpool(at, "deploy", "*/one")).toMatchObject({
      status: 0,
      stdout: `  + ${one} (work pool ${pool})\n`,
      stderr: expect.stringMatching(
        /python3 has no Prefect: flows and their parameters are read from the code[\s\S]*the Prefect API at \S+: 1 created/,
      ),
    });
    expect([await isThere(one), await isThere(two)]).toEqual([true, false]);
    expect((await pushpool(at, "deploy", "--all")).stderr).toMatch(/the Prefect API at \S+: 1 created, 1 unchanged/);

    const { flow_id: flow, ...before } = (await readDeploymentByName(client, one)) as unknown as JsonObject;
    withFileChanged(at, "n: 2", "n: 3");
    expect(await pushpool(at, "deploy", "--all")).toMatchObject({
      status: 0,
      stdout: `  ~ ${one} (work pool ${pool})\n      parameters.n: 2 → 3\n`,
    });
    expect(await readDeploymentByName(client, one)).toMatchObject({ id: before.id, flow_id: flow, parameters: { n: 3 } });

    expect(await pushpool(at, "deploy", "--remove", one, "--dry-run")).toMatchObject({ status: 0 });
    expect(await isThere(one)).toBe(true);
    expect(await pushpool(at, "deploy", "--remove", one)).toMatchObject({ status: 0, stdout: `  - ${one} (work pool ${pool})\n` });
    expect([await isThere(one), await isThere(two)]).toEqual([false, true]);
  });

  test("takes over what `prefect deploy` created as it is, with its schedules and their runs", async () => {
    const { pool } = await aPool(client);
    const at = through(apiUrl);
    const { one } = withFile(
      at,
      pool,
      '  schedules:\n  - { cron: "0 6 * * *", timezone: Europe/Berlin }\n  - { interval: 3600, slug: hourly }\n',
    );
    at.env.PATH = `${join(venv, "bin")}:${process.env.PATH}`;
    const env = { ...at.env, PREFECT_API_URL: apiUrl, PREFECT_HOME: join(at.folder, "prefect-home") };
    execFileSync(join(venv, "bin", "prefect"), ["--no-prompt", "deploy", "--all"], { cwd: at.folder, env, stdio: "ignore" });
    const { id } = (await readDeploymentByName(client, one)) as ServerDeployment;
    await client.request("POST", `/deployments/${id}/schedule`, { json: {} });
    const runs = await scheduled(id);
    expect(runs.length).toBeGreaterThan(0);
    const taken = await pushpool(at, "deploy", "--all");
    expect([taken.status, taken.stdout + taken.stderr]).toEqual([0, expect.stringMatching(/: 2 unchanged$/m)]);
    expect(await scheduled(id)).toEqual(runs);
  });

  async function scheduled(id: string): Promise<string[]> {
    const json = { deployments: { id: { any_: [id] } } };
    const { body } = await client.request<{ id: string }[]>("POST", "/flow_runs/filter", { json });
    return body.map((run) => run.id).sort();
  }

  test("numbers keep their digits when sent and when compared; a run's job variables win", async () => {
    const { pool } = await aPool(client);
    const at = through(apiUrl);
    const mark = randomUUID().slice(0, 8);
    const numbers = "id: 9007199254740993, big: 12345678901234567, ratio: 1.0, tiny: 1.0e-7, many: [1.50, -0.0]";
    const file = (more: string) =>
      `deployments:\n- name: one\n  flow_name: flow-${mark}\n  parameters: { ${more} }\n  work_pool: { name: ${pool}, job_variables: { command: "sh -c 'echo LEVEL=$LEVEL'", env: { LEVEL: info } } }\n`;
    const name = `flow-${mark}/one`;
    const stored = async (path: string) => (await fetch(`${apiUrl}${path}`)).text();
    const deployed = () => stored(`/deployments/name/${name}`);

    writeFileSync(join(at.folder, "prefect.yaml"), file(numbers));
    expect(await pushpool(at, "deploy")).toMatchObject({ status: 0 });
    expect(await deployed()).toContain(
      '"parameters":{"id":9007199254740993,"big":12345678901234567,"ratio":1.0,"tiny":1e-7,"many":[1.5,-0.0]}',
    );
    expect((await pushpool(at, "deploy")).stderr).toMatch(/: 1 unchanged/);

    writeFileSync(join(at.folder, "prefect.yaml"), file(numbers.replace("993", "992").replace("ratio: 1.0", "ratio: 1")));
    expect((await pushpool(at, "deploy")).stdout).toMatch(
      /parameters\.id: 9007199254740993 → 9007199254740992\n {6}parameters\.ratio: 1\.0 → 1\n/,
    );
    expect(await deployed()).toContain('"parameters":{"id":9007199254740992,"big":12345678901234567,"ratio":1,');

    const ran = await pushpool(at, "run", name, "-p", "id=9007199254740993", "-p", "x=2.0", "--job-variable", "env.LEVEL=1.10", "--json");
    expect(ran.status).toBe(1);
    const [id] = /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(ran.stdout) ?? [];
    const run = await stored(`/flow_runs/${id}`);
    expect(run).toMatch(/"id":9007199254740993,.*"x":2\.0/);
    expect(run).toContain('"job_variables":{"env":{"LEVEL":"1.10"}}');
    expect((await pushpool(at, "logs", String(id))).stdout + ran.stdout).toContain("LEVEL=1.10");
  });

  test("runs a deployment by its name", async () => {
    const { pool } = await aPool(client);
    const at = through(apiUrl);
    const { one } = withFile(at, pool);
    writeFileSync(
      join(at.folder, "prefect.yaml"),
      `deployments:\n- name: one\n  flow_name: ${one.split("/")[0]}\n  work_pool: { name: ${pool}, job_variables: { command: "exit 3" } }\n`,
    );
    expect(await pushpool(at, "deploy")).toMatchObject({ status: 0 });
    expect(await pushpool(at, "run", one)).toMatchObject({ status: 1, stderr: expect.stringContaining("CRASHED") });
  });

  test.each<[string, (at: Place, pool: string) => void, string[], RegExp]>([
    ["an unknown pool", (at) => withFile(at, "no-such-pool"), ["--all"], /there is no work pool "no-such-pool" in the Prefect API at/],
    [
      "a job variable of another type",
      (at, pool) => {
        withFile(at, pool);
        withFileChanged(at, "env: { A: b }", "stream_output: many");
      },
      ["one"],
      /work_pool\.job_variables\.stream_output must be boolean/,
    ],
    [
      "removing a deployment that does not exist",
      () => {},
      ["--remove", "no/such"],
      /--remove no\/such: it was not deployed to the Prefect API at/,
    ],
    [
      "what Pulumi declares",
      (at, pool) => declare(at, withFile(at, pool).one, apiUrl),
      ["one"],
      /is already declared by the Pulumi program/,
    ],
  ])("bad input: refused, and nothing is sent: %s", async (_, prepare, args, message) => {
    const { pool } = await aPool(client);
    const at = through(apiUrl);
    prepare(at, pool);
    expect(await pushpool(at, "deploy", ...args)).toMatchObject({ status: 2, stderr: expect.stringMatching(message) });
  });

  describe("the server refuses one deployment", () => {
    /** Three deployments of a new flow, and a server that refuses to create or change the second. */
    async function three(status: number) {
      const { pool } = await aPool(client);
      const flow = `flow_${randomUUID().slice(0, 8)}`;
      let calls = 0;
      const line = await badLine(apiUrl, (request) =>
        /^(POST \/deployments\/|PATCH \/deployments\/[0-9a-f-]{36})( |$)/.test(request) && ++calls === 2
          ? { instead: { status } }
          : undefined,
      );
      const at = through(line.apiUrl);
      writeFileSync(join(at.folder, "flows.py"), `from prefect import flow\n@flow\ndef ${flow}(n: int = 1):\n    pass\n`);
      const write = (more: string) =>
        writeFileSync(
          join(at.folder, "prefect.yaml"),
          `deployments:\n${["one", "two", "three"].map((name) => `- { name: ${name}, entrypoint: "flows.py:${flow}", work_pool: { name: ${pool}, work_queue_name: q-${flow.slice(5)} }${more} }\n`).join("")}`,
        );
      write("");
      const name = flow.replace("_", "-");
      const read = (of: string) => readDeploymentByName(client, `${name}/${of}`);
      const reset = () => {
        calls = 0;
      };
      return { at, pool, name, read, write, reset, queue: `q-${flow.slice(5)}` };
    }

    test.each([
      [422, 2],
      [409, 2],
      [404, 2],
      [500, 5],
    ])("a %i: the others are deployed, the message has its line, exit code %i", async (status, exitCode) => {
      const { at, read } = await three(status);
      const { status: code, stdout, stderr } = await pushpool(at, "deploy", "--all");
      expect(code).toBe(exitCode);
      expect(stdout.match(/^ {2}\+/gm)).toHaveLength(2);
      expect(stderr).toMatch(
        new RegExp(
          `1 invalid deployment in prefect.yaml; it was left out:\n  prefect.yaml:3: two: deployment "\\S+/two": .*${status}.*\n$`,
        ),
      );
      expect([await read("one"), await read("two"), await read("three")].map((one) => one !== undefined)).toEqual([true, false, true]);
    });

    test("--all-or-nothing keeps no deployment, flow or work queue that it created", async () => {
      const { at, read, name, pool, queue } = await three(422);
      const { status, stdout, stderr } = await pushpool(at, "deploy", "--all", "--all-or-nothing");
      expect([status, stdout]).toEqual([2, ""]);
      expect(stderr).toMatch(/1 invalid deployment in prefect.yaml; nothing was deployed:\n {2}prefect.yaml:3: two: /);
      expect([await read("one"), await read("two"), await read("three")]).toEqual([undefined, undefined, undefined]);
      const flows = { flows: { name: { any_: [name] } } };
      expect((await client.request("POST", "/flows/filter", { json: flows })).body).toEqual([]);
      expect((await listWorkQueues(client, pool)).map((one) => one.name)).not.toContain(queue);
    });

    test("--all-or-nothing restores what it changed, also schedules and their pause", async () => {
      const { at, read, write, reset } = await three(409);
      write(', tags: [a], parameters: { n: 1 }, schedules: [{ cron: "0 5 * * *", slug: x }, { interval: 3600 }]');
      reset();
      await pushpool(at, "deploy", "--all");
      await pushpool(at, "deploy", "--all");
      const before = (await read("one")) as ServerDeployment;
      const [paused] = before.schedules;
      await client.request("PATCH", `/deployments/${before.id}/schedules/${paused?.id}`, { json: { active: false } });
      const was = (await read("one")) as ServerDeployment;
      write(', tags: [b], parameters: {}, concurrency_limit: 2, schedules: [{ cron: "1 5 * * *", slug: x, active: true }]');
      reset();
      const { status, stderr } = await pushpool(at, "deploy", "--all", "--all-or-nothing");
      expect([status, stderr]).toEqual([2, expect.stringMatching(/nothing was deployed:\n {2}prefect.yaml:3: two: /)]);
      const now = (await read("one")) as ServerDeployment;
      const plain = ({ schedules, ...rest }: ServerDeployment) => ({
        ...rest,
        updated: "",
        schedules: schedules.map(({ schedule, active, parameters }) => JSON.stringify([schedule, active, parameters])).sort(),
      });
      expect(plain(now)).toEqual(plain(was));
      expect(now.schedules.map(({ id }) => id)).toContain(was.schedules.find(({ slug }) => slug === "x")?.id);
    });
  });

  test("a deployment that is no longer in its file is listed with the command that removes it", async () => {
    const { pool } = await aPool(client);
    const at = through(apiUrl);
    const { one, two } = withFile(at, pool);
    // Another user's, and another file's.
    const other = through(apiUrl);
    const theirs = withFile(other, pool);
    await pushpool(other, "deploy", "--all");
    await pushpool(at, "deploy", "--all");
    withFileChanged(at, "name: two", "name: two-b");
    const text = `"${two}" came from prefect.yaml and is no longer in it; it stays, with its schedules. To remove it: \`pushpool deploy --remove ${two}\``;
    const again = await pushpool(at, "deploy", "--all");
    expect([again.status, again.stderr]).toEqual([0, expect.stringContaining(text)]);
    expect(again.stderr).not.toContain(one);
    expect(again.stderr).not.toContain(theirs.one);
    // On a machine without the local note, the server still knows it.
    rmSync(at.home, { recursive: true });
    expect(JSON.parse((await pushpool(at, "deploy", "--all", "--json")).stdout)).toMatchObject({ gone: [two] });
    expect((await pushpool(at, "deploy", "one")).stderr).not.toContain("no longer in it");
    await pushpool(at, "deploy", "--remove", two);
    expect(JSON.parse((await pushpool(at, "deploy", "--all", "--json")).stdout)).toMatchObject({ gone: [] });
    // A deployment with a problem is still in the file.
    withFileChanged(at, "name: two-b\n  entrypoint: flows.py", "name: two-b\n  entrypoint: none.py");
    expect(JSON.parse((await pushpool(at, "deploy", "--all", "--json")).stdout)).toMatchObject({ gone: [], problems: [{ name: "two-b" }] });
  });

  test("a missing block: the message has the server and similar names", async () => {
    const { pool } = await aPool(client);
    const at = through(apiUrl);
    const name = `tokens-${randomUUID().slice(0, 6)}`;
    await createBlock(client, { slug: "secret", name }, await newestSchema(client, "secret", 60_000), { value: "hush" }, []);
    withFile(at, pool);
    withFileChanged(at, "env: { A: b }", `env: { A: "{{ prefect.blocks.secret.${name}x }}" }`);
    const { status, stderr } = await pushpool(at, "deploy", "--all");
    expect([status, stderr]).toEqual([
      2,
      expect.stringMatching(new RegExp(`there is no block "secret/${name}x" for .* at ${apiUrl}: did you mean .*"secret/${name}"`)),
    ]);
  });

  test("an unreachable server, with exit code 5", async () => {
    const at = through("http://127.0.0.1:9/api");
    withFile(at, "any");
    expect(await pushpool(at, "deploy", "--all")).toMatchObject({ status: 5, stderr: expect.stringMatching(/127\.0\.0\.1:9\/api/) });
  });

  test("PREFECT_API_URL in the environment does not name the stack's API: deployments then go to the ledger", async () => {
    const at = placeWith(manifestOf({}));
    at.env.PREFECT_API_URL = apiUrl;
    const { one } = withFile(at, "local");
    expect(await pushpool(at, "deploy", "--all")).toMatchObject({ status: 0 });
    expect(await isThere(one)).toBe(false);
    expect((await pushpool(at, "deployments")).stdout).toContain(one);
  });
});

function withFileChanged(at: Place, from: string, to: string): void {
  const file = join(at.folder, "prefect.yaml");
  writeFileSync(file, readFileSync(file, "utf8").replace(from, to));
}

/** Have the stack's program declare a deployment too. */
function declare(at: Place, name: string, apiUrl: string): void {
  const manifest = { ...manifestOf({}), prefect: { apiUrl }, deployments: { [name]: { command: "true", workPool: { name: "local" } } } };
  writeFileSync(at.env.PUSHPOOL_MANIFEST as string, JSON.stringify(manifest));
}

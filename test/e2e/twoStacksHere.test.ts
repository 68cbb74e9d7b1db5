import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test, vi } from "vitest";
import { readWorkPool } from "../../src/prefect/api/workPools";
import { describePrefect } from "../prefect/python";
import { pushpool } from "../prefect/served";
import { sharedServer } from "../prefect/server";
import { scratch } from "../scratch";
import { clientOf } from "../serve/server/dispatcher";
import { listen, type Place, place } from "./pushpool";

// Two stacks of one program, side by side on this machine and on one Prefect server.

const repo = join(__dirname, "..", "..");

function programOf(text: string, env: Record<string, string> = {}): Place {
  const folder = join(scratch(), "infra");
  mkdirSync(folder);
  symlinkSync(join(repo, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "Pulumi.yaml"), "name: data\nruntime: { name: nodejs, options: { typescript: false } }\n");
  writeFileSync(
    join(folder, "index.js"),
    `const pulumi = require("@pulumi/pulumi");
const { Deployment, manifest } = require("pushpool");
const { ProcessPushPool } = require("pushpool/local");
const prefect = require("pushpool/prefect");
const stack = pulumi.getStack();
${text}`,
  );
  return place({ cwd: folder, env: { PULUMI_CONFIG_PASSPHRASE: "x", ...env } });
}

const up = (at: Place, stack: string) => pushpool(at, "up", "--engine", "offline", "--yes", "--stack", stack);
const destroy = (at: Place, stack: string) => pushpool(at, "destroy", "--engine", "offline", "--yes", "--stack", stack);

/** Every file under a folder, by its relative path. */
function filesIn(folder: string): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(files.map(({ parentPath, name }) => [join(parentPath, name), readFileSync(join(parentPath, name), "latin1")]));
}

test("processes on this machine: each runs with its own secret, at the same time, and one stack is destroyed alone", async () => {
  const at = programOf(`
const local = new ProcessPushPool("local", { jobVariables: { env: { PASSWORD: pulumi.secret(stack + "-password") } } });
const hello = new Deployment("hello/secret", { workPoolName: local.workPoolName, command: "sh -c 'sleep 1; echo my password is $PASSWORD'" });
exports.pushPools = manifest({ pools: [local], deployments: [hello] });`);
  for (const stack of ["dev", "prod"]) expect([stack, await up(at, stack)]).toMatchObject([stack, { status: 0 }]);

  const both = ["dev", "prod"].map((stack) => ({ stack, said: listen(at.start("run", "hello/secret", "--stack", stack)) }));
  for (const { stack, said } of both) {
    expect([stack, await said.ended, said.stderr()]).toEqual([stack, 0, expect.any(String)]);
    expect(said.stdout()).toBe(`my password is ${stack}-password\n`);
  }
  for (const stack of ["dev", "prod"]) {
    const listed = JSON.parse((await pushpool(at, "ls", "--stack", stack, "--json")).stdout);
    expect(listed.runs).toMatchObject([{ stack: `data/${stack}`, state: { type: "COMPLETED" } }]);
  }
  // A log has what the command printed; no other file of the home has a secret in plain text.
  const clear = [...filesIn(at.home)].filter(([, text]) => /(dev|prod)-password/.test(text)).map(([path]) => path);
  expect(clear.filter((path) => !path.includes("/runs/"))).toEqual([]);

  expect(await destroy(at, "dev")).toMatchObject({ status: 0 });
  const gone = await pushpool(at, "run", "hello/secret", "--stack", "dev");
  expect([gone.status, gone.stdout]).toEqual([2, ""]);
  expect(await pushpool(at, "run", "hello/secret", "--stack", "prod")).toMatchObject({
    status: 0,
    stdout: "my password is prod-password\n",
  });
});

describePrefect("two stacks on one Prefect server", () => {
  vi.setConfig({ testTimeout: 300_000 });
  let apiUrl: string;
  beforeAll(async () => {
    ({ apiUrl } = await sharedServer());
  }, 600_000);

  test("with one name: the second is refused with what to do, and deletes nothing of the first", async () => {
    const name = `shared-${randomUUID().slice(0, 8)}`;
    const at = programOf(
      `
const local = new ProcessPushPool("${name}", { concurrencyLimit: stack === "dev" ? 1 : 2 });
exports.pushPools = manifest({ pools: [local], prefect: prefect.register(undefined, { pools: [local] }) });`,
      { PREFECT_API_URL: apiUrl },
    );
    expect(await up(at, "dev")).toMatchObject({ status: 0 });
    const refused = await up(at, "prod");
    expect([refused.status === 0, refused.stderr]).toEqual([false, expect.stringContaining(`work pool "${name}" already exists`)]);
    expect(refused.stderr).toContain("adoptExisting");
    const limit = async () => (await readWorkPool(clientOf(apiUrl), name))?.concurrency_limit;
    expect(await limit()).toBe(1);
    expect(await destroy(at, "prod")).toMatchObject({ status: 0 });
    expect(await limit()).toBe(1);
    expect(await destroy(at, "dev")).toMatchObject({ status: 0 });
    expect(await limit()).toBeUndefined();
  });
});

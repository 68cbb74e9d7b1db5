import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { listStacks } from "../../src/engine/state";
import { lockStack } from "../../src/engine/state/lock";
import type { JsonObject } from "../../src/json";
import { scratch } from "../scratch";
import { project } from "./program";

const statePath = (dir: string) => join(dir, "..", "home", "stacks", "conf", "dev.json");

test.each([
  ["invalid JSON", "{", /state .*dev\.json is damaged/],
  ["a cut-off text", `{"version": 3, "deployment": {"resources": [{"urn": "hunter2`, /state .*dev\.json is damaged(?!.*hunter2)/],
  ["no version", JSON.stringify({ resources: [] }), /state .*dev\.json is damaged: it has no version/],
  ["a newer version", JSON.stringify({ version: 4, deployment: {} }), /has version 4.*To upgrade, run `git pull && npm ci` in /],
  [
    "resources without a URN",
    JSON.stringify({ version: 3, deployment: { resources: [1] } }),
    /deployment\.resources must be a list of resources/,
  ],
])("a state file with %s is refused with its path, and not changed", async (_, text, message) => {
  const { dir, write, stack } = project();
  write("");
  mkdirSync(dirname(statePath(dir)), { recursive: true });
  writeFileSync(statePath(dir), text);
  await expect(stack().up()).rejects.toThrow(message);
  expect(readFileSync(statePath(dir), "utf8")).toBe(text);
});

const BUCKET = {
  urn: "urn:pulumi:dev::conf::aws:s3/bucket:Bucket::mine",
  custom: true,
  id: "mine-1",
  type: "aws:s3/bucket:Bucket",
  outputs: { arn: "arn" },
  provider: "urn:pulumi:dev::conf::pulumi:providers:aws::default::1",
};

const AWS = { urn: "urn:pulumi:dev::conf::pulumi:providers:aws::default", custom: true, id: "1", type: "pulumi:providers:aws" };

function imported(dir: string, deployment: JsonObject): void {
  mkdirSync(dirname(statePath(dir)), { recursive: true });
  writeFileSync(statePath(dir), JSON.stringify({ version: 3, deployment }));
}

test("neither `up` nor destroy drops a provider's resource from an imported state", async () => {
  const { dir, write, stack } = project();
  write(`new Bare("b", {});`);
  imported(dir, { manifest: { time: "t", magic: "m", version: "v" }, resources: [AWS, BUCKET] });
  const message = /has no provider for the package aws: attach one \(PULUMI_DEBUG_PROVIDERS=aws:PORT/;
  await expect(stack().up()).rejects.toThrow(message);
  await expect(stack().destroy()).rejects.toThrow(message);
  const { deployment } = JSON.parse(readFileSync(statePath(dir), "utf8")) as {
    deployment: { resources: JsonObject[]; manifest: JsonObject };
  };
  expect(deployment.resources).toContainEqual(BUCKET);
  expect(deployment.manifest).toEqual({ time: "t", magic: "m", version: "v" });
});

test("other fields of an imported state are kept", async () => {
  const { dir, write, stack } = project();
  write(`new Bare("b", {});`);
  imported(dir, { manifest: { time: "t", magic: "m", version: "v" }, metadata: { integrity_error: null } });
  await stack().up();
  const { deployment } = JSON.parse(readFileSync(statePath(dir), "utf8")) as { deployment: JsonObject };
  expect(deployment).toMatchObject({ metadata: { integrity_error: null }, manifest: { magic: "m" } });
});

test("a state whose secrets are not encrypted with a passphrase is refused when a secret is used", async () => {
  const { dir, write, stack } = project();
  write(`exports.s = pulumi.secret("x");`);
  imported(dir, { secrets_providers: { type: "service", state: { url: "https://api.pulumi.com" } }, resources: [] });
  await expect(stack().up()).rejects.toThrow(/encrypts its secrets with the provider "service".*change-secrets-provider passphrase/);
});

test("a secret that was changed by hand is refused with its place in the state", async () => {
  const { dir, write, stack } = project();
  write(`exports.s = pulumi.secret("x");`);
  await stack().up();
  const text = readFileSync(statePath(dir), "utf8");
  writeFileSync(statePath(dir), text.replace(/("ciphertext": "v1:[^:]+:)..../, "$1AAAA"));
  await expect(stack().outputs({ secrets: true })).rejects.toThrow(
    /dev\.json is damaged: a secret in the outputs of .*conf-dev cannot be decrypted/,
  );
  await expect(stack().up()).rejects.toThrow(/cannot be decrypted/);
});

test("the stacks of a project are the ones that have a state", async () => {
  const { dir, write, stack } = project();
  const of = { home: join(dir, "..", "home"), project: "conf" };
  expect(listStacks(of)).toEqual([]);
  write("");
  await stack({ stack: "prod" }).up();
  await stack().up();
  expect(listStacks(of)).toEqual(["dev", "prod"]);
});

test.each(["a dead holder's lock", "a lock that a dead process was taking over"])(
  "several processes find %s at once: only one takes the lock",
  async (what) => {
    const folder = scratch();
    const path = join(folder, "dev.json.lock");
    const dead = JSON.stringify({ host: hostname(), pid: process.pid, start: "another boot", since: "2020" });
    writeFileSync(path, dead);
    if (what.includes("taking over")) {
      const name = createHash("sha256").update(dead).digest("hex").slice(0, 16);
      writeFileSync(`${path}.${name}`, JSON.stringify({ host: hostname(), pid: process.pid, start: "yet another boot", since: "2021" }));
    }
    // Each process holds the lock until all have tried, so that a second winner would be seen.
    const script = `
    const { lockStack } = require(${JSON.stringify(join(__dirname, "..", "..", "lib", "src", "engine", "state", "lock"))});
    process.stdin.once("data", () => {
      try { lockStack(${JSON.stringify(path)}, "conf/dev"); console.log("mine"); } catch (error) { console.log(error.message); }
      process.stdin.once("end", () => process.exit());
    });
    console.log("ready");`;
    const children = Array.from({ length: 6 }, () => spawn(process.execPath, ["-e", script], { stdio: ["pipe", "pipe", "inherit"] }));
    const readers = children.map(({ stdout }) => createInterface({ input: stdout })[Symbol.asyncIterator]());
    const lines = () => Promise.all(readers.map(async (reader) => (await reader.next()).value as string));
    expect(await lines()).toEqual(children.map(() => "ready"));
    for (const { stdin } of children) stdin.write("go\n");
    const said = await lines();
    for (const { stdin } of children) stdin.end();
    expect(said.filter((line) => line === "mine")).toHaveLength(1);
    expect(said.filter((line) => /is being changed by process \d+ since/.test(line))).toHaveLength(5);
    expect(readdirSync(folder)).toEqual(["dev.json.lock"]);
  },
);

test("a preview does not wait for a running update", async () => {
  const { dir, write, stack } = project();
  write(`exports.n = 1;`);
  const unlock = lockStack(`${statePath(dir)}.lock`, "conf/dev");
  expect(await stack().preview()).toMatchObject({ changes: { create: 1 } });
  await expect(stack().up()).rejects.toThrow(`being changed by process ${process.pid}`);
  unlock();
});

test("a lock names its holder; a dead holder's lock is taken over", () => {
  const path = join(scratch(), "a", "dev.json.lock");
  const unlock = lockStack(path, "conf/dev");
  expect(() => lockStack(path, "conf/dev")).toThrow(new RegExp(`stack conf/dev is being changed by process ${process.pid} since`));
  unlock();
  writeFileSync(path, JSON.stringify({ host: hostname(), pid: process.pid, start: "another boot", since: "2020" }));
  lockStack(path, "conf/dev")();
  expect(existsSync(path)).toBe(false);
});

test("after kill -9 during an update, the state is readable and has all registered resources; the next update continues", async () => {
  const { dir, write, stack } = project();
  const slow = `for (const n of [1, 2, 3]) new Bare("b" + n, {}); module.exports = async () => { await new Promise((done) => setTimeout(done, 20000)); };`;
  write(slow);
  const lib = join(__dirname, "..", "..", "lib", "src", "testing");
  const script = `require(${JSON.stringify(lib)}).offlineStack({ projectDir: ${JSON.stringify(dir)}, home: ${JSON.stringify(join(dir, "..", "home"))} }).up()`;
  const child = spawn(process.execPath, ["-e", script], { stdio: "ignore", detached: true });
  const names = () =>
    (stack().exportState() as { deployment: { resources: { urn: string }[] } }).deployment.resources.map(({ urn }) =>
      urn.split("::").at(-1),
    );
  const limit = Date.now() + 90_000;
  while (names().length < 4 && Date.now() < limit) await new Promise((done) => setTimeout(done, 20));
  const gone = once(child, "exit");
  process.kill(-(child.pid as number), "SIGKILL");
  await gone;
  expect(names().sort()).toEqual(["b1", "b2", "b3", "conf-dev"]);
  write(`for (const n of [1, 2]) new Bare("b" + n, {});`);
  expect(await stack().up()).toMatchObject({ changes: { same: 3, delete: 1 } });
});

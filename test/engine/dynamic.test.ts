import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { destroy, type EngineEvent } from "../../src/engine";
import type { JsonObject } from "../../src/json";
import { project } from "./program";

// Each test runs several updates, and the machine may be busy.
vi.setConfig({ testTimeout: 240_000 });

// Dynamic resources through the unmodified provider of the Node SDK. Their methods log what they did to a file beside the program.

const JOB = `
const provider = {
  async create(inputs) {
    const fs = require("fs");
    fs.appendFileSync("did.txt", "create " + inputs.n + "\\n");
    if (fs.existsSync("broken")) throw new Error("no room for " + inputs.n);
    return { id: "job-" + inputs.n, outs: { ...inputs, twice: inputs.n * 2, token: "hunter2-" + inputs.n } };
  },
  async diff(id, olds, news) { return { changes: olds.n !== news.n || olds.note !== news.note, replaces: olds.n !== news.n ? ["n"] : [] }; },
  async update(id, olds, news) { require("fs").appendFileSync("did.txt", "update " + id + "\\n"); return { outs: { ...olds, ...news } }; },
  async read(id, props) { return require("fs").existsSync("gone") ? {} : { id, props: { ...props, twice: 99 } }; },
  async delete(id) { require("fs").appendFileSync("did.txt", "delete " + id + "\\n"); },
};
class Job extends pulumi.dynamic.Resource {
  constructor(name, args, opts) { super(provider, name, { twice: undefined, token: undefined, ...args }, { ...opts, additionalSecretOutputs: ["token"] }); }
}`;
const resourcesOf = (state: unknown) => (state as { deployment: { resources: JsonObject[] } }).deployment.resources;

test("a dynamic resource is created, kept, updated, replaced, refreshed and deleted", async () => {
  const { dir, write, stack } = project();
  const did = () => readFileSync(join(dir, "did.txt"), "utf8").trim().split("\n");
  write(`${JOB} const j = new Job("j", { n: 1 }); exports.twice = j.twice; exports.token = j.token;`);
  expect(await stack().preview()).toMatchObject({ changes: { create: 2 } });
  expect(existsSync(join(dir, "did.txt"))).toBe(false);
  expect(await stack().up()).toMatchObject({ changes: { create: 2 }, outputs: { twice: 2, token: "[secret]" } });
  expect(JSON.stringify(stack().exportState())).not.toContain("hunter2-1");
  expect(await stack().outputs({ secrets: true })).toEqual({ twice: 2, token: "hunter2-1" });
  expect(await stack().up()).toMatchObject({ changes: { same: 2 }, unchanged: true });
  expect(did()).toEqual(["create 1"]);

  write(`${JOB} const j = new Job("j", { n: 1, note: "x" }); exports.twice = j.twice;`);
  expect(await stack().up()).toMatchObject({ changes: { same: 1, update: 1 }, outputs: { twice: 2 } });
  write(`${JOB} const j = new Job("j", { n: 2, note: "x" }); exports.twice = j.twice;`);
  expect(await stack().up()).toMatchObject({ changes: { same: 1, replace: 1 }, outputs: { twice: 4 } });
  expect(did()).toEqual(["create 1", "update job-1", "create 2", "delete job-1"]);

  expect(await stack().refresh()).toMatchObject({ changes: { same: 1, update: 1 } });
  expect(resourcesOf(stack().exportState()).find(({ id }) => id === "job-2")).toMatchObject({ outputs: { twice: 99 } });
  // Only the provider runs. What it has compiled is kept, although it is killed at the end.
  const compiled = join(dir, "compiled");
  const home = join(dir, "..", "home");
  const own = { projectDir: dir, stack: "dev", home, stateHome: join(home, "state"), compileCache: compiled };
  expect(await destroy({ ...own, env: { ...process.env, PULUMI_CONFIG_PASSPHRASE: "" } })).toMatchObject({ changes: { delete: 2 } });
  expect(readdirSync(compiled, { recursive: true }).length).toBeGreaterThan(100);
  expect(did().at(-1)).toBe("delete job-2");
  expect(resourcesOf(stack().exportState())).toEqual([]);
});

test("a failed create is not in the state and is tried again; a resource that is gone is created again", async () => {
  const { dir, write, stack } = project();
  write(`${JOB} new Job("j", { n: 1 });`);
  writeFileSync(join(dir, "broken"), "");
  const events: EngineEvent[] = [];
  await expect(stack({ onEvent: (event) => events.push(event) }).up()).rejects.toThrow(/^no room for 1$/);
  expect(events).toContainEqual(expect.objectContaining({ kind: "failed", step: expect.objectContaining({ op: "create", name: "j" }) }));
  expect(resourcesOf(stack().exportState()).filter(({ type }) => String(type).includes("dynamic"))).toEqual([]);
  rmSync(join(dir, "broken"));
  expect(await stack().up()).toMatchObject({ changes: { create: 1, same: 1 } });
  writeFileSync(join(dir, "gone"), "");
  expect(await stack().refresh()).toMatchObject({ changes: { delete: 1, same: 1 } });
  expect(await stack().up()).toMatchObject({ changes: { create: 1, same: 1 } });
});

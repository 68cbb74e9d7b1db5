import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import type { JsonObject } from "../../src/json";
import { startFakeAws } from "../../src/testing";
import { newSchema, sharedPostgres } from "../ledger/postgresServer";
import { scratch } from "../scratch";
import { until } from "../until";
import { ecsManifest, ecsPlace } from "./clouds/aws";
import { listen, manifestOf, type Place, place } from "./pushpool";

// Two machines: two homes, each with its own state folder, and one database.

let server: URL;
beforeAll(async () => {
  server = new URL(await sharedPostgres());
}, 300_000);

/** A URL with a schema of its own. */
function ledgerUrl(): string {
  const url = new URL(server);
  url.searchParams.set("schema", newSchema());
  return url.href;
}

function homeWith(manifest: JsonObject, env: NodeJS.ProcessEnv = {}): Place {
  const made = place({ env });
  const file = join(made.folder, "manifest.json");
  writeFileSync(file, JSON.stringify(manifest), { mode: 0o600 });
  made.env.PUSHPOOL_MANIFEST = file;
  return made;
}

const passwordOf = (url: string) => new URL(url).password;

test("PUSHPOOL_LEDGER_URL: what one home does, the other one sees", () => {
  const url = ledgerUrl();
  const secret = "a-secret-word";
  const manifest: JsonObject = {
    ...manifestOf({ "hello/env": `sh -c 'test "$WORD" = a-secret-word'` }),
    variables: { word: secret },
    secretPaths: ["/variables/word"],
  };
  const template = (manifest.pools as { local: JsonObject }).local.baseJobTemplate as { variables: { properties: JsonObject } };
  template.variables.properties.env = {
    ...(template.variables.properties.env as JsonObject),
    default: { WORD: "{{ prefect.variables.word }}" },
  };
  const [one, other] = [homeWith(manifest, { PUSHPOOL_LEDGER_URL: url }), homeWith(manifest, { PUSHPOOL_LEDGER_URL: url })];

  const ran = one.pushpool("run", "hello/env", "--idempotency-key", "k1", "--json", "--detach");
  expect(ran).toMatchObject({ status: 0 });
  const { id } = JSON.parse(ran.stdout).run as { id: string };
  const again = other.pushpool("run", "hello/env", "--idempotency-key", "k1", "--json", "--detach");
  expect(again).toMatchObject({ status: 0 });
  expect(JSON.parse(again.stdout).run.id).toBe(id);
  expect(JSON.parse(other.pushpool("ls", "--all-stacks", "--json").stdout).runs).toMatchObject([{ id }]);
  expect(existsSync(join(one.home, "ledger.db"))).toBe(false);

  // One home pauses the pool and records a run; the other one resumes the pool and submits the run, with the same secret.
  expect(one.pushpool("pools", "pause", "local")).toMatchObject({ status: 0 });
  expect(JSON.parse(other.pushpool("pools", "--json").stdout).pools).toMatchObject([{ isPaused: true, pausedHere: true }]);
  const held = JSON.parse(one.pushpool("run", "hello/env", "--json", "--detach").stdout).run;
  expect(held.state.type).toBe("SCHEDULED");
  expect(other.pushpool("pools", "resume", "local")).toMatchObject({ status: 0 });
  expect(other.pushpool("wait", held.id)).toMatchObject({ status: 0 });
  expect(JSON.parse(one.pushpool("show", held.id, "--json").stdout).run.state.type).toBe("COMPLETED");
});

test("the manifest names the ledger: every command uses it, and none prints its password", () => {
  const url = ledgerUrl();
  const manifest = { ...manifestOf({ "hello/true": "true" }), ledger: { url } };
  const [one, other] = [homeWith(manifest), homeWith(manifest)];
  const { stdout } = one.pushpool("run", "hello/true", "--json");
  const { id } = JSON.parse(stdout.trim().split("\n").at(-1) as string).run ?? {};
  const seen = [
    other.pushpool("ls", "--all-stacks", "--json"),
    other.pushpool("show", id ?? "", "--json"),
    other.pushpool("pools", "--json"),
    other.pushpool("deployments", "--json"),
    other.pushpool("manifest", "show", "--json"),
  ];
  expect(seen.map(({ status }) => status)).toEqual([0, 0, 0, 0, 0]);
  expect(JSON.parse(seen[0]?.stdout ?? "").runs).toHaveLength(1);
  expect(JSON.parse(seen[4]?.stdout ?? "").ledger).toEqual({ url: "[secret]" });
  for (const { stdout, stderr } of seen) expect(stdout + stderr).not.toContain(passwordOf(url));
  for (const home of [one.home, other.home]) {
    expect(existsSync(join(home, "ledger.db"))).toBe(false);
    for (const file of readdirSync(home, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()))
      expect(readFileSync(join(file.parentPath, file.name), "utf8")).not.toContain(passwordOf(url));
  }
});

test("a home that has a ledger of its own still finds what a manifest names later", () => {
  const url = ledgerUrl();
  const manifest = manifestOf({ "hello/true": "true" });
  const here = homeWith(manifest);
  expect(here.pushpool("run", "hello/true", "--flow-run-name", "before")).toMatchObject({ status: 0 });
  const elsewhere = homeWith({ ...manifest, ledger: { url } });
  expect(elsewhere.pushpool("run", "hello/true", "--flow-run-name", "after")).toMatchObject({ status: 0 });

  writeFileSync(here.env.PUSHPOOL_MANIFEST as string, JSON.stringify({ ...manifest, ledger: { url } }));
  expect(here.pushpool("pools")).toMatchObject({ status: 0 });
  expect(here.pushpool("show", "after")).toMatchObject({ status: 0 });
  expect(here.pushpool("show", "before")).toMatchObject({ status: 2 });
  // Without its manifest it does not fall back to another ledger.
  here.env.PUSHPOOL_MANIFEST = join(here.folder, "none.json");
  expect(here.pushpool("ls", "--all-stacks")).toMatchObject({ status: 2, stderr: expect.stringContaining("PUSHPOOL_LEDGER_URL") });
});

test("a run that is not in the home's own ledger is looked for in the one that the manifest names by now", () => {
  const url = ledgerUrl();
  const manifest = manifestOf({ "hello/true": "true" });
  const here = homeWith(manifest);
  expect(here.pushpool("run", "hello/true", "--flow-run-name", "before")).toMatchObject({ status: 0 });
  expect(homeWith({ ...manifest, ledger: { url } }).pushpool("run", "hello/true", "--flow-run-name", "after")).toMatchObject({ status: 0 });
  expect(here.pushpool("show", "after")).toMatchObject({ status: 2, stderr: expect.stringContaining("there is no run") });

  const file = here.env.PUSHPOOL_MANIFEST as string;
  writeFileSync(file, JSON.stringify({ ...manifest, ledger: { url } }));
  expect(here.pushpool("wait", "after")).toMatchObject({ status: 0 });
  // From then on the home knows.
  expect(here.pushpool("ls")).toMatchObject({ status: 0, stdout: expect.stringMatching(/after/) });
  expect(here.pushpool("show", "none")).toMatchObject({ status: 2, stderr: expect.stringContaining("there is no run") });
});

test("`up` and `manifest pull` make the home know that the manifest names the ledger, or no longer does", () => {
  const url = ledgerUrl();
  const folder = scratch();
  const here = place({ cwd: folder, env: { PATH: `${folder}/bin:/usr/bin:/bin` } });
  writeFileSync(join(folder, "Pulumi.yaml"), "name: data\nruntime: nodejs\n");
  mkdirSync(join(folder, "bin"));
  const manifest = manifestOf({ "hello/true": "true" });
  const outputs = (ledger: JsonObject) =>
    writeFileSync(join(folder, "outputs.json"), JSON.stringify({ pushPools: { ...manifest, ...ledger } }));
  // Pulumi's own `up` is not what this is about.
  writeFileSync(
    join(folder, "bin", "pulumi"),
    `#!/bin/sh\ncase "$*" in *--show-name*) echo dev ;; *output*) cat ${folder}/outputs.json ;; *"stack ls"*) echo '[{"name":"dev"}]' ;; esac\n`,
    { mode: 0o755 },
  );
  const named = () => JSON.parse(here.pushpool("ls", "--all-stacks", "--json").stdout).runs.map(({ name }: { name: string }) => name);
  outputs({});
  expect(here.pushpool("up", "--engine", "pulumi", "--yes")).toMatchObject({ status: 0 });
  expect(here.pushpool("run", "hello/true", "--flow-run-name", "in the file")).toMatchObject({ status: 0 });
  outputs({ ledger: { url } });
  expect(here.pushpool("up", "--engine", "pulumi", "--yes")).toMatchObject({ status: 0 });
  expect(named()).toEqual([]);
  outputs({});
  expect(here.pushpool("manifest", "pull")).toMatchObject({ status: 0 });
  expect(named()).toEqual(["in the file"]);
  outputs({ ledger: { url } });
  expect(here.pushpool("manifest", "pull")).toMatchObject({ status: 0 });
  expect(named()).toEqual([]);
});

test.each([
  ["PUSHPOOL_LEDGER_URL is blank", " ", /\$PUSHPOOL_LEDGER_URL is blank: give it as postgres:/],
  ["PUSHPOOL_LEDGER_URL is no URL", "here", /the URL of the ledger .*is invalid: write it as postgres:/],
])("%s", (_, url, message) => {
  const here = homeWith(manifestOf({ "hello/true": "true" }), { PUSHPOOL_LEDGER_URL: url });
  const ran = here.pushpool("run", "hello/true");
  expect(ran).toMatchObject({ status: 2, stderr: expect.stringMatching(message) });
});

test("a job that is cancelled leaves its run to whoever follows it next", async () => {
  const url = ledgerUrl();
  const mark = join(place().folder, "end");
  const manifest = manifestOf({ "hello/prod": `sh -c 'while [ ! -e ${mark} ]; do sleep 0.1; done'` });
  const [one, other] = [homeWith(manifest, { PUSHPOOL_LEDGER_URL: url }), homeWith(manifest, { PUSHPOOL_LEDGER_URL: url })];
  const job = one.start("run", "hello/prod", "--idempotency-key", "deploy-1", "--json");
  const list = () => JSON.parse(other.pushpool("ls", "--all-stacks", "--json").stdout).runs as { id: string; state: { type: string } }[];
  const id = await until(() => list().find(({ state }) => state.type === "RUNNING")?.id);
  job.kill("SIGKILL");
  writeFileSync(mark, "");
  // pushpool run hello/prod --idempotency-key deploy-1 --json
  const next = one.pushpool("run", "hello/prod", "--idempotency-key", "deploy-1", "--json");
  expect(next).toMatchObject({ status: 0 });
  expect(list()).toMatchObject([{ id, state: { type: "COMPLETED" } }]);
});

test("two CI jobs with homes of their own and one key: one task in the cloud, which the second follows when the first is killed", async () => {
  const aws = await startFakeAws({ grace: 1000, step: 100 });
  onTestFinished(() => aws.stop());
  const mark = join(place().folder, "end");
  const manifest = ecsManifest(aws, aws.accessKey("submitter"), { "hello/prod": `sh -c 'while [ ! -e ${mark} ]; do sleep 0.1; done'` });
  const url = ledgerUrl();
  const [one, other] = [ecsPlace(manifest), ecsPlace(manifest)];
  for (const { env } of [one, other]) env.PUSHPOOL_LEDGER_URL = url;
  const key = ["run", "hello/prod", "--idempotency-key", "deploy-1", "--json"];
  const job = one.start(...key);
  const said = listen(job);
  await until(() => aws.world.tasks.size === 1 && /RUNNING/.test(said.stdout() + said.stderr()));
  job.kill("SIGKILL");
  await said.ended;
  writeFileSync(mark, "");
  const next = await other.run(...key);
  expect(next).toMatchObject({ status: 0 });
  const { run } = JSON.parse(next.stdout.trim().split("\n").at(-1) ?? "");
  expect(run.state.type).toBe("COMPLETED");
  expect(said.stdout()).toContain(run.id);
  const { runs } = JSON.parse((await other.run("ls", "--all-stacks", "--json")).stdout);
  expect(runs).toMatchObject([{ id: run.id }]);
  expect(aws.world.tasks.size).toBe(1);
});

test("cancel --dry-run refuses what cancel refuses: a run that nobody watches on another host", async () => {
  const url = ledgerUrl();
  const manifest = manifestOf({ "hello/prod": "sleep 600" });
  const one = homeWith(manifest, { PUSHPOOL_LEDGER_URL: url });
  const { id } = JSON.parse(one.pushpool("run", "hello/prod", "--detach", "--json").stdout).run as { id: string };
  const far = homeWith(manifest, { PUSHPOOL_LEDGER_URL: url, PUSHPOOL_HOST: "far" });
  const [planned, asked] = [far.pushpool("cancel", id, "--dry-run"), far.pushpool("cancel", id)];
  expect(asked).toMatchObject({ status: 5, stderr: expect.stringContaining("nobody watches it there") });
  expect(planned).toEqual({ ...asked, stdout: "" });
  expect(one.pushpool("cancel", id, "--dry-run")).toMatchObject({ status: 0, stdout: expect.stringMatching(/"nothingToDo": false/) });
  expect(one.pushpool("cancel", id, "--grace", "0s")).toMatchObject({ status: 0 });
});

test("a run of processes on this machine needs no manifest of its stack to be cancelled: that may be gone", () => {
  const url = ledgerUrl();
  const manifest = manifestOf({ "hello/prod": "sleep 600" });
  const here = homeWith(manifest, { PUSHPOOL_LEDGER_URL: url });
  const { id } = JSON.parse(here.pushpool("run", "hello/prod", "--detach", "--json").stdout).run as { id: string };
  writeFileSync(here.env.PUSHPOOL_MANIFEST as string, JSON.stringify({ ...manifest, source: { project: "shop", stack: "prod" } }));
  expect(here.pushpool("cancel", id, "--dry-run")).toMatchObject({ status: 0, stdout: expect.stringMatching(/"nothingToDo": false/) });
  expect(here.pushpool("cancel", id, "--grace", "0s")).toMatchObject({ status: 0 });
  expect(JSON.parse(here.pushpool("show", id, "--json").stdout).run).toMatchObject({ stack: "data/dev", state: { type: "CANCELLED" } });
});

test("no command loads the driver without a ledger that needs it, and says how to install it", () => {
  const here = homeWith(manifestOf({ "hello/true": "true" }));
  const block = join(here.folder, "no-pg.cjs");
  writeFileSync(
    block,
    `const { Module } = require("node:module"); const load = Module._load;
Module._load = (name, ...rest) => { if (name === "pg") throw Object.assign(new Error("no pg"), { code: "MODULE_NOT_FOUND" }); return load(name, ...rest); };
require("node:module").registerHooks?.({ resolve: (name, context, next) => {
  if (name === "pg") throw Object.assign(new Error("no pg"), { code: "ERR_MODULE_NOT_FOUND" });
  return next(name, context);
} });`,
  );
  here.env.NODE_OPTIONS = `--require ${block}`;
  expect(here.pushpool("run", "hello/true")).toMatchObject({ status: 0 });
  expect(here.pushpool("ls")).toMatchObject({ status: 0 });
  here.env.PUSHPOOL_LEDGER_URL = ledgerUrl();
  expect(here.pushpool("run", "hello/true")).toMatchObject({ status: 2, stderr: expect.stringContaining("npm install pg") });
});

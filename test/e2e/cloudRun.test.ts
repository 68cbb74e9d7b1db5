import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { JsonObject } from "../../src/json";
import { type FakeGoogleCloud, startFakeGoogleCloud } from "../../src/testing";
import { cloudManifest, cloudRunPlace } from "./clouds/gcp";
import { listen, until } from "./pushpool";

// The built command line on a manifest written by hand, against a fake Google Cloud.

const CANARY = "canary-4711-not-to-be-seen";
let google: FakeGoogleCloud;
let key: JsonObject;
beforeAll(async () => {
  google = await startFakeGoogleCloud({ grace: 1_000, secrets: { "api-token": { 1: "from-secret-manager" } } });
  key = google.serviceAccountKey("submitter");
  google.world.iam.bind("secrets/api-token", "roles/secretmanager.secretAccessor", `serviceAccount:${google.runtimeAccount}`);
});
afterAll(() => google.stop());

const here = (commands: Record<string, string>, over: Parameters<typeof cloudManifest>[3] = {}) =>
  cloudRunPlace(cloudManifest(google, key, commands, over));

test("a run: phases, log lines, COMPLETED, exit code 0; the second submits with one call", async () => {
  const place = here({ "hello/prod": `sh -c 'echo "$PUSHPOOL_PARAMETERS"; echo oops >&2'` });
  const first = await place.run("run", "hello/prod", "-p", "name=Ada");
  expect(first).toMatchObject({ status: 0, stdout: '{"name":"Ada"}\n' });
  for (const said of ["SCHEDULED", "PENDING InfrastructurePending", "COMPLETED", "oops"]) expect(first.stderr).toContain(said);

  google.calls.length = 0;
  const second = await place.run("run", "hello/prod", "--detach");
  expect(second.status).toBe(0);
  expect(google.calls.map(({ method }) => method)).toEqual(["run.jobs.run"]);
  const waited = await place.run("wait", second.stdout.trim());
  expect(waited.status).toBe(0);
  expect((await place.run("logs", second.stdout.trim())).stdout).toBe("{}\n");
});

test("a failing command is FAILED with its code, and can be retried", async () => {
  const place = here({ "hello/bad": "sh -c 'exit 3'" });
  const { status, stderr } = await place.run("run", "hello/bad", "--flow-run-name", "mine");
  expect(status).toBe(1);
  expect(stderr).toContain("exited with code 3");
  expect((await place.run("retry", "mine")).status).toBe(1);
  const { transitions } = JSON.parse((await place.run("show", "mine", "--json")).stdout) as { transitions: { attempt: number }[] };
  expect(transitions.at(-1)?.attempt).toBe(2);
});

test("cancel waits until Google says stopped; ls and show say the same", async () => {
  const place = here({ "hello/long": "sleep 60" });
  const id = (await place.run("run", "hello/long", "--detach")).stdout.trim();
  const cancelled = await place.run("cancel", id, "--grace", "5s");
  expect([cancelled.status, cancelled.stderr]).toEqual([
    0,
    expect.stringContaining("warning: a grace of 5 s cannot be asked for: Cloud Run gives a cancelled execution 10 s"),
  ]);
  const [execution] = [...google.world.executions.values()].slice(-1);
  expect(execution?.conditions.find(({ type }) => type === "Completed")).toMatchObject({ executionReason: "CANCELLED" });
  const { runs } = JSON.parse((await place.run("ls", "--json")).stdout) as { runs: { state: { type: string; message: string } }[] };
  expect(runs[0]?.state).toMatchObject({ type: "CANCELLED", message: "stopped on request" });
  expect((await place.run("wait", id)).status).toBe(3);
});

test("a secret of Secret Manager reaches the command, and only its name leaves this machine", async () => {
  const place = here(
    { "hello/secret": `sh -c 'test "$TOKEN" = from-secret-manager'` },
    {
      jobVariables: { env_from_secrets: { TOKEN: { secret: "api-token", version: "latest" } } },
    },
  );
  const { status, stderr } = await place.run("run", "hello/secret");
  expect([status, stderr.includes("warning")]).toEqual([0, false]);
});

test("a secret of the manifest in env: one warning; it is found in no plan, log, ledger, job or argument", async () => {
  const manifest = cloudManifest(
    google,
    key,
    { "hello/env": `sh -c 'test \${#TOKEN} -eq ${CANARY.length}; echo done'` },
    {
      jobVariables: { env: { TOKEN: "{{ prefect.blocks.secret.token }}" } },
    },
  );
  (manifest.blocks as JsonObject)["secret/token"] = { data: { value: CANARY } };
  const place = cloudRunPlace(manifest);
  const calls = google.calls.length;
  const dry = await place.run("run", "hello/env", "--dry-run");
  const done = await place.run("run", "hello/env", "--flow-run-name", "canary");
  expect(done.status).toBe(0);
  expect(done.stderr.match(/TOKEN: Cloud Run shows a variable's value/g)).toHaveLength(1);
  const shown = await place.run("show", "canary", "--json");
  const everything = [dry, done, shown].map(({ stdout, stderr }) => stdout + stderr);
  const { world } = google;
  everything.push(
    JSON.stringify([...world.jobs.values()]),
    JSON.stringify(world.log.entries),
    JSON.stringify(google.calls.slice(calls).map(({ path }) => path)),
  );
  for (const { template } of world.executions.values())
    everything.push(JSON.stringify(template.containers.map(({ command, args }) => [command, args])));
  for (const file of readdirSync(place.home, { recursive: true, withFileTypes: true })) {
    if (file.isFile()) everything.push(readFileSync(join(file.parentPath, file.name), "latin1"));
  }
  const privateKey = String(key.private_key).split("\n")[5] as string;
  for (const text of everything) {
    expect(text).not.toContain(CANARY);
    expect(text).not.toContain(privateKey);
  }
  // The one place where it is: the environment of the execution itself.
  expect(
    google.calls
      .slice(calls)
      .filter(({ body }) => JSON.stringify(body).includes(CANARY))
      .map(({ method }) => method),
  ).toEqual(["run.jobs.run"]);
});

test("a reply that is lost after Google accepted: one execution, COMPLETED", async () => {
  const place = here({ "hello/lost": "true" });
  await place.run("run", "hello/lost");
  for (const fault of [{ kind: "reset", after: true }, { kind: "unavailableAfter" }] as const) {
    const before = google.world.executions.size;
    google.plant({ on: "run.jobs.run", fault });
    expect((await place.run("run", "hello/lost")).status).toBe(0);
    expect(google.world.executions.size).toBe(before + 1);
  }
});

test("storms of 429 and 503 on every call are outlasted: one execution", async () => {
  const place = here({ "hello/storm": "echo through" });
  await place.run("run", "hello/storm");
  const before = google.world.executions.size;
  google.plant({ on: /^run\./, fault: { kind: "throttle" }, times: 3 });
  google.plant({ on: /^run\./, fault: { kind: "unavailable" }, times: 3 });
  const { status, stdout } = await place.run("run", "hello/storm");
  expect([status, stdout]).toEqual([0, "through\n"]);
  expect(google.world.executions.size).toBe(before + 1);
});

test("kill -9 while Google's answer is on its way: the next watcher takes the run up, and it ran once", async () => {
  const place = here({ "hello/killed": "true" });
  await place.run("run", "hello/killed");
  const before = google.world.executions.size;
  google.plant({ on: "run.jobs.run", fault: { kind: "hang", after: true } });
  const child = place.start("run", "hello/killed", "--flow-run-name", "killed");
  const heard = listen(child);
  await until(() => google.world.executions.size > before);
  child.kill("SIGKILL");
  await heard.ended;
  expect((await place.run("wait", "killed")).status).toBe(0);
  expect(google.world.executions.size).toBe(before + 1);
});

test("ls with no way to ask Google shows what was last seen, and says so", async () => {
  const place = here({ "hello/long": "sleep 60" });
  const id = (await place.run("run", "hello/long", "--detach")).stdout.trim();
  google.world.services.delete("run.googleapis.com");
  const { status, stdout, stderr } = await place.run("ls", "--json");
  google.world.services.add("run.googleapis.com");
  expect([status, stderr]).toEqual([
    0,
    expect.stringMatching(/the runs on work pool "etl" are as they were last seen: .*the API is disabled/),
  ]);
  expect(stdout).toContain(id);
  await place.run("cancel", id);
});

// Bad input: one message with the field and the fix, and where it can be known beforehand nothing is sent.

const HELLO = { "hello/prod": "true" };
const poolWith = (jobVariables: JsonObject) => ({ jobVariables });

test.each<[string, Parameters<typeof cloudManifest>[3], 2 | 5, RegExp]>([
  [
    "cpu and memory that do not go together",
    poolWith({ memory: "8Gi" }),
    2,
    /limits\.memory: 1000m CPU takes at most 4Gi, not 8Gi: use cpu 2/,
  ],
  ["memory against the template's pattern", poolWith({ memory: "lots" }), 2, /memory/],
  ["a cpu that there is not", poolWith({ cpu: "3" }), 2, /limits\.cpu: "3" is not what Cloud Run jobs take/],
  [
    "a region that is none",
    poolWith({ region: "europe-west" }),
    2,
    /job_configuration\.region: "europe-west" is no region.*did you mean "europe-west1"/,
  ],
  ["a time limit that is too long", poolWith({ timeout: 604_801 }), 2, /timeout/],
  ["an unknown variable", poolWith({ imgae: "x" }), 2, /imgae.*did you mean "image"/],
  [
    "a block that is no key",
    { block: { service_account_info: { type: "service_account" } } },
    2,
    /service_account_info: must be a service account's key/,
  ],
  ["an endpoint that is no URL", { pool: { endpoints: { run: "here" } } }, 2, /pools\.etl\.endpoints\.run: "here" is no URL/],
  [
    "a key of another project",
    { block: { project: "elsewhere" } },
    5,
    /the key is of project "acme", the work pool's runs go to "elsewhere"/,
  ],
])("bad input: %s", async (_, over, code, message) => {
  const before = google.calls.length;
  const place = here(HELLO, over);
  const { status, stdout, stderr } = await place.run("run", "hello/prod");
  expect([status, stdout]).toEqual([code, ""]);
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/\n\s+at /);
  if (code === 2) expect(google.calls.length).toBe(before);
});

test("no credentials at all: what to do, and nothing is sent", async () => {
  const before = google.calls.length;
  const manifest = cloudManifest(google, key, HELLO);
  const pool = (manifest.pools as { etl: JsonObject }).etl;
  delete pool.credentials;
  const place = cloudRunPlace(manifest);
  Object.assign(place.env, { GOOGLE_CLOUD_PROJECT: "acme", METADATA_SERVER_DETECTION: "none" });
  const { status, stderr } = await place.run("run", "hello/prod");
  expect([status, stderr]).toEqual([
    5,
    expect.stringMatching(/there are no Google Cloud credentials here: log in with `gcloud auth application-default login`/),
  ]);
  expect(google.calls.length).toBe(before);
});

test("the caller's own login, by a key file", async () => {
  const manifest = cloudManifest(google, key, HELLO);
  delete (manifest.pools as { etl: JsonObject }).etl.credentials;
  const place = cloudRunPlace(manifest);
  const file = join(place.folder, "key.json");
  writeFileSync(file, JSON.stringify(key), { mode: 0o600 });
  place.env.GOOGLE_APPLICATION_CREDENTIALS = file;
  expect((await place.run("run", "hello/prod")).status).toBe(0);
});

test("--credentials ambient: the caller's own login in place of the pool's, which need not even be readable, for whatever is done with the run", async () => {
  const own = google.serviceAccountKey("ada");
  const commands = { "hello/prod": "echo hello", "hello/bad": "sh -c 'exit 3'", "hello/long": "sleep 60" };
  const place = cloudRunPlace(cloudManifest(google, key, commands, { block: { service_account_info: "[secret]" } }));
  const file = join(place.folder, "key.json");
  writeFileSync(file, JSON.stringify(own), { mode: 0o600 });
  place.env.GOOGLE_APPLICATION_CREDENTIALS = file;
  expect(await place.run("run", "hello/prod")).toMatchObject({ status: 2, stderr: expect.stringContaining("--credentials ambient") });

  google.calls.length = 0;
  const dry = await place.run("run", "hello/prod", "--credentials", "ambient", "--dry-run");
  expect([dry.status, JSON.parse(dry.stdout)]).toEqual([0, expect.objectContaining({ credentials: "ambient" })]);
  expect(google.calls).toEqual([]);
  const { status, stdout } = await place.run("run", "hello/prod", "--credentials", "ambient", "--detach");
  expect(status).toBe(0);
  const id = stdout.trim();
  // Another process, which was not told: the run says it.
  expect((await place.run("wait", id)).status).toBe(0);
  expect((await place.run("logs", id)).stdout).toBe("hello\n");
  expect((await place.run("run", "hello/bad", "--credentials", "ambient", "--flow-run-name", "bad")).status).toBe(1);
  expect((await place.run("retry", "bad")).status).toBe(1);
  const long = (await place.run("run", "hello/long", "--credentials", "ambient", "--detach")).stdout.trim();
  expect((await place.run("cancel", long)).status).toBe(0);
  expect(new Set(google.calls.map(({ member }) => member))).toEqual(new Set(["serviceAccount:ada@acme.iam.gserviceaccount.com"]));
});

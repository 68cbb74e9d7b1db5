import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JsonObject } from "../../../src/json";
import type { FakeAws, FakeAzure, FakeGoogleCloud } from "../../../src/testing";
import { aciTemplate } from "../../targets/containerInstances/place";
import { type EndRow, expectEnd } from "../ends";
import { listen, until } from "../pushpool";
import { AWS, ecsManifest, ecsTemplate } from "./aws";
import { AZURE, type AzureClient, aciManifest } from "./azure";
import { type Cloud, manifestPlace, type RunningPlace } from "./cloud";
import { cloudManifest, GCP } from "./gcp";

// The built command line with a handwritten manifest and a fake cloud: the behaviour of runs that is the same on every cloud.

const CANARY = "canary-4711-not-to-be-seen";

interface Over {
  pool?: JsonObject;
  jobVariables?: JsonObject;
  block?: JsonObject;
}

interface Runs<Fake, Options, Key> {
  options: Options;
  /** A submitter's key. */
  key(fake: Fake, name: string): Key;
  manifest(fake: Fake, key: Key, commands: Record<string, string>, over?: Over): JsonObject;
  /** The pools to test each template with. */
  templates: [name: string, pool: JsonObject][];
  /** Whether stderr is merged into stdout. */
  merged: boolean;
  /** The calls that submit, once a first run has gone. */
  submit: string[];
  lose(fake: Fake, fault: { kind: "reset" | "hang"; after: true } | { kind: "unavailableAfter" }): void;
  /** Names of all runs that the cloud has started, oldest first. */
  started(fake: Fake): string[];
  isRunning(fake: Fake, name: string): boolean;
  cancel: { args: string[]; says: RegExp; stopped(fake: Fake): void };
  secret: {
    /** Everything that the cloud stores and shows. */
    kept(fake: Fake): unknown[];
    /** The part of the key that must not be in plain text anywhere. */
    ofKey(key: Key): string;
    /** A message of `run`, and how often it occurs. */
    says: [RegExp, times: number];
    /** The only call that contains a secret in env. */
    carrier: string;
    /** The calls that contain it, since so many calls. */
    carriers(fake: Fake, since: number): string[];
  };
  login(place: RunningPlace, key: Key): void;
  /** The block of a stack whose credentials are not readable here. */
  sealed: JsonObject;
  /** Who has called, since so many calls. */
  callers(fake: Fake, since: number): unknown[];
  caller(key: Key): unknown;
  ends: (fake: () => Fake) => (EndRow & { pool?: JsonObject })[];
}

function describeRuns<Fake extends { stop(): Promise<void> }, Options, Key>(
  cloud: Pick<Cloud<Fake, Options>, "name" | "startFake" | "ownLogin" | "env" | "callsOf">,
  row: Runs<Fake, Options, Key>,
): void {
  describe(cloud.name, () => {
    let fake: Fake;
    let key: Key;
    beforeAll(async () => {
      fake = await cloud.startFake(row.options);
      key = row.key(fake, "submitter");
    });
    afterAll(() => fake.stop());

    const here = (commands: Record<string, string>, over: Over = {}) => manifestPlace(cloud, row.manifest(fake, key, commands, over));
    const calls = () => cloud.callsOf(fake);
    const started = () => row.started(fake).length;

    test.each(row.templates)(
      "a run with the template %s: phases, log lines, COMPLETED; the second one submits with the fewest calls",
      async (_, pool) => {
        const place = here({ "hello/prod": `sh -c 'echo "$PUSHPOOL_PARAMETERS"; echo oops >&2'` }, { pool });
        const lines = (parameters: string) => (row.merged ? `${parameters}\noops\n` : `${parameters}\n`);
        const first = await place.run("run", "hello/prod", "-p", "name=Ada");
        expect(first).toMatchObject({ status: 0, stdout: lines('{"name":"Ada"}') });
        for (const said of ["SCHEDULED", "PENDING InfrastructurePending", "COMPLETED", ...(row.merged ? [] : ["oops"])])
          expect(first.stderr).toContain(said);

        const before = calls().length;
        const second = await place.run("run", "hello/prod", "--detach");
        expect([second.status, calls().slice(before)]).toEqual([0, row.submit]);
        expect((await place.run("wait", second.stdout.trim())).status).toBe(0);
        expect((await place.run("logs", second.stdout.trim())).stdout).toBe(lines("{}"));
      },
    );

    test("a failing command is FAILED with its code, and can be retried", async () => {
      const place = here({ "hello/bad": "sh -c 'exit 3'" });
      const { status, stderr } = await place.run("run", "hello/bad", "--flow-run-name", "mine");
      expect([status, stderr]).toEqual([1, expect.stringContaining("exited with code 3")]);
      expect((await place.run("retry", "mine")).status).toBe(1);
      const { transitions } = JSON.parse((await place.run("show", "mine", "--json")).stdout) as { transitions: { attempt: number }[] };
      expect(transitions.at(-1)?.attempt).toBe(2);
    });

    test("cancel waits until the cloud reports that it has stopped; ls shows the same", async () => {
      const place = here({ "hello/long": "sleep 60" });
      const id = (await place.run("run", "hello/long", "--detach")).stdout.trim();
      const cancelled = await place.run("cancel", id, ...row.cancel.args);
      expect([cancelled.status, cancelled.stderr]).toEqual([0, expect.stringMatching(row.cancel.says)]);
      row.cancel.stopped(fake);
      const { runs } = JSON.parse((await place.run("ls", "--json")).stdout) as { runs: { state: { type: string; message: string } }[] };
      expect(runs[0]?.state).toMatchObject({ type: "CANCELLED", message: `stopped on request (pushpool cancel ${id})` });
      expect((await place.run("wait", id)).status).toBe(3);
    });

    test("a secret of the manifest in env is in no plan, log, ledger, argument, or place where the cloud shows it", async () => {
      const env = { TOKEN: "{{ prefect.blocks.secret.token }}" };
      const commands = { "hello/env": `sh -c 'test \${#TOKEN} -eq ${CANARY.length}; echo done'` };
      const manifest = row.manifest(fake, key, commands, { jobVariables: { env } });
      (manifest.blocks as JsonObject)["secret/token"] = { data: { value: CANARY } };
      const place = manifestPlace(cloud, manifest);
      const before = calls().length;
      const dry = await place.run("run", "hello/env", "--dry-run");
      const done = await place.run("run", "hello/env", "--flow-run-name", "canary");
      expect(done).toMatchObject({ status: 0, stdout: "done\n" });
      const [says, times] = row.secret.says;
      expect(done.stderr.match(new RegExp(says, "g")) ?? []).toHaveLength(times);
      const shown = await place.run("show", "canary", "--json");
      const everything = [dry, done, shown].map(({ stdout, stderr }) => stdout + stderr);
      everything.push(...row.secret.kept(fake).map((each) => JSON.stringify(each)));
      for (const file of readdirSync(place.home, { recursive: true, withFileTypes: true }))
        if (file.isFile()) everything.push(readFileSync(join(file.parentPath, file.name), "latin1"));
      const ofKey = row.secret.ofKey(key);
      expect(ofKey).not.toBe("");
      for (const text of everything) {
        expect(text).not.toContain(CANARY);
        expect(text).not.toContain(ofKey);
      }
      // The only call that contains it.
      expect(row.secret.carriers(fake, before)).toEqual([row.secret.carrier]);
    });

    test("a reply that is lost after the cloud accepted: one run, COMPLETED", async () => {
      const place = here({ "hello/lost": "true" });
      await place.run("run", "hello/lost");
      for (const fault of [{ kind: "reset", after: true }, { kind: "unavailableAfter" }] as const) {
        const before = started();
        row.lose(fake, fault);
        expect((await place.run("run", "hello/lost")).status).toBe(0);
        expect(started()).toBe(before + 1);
      }
    });

    test("kill -9 before the cloud's reply arrives: the next watcher takes the run up, and it ran once", async () => {
      const place = here({ "hello/killed": "true" });
      await place.run("run", "hello/killed");
      const before = started();
      row.lose(fake, { kind: "hang", after: true });
      const child = place.start("run", "hello/killed", "--flow-run-name", "killed");
      const heard = listen(child);
      await until(() => started() > before);
      child.kill("SIGKILL");
      await heard.ended;
      expect((await place.run("wait", "killed")).status).toBe(0);
      expect(started()).toBe(before + 1);
    });

    test("--credentials ambient: the caller's own login instead of the pool's, which may be unreadable, for everything that is done with the run", async () => {
      const own = row.key(fake, "ada");
      const commands = { "hello/prod": "echo hello", "hello/bad": "sh -c 'exit 3'", "hello/long": "sleep 60" };
      const place = here(commands, { block: row.sealed });
      row.login(place, own);
      expect(await place.run("run", "hello/prod")).toMatchObject({ status: 2, stderr: expect.stringContaining("--credentials ambient") });

      const before = calls().length;
      const ambient = ["--credentials", "ambient"];
      const dry = await place.run("run", "hello/prod", ...ambient, "--dry-run");
      expect([dry.status, JSON.parse(dry.stdout)]).toEqual([0, expect.objectContaining({ credentials: "ambient" })]);
      expect(calls()).toHaveLength(before);
      const { status, stdout } = await place.run("run", "hello/prod", ...ambient, "--detach");
      expect(status).toBe(0);
      const id = stdout.trim();
      // Another process, without the flag: the run's record has it.
      expect((await place.run("wait", id)).status).toBe(0);
      expect((await place.run("logs", id)).stdout).toBe("hello\n");
      expect(await place.run("retry", id)).toMatchObject({ status: 2, stderr: expect.stringContaining("COMPLETED") });
      expect((await place.run("run", "hello/bad", ...ambient, "--flow-run-name", "bad")).status).toBe(1);
      expect((await place.run("retry", "bad")).status).toBe(1);
      const long = (await place.run("run", "hello/long", ...ambient, "--detach")).stdout.trim();
      expect((await place.run("cancel", long)).status).toBe(0);
      expect(new Set(row.callers(fake, before))).toEqual(new Set([row.caller(own)]));
    });

    test.each(row.ends(() => fake))("reports $name as what it is", async ({ pool = {}, ...end }) => {
      const place = here({ "hello/end": end.command ?? "true" }, { pool, jobVariables: end.jobVariables ?? {} });
      const known = new Set(row.started(fake));
      await expectEnd(place, "hello/end", end, () => {
        const mine = () => row.started(fake).find((name) => !known.has(name) && row.isRunning(fake, name));
        return until(mine);
      });
    });
  });
}

/** The template with more containers than the run's own. */
function withContainers(containers: JsonObject[]): JsonObject {
  const { job_configuration, ...rest } = ecsTemplate() as { job_configuration: JsonObject & { task_definition: JsonObject } };
  const containerDefinitions = [{ image: "{{ image }}", name: "{{ container_name }}" }, ...containers];
  const task_definition = { ...job_configuration.task_definition, containerDefinitions };
  return { baseJobTemplate: { ...rest, job_configuration: { ...job_configuration, task_definition } } };
}

describeRuns(AWS, {
  options: {},
  key: (aws: FakeAws, name) => aws.accessKey(name),
  manifest: ecsManifest,
  templates: (["ecs", "ecs.from-code"] as const).map((name) => [name, { baseJobTemplate: ecsTemplate(name) }]),
  merged: true,
  submit: ["ecs:RunTask"],
  lose: (aws, fault) => aws.plant({ on: "ecs:RunTask", fault }),
  started: ({ world }) => [...world.tasks.keys()],
  isRunning: ({ world }, arn) => world.tasks.get(arn)?.record.lastStatus === "RUNNING",
  cancel: {
    args: [],
    says: /^/,
    stopped: ({ world }) =>
      expect([...world.tasks.values()].at(-1)?.record).toMatchObject({ lastStatus: "STOPPED", stopCode: "UserInitiated" }),
  },
  secret: {
    kept: ({ world }) => [
      [...world.families.values()],
      [...world.tasks.values()].map(({ record, tags }) => ({ record, tags })),
      [...world.log.groups.values()].map((streams) => [...streams]),
      [...world.parameters.keys()],
    ],
    ofKey: ({ secretAccessKey }) => secretAccessKey,
    says: [/TOKEN: /, 0],
    carriers: ({ calls }, since) =>
      calls
        .slice(since)
        .filter(({ body, reply }) => JSON.stringify([body, reply]).includes(CANARY))
        .map(({ action }) => action),
    carrier: "ssm:PutParameter",
  },
  login: ({ env }, { accessKeyId, secretAccessKey }) =>
    void Object.assign(env, { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey }),
  sealed: { aws_secret_access_key: "[secret]" },
  callers: ({ calls }, since) => calls.slice(since).map(({ accessKeyId }) => accessKeyId),
  caller: ({ accessKeyId }) => accessKeyId,
  ends: (aws) => [
    { name: "an exit code", command: "sh -c 'exit 7'", state: "FAILED", code: 1, says: /exited with code 7/ },
    { name: "a signal of its own", command: "sh -c 'kill -SEGV $$'", state: "CRASHED", code: 1, says: /SIGSEGV/ },
    {
      name: "out of memory",
      command: "sleep 60",
      during: (task) => aws().world.outOfMemory(task),
      state: "CRASHED",
      code: 1,
      says: /out of memory \(OutOfMemoryError: Container killed due to memory usage\)/,
    },
    {
      name: "a Spot interruption",
      command: "sleep 60",
      during: (task) => aws().world.interruptSpot(task),
      state: "CRASHED",
      code: 1,
      says: /SpotInterruption/,
    },
    {
      name: "a failing machine",
      command: "sleep 60",
      during: (task) => aws().world.loseHost(task),
      state: "CRASHED",
      code: 1,
      says: /underlying infrastructure failure/,
    },
    {
      name: "someone else's stop",
      command: "sleep 60",
      during: (task) => aws().world.stopTask(task),
      state: "CANCELLED",
      code: 3,
      says: /someone else/,
    },
    {
      name: "a sidecar that ends the task",
      command: "sleep 60",
      pool: withContainers([{ name: "proxy", image: "acme/proxy:1", essential: true, command: ["sh", "-c", "exit 9"] }]),
      state: "CRASHED",
      code: 1,
      says: /container "proxy" exited with code 9, and ECS stopped the task with it/,
    },
    {
      name: "a sidecar that runs out of memory",
      command: "sleep 60",
      pool: withContainers([{ name: "proxy", image: "acme/proxy:1", command: ["sleep", "60"] }]),
      during: (task) => aws().world.outOfMemory(task, "proxy"),
      state: "CRASHED",
      code: 1,
      says: /container "proxy" ran out of memory \(OutOfMemoryError: .*\), and ECS stopped the task with it/,
    },
    {
      name: "a kill without a reason, beside a finished init container",
      command: "sh -c 'sleep 0.5; kill -9 $$'",
      pool: withContainers([{ name: "init", image: "acme/init:1", essential: false, command: ["sh", "-c", "exit 2"] }]),
      state: "CRASHED",
      code: 1,
      says: /SIGKILL, exit code 137: ECS gives no reason; most often its memory was used up/,
    },
    {
      name: "a success of the run's own container beside a failed one",
      command: "sleep 0.5",
      pool: withContainers([{ name: "init", image: "acme/init:1", essential: false, command: ["sh", "-c", "exit 2"] }]),
      state: "COMPLETED",
      code: 0,
      says: /COMPLETED/,
    },
    {
      name: "an image that does not exist",
      before: () => {
        aws().world.options.images["acme/none:1"] = { access: "missing" };
      },
      jobVariables: { image: "acme/none:1" },
      state: "CRASHED",
      code: 1,
      says: /CannotPullContainerError: .*repository does not exist/,
    },
    {
      name: "an image that may not be read",
      before: () => {
        aws().world.options.images["acme/closed:1"] = { access: "denied" };
      },
      jobVariables: { image: "acme/closed:1" },
      state: "CRASHED",
      code: 1,
      says: /CannotPullContainerError: .*403 Forbidden/,
    },
    {
      name: "no room in its network",
      before: () => aws().world.keepFromStarting("Timeout waiting for network interface provisioning to complete."),
      state: "CRASHED",
      code: 1,
      says: /Timeout waiting for network interface provisioning/,
    },
    {
      name: "an end before it had containers",
      before: () =>
        aws().world.keepFromStarting("Unexpected EC2 error while attempting to Create Network Interface in subnet 'subnet-1'", "none"),
      state: "CRASHED",
      code: 1,
      says: /Unexpected EC2 error while attempting to Create Network Interface/,
    },
    {
      name: "a secret that does not exist",
      pool: withContainers([
        { name: "other", image: "acme/other:1", essential: false, secrets: [{ name: "T", valueFrom: "/nobody/has/it" }] },
      ]),
      state: "CRASHED",
      code: 1,
      says: /unable to retrieve secrets from ssm: invalid parameters: \/nobody\/has\/it/,
    },
  ],
});

describeRuns(GCP, {
  options: { secrets: { locked: { 1: "nobody may read it" } } },
  key: (google: FakeGoogleCloud, name) => google.serviceAccountKey(name) as JsonObject,
  manifest: cloudManifest,
  templates: [["cloud-run-v2.from-code", {}]],
  merged: false,
  submit: ["run.jobs.run"],
  lose: (google, fault) => google.plant({ on: "run.jobs.run", fault }),
  started: ({ world }) => [...world.executions.keys()],
  isRunning: ({ world }, name) => world.executions.get(name)?.startTime !== undefined,
  cancel: {
    args: ["--grace", "5s"],
    says: /warning: a grace of 5 s cannot be asked for: Cloud Run gives a cancelled execution 10 s/,
    stopped: ({ world }) => {
      const [execution] = [...world.executions.values()].slice(-1);
      expect(execution?.conditions.find(({ type }) => type === "Completed")).toMatchObject({ executionReason: "CANCELLED" });
    },
  },
  secret: {
    kept: ({ world, calls }) => [
      [...world.jobs.values()],
      world.log.entries,
      calls.map(({ path }) => path),
      ...[...world.executions.values()].map(({ template }) => template.containers.map(({ command, args }) => [command, args])),
    ],
    ofKey: ({ private_key }) => String(private_key).split("\n")[5] ?? "",
    says: [/TOKEN: Cloud Run shows a variable's value/, 1],
    carriers: ({ calls }, since) =>
      calls
        .slice(since)
        .filter(({ body }) => JSON.stringify(body).includes(CANARY))
        .map(({ method }) => method),
    carrier: "run.jobs.run",
  },
  login: (place, key) => {
    place.env.GOOGLE_APPLICATION_CREDENTIALS = join(place.folder, "key.json");
    writeFileSync(place.env.GOOGLE_APPLICATION_CREDENTIALS, JSON.stringify(key), { mode: 0o600 });
  },
  sealed: { service_account_info: "[secret]" },
  callers: ({ calls }, since) => calls.slice(since).map(({ member }) => member),
  caller: ({ client_email }) => `serviceAccount:${client_email}`,
  ends: (google): EndRow[] => [
    { name: "an exit code", command: "sh -c 'exit 7'", state: "FAILED", code: 1, says: /exited with code 7/ },
    { name: "a signal of its own", command: "sh -c 'kill -SEGV $$'", state: "CRASHED", code: 1, says: /was ended by SIGSEGV/ },
    {
      name: "out of memory",
      command: "sleep 60",
      during: (execution) => google().world.outOfMemory(execution),
      state: "CRASHED",
      code: 1,
      says: /ended by SIGKILL, out of memory \(The configured memory limit was reached\.\)/,
    },
    {
      name: "its time limit",
      command: "sleep 60",
      jobVariables: { timeout: 1 },
      state: "TimedOut",
      code: 1,
      says: /it reached its time limit while running/,
    },
    {
      name: "someone else's cancellation",
      command: "sleep 60",
      during: (execution) => google().world.cancel(execution),
      state: "CANCELLED",
      code: 3,
      says: /stopped by someone else: Execution cancelled/,
    },
    {
      name: "an execution that someone deleted",
      command: "sleep 60",
      during: (execution) => google().world.deleteExecution(execution),
      state: "CRASHED",
      code: 1,
      says: /its execution is no longer there: someone deleted it, or its job/,
    },
    {
      name: "a command that does not exist",
      command: "no-such-command",
      state: "CRASHED",
      code: 1,
      says: /it never started: .*no-such-command/,
    },
    {
      name: "an image that does not exist",
      before: () => google().world.images.set("acme/none:1", { access: "missing" }),
      jobVariables: { image: "acme/none:1" },
      state: "SCHEDULED",
      code: 5,
      says: /Cloud Run cannot run this job: Image 'acme\/none:1' not found\. \(CONTAINER_MISSING\)/,
    },
    {
      name: "an image that may not be read",
      before: () => google().world.images.set("acme/closed:1", { access: "denied" }),
      jobVariables: { image: "acme/closed:1" },
      state: "SCHEDULED",
      code: 5,
      says: /must have permission to read the image.*\(CONTAINER_PERMISSION_DENIED\)/,
    },
    {
      name: "a secret that may not be read",
      jobVariables: { env_from_secrets: { T: { secret: "locked", version: "1" } } },
      state: "SCHEDULED",
      code: 5,
      says: /Permission denied on secret: .*\(SECRETS_ACCESS_CHECK_FAILED\)/,
    },
    {
      name: "a service account that the key may not act as",
      jobVariables: { service_account_name: "other@acme.iam.gserviceaccount.com" },
      state: "SCHEDULED",
      code: 5,
      says: /iam\.serviceaccounts\.actAs/i,
    },
  ],
});

const GROUPS = "Microsoft.ContainerInstance/containerGroups";

/** The template with more in the properties of its container group. */
function withProperties(more: (properties: JsonObject & { containers: JsonObject[] }) => JsonObject): JsonObject {
  const template = aciTemplate() as {
    job_configuration: { arm_template: { resources: [{ properties: JsonObject & { containers: JsonObject[] } }] } };
  };
  const [resource] = template.job_configuration.arm_template.resources;
  Object.assign(resource.properties, more(resource.properties));
  return { baseJobTemplate: template as unknown as JsonObject };
}

describeRuns(AZURE, {
  options: {},
  key: (azure: FakeAzure, name): AzureClient => azure.client(name),
  manifest: aciManifest,
  templates: (["azure-container-instance", "azure-container-instance.from-code"] as const).map((name) => [
    name,
    { baseJobTemplate: aciTemplate(name) },
  ]),
  merged: true,
  // Looked for before, and by Azure's library after.
  submit: [`${GROUPS}/read`, `${GROUPS}/write`, `${GROUPS}/read`],
  lose: (azure, fault) => azure.plant({ on: `${GROUPS}/write`, fault }),
  started: ({ world }) => [...world.operations.values()].map(({ group }) => group),
  isRunning: ({ world }, id) => world.groups.get(id.toLowerCase())?.containers[0]?.current?.state === "Running",
  cancel: {
    args: ["--grace", "5s"],
    says: /warning: a grace of 5 s cannot be asked for: Azure itself decides/,
    stopped: ({ world, calls }) => {
      expect(world.groups.size).toBe(0);
      expect(calls.map(({ action }) => action)).toEqual(expect.arrayContaining([`${GROUPS}/stop/action`, `${GROUPS}/delete`]));
    },
  },
  secret: {
    kept: ({ calls }) => calls.map(({ path, reply }) => [path, reply]),
    ofKey: ({ client_secret }) => client_secret,
    says: [/TOKEN: /, 0],
    carriers: ({ calls }, since) =>
      calls
        .filter(({ action }) => !action.startsWith("entra/"))
        .slice(since)
        .filter(({ body, reply }) => JSON.stringify([body, reply]).includes(CANARY))
        .map(({ action }) => action),
    carrier: `${GROUPS}/write`,
  },
  login: ({ env }, { tenant_id, client_id, client_secret }) =>
    void Object.assign(env, { AZURE_TENANT_ID: tenant_id, AZURE_CLIENT_ID: client_id, AZURE_CLIENT_SECRET: client_secret }),
  sealed: { client_secret: "[secret]" },
  callers: ({ calls }, since) =>
    calls
      .filter(({ action }) => !action.startsWith("entra/"))
      .slice(since)
      .map(({ caller }) => caller),
  caller: ({ object_id }) => object_id,
  ends: (azure) => [
    { name: "an exit code", command: "sh -c 'exit 7'", state: "FAILED", code: 1, says: /exited with code 7/ },
    { name: "a signal of its own", command: "sh -c 'kill -SEGV $$'", state: "CRASHED", code: 1, says: /SIGSEGV/ },
    {
      name: "out of memory",
      command: "sleep 60",
      during: (id) => azure().world.outOfMemory(id),
      state: "CRASHED",
      code: 1,
      says: /SIGKILL, exit code 137: Azure gives no reason; most often its memory was used up/,
    },
    {
      name: "no exit code",
      command: "sleep 60",
      during: (id) => azure().world.crash(id),
      state: "FAILED",
      code: 1,
      says: /Azure says "Error" and no exit code/,
    },
    {
      name: "maintenance",
      command: "sleep 60",
      during: (id) => azure().world.maintain(id),
      state: "CRASHED",
      code: 1,
      says: /Azure ended it for maintenance \(exit code 7147/,
    },
    {
      name: "a lost machine",
      command: "sleep 60",
      during: (id) => azure().world.loseNode(id, 60_000),
      state: "CRASHED",
      code: 1,
      says: /Azure lost the machine that it ran on/,
    },
    {
      name: "a Spot eviction",
      command: "sleep 60",
      pool: withProperties(() => ({ priority: "Spot" })),
      during: (id) => azure().world.evict(id),
      state: "CRASHED",
      code: 1,
      says: /its Spot container group was evicted/,
    },
    {
      name: "someone else's stop",
      command: "sleep 60",
      during: (id) => azure().world.stopGroup(id),
      state: "CANCELLED",
      code: 3,
      says: /stopped by someone else/,
    },
    {
      name: "a command that is not there",
      command: "no-such-command",
      state: "CRASHED",
      code: 1,
      says: /it never started: CrashLoopBackOff: .*no-such-command/,
    },
    {
      name: "a success of the run's own container beside a sidecar that goes on",
      command: "sleep 0.5",
      pool: withProperties(({ containers }) => ({
        containers: [
          ...containers,
          {
            name: "side",
            properties: { image: "acme/side:1", command: ["sleep", "600"], resources: { requests: { cpu: 1, memoryInGB: 1 } } },
          },
        ],
      })),
      state: "COMPLETED",
      code: 0,
      says: /COMPLETED/,
    },
    {
      name: "an image that is not there",
      before: () => azure().world.images.set("acme/none:1", { access: "missing" }),
      jobVariables: { image: "acme/none:1" },
      state: "SCHEDULED",
      code: 5,
      says: /Azure cannot read the image: check its name/,
    },
    {
      name: "a region without room",
      before: () => azure().plant({ on: `${GROUPS}/write`, fault: { kind: "noCapacity" } }),
      state: "SCHEDULED",
      code: 5,
      says: /the region has no room for it just now, and nothing was started/,
    },
  ],
});

import { spawn } from "node:child_process";
import { readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { filesWith } from "./filesWith";
import { gcpPlace, provisioned } from "./gcpPlace";
import { listen } from "./pushpool";

// From `up` of a program to `destroy`, by the built command line, on a fake Google Cloud that lets in only what the program provisioned.

const POOL = `
const etl = new gcp.CloudRunPushPool("etl", { project: "acme", region: "europe-west1", endpoints });
exports.pushPools = manifest({ pools: [etl] });`;

const PREFECT_YAML = `deployments:
- name: prod
  entrypoint: hello.py:hello
  parameters: { name: Ada }
  work_pool:
    name: etl
    job_variables: { image: "acme/etl:1", command: "sh -c 'echo $PUSHPOOL_PARAMETERS'" }
`;

test("up, up again, deploy a prefect.yaml, run, destroy: what was made is what it takes, and nothing stays", async () => {
  const here = await gcpPlace();
  here.program(POOL);
  here.write("prefect.yaml", PREFECT_YAML);
  here.write("hello.py", "def hello(name):\n    print(name)\n");
  const empty = provisioned(here.google);

  const up = await here.up();
  expect([up.status, up.stderr]).toEqual([0, expect.stringContaining("created")]);
  const [push = "", run = ""] = provisioned(here.google).accounts.sort();
  expect([push, run]).toEqual([
    expect.stringMatching(/^etl-push-[0-9a-f]{6}@acme\./),
    expect.stringMatching(/^etl-run-[0-9a-f]{6}@acme\./),
  ]);
  const member = `serviceAccount:${push}`;
  expect(provisioned(here.google)).toMatchObject({ keys: [push], roles: [] });
  expect(new Set(provisioned(here.google).bindings)).toEqual(
    new Set([
      { resource: "projects/acme", role: "roles/run.developer", member },
      { resource: "projects/acme", role: "roles/logging.viewer", member },
      { resource: `serviceAccounts/${run}`, role: "roles/iam.serviceAccountUser", member },
    ]),
  );
  const again = await here.up();
  expect([again.status, again.stderr]).toEqual([0, expect.stringContaining("no changes")]);

  expect(await here.run("deploy", "--all")).toMatchObject({ status: 0, stdout: "  + hello/prod (work pool etl)\n" });
  const done = await here.run("run", "hello/prod", "-p", "name=Grace");
  expect(done).toMatchObject({ status: 0, stdout: '{"name":"Grace"}\n', stderr: expect.stringContaining("COMPLETED") });
  const [execution] = here.google.world.executions.values();
  expect(execution?.template.serviceAccount).toBe(run);

  // Nothing of the key is in clear anywhere: neither in the stack's state nor in what runs keep.
  const { reply } = here.google.calls.find(({ method }) => method === "iam.serviceAccountKeys.create") ?? {};
  const { private_key } = JSON.parse(Buffer.from(String(reply?.privateKeyData), "base64").toString()) as { private_key: string };
  const marks = [private_key.split("\n")[5] ?? "", String(reply?.privateKeyData).slice(400, 460)];
  expect(filesWith(marks, here.folder)).toEqual([]);
  for (const { stdout, stderr } of [up, again, done]) for (const mark of marks) expect(stdout + stderr).not.toContain(mark);

  expect((await here.run("destroy", "--engine", "offline", "--yes")).status).toBe(0);
  expect(provisioned(here.google)).toEqual(empty);
});

test("everything around a pool: repository, network, secrets, Cloud SQL, the APIs for them; drift is seen; destroy takes it all", async () => {
  const here = await gcpPlace();
  here.write("Pulumi.dev.yaml", "config:\n  gcp:project: acme\n  gcp:region: europe-west1\n");
  // Not in the program's text, which node keeps compiled.
  here.env.CANARY = "canary-4711";
  here.program(`
const password = pulumi.secret(process.env.CANARY + "-password");
const etl = new gcp.CloudRunPushPool("etl", {
  endpoints, permissions: "leastPrivilege", network: "direct", imageRepository: true, enableApis: true,
  secretEnv: { PASSWORD: password }, prefectApiKey: process.env.CANARY + "-key", cloudSqlInstances: ["acme:europe-west1:db"],
});
const wide = new gcp.CloudRunPushPool("wide", { endpoints, network: "connector", enableApis: true, credentials: "ambient", submitters: ["user:ada@acme.com"] });
const hello = new Deployment("hello/prod", { workPoolName: etl.workPoolName, command: \`sh -c 'case "$PASSWORD" in canary-*-password) ;; *) exit 1 ;; esac'\`,
  jobVariables: { image: pulumi.interpolate\`\${etl.imageRepository}/etl:1\` } });
exports.repository = etl.imageRepository;
exports.pushPools = manifest({ pools: [etl, wide], deployments: [hello] });`);
  const empty = provisioned(here.google);
  const preview = await here.run("preview", "--engine", "offline");
  expect([preview.status, preview.stderr, here.google.calls.length]).toEqual([0, expect.any(String), 0]);
  const up = await here.up();
  expect([up.status, up.stdout]).toEqual([
    0,
    expect.stringMatching(/repository: "europe-west1-docker\.pkg\.dev\/acme\/etl-images-[0-9a-f]{6}"/),
  ]);
  expect((await here.up()).stderr).toContain("no changes");
  expect([...here.google.world.kept.keys()].map((name) => name.split("/").slice(-2)[0]).sort()).toEqual([
    "connectors",
    "networks",
    "networks",
    "repositories",
    "subnetworks",
  ]);
  for (const api of ["artifactregistry", "compute"]) expect([...here.google.world.services]).toContain(`${api}.googleapis.com`);
  const plan = await here.run("run", "hello/prod", "--dry-run");
  expect([plan.status, plan.stdout]).toEqual([0, expect.stringContaining('"secretKeyRef"')]);
  const run = await here.run("run", "hello/prod");
  expect(run.status).toBe(0);
  const { stdout } = await here.run("manifest", "show");
  const pools = (JSON.parse(stdout) as { pools: Record<string, { baseJobTemplate: never }> }).pools;
  expect(pools.etl?.baseJobTemplate).toMatchObject({
    job_configuration: {
      job_body: {
        template: { template: { vpcAccess: { networkInterfaces: [{ subnetwork: expect.stringContaining("/subnetworks/") }] } } },
      },
    },
    variables: {
      properties: { prefect_api_key_secret: { default: { version: "latest" } }, cloudsql_instances: { default: ["acme:europe-west1:db"] } },
    },
  });
  expect(pools.wide?.baseJobTemplate).toMatchObject({
    variables: { properties: { vpc_connector_name: { default: expect.stringContaining("/connectors/") } } },
  });

  expect(filesWith(["canary-4711"], here.folder)).toEqual([]);

  // Someone takes a role away, and a network.
  const { iam, kept } = here.google.world;
  iam.bindings = iam.bindings.filter(({ role }) => role !== "roles/cloudsql.client");
  kept.delete([...kept.keys()].find((name) => name.includes("/repositories/")) ?? "");
  const refreshed = await here.run("refresh", "--engine", "offline", "--yes");
  expect([refreshed.status, refreshed.stderr]).toEqual([0, expect.stringContaining("2 deleted")]);
  expect((await here.up()).stderr).toMatch(/2 created/);

  expect((await here.run("destroy", "--engine", "offline", "--yes")).status).toBe(0);
  expect([provisioned(here.google), kept.size]).toEqual([empty, 0]);
  for (const ended of [preview, up, plan, run]) expect(ended.stderr + ended.stdout).not.toContain("canary-4711");
  expect(stdout).not.toContain("canary-4711");
}, 400_000);

test("examples/gcp runs offline as it is: two runs, and destroy", async () => {
  const example = join(__dirname, "..", "..", "examples", "gcp");
  const child = spawn(process.execPath, ["offline.mjs"], {
    cwd: example,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NO_COLOR: "1" },
  });
  const heard = listen(child);
  expect([await heard.ended, heard.stderr()]).toEqual([0, expect.stringContaining("9 deleted")]);
  expect(heard.stdout()).toContain('Hello with {"name":"Grace"}\nline 1\nline 2\nline 3\n');
});

test("pushpool init gcp: a project that goes up, deploys and runs once it is told a project and a region", async () => {
  const here = await gcpPlace();
  rmSync(join(here.folder, "Pulumi.yaml"));
  rmSync(join(here.folder, "node_modules"));
  const made = await here.run("init", "gcp", "--no-install");
  expect([made.status, made.stdout]).toEqual([0, expect.stringContaining("pulumi config set gcp:project YOUR-PROJECT")]);
  symlinkSync(join(__dirname, "..", "..", "node_modules"), join(here.folder, "node_modules"));
  expect(await here.up()).toMatchObject({ status: 2, stderr: expect.stringContaining("project is missing: give it") });
  const endpoints = JSON.stringify(here.google.endpoints);
  const program = readFileSync(join(here.folder, "index.js"), "utf8");
  expect(program).toContain('new CloudRunPushPool("gcp")');
  here.write("index.js", program.replace('("gcp")', `("gcp", { endpoints: ${endpoints} })`));
  here.write("Pulumi.dev.yaml", "config:\n  gcp:project: acme\n  gcp:region: europe-west1\n");
  expect((await here.up()).status).toBe(0);
  expect((await here.run("deploy", "--all")).status).toBe(0);
  expect(await here.run("run", "hello/gcp")).toMatchObject({ status: 0, stdout: 'Hello from Cloud Run with {"name":"Ada"}\n' });
});

test("ambient: no key anywhere; who is listed may submit", async () => {
  const here = await gcpPlace();
  here.program(`
const etl = new gcp.CloudRunPushPool("etl", { project: "acme", region: "europe-west1", workPoolName: "etl_jobs", credentials: gcp.Credentials.Ambient,
  submitters: ["user:ada@acme.com"], runtimeServiceAccount: "flow-runtime@acme.iam.gserviceaccount.com" });
exports.pushPools = manifest({ pools: [etl] });`);
  expect((await here.up()).status).toBe(0);
  const member = "user:ada@acme.com";
  expect(provisioned(here.google)).toMatchObject({ accounts: [], keys: [] });
  expect(new Set(provisioned(here.google).bindings)).toEqual(
    new Set([
      { resource: "projects/acme", role: "roles/run.developer", member },
      { resource: "projects/acme", role: "roles/logging.viewer", member },
      { resource: "serviceAccounts/flow-runtime@acme.iam.gserviceaccount.com", role: "roles/iam.serviceAccountUser", member },
    ]),
  );
  const { blocks } = JSON.parse((await here.run("manifest", "show")).stdout) as { blocks: unknown };
  // Prefect takes no underscore in a block's name.
  expect(blocks).toEqual({ "gcp-credentials/etl-jobs": { data: { project: "acme" } } });
});

import { cpSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { gcpPlace, provisioned } from "./gcpPlace";

// Parts that are there already in place of made ones; the caller's own login; the root program, which takes pools from configuration.

const repo = join(__dirname, "..", "..");

test("given accounts and a given block: nothing is made in their place, and runs go as they say", async () => {
  const here = await gcpPlace();
  const { google } = here;
  google.world.iam.addAccount("acme", "old-push");
  here.program(`
const place = { project: "acme", region: "europe-west1", endpoints };
const runtimeServiceAccount = "${google.runtimeAccount}";
const mine = new gcp.CloudRunPushPool("mine", { ...place, runtimeServiceAccount, serviceAccount: "old-push@acme.iam.gserviceaccount.com" });
const shared = new gcp.CloudRunPushPool("shared", { ...place, runtimeServiceAccount, credentialsBlock: "gcp-credentials/mine" });
const on = (pool, name) => new Deployment(name, { workPoolName: pool.workPoolName, command: "echo " + name, jobVariables: { image: "acme/etl:1" } });
exports.push = shared.pushServiceAccount ?? "none";
exports.pushPools = manifest({ pools: [mine, shared], deployments: [on(mine, "hello/mine"), on(shared, "hello/shared")] });`);
  const before = provisioned(google);
  const up = await here.up();
  expect([up.status, up.stdout]).toEqual([0, expect.stringContaining('push: "none"')]);
  const after = provisioned(google);
  expect([after.accounts, after.keys]).toEqual([before.accounts, ["old-push@acme.iam.gserviceaccount.com"]]);
  for (const name of ["hello/mine", "hello/shared"]) expect(await here.run("run", name)).toMatchObject({ status: 0, stdout: `${name}\n` });
  const submits = google.calls.filter(({ method }) => method === "run.jobs.run");
  expect(submits.map(({ member }) => member)).toEqual(Array(2).fill("serviceAccount:old-push@acme.iam.gserviceaccount.com"));
  expect([...google.world.executions.values()].map(({ template }) => template.serviceAccount)).toEqual(
    Array(2).fill(google.runtimeAccount),
  );
  expect((await here.run("destroy", "--engine", "offline", "--yes")).status).toBe(0);
  expect(provisioned(google)).toEqual(before);
}, 400_000);

test("ambient: a submitter's own login runs it, another's does not and hears why", async () => {
  const here = await gcpPlace();
  const { google } = here;
  const ada = google.serviceAccountKey("ada", []);
  const bob = google.serviceAccountKey("bob", []);
  const runtime = `serviceAccounts/${google.runtimeAccount}`;
  google.world.iam.bindings = google.world.iam.bindings.filter(({ resource }) => resource !== runtime);
  here.program(`
const etl = new gcp.CloudRunPushPool("etl", { project: "acme", region: "europe-west1", endpoints, credentials: "ambient", permissions: "leastPrivilege",
  submitters: ["serviceAccount:${ada.client_email}"] });
const hello = new Deployment("hello/prod", { workPoolName: etl.workPoolName, command: "echo hello", jobVariables: { image: "acme/etl:1" } });
exports.pushPools = manifest({ pools: [etl], deployments: [hello] });`);
  expect((await here.up()).status).toBe(0);
  expect(provisioned(google).keys).toEqual([ada.client_email, bob.client_email]);
  const as = (key: object) => {
    here.env.GOOGLE_APPLICATION_CREDENTIALS = join(here.folder, "login.json");
    writeFileSync(here.env.GOOGLE_APPLICATION_CREDENTIALS, JSON.stringify(key), { mode: 0o600 });
  };
  expect(await here.run("run", "hello/prod")).toMatchObject({
    status: 5,
    stderr: expect.stringContaining("gcloud auth application-default login"),
  });
  as(bob);
  expect(await here.run("run", "hello/prod")).toMatchObject({
    status: 5,
    stderr: expect.stringMatching(/'run\.jobs\.create' denied.*CloudRunPushPool gives it, to those in its submitters/),
  });
  as(ada);
  expect(await here.run("run", "hello/prod")).toMatchObject({ status: 0, stdout: "hello\n" });
}, 400_000);

test("preview where what is given is not known yet: nothing is called, nothing breaks", async () => {
  const here = await gcpPlace();
  here.program(`
const { Account } = require("@pulumi/gcp/serviceaccount");
const project = "acme", region = "europe-west1";
const account = new Account("flows", { project, accountId: "flows-account" });
const apis = new gcp.ApiEnablement("apis", { project, apis: ["artifactregistry", "compute", "secretmanager"].map((api) => api + ".googleapis.com") });
const images = new gcp.ImageRepository("images", { project, region }, { dependsOn: apis });
const network = new gcp.RunNetwork("net", { project, region, access: "direct" }, { dependsOn: apis });
const etl = new gcp.CloudRunPushPool("etl", { project: account.project, region: account.project.apply(() => region), endpoints, permissions: "leastPrivilege",
  runtimeServiceAccount: account.email, subnetwork: network.subnetworkId, jobVariables: { image: pulumi.interpolate\`\${images.url}/etl:1\`, env: { ID: account.uniqueId } },
  secretEnv: { SALT: account.uniqueId }, submitters: [account.member] });
exports.pushPools = manifest({ pools: [etl] });`);
  const preview = await here.run("preview", "--engine", "offline");
  expect([preview.status, preview.stderr, here.google.calls]).toEqual([0, expect.stringContaining("etl-push-account"), []]);
  const up = await here.up();
  expect([up.status, up.stderr]).toEqual([0, expect.stringContaining("created")]);
  expect((await here.up()).stderr).toContain("no changes");
  const { pools } = JSON.parse((await here.run("manifest", "show")).stdout) as {
    pools: { etl: { baseJobTemplate: { variables: { properties: object } } } };
  };
  expect(pools.etl.baseJobTemplate.variables.properties).toMatchObject({
    image: { default: expect.stringMatching(/^europe-west1-docker\.pkg\.dev\/acme\/.*\/etl:1$/) },
    service_account_name: { default: "flows-account@acme.iam.gserviceaccount.com" },
    region: { default: "europe-west1" },
  });
}, 400_000);

test("the root program: a pool of this type from the stack's configuration alone, up, deploy, run, destroy", async () => {
  const here = await gcpPlace();
  const { endpoints } = here.google;
  const empty = provisioned(here.google);
  rmSync(join(here.folder, "Pulumi.yaml"));
  for (const name of ["Pulumi.yaml", "components", "src", "tsconfig.json"])
    cpSync(join(repo, name), join(here.folder, name), { recursive: true });
  const pools = { etl: { type: "cloud-run-v2:push", permissions: "leastPrivilege", endpoints, jobVariables: { image: "acme/etl:1" } } };
  const configured = (of: object) =>
    here.write(
      "Pulumi.dev.yaml",
      JSON.stringify({ config: { "gcp:project": "acme", "gcp:region": "europe-west1", "pushpool:pools": of } }),
    );
  configured({ etl: { ...pools.etl, permisions: "leastPrivilege" } });
  expect(await here.run("preview", "--engine", "offline")).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/pushpool:pools\.etl\.permisions is unknown: did you mean "permissions"\?/),
  });
  configured(pools);
  expect((await here.up()).status).toBe(0);
  expect(provisioned(here.google).roles).toHaveLength(1);
  here.write("hello.py", "def hello(name):\n    print(name)\n");
  here.write(
    "prefect.yaml",
    "deployments:\n- name: prod\n  entrypoint: hello.py:hello\n  parameters: { name: Ada }\n  work_pool: { name: etl, job_variables: { command: \"sh -c 'echo $PUSHPOOL_PARAMETERS'\" } }\n",
  );
  expect((await here.run("deploy", "--all")).status).toBe(0);
  expect(await here.run("run", "hello/prod")).toMatchObject({ status: 0, stdout: '{"name":"Ada"}\n' });
  expect((await here.run("destroy", "--engine", "offline", "--yes")).status).toBe(0);
  expect(provisioned(here.google)).toEqual(empty);
}, 400_000);

import { spawn } from "node:child_process";
import { readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { FakeAws, FakeAzure, FakeGoogleCloud } from "../../../src/testing";
import { filesWith } from "../filesWith";
import { listen } from "../pushpool";
import { AWS, awsPlace, inwards, provisioned as provisionedOnAws } from "./aws";
import { AZURE, provisioned as provisionedOnAzure } from "./azure";
import { type Cloud, type CloudPlace, cloudPlace } from "./cloud";
import { GCP, gcpPlace, provisioned } from "./gcp";

// From `up` to `destroy` with the built command line, on a fake cloud that allows only what the program provisioned.

const repo = join(__dirname, "..", "..", "..");

const PREFECT_YAML = `deployments:
- name: prod
  entrypoint: hello.py:hello
  parameters: { name: Ada }
  work_pool:
    name: etl
    job_variables: { image: "acme/etl:1", command: "sh -c 'echo $PUSHPOOL_PARAMETERS'" }
`;

interface Pools<Fake> {
  /** Check what `up` of a pool with defaults has created. */
  made(fake: Fake): void;
  /** Check what its run used. */
  ran(fake: Fake): void;
  /** Parts of the created key, which must not be in plain text anywhere. */
  marks(fake: Fake): string[];
  /** A program with everything that can be around a pool: it has CANARY in its secrets. */
  around: {
    program: string;
    repository: RegExp;
    /** Check, after the second `up`. */
    made(here: CloudPlace<Fake>): Promise<void> | void;
    /** Someone deletes two things. */
    takeAway(fake: Fake): void;
    /** Check what is left after `destroy`, besides {@link Cloud.provisioned}. */
    left?(fake: Fake): void;
  };
  example: { folder: string; deleted: number };
  init: { kind: string; config: string; missing: string; says: string };
}

function describePools<Fake>(cloud: Cloud<Fake, never>, row: Pools<Fake>): void {
  test(`${cloud.name}: up, up again, deploy a prefect.yaml, run, destroy: exactly what is needed is created, and nothing stays`, async () => {
    const here = await cloudPlace(cloud);
    here.program(`
const etl = new Pool("etl", place);
exports.pushPools = manifest({ pools: [etl] });`);
    here.write("prefect.yaml", PREFECT_YAML);
    here.write("hello.py", "def hello(name):\n    print(name)\n");
    const empty = here.provisioned();

    const up = await here.up();
    expect([up.status, up.stderr]).toEqual([0, expect.stringContaining("created")]);
    row.made(here.fake);
    const again = await here.up();
    expect([again.status, again.stderr]).toEqual([0, expect.stringContaining("no changes")]);

    expect(await here.run("deploy", "--all")).toMatchObject({ status: 0, stdout: "  + hello/prod (work pool etl)\n" });
    const done = await here.run("run", "hello/prod", "-p", "name=Grace");
    expect(done).toMatchObject({ status: 0, stdout: '{"name":"Grace"}\n', stderr: expect.stringContaining("COMPLETED") });
    row.ran(here.fake);

    // No part of the key is in plain text anywhere: neither in the stack's state nor in the home of runs.
    const marks = row.marks(here.fake);
    expect(marks).not.toHaveLength(0);
    expect(marks).not.toContain("");
    expect(filesWith(marks, here.folder)).toEqual([]);
    for (const { stdout, stderr } of [up, again, done]) for (const mark of marks) expect(stdout + stderr).not.toContain(mark);
    const destroyed = await here.destroy();
    expect([destroyed.status, destroyed.stderr]).toEqual([0, expect.stringContaining("deleted")]);
    expect(here.provisioned()).toEqual(empty);
  }, 600_000);

  test(`${cloud.name}: everything around a pool; refresh finds drift; destroy deletes it all`, async () => {
    const here = await cloudPlace(cloud);
    here.configure();
    // Not in the program's text, which node stores compiled.
    here.env.CANARY = "canary-4711";
    here.program(row.around.program);
    const empty = here.provisioned();
    const preview = await here.preview();
    expect([preview.status, preview.stderr, here.provisioned(), cloud.callsOf(here.fake)]).toEqual([0, expect.any(String), empty, []]);
    const up = await here.up();
    expect([up.status, up.stderr, up.stdout]).toEqual([0, expect.any(String), expect.stringMatching(row.around.repository)]);
    expect((await here.up()).stderr).toContain("no changes");
    await row.around.made(here);
    const plan = await here.run("run", "hello/prod", "--dry-run");
    expect([plan.status, plan.stderr]).toEqual([0, expect.any(String)]);
    const run = await here.run("run", "hello/prod");
    expect([run.status, run.stderr]).toEqual([0, expect.stringContaining("COMPLETED")]);
    const shown = await here.run("manifest", "show");
    expect(filesWith(["canary-4711"], here.folder)).toEqual([]);

    row.around.takeAway(here.fake);
    const refreshed = await here.run("refresh", "--engine", "offline", "--yes");
    expect([refreshed.status, refreshed.stderr]).toEqual([0, expect.stringContaining("2 deleted")]);
    const repaired = await here.up();
    expect([repaired.status, repaired.stderr]).toEqual([0, expect.stringMatching(/2 created/)]);

    const destroyed = await here.destroy();
    expect([destroyed.status, destroyed.stderr]).toEqual([0, expect.any(String)]);
    expect(here.provisioned()).toEqual(empty);
    row.around.left?.(here.fake);
    for (const { stdout, stderr } of [preview, up, plan, run, shown]) expect(stderr + stdout).not.toContain("canary-4711");
  }, 600_000);

  test(`${cloud.name}: the example runs offline unchanged: two runs, and destroy`, async () => {
    const child = spawn(process.execPath, ["offline.mjs"], {
      cwd: join(repo, "examples", row.example.folder),
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NO_COLOR: "1" },
    });
    const heard = listen(child);
    expect([await heard.ended, heard.stderr()]).toEqual([0, expect.stringContaining(`${row.example.deleted} deleted`)]);
    expect(heard.stdout()).toContain('Hello with {"name":"Grace"}\nline 1\nline 2\nline 3\n');
  }, 600_000);

  test(`${cloud.name}: the project of pushpool init can be created, deployed and run once it has the missing configuration`, async () => {
    const here = await cloudPlace(cloud);
    const { kind, config, missing, says } = row.init;
    const program = await initialised(here, kind, config);
    expect(await here.up()).toMatchObject({ status: 2, stderr: expect.stringContaining(missing) });
    expect(program).toContain(`new ${cloud.component}("${kind}")`);
    const { endpoints } = cloud.placeOf(here.fake);
    here.write("index.js", program.replace(`("${kind}")`, `("${kind}", { endpoints: ${endpoints} })`));
    here.configure();
    expect((await here.up()).status).toBe(0);
    expect((await here.run("deploy", "--all")).status).toBe(0);
    expect(await here.run("run", `hello/${kind}`)).toMatchObject({ status: 0, stdout: `${says} with {"name":"Ada"}\n` });
    expect((await here.destroy()).status).toBe(0);
  }, 600_000);
}

const MADE_BY_INIT = ["Pulumi.yaml", "Pulumi.dev.yaml", "index.js", "prefect.yaml", "package.json", ".gitignore", "flows", "node_modules"];

/** Run `pushpool init` in a folder with only these files. @returns the program that it wrote */
async function initialised(here: CloudPlace<unknown>, kind: string, config: string, files: Record<string, string> = {}): Promise<string> {
  for (const name of MADE_BY_INIT) rmSync(join(here.folder, name), { recursive: true, force: true });
  for (const [name, text] of Object.entries(files)) here.write(name, text);
  const made = await here.run("init", kind, "--no-install");
  expect([made.status, made.stdout]).toEqual([0, expect.stringContaining(config)]);
  symlinkSync(join(repo, "node_modules"), join(here.folder, "node_modules"));
  return readFileSync(join(here.folder, "index.js"), "utf8");
}

describePools<FakeAws>(AWS, {
  made: (aws) => {
    const made = provisionedOnAws(aws);
    expect(made.users).toEqual([expect.stringMatching(/^etl-push-user-/)]);
    expect(made.keys).toHaveLength(1);
    expect(made.things).toEqual(["igw", "r", "rtb", "rtbassoc", "rtbassoc", "sg", "subnet", "subnet", "vpc"]);
    expect(inwards(aws)).toEqual([]);
  },
  ran: (aws) => {
    const [task] = aws.world.tasks.values();
    expect(task?.record.clusterArn).toBe(aws.world.clusters.get(provisionedOnAws(aws).clusters.at(-1) ?? "")?.arn);
  },
  marks: ({ world }) => [...world.iam.keys.values()].map(({ key }) => key.secretAccessKey),
  around: {
    program: `
// The program marks neither as secret, but both are.
const etl = new Pool("etl", {
  endpoints, permissions: "leastPrivilege", network: "privateEndpoints", imageRepository: true, taskPolicyArns: [], logRetentionDays: 7,
  secretEnv: { PASSWORD: process.env.CANARY + "-password" }, prefectApiKey: process.env.CANARY + "-key",
});
const wide = new Pool("wide", { endpoints, network: "privateNat", credentials: "ambient", submitters: [], clusterArn: etl.clusterArn });
const hello = new Deployment("hello/prod", { workPoolName: etl.workPoolName, command: \`sh -c 'case "$PASSWORD" in canary-*-password) ;; *) exit 1 ;; esac'\`,
  jobVariables: { image: pulumi.interpolate\`\${etl.imageRepository}:1\` } });
exports.repository = etl.imageRepository;
exports.pushPools = manifest({ pools: [etl, wide], deployments: [hello] });`,
    repository: /repository: "111111111111\.dkr\.ecr\.eu-west-1\.amazonaws\.com\/etl-images-[0-9a-f]{6}"/,
    made: ({ fake: aws }) => {
      // Only the runs' own group is admitted, and only to the endpoints.
      expect(inwards(aws)).toEqual([expect.objectContaining({ FromPort: 443, SourceSecurityGroupId: expect.stringMatching(/^sg-/) })]);
      expect(JSON.stringify(inwards(aws))).not.toContain("0.0.0.0/0");
    },
    takeAway: (aws) => {
      const { log, surroundings } = aws.world;
      log.groups.delete(provisionedOnAws(aws).logGroups.find((name) => name.includes("wide")) ?? "");
      for (const [id, { kind }] of surroundings.things) if (kind === "nat") surroundings.things.delete(id);
    },
  },
  example: { folder: "aws", deleted: 27 },
  init: {
    kind: "aws",
    config: "pulumi config set aws:region eu-west-1",
    missing: "region is missing: give it",
    says: "Hello from ECS",
  },
});

const byRole = (bindings: ReturnType<typeof provisioned>["bindings"]) => bindings.toSorted((a, b) => a.role.localeCompare(b.role));

describePools<FakeGoogleCloud>(GCP, {
  made: (google) => {
    const { accounts, keys, roles, bindings } = provisioned(google);
    const [push = "", run = ""] = accounts.sort();
    expect([push, run]).toEqual([
      expect.stringMatching(/^etl-push-[0-9a-f]{6}@acme\./),
      expect.stringMatching(/^etl-run-[0-9a-f]{6}@acme\./),
    ]);
    const member = `serviceAccount:${push}`;
    expect([keys, roles]).toEqual([[push], []]);
    expect(byRole(bindings)).toEqual([
      { resource: `serviceAccounts/${run}`, role: "roles/iam.serviceAccountUser", member },
      { resource: "projects/acme", role: "roles/logging.viewer", member },
      { resource: "projects/acme", role: "roles/run.developer", member },
    ]);
  },
  ran: (google) => {
    const [execution] = google.world.executions.values();
    expect(execution?.template.serviceAccount).toMatch(/^etl-run-[0-9a-f]{6}@acme\./);
  },
  marks: ({ calls }) => {
    const { reply } = calls.find(({ method }) => method === "iam.serviceAccountKeys.create") ?? {};
    const { private_key } = JSON.parse(Buffer.from(String(reply?.privateKeyData), "base64").toString()) as { private_key: string };
    return [private_key.split("\n")[5] ?? "", String(reply?.privateKeyData).slice(400, 460)];
  },
  around: {
    program: `
const password = pulumi.secret(process.env.CANARY + "-password");
const etl = new Pool("etl", {
  endpoints, permissions: "leastPrivilege", network: "direct", imageRepository: true, enableApis: true,
  secretEnv: { PASSWORD: password }, prefectApiKey: process.env.CANARY + "-key", cloudSqlInstances: ["acme:europe-west1:db"],
});
const wide = new Pool("wide", { endpoints, network: "connector", enableApis: true, credentials: "ambient", submitters: ["user:ada@acme.com"] });
const hello = new Deployment("hello/prod", { workPoolName: etl.workPoolName, command: \`sh -c 'case "$PASSWORD" in canary-*-password) ;; *) exit 1 ;; esac'\`,
  jobVariables: { image: pulumi.interpolate\`\${etl.imageRepository}/etl:1\` } });
exports.repository = etl.imageRepository;
exports.pushPools = manifest({ pools: [etl, wide], deployments: [hello] });`,
    repository: /repository: "europe-west1-docker\.pkg\.dev\/acme\/etl-images-[0-9a-f]{6}"/,
    made: async (here) => {
      const { kept, services } = here.fake.world;
      expect([...kept.keys()].map((name) => name.split("/").slice(-2)[0]).sort()).toEqual([
        "connectors",
        "networks",
        "networks",
        "repositories",
        "subnetworks",
      ]);
      for (const api of ["artifactregistry", "compute"]) expect([...services]).toContain(`${api}.googleapis.com`);
      expect((await here.run("run", "hello/prod", "--dry-run")).stdout).toContain('"secretKeyRef"');
      const { stdout } = await here.run("manifest", "show");
      const { pools } = JSON.parse(stdout) as { pools: Record<string, { baseJobTemplate: never }> };
      expect(pools.etl?.baseJobTemplate).toMatchObject({
        job_configuration: {
          job_body: {
            template: { template: { vpcAccess: { networkInterfaces: [{ subnetwork: expect.stringContaining("/subnetworks/") }] } } },
          },
        },
        variables: {
          properties: {
            prefect_api_key_secret: { default: { version: "latest" } },
            cloudsql_instances: { default: ["acme:europe-west1:db"] },
          },
        },
      });
      expect(pools.wide?.baseJobTemplate).toMatchObject({
        variables: { properties: { vpc_connector_name: { default: expect.stringContaining("/connectors/") } } },
      });
    },
    takeAway: ({ world: { iam, kept } }) => {
      iam.bindings = iam.bindings.filter(({ role }) => role !== "roles/cloudsql.client");
      kept.delete([...kept.keys()].find((name) => name.includes("/repositories/")) ?? "");
    },
    left: ({ world }) => expect(world.kept.size).toBe(0),
  },
  example: { folder: "gcp", deleted: 9 },
  init: {
    kind: "gcp",
    config: "pulumi config set gcp:project YOUR-PROJECT",
    missing: "project is missing: give it",
    says: "Hello from Cloud Run",
  },
});

/** What the pool's own principals may do, as `role on the end of the scope`. */
const rolesOf = (azure: FakeAzure) =>
  provisionedOnAzure(azure)
    .assignments.filter(({ principal }) => principal !== "owner@example.com")
    .map(({ principal, role, scope }) => [
      principal.replace(/-[0-9a-f]{6}$/, ""),
      role,
      scope
        .split("/")
        .at(-1)
        ?.replace(/-[0-9a-f]{6}$/, ""),
    ]);

describePools<FakeAzure>(AZURE, {
  made: (azure) => {
    const { resourceGroups, clients, secrets, roles, identities, things, workspaces } = provisionedOnAzure(azure);
    expect(resourceGroups).toEqual(["flows", expect.stringMatching(/^etl-[0-9a-f]{6}$/)]);
    expect([clients, secrets]).toEqual(Array(2).fill([expect.stringMatching(/^etl-push-[0-9a-f]{6}$/)]));
    expect([roles, identities, things, workspaces]).toEqual([[], [], [], []]);
    expect(rolesOf(azure)).toEqual([["etl-push", "Azure Container Instances Contributor Role", "etl"]]);
  },
  ran: ({ calls }) => {
    const created = calls.filter(({ action }) => action === "Microsoft.ContainerInstance/containerGroups/write");
    expect(created.map(({ path }) => path)).toEqual([expect.stringMatching(/\/resourceGroups\/etl-[0-9a-f]{6}\//)]);
  },
  marks: ({ world }) => [...world.directory.clients.values()].flatMap(({ secrets }) => secrets.map(({ text }) => text)),
  around: {
    program: `
// The program marks neither as secret, but both are.
const etl = new Pool("etl", {
  endpoints, jobVariables, permissions: "leastPrivilege", network: "privateNat", imageRepository: true, logAnalytics: true, logRetentionDays: 60,
  registerProvider: true, secretEnv: { PASSWORD: process.env.CANARY + "-password" }, prefectApiKey: process.env.CANARY + "-key",
});
const wide = new Pool("wide", { endpoints, network: "isolated", credentials: "ambient", submitters: [], resourceGroupName: etl.resourceGroupName });
const hello = new Deployment("hello/prod", { workPoolName: etl.workPoolName, command: \`sh -c 'case "$PASSWORD" in canary-*-password) ;; *) exit 1 ;; esac'\`,
  jobVariables: { image: pulumi.interpolate\`\${etl.imageRepository}/etl:1\` } });
exports.repository = etl.imageRepository;
exports.pushPools = manifest({ pools: [etl, wide], deployments: [hello] });`,
    repository: /repository: "etlimages[0-9a-f]{16}\.azurecr\.io"/,
    made: ({ fake: azure }) => {
      const { things, roles, workspaces } = provisionedOnAzure(azure);
      expect(things.map((type) => type.split("/").at(-1))).toEqual([
        "containerGroupProfiles",
        "registries",
        "natGateways",
        "publicIPAddresses",
        "virtualNetworks",
        "virtualNetworks",
        "subnets",
        "subnets",
      ]);
      expect([roles.length, workspaces.length, [...azure.world.workspaces.all.values()][0]?.retentionInDays]).toEqual([2, 1, 60]);
      // Each of the two roles where it is for, and nothing on the resource group but what runs take.
      const [submit, use] = roles;
      expect(rolesOf(azure).toSorted()).toEqual([
        ["etl-pull", "AcrPull", expect.stringMatching(/^etlimages/)],
        ["etl-push", submit, "etl"],
        ["etl-push", use, "etl-logs"],
        ["etl-push", use, "etl-pull"],
        ["etl-push", use, "runs"],
      ]);
      const subnets = [...azure.world.kept.values()].filter(({ type }) => String(type).endsWith("/subnets"));
      const ways = subnets.map(({ properties }) =>
        (properties as { natGateway?: { id: string } }).natGateway?.id.split("/").slice(-2).join("/"),
      );
      expect(new Set(ways)).toEqual(new Set([undefined, expect.stringMatching(/^natGateways\/etl-network-nat-[0-9a-f]{6}$/)]));
    },
    takeAway: ({ world: { access, kept } }) => {
      access.assignments.splice(
        access.assignments.findIndex(({ roleDefinitionId }) => access.definition(roleDefinitionId)?.roleName === "AcrPull"),
        1,
      );
      kept.delete([...kept.keys()].find((id) => id.includes("/natgateways/")) ?? "");
    },
  },
  example: { folder: "azure", deleted: 14 },
  init: {
    kind: "azure",
    config: "pulumi config set azure-native:location westeurope",
    missing: "subscriptionId is missing: give it",
    says: "Hello from Azure",
  },
});

const TWO_POOLS = `deployments:
- name: nightly
  entrypoint: hello.py:hello
  work_pool: { name: big pool, work_queue_name: fast, job_variables: { image: "acme/etl:1", command: echo nightly } }
- name: hourly
  entrypoint: hello.py:hello
  work_pool: { name: other, job_variables: { image: "acme/etl:1", command: echo hourly } }
`;

test("pushpool init aws: several pools share a network and a cluster", async () => {
  const here = await awsPlace();
  const files = { "prefect.yaml": TWO_POOLS, "hello.py": "def hello():\n    pass\n" };
  const program = await initialised(here, "aws", "pulumi config set aws:region eu-west-1", files);
  expect(program).toContain('new EcsPushPool("big-pool", { ...place, workPoolName: "big pool", queues: { "fast": {} } })');
  here.write("index.js", program.replace("const place = {", `const place = { endpoints: ${JSON.stringify(here.fake.endpoints)},`));
  here.configure();
  expect((await here.up()).status).toBe(0);
  const made = provisionedOnAws(here.fake);
  expect([made.things.filter((kind) => kind === "vpc"), made.clusters.length, made.users.length]).toEqual([["vpc"], 2, 2]);
  expect((await here.run("deploy", "--all")).status).toBe(0);
  expect(await here.run("run", "hello/nightly")).toMatchObject({ status: 0, stdout: "nightly\n" });
}, 600_000);

test("Google Cloud, ambient: no key anywhere; the listed members may submit", async () => {
  const here = await gcpPlace();
  here.program(`
const etl = new Pool("etl", { ...place, workPoolName: "etl_jobs", credentials: gcp.Credentials.Ambient,
  submitters: ["user:ada@acme.com"], runtimeServiceAccount: "flow-runtime@acme.iam.gserviceaccount.com" });
exports.pushPools = manifest({ pools: [etl] });`);
  expect((await here.up()).status).toBe(0);
  const member = "user:ada@acme.com";
  expect(provisioned(here.fake)).toMatchObject({ accounts: [], keys: [] });
  expect(byRole(provisioned(here.fake).bindings)).toEqual([
    { resource: "serviceAccounts/flow-runtime@acme.iam.gserviceaccount.com", role: "roles/iam.serviceAccountUser", member },
    { resource: "projects/acme", role: "roles/logging.viewer", member },
    { resource: "projects/acme", role: "roles/run.developer", member },
  ]);
  const { blocks } = JSON.parse((await here.run("manifest", "show")).stdout) as { blocks: unknown };
  // Prefect allows no underscore in a block's name.
  expect(blocks).toEqual({ "gcp-credentials/etl-jobs": { data: { project: "acme" } } });
}, 400_000);

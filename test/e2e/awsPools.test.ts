import { spawn } from "node:child_process";
import { readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { awsPlace, inwards, provisioned } from "./awsPlace";
import { filesWith } from "./filesWith";
import { listen } from "./pushpool";

// From `up` of a program to `destroy`, by the built command line, on a fake AWS that lets in only what the program provisioned.

const PREFECT_YAML = `deployments:
- name: prod
  entrypoint: hello.py:hello
  parameters: { name: Ada }
  work_pool:
    name: etl
    job_variables: { image: "acme/etl:1", command: "sh -c 'echo $PUSHPOOL_PARAMETERS'" }
`;

test("up, up again, deploy a prefect.yaml, run, destroy: what was made is what it takes, and nothing stays", async () => {
  const here = await awsPlace();
  here.program(`
const etl = new aws.EcsPushPool("etl", { region, endpoints });
exports.pushPools = manifest({ pools: [etl] });`);
  here.write("prefect.yaml", PREFECT_YAML);
  here.write("hello.py", "def hello(name):\n    print(name)\n");
  const empty = provisioned(here.aws);

  const up = await here.up();
  expect([up.status, up.stderr]).toEqual([0, expect.stringContaining("created")]);
  const made = provisioned(here.aws);
  expect(made.users).toEqual([expect.stringMatching(/^etl-push-user-/)]);
  expect(made.keys).toHaveLength(1);
  expect(made.things).toEqual(["igw", "r", "rtb", "rtbassoc", "rtbassoc", "sg", "subnet", "subnet", "vpc"]);
  expect(inwards(here.aws)).toEqual([]);
  const again = await here.up();
  expect([again.status, again.stderr]).toEqual([0, expect.stringContaining("no changes")]);

  expect(await here.run("deploy", "--all")).toMatchObject({ status: 0, stdout: "  + hello/prod (work pool etl)\n" });
  const done = await here.run("run", "hello/prod", "-p", "name=Grace");
  expect(done).toMatchObject({ status: 0, stdout: '{"name":"Grace"}\n', stderr: expect.stringContaining("COMPLETED") });
  const [task] = here.aws.world.tasks.values();
  expect(task?.record.clusterArn).toBe(here.aws.world.clusters.get(made.clusters.at(-1) ?? "")?.arn);

  // Nothing of the key is in clear anywhere: neither in the stack's state nor in what runs keep.
  const secrets = [...here.aws.world.iam.keys.values()].map(({ key }) => key.secretAccessKey);
  expect(secrets).toHaveLength(1);
  expect(filesWith(secrets, here.folder)).toEqual([]);
  const destroyed = await here.run("destroy", "--engine", "offline", "--yes");
  expect([destroyed.status, destroyed.stderr]).toEqual([0, expect.stringContaining("deleted")]);
  expect(provisioned(here.aws)).toEqual(empty);
  for (const { stdout, stderr } of [up, again, done]) for (const secret of secrets) expect(stdout + stderr).not.toContain(secret);
}, 600_000);

test("everything around a pool: least privilege, private network, repository, secrets, task role; drift is seen; destroy takes it all", async () => {
  const here = await awsPlace();
  here.write("Pulumi.dev.yaml", "config:\n  aws:region: eu-west-1\n");
  // Not in the program's text, which node keeps compiled.
  here.env.CANARY = "canary-4711";
  here.program(`
// Neither is marked by the program: both are secret all the same.
const etl = new aws.EcsPushPool("etl", {
  endpoints, permissions: "leastPrivilege", network: "privateEndpoints", imageRepository: true, taskPolicyArns: [], logRetentionDays: 7,
  secretEnv: { PASSWORD: process.env.CANARY + "-password" }, prefectApiKey: process.env.CANARY + "-key",
});
const wide = new aws.EcsPushPool("wide", { endpoints, network: "privateNat", credentials: "ambient", submitters: [], clusterArn: etl.clusterArn });
const hello = new Deployment("hello/prod", { workPoolName: etl.workPoolName, command: \`sh -c 'case "$PASSWORD" in canary-*-password) ;; *) exit 1 ;; esac'\`,
  jobVariables: { image: pulumi.interpolate\`\${etl.imageRepository}:1\` } });
exports.repository = etl.imageRepository;
exports.pushPools = manifest({ pools: [etl, wide], deployments: [hello] });`);
  const empty = provisioned(here.aws);
  const preview = await here.run("preview", "--engine", "offline");
  expect([preview.status, preview.stderr, provisioned(here.aws)]).toEqual([0, expect.any(String), empty]);
  const up = await here.up();
  expect([up.status, up.stderr, up.stdout]).toEqual([
    0,
    expect.any(String),
    expect.stringMatching(/repository: "111111111111\.dkr\.ecr\.eu-west-1\.amazonaws\.com\/etl-images-[0-9a-f]{6}"/),
  ]);
  expect((await here.up()).stderr).toContain("no changes");
  // Only runs' own group is let in, and only at the endpoints.
  expect(inwards(here.aws)).toEqual([expect.objectContaining({ fromPort: 443, securityGroups: [expect.stringMatching(/^sg-/)] })]);
  expect(JSON.stringify(inwards(here.aws))).not.toContain("0.0.0.0/0");
  const done = await here.run("run", "hello/prod");
  expect([done.status, done.stderr]).toEqual([0, expect.stringContaining("COMPLETED")]);
  const { stdout } = await here.run("manifest", "show");

  expect(filesWith(["canary-4711"], here.folder)).toEqual([]);

  // Someone takes a log group away, and a route.
  const { log, surroundings } = here.aws.world;
  log.groups.delete(provisioned(here.aws).logGroups.find((name) => name.includes("wide")) ?? "");
  for (const [id, { kind }] of surroundings.things) if (kind === "nat") surroundings.things.delete(id);
  const refreshed = await here.run("refresh", "--engine", "offline", "--yes");
  expect([refreshed.status, refreshed.stderr]).toEqual([0, expect.stringContaining("2 deleted")]);
  const repaired = await here.up();
  expect([repaired.status, repaired.stderr]).toEqual([0, expect.stringMatching(/2 created/)]);

  const destroyed = await here.run("destroy", "--engine", "offline", "--yes");
  expect([destroyed.status, destroyed.stderr]).toEqual([0, expect.any(String)]);
  expect(provisioned(here.aws)).toEqual(empty);
  expect(preview.stderr + preview.stdout + up.stderr + up.stdout + stdout).not.toContain("canary-4711");
}, 600_000);

test("examples/aws runs offline as it is: two runs, and destroy", async () => {
  const example = join(__dirname, "..", "..", "examples", "aws");
  const child = spawn(process.execPath, ["offline.mjs"], {
    cwd: example,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NO_COLOR: "1" },
  });
  const heard = listen(child);
  expect([await heard.ended, heard.stderr()]).toEqual([0, expect.stringContaining("27 deleted")]);
  expect(heard.stdout()).toContain('Hello with {"name":"Grace"}\nline 1\nline 2\nline 3\n');
}, 600_000);

const TWO_POOLS = `deployments:
- name: nightly
  entrypoint: hello.py:hello
  work_pool: { name: big pool, work_queue_name: fast, job_variables: { image: "acme/etl:1", command: echo nightly } }
- name: hourly
  entrypoint: hello.py:hello
  work_pool: { name: other, job_variables: { image: "acme/etl:1", command: echo hourly } }
`;

test("pushpool init aws: a project that goes up once it is told a region; several pools share a network and a cluster", async () => {
  const here = await awsPlace();
  const initialised = async (files: Record<string, string> = {}) => {
    for (const name of [
      "Pulumi.yaml",
      "Pulumi.dev.yaml",
      "index.js",
      "prefect.yaml",
      "package.json",
      ".gitignore",
      "flows",
      "node_modules",
    ])
      rmSync(join(here.folder, name), { recursive: true, force: true });
    for (const [name, text] of Object.entries(files)) here.write(name, text);
    const made = await here.run("init", "aws", "--no-install");
    expect([made.status, made.stdout]).toEqual([0, expect.stringContaining("pulumi config set aws:region eu-west-1")]);
    symlinkSync(join(__dirname, "..", "..", "node_modules"), join(here.folder, "node_modules"));
    return readFileSync(join(here.folder, "index.js"), "utf8");
  };
  const endpoints = `endpoints: ${JSON.stringify(here.aws.endpoints)}`;

  const program = await initialised();
  expect(await here.up()).toMatchObject({ status: 2, stderr: expect.stringContaining("region is missing: give it") });
  here.write("index.js", program.replace('EcsPushPool("aws")', `EcsPushPool("aws", { ${endpoints} })`));
  here.write("Pulumi.dev.yaml", "config:\n  aws:region: eu-west-1\n");
  expect((await here.up()).status).toBe(0);
  expect((await here.run("deploy", "--all")).status).toBe(0);
  expect(await here.run("run", "hello/aws")).toMatchObject({ status: 0, stdout: 'Hello from ECS with {"name":"Ada"}\n' });
  expect((await here.run("destroy", "--engine", "offline", "--yes")).status).toBe(0);

  const several = await initialised({ "prefect.yaml": TWO_POOLS, "hello.py": "def hello():\n    pass\n" });
  expect(several).toContain('new EcsPushPool("big-pool", { ...place, workPoolName: "big pool", queues: { "fast": {} } })');
  here.write("index.js", several.replace("const place = {", `const place = { ${endpoints},`));
  here.write("Pulumi.dev.yaml", "config:\n  aws:region: eu-west-1\n");
  expect((await here.up()).status).toBe(0);
  const made = provisioned(here.aws);
  expect([made.things.filter((kind) => kind === "vpc"), made.clusters.length, made.users.length]).toEqual([["vpc"], 2, 2]);
  expect((await here.run("deploy", "--all")).status).toBe(0);
  expect(await here.run("run", "hello/nightly")).toMatchObject({ status: 0, stdout: "nightly\n" });
}, 600_000);

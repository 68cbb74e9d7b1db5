import { expect, test } from "vitest";
import { leastPrivilege } from "../../components/gcp/leastPrivilege";
import { type GcpPlace, gcpPlace } from "./gcpPlace";

// What a pool's account may do is what runs take: without any one of it something that users do fails, with the permission's name.

const POOL = (more: string) => `
const etl = new gcp.CloudRunPushPool("etl", { project: "acme", region: "europe-west1", endpoints, ${more} });
const deployment = (name, command) => new Deployment(name, { workPoolName: etl.workPoolName, command, jobVariables: { image: "acme/etl:1" } });
exports.pushPools = manifest({ pools: [etl], deployments: [deployment("hello/prod", "echo hello"), deployment("hello/long", "sleep 60")] });`;

/** As if the key were made long ago: nobody waits for it to become known. */
async function aged(here: GcpPlace): Promise<void> {
  for (const key of here.google.world.iam.keys.values()) key.madeAt -= 3_600_000;
  for (const command of ["refresh", "up"]) expect((await here.run(command, "--engine", "offline", "--yes")).status).toBe(0);
}

const NEW_SHAPE = ["run", "hello/prod", "--job-variable", "memory=1Gi"];
/** What fails without it, with exit code 5. */
const USES: [string, string[]][] = [
  ["run.jobs.create", NEW_SHAPE],
  ["run.jobs.get", [...NEW_SHAPE, "--job-variable", "cpu=2000m"]],
  ["run.jobs.run", ["run", "hello/prod"]],
  ["run.jobs.runWithOverrides", ["run", "hello/prod"]],
  ["run.executions.get", ["wait", "long", "--timeout", "20s"]],
  ["run.executions.cancel", ["cancel", "long"]],
];

test("leastPrivilege: everything works with the role, and what each permission is for does not without it", async () => {
  const here = await gcpPlace();
  here.program(POOL(`permissions: "leastPrivilege"`));
  expect((await here.up()).status).toBe(0);
  const { iam } = here.google.world;
  const [role = ""] = iam.roles.keys();
  const all = leastPrivilege({ logAccess: true }).map(({ permission }) => permission);
  expect([...(iam.roles.get(role) ?? [])].sort()).toEqual([...all].sort());
  expect(iam.bindings.filter(({ role }) => role === "roles/run.developer")).toEqual([]);

  await aged(here);
  const done = await here.run("run", "hello/prod");
  expect(done).toMatchObject({ status: 0, stdout: "hello\n" });
  expect((await here.run("run", "hello/long", "--detach", "--flow-run-name", "long")).status).toBe(0);
  for (const [permission, command] of USES) {
    iam.roles.set(
      role,
      all.filter((each) => each !== permission),
    );
    const { status, stderr } = await here.run(...command);
    expect([permission, status, stderr]).toEqual([permission, 5, expect.stringContaining(`'${permission}'`)]);
  }
  iam.roles.set(role, all);
  expect((await here.run("cancel", "long")).status).toBe(0);
}, 240_000);

test("documented: as little as Cloud Run Developer missing is said; without Service Account User on the runs' account nothing starts", async () => {
  const here = await gcpPlace();
  here.program(POOL(""));
  expect((await here.up()).status).toBe(0);
  await aged(here);
  const { iam } = here.google.world;
  const [...bindings] = iam.bindings;
  for (const [role, permission] of [
    ["roles/run.developer", "run.jobs.create"],
    ["roles/iam.serviceAccountUser", "iam.serviceaccounts.actAs"],
  ]) {
    iam.bindings = bindings.filter((each) => each.role !== role || !each.member.includes("etl-push"));
    const { status, stderr } = await here.run("run", "hello/prod");
    expect([role, status, stderr]).toEqual([role, 5, expect.stringContaining(`'${permission}'`)]);
  }
  iam.bindings = bindings;
  expect((await here.run("run", "hello/prod")).status).toBe(0);
}, 240_000);

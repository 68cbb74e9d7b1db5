import { expect, test } from "vitest";
import { leastPrivilege } from "../../components/gcp/leastPrivilege";
import { type GcpPlace, gcpPlace } from "./clouds/gcp";
import type { Ended } from "./pushpool";

// A pool's account has exactly the permissions that runs need. Without any one of them something fails, with the permission's name and the
// fix.

const POOL = (more: string) => `
const etl = new gcp.CloudRunPushPool("etl", { ...place, ${more} });
const deployment = (name, command, jobVariables) =>
  new Deployment(name, { workPoolName: etl.workPoolName, command, jobVariables: { image: "acme/etl:1", ...jobVariables } });
exports.pushPools = manifest({ pools: [etl], deployments: [
  deployment("hello/prod", "echo hello"),
  deployment("hello/long", "sleep 100"),
  deployment("hello/bad", "sh -c 'exit 3'"),
  deployment("hello/broken", "true", { image: "acme/none:1" }),
] });`;

/** A place whose keys are old when they are made: nobody waits for them to become effective. */
async function agedPlace(options?: Parameters<typeof gcpPlace>[0]): Promise<GcpPlace> {
  const here = await gcpPlace(options);
  const { keys } = here.fake.world.iam;
  const set = keys.set.bind(keys);
  keys.set = (id, key) => set(id, { ...key, madeAt: key.madeAt - 3_600_000 });
  return here;
}

const NEW_SHAPE = ["run", "hello/prod", "--job-variable", "memory=1Gi"];
const RUN = ["run", "hello/prod"];

/** By permission: what fails without it, with exit code 5. */
const USES: Record<string, string[]> = {
  "run.jobs.create": NEW_SHAPE,
  "run.jobs.get": [...NEW_SHAPE, "--job-variable", "cpu=2000m"],
  // Its Job was broken before and could not be deleted: it must be created again.
  "run.jobs.delete": ["run", "hello/broken"],
  "run.jobs.run": RUN,
  "run.jobs.runWithOverrides": RUN,
  "run.executions.get": ["wait", "long-1", "--timeout", "20s"],
  "run.executions.cancel": ["cancel", "long-1"],
  "run.tasks.list": ["run", "hello/bad"],
  "logging.logEntries.list": ["logs", "done"],
};
/** What reports the error and continues: a list shows what it knows. */
const TOLD: Record<string, string[]> = {
  "run.executions.list": ["ls"],
  "logging.logEntries.list": RUN,
};

/** Without it everything works; leftovers stay, with one warning a day. */
const TIDYING = ["run.jobs.list"];

test("leastPrivilege: everything works with the role, and without any one permission its use fails", async () => {
  const here = await agedPlace({ images: { "acme/none:1": { access: "missing" } } });
  here.program(POOL(`permissions: "leastPrivilege"`));
  expect((await here.up()).status).toBe(0);
  const { iam } = here.fake.world;
  const [role = ""] = iam.roles.keys();
  const all = leastPrivilege({ logAccess: true }).map(({ permission }) => permission);
  expect([...(iam.roles.get(role) ?? [])].sort()).toEqual([...all].sort());
  expect(iam.bindings.filter(({ role }) => role === "roles/run.developer")).toEqual([]);
  expect(new Set([...Object.keys(USES), ...Object.keys(TOLD), ...TIDYING])).toEqual(new Set(all));

  const lacking = (permission: string) =>
    iam.roles.set(
      role,
      all.filter((each) => each !== permission),
    );
  expect(await here.run(...RUN, "--flow-run-name", "done")).toMatchObject({ status: 0, stdout: "hello\n" });
  lacking("run.jobs.delete");
  expect((await here.run("run", "hello/broken")).stderr).toContain("Image 'acme/none:1' not found");
  iam.roles.set(role, all);
  // The list is for many runs: up to four are asked for by name.
  for (const n of [1, 2, 3, 4, 5]) expect((await here.run("run", "hello/long", "--detach", "--flow-run-name", `long-${n}`)).status).toBe(0);

  const without = async (permission: string, command: string[]): Promise<Ended> => {
    lacking(permission);
    const ended = await here.run(...command);
    iam.roles.set(role, all);
    const place = permission.startsWith("logging") ? "roles/logging.viewer" : "roles/run.developer";
    expect(ended.stderr).toContain(`'${permission}' denied`);
    expect(ended.stderr).toContain(`It needs ${place} in project "acme", or your own role with that permission`);
    return ended;
  };
  for (const [permission, command] of Object.entries(USES))
    expect([permission, (await without(permission, command)).status]).toEqual([permission, 5]);
  for (const [permission, command] of Object.entries(TOLD))
    expect([permission, (await without(permission, command)).status]).toEqual([permission, 0]);
  expect((await here.run("cancel", "long-1")).status).toBe(0);
}, 400_000);

test("documented: without any one role the message has the fix, and up restores it", async () => {
  const here = await agedPlace();
  here.program(POOL(`secretEnv: { PASSWORD: "x" }`));
  expect((await here.up()).status).toBe(0);
  expect(await here.run(...RUN)).toMatchObject({ status: 0, stdout: "hello\n" });
  const { iam } = here.fake.world;
  const runtime = [...iam.accounts.keys()].find((email) => email.startsWith("etl-run")) ?? "";
  const CASES: [role: string, status: number, told: string[]][] = [
    ["roles/run.developer", 5, ["'run.jobs.run' denied", 'It needs roles/run.developer in project "acme"']],
    ["roles/iam.serviceAccountUser", 5, ["'iam.serviceaccounts.actAs' denied", `It needs roles/iam.serviceAccountUser on ${runtime}`]],
    ["roles/logging.viewer", 0, ["'logging.logEntries.list' denied", "unless logAccess is false"]],
    ["roles/secretmanager.secretAccessor", 1, ["Permission denied on secret", "must be granted the 'Secret Manager Secret Accessor' role"]],
  ];
  const given = new Set(iam.bindings.filter(({ member }) => /etl-(push|run)/.test(member)).map(({ role }) => role));
  expect(given).toEqual(new Set(CASES.map(([role]) => role)));
  const { bindings } = iam;
  for (const [role, status, told] of CASES) {
    iam.bindings = iam.bindings.filter((each) => each.role !== role || !/etl-(push|run)/.test(each.member));
    const ended = await here.run(...RUN);
    expect([role, ended.status, ended.stderr]).toEqual([role, status, expect.stringContaining(told[0] ?? "")]);
    for (const text of told) expect(ended.stderr).toContain(text);
    if (role !== CASES.at(-1)?.[0]) iam.bindings = bindings;
  }
  for (const command of ["refresh", "up"]) expect((await here.run(command, "--engine", "offline", "--yes")).status).toBe(0);
  expect(await here.run(...RUN)).toMatchObject({ status: 0, stdout: "hello\n" });
}, 400_000);

test("without access to logs a run is followed to its end, and the message says what its lines need", async () => {
  const here = await agedPlace();
  here.program(POOL("logAccess: false"));
  expect((await here.up()).status).toBe(0);
  const { status, stdout, stderr } = await here.run("run", "hello/bad");
  expect([status, stdout]).toEqual([1, ""]);
  expect(stderr.match(/log is not shown: .*logAccess/g)).toHaveLength(1);
}, 400_000);

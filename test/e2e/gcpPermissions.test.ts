import { describe, expect, test } from "vitest";
import { leastPrivilege } from "../../components/gcp/leastPrivilege";
import type { FakeGoogleCloud, FakeGoogleCloudOptions } from "../../src/testing";
import { GCP, type GcpPlace, gcpPlace } from "./clouds/gcp";
import { describePermissions, refusalOf, type Submitter } from "./permissions";

// Whoever submits has exactly the permissions that runs need.

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

const RUN = ["run", "hello/prod"];

describe("leastPrivilege", () => {
  const watch = (by: Submitter) => by.done("prod");
  describePermissions<FakeGoogleCloud, FakeGoogleCloudOptions>({
    cloud: GCP,
    options: { images: { "acme/none:1": { access: "missing" } } },
    args: "",
    deployments: `({
  prod: { command: "echo hello", jobVariables: { image: "acme/etl:1" } },
  long: { command: "sleep 100", jobVariables: { image: "acme/etl:1" } },
  bad: { command: "sh -c 'exit 3'", jobVariables: { image: "acme/etl:1" } },
  broken: { command: "true", jobVariables: { image: "acme/none:1" } },
})`,
    person: (google) => {
      const key = google.serviceAccountKey("ada", []);
      google.world.iam.bindings = google.world.iam.bindings.filter(({ member }) => !member.includes(key.client_email));
      return {
        member: `serviceAccount:${key.client_email}`,
        env: (file) => ({ GOOGLE_APPLICATION_CREDENTIALS: file }),
        file: JSON.stringify(key),
      };
    },
    granted: ({ world: { iam } }, mode) => {
      const members = { key: /:key-push/, federated: /:federated-push/, ambient: /:ada@/ };
      const own = iam.bindings.filter(({ resource, member }) => resource === "projects/acme" && members[mode].test(member));
      // Only this role in the project.
      const [{ role } = { role: "" }] = own;
      expect(own).toHaveLength(1);
      const all = [...(iam.roles.get(role) ?? [])];
      return {
        all,
        remove: (permission) => {
          const rest = all.filter((each) => each !== permission);
          expect(rest).not.toHaveLength(all.length);
          iam.roles.set(role, rest);
          return () => void iam.roles.set(role, all);
        },
      };
    },
    needed: leastPrivilege({ logAccess: true }).map(({ permission }) => permission),
    begin: async (by, { granted: { remove } }) => {
      const { run, lines, warnings } = await by.done("prod");
      expect([run.state.type, lines, warnings]).toEqual(["COMPLETED", ["hello"], []]);
      // Its Job does not become ready, and stays.
      const restore = remove("run.jobs.delete");
      const { message } = await refusalOf(by.done("broken"));
      restore();
      expect(message).toContain("Image 'acme/none:1' not found");
      // The list is for many runs: up to four are asked for by name.
      const [long] = await Promise.all([1, 2, 3, 4, 5].map(() => by.start("long")));
      if (!long) throw new Error("no run was started");
      return { first: run, long };
    },
    refused: {
      "run.jobs.create": (by) => by.done("prod", { memory: "1Gi" }),
      "run.jobs.get": (by) => by.done("prod", { memory: "1Gi", cpu: "2000m" }),
      // It must be created again.
      "run.jobs.delete": (by) => by.done("broken"),
      "run.jobs.run": watch,
      "run.jobs.runWithOverrides": watch,
      "run.executions.get": ({ runs }, { long }) => runs.followRun(long.id),
      "run.executions.cancel": ({ runs }, { long }) => runs.cancelRun(long.id),
      "run.tasks.list": (by) => by.done("bad"),
      "logging.logEntries.list": ({ runs }, { first }) => runs.readLogs(first.id, { onLine: () => {} }),
    },
    warned: {
      // It shows what it knows.
      "run.executions.list": ({ runs }, { long }) => runs.listRuns({ pool: long.workPool }),
      "logging.logEntries.list": watch,
    },
    tidying: ["run.jobs.list"],
    denial: (permission) => `'${permission}' denied`,
    fix: (permission) =>
      `It needs ${permission.startsWith("logging") ? "roles/logging.viewer" : "roles/run.developer"} in project "acme", or your own role with that permission`,
    denied: { key: /key-push\S*@acme/, federated: /federated-push\S*@acme/, ambient: /your own Google Cloud login/ },
  });
});

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

import { expect, onTestFinished, test } from "vitest";
import { type FakeIssuer, startFakeIssuer } from "../../src/testing";
import { type GcpPlace, gcpPlace } from "./clouds/gcp";
import { filesWith } from "./filesWith";

// A pool without a key: Google trusts the jobs of a GitHub repository.

const GITHUB = "https://token.actions.githubusercontent.com";
const RUN = ["run", "hello/prod"];
const POOL = (federation: string, more = "") => `
const etl = new Pool("etl", { ...place, credentials: "federated", federation: ${federation}, ${more} });
const hello = new Deployment("hello/prod", { workPoolName: etl.workPoolName, command: "echo hello", jobVariables: { image: "acme/etl:1" } });
exports.pushPools = manifest({ pools: [etl], deployments: [hello] });`;

async function federatedPlace(issuerUrl = GITHUB): Promise<{ here: GcpPlace; issuer: FakeIssuer }> {
  const issuer = await startFakeIssuer({ issuer: issuerUrl });
  onTestFinished(issuer.stop);
  const here = await gcpPlace({ issuers: { [issuer.issuer]: issuer.url } });
  return { here, issuer };
}

/** As if the trust were old: nobody waits for it to become effective. */
async function aged(here: GcpPlace): Promise<void> {
  for (const pool of here.fake.world.identityPools.values()) pool.description = "Made 2026-01-01T00:00:00.000Z";
  await restored(here);
}

async function restored(here: GcpPlace): Promise<void> {
  for (const command of ["refresh", "up"]) expect((await here.run(command, "--engine", "offline", "--yes")).status).toBe(0);
}

test("federated: up, runs with a token that ends, and a trust that was changed", async () => {
  const { here, issuer } = await federatedPlace();
  here.program(POOL(`{ github: { repository: "acme/etl", branch: "main" } }`));
  const before = here.provisioned();
  expect(await here.up()).toMatchObject({ status: 0 });
  const { iam } = here.fake.world;
  expect([...iam.keys.values()]).toEqual([]);

  Object.assign(here.env, issuer.githubEnv({ repository: "acme/etl" }));
  const first = await here.run(...RUN);
  expect(first).toMatchObject({ status: 0, stdout: "hello\n" });
  const calls = () => here.fake.calls.map(({ method }) => method);
  // One exchange for all calls of a process.
  expect(calls().filter((method) => method === "sts.token")).toHaveLength(1);
  expect(calls().filter((method) => method === "iamcredentials.serviceAccounts.generateAccessToken")).toHaveLength(1);
  here.fake.endTokens();
  expect(await here.run(...RUN)).toMatchObject({ status: 0, stdout: "hello\n" });

  await aged(here);
  // Someone changes the trust: the condition of the provider, then the binding.
  for (const pool of here.fake.world.identityPools.values())
    for (const provider of pool.providers.values()) provider.attributeCondition = "assertion.sub == 'repo:acme/other:ref:refs/heads/main'";
  const changed = await here.run(...RUN);
  expect(changed.status).toBe(5);
  expect(changed.stderr).toContain("The given credential is rejected by the attribute condition");
  expect(changed.stderr).toContain('subject "repo:acme/etl:ref:refs/heads/main"');
  expect(changed.stderr).toContain("`pushpool refresh` and `pushpool up` restore the trust");
  await restored(here);
  expect(await here.run(...RUN)).toMatchObject({ status: 0 });

  // Without any one part of the trust, the message has the fix.
  const { world } = here.fake;
  const bindings = () => world.iam.bindings;
  const without = (role: string) => {
    const kept = bindings();
    world.iam.bindings = kept.filter((each) => each.role !== role || !/etl-push/.test(each.member + each.resource));
    return () => {
      world.iam.bindings = kept;
    };
  };
  const disabled = (service: string) => {
    world.services.delete(service);
    return () => world.services.add(service);
  };
  const [pool] = [...world.identityPools.values()];
  const PARTS: [part: string, remove: () => () => void, says: string[]][] = [
    [
      "roles/iam.workloadIdentityUser",
      () => without("roles/iam.workloadIdentityUser"),
      ["'iam.serviceAccounts.getAccessToken' denied", "It needs roles/iam.workloadIdentityUser on etl-push"],
    ],
    ["roles/run.developer", () => without("roles/run.developer"), ["'run.jobs.run' denied", "It needs roles/run.developer"]],
    ["the token service", () => disabled("sts.googleapis.com"), ["the API is disabled", "Security Token Service API"]],
    ["the credentials service", () => disabled("iamcredentials.googleapis.com"), ["the API is disabled", "iamcredentials.googleapis.com"]],
    [
      "the workload identity pool",
      () => {
        if (pool) pool.disabled = true;
        return () => {
          if (pool) pool.disabled = false;
        };
      },
      ["invalid_target", "`pushpool refresh` and `pushpool up` restore the trust"],
    ],
  ];
  for (const [part, remove, says] of PARTS) {
    const restore = remove();
    const ended = await here.run(...RUN);
    restore();
    expect([part, ended.status]).toEqual([part, 5]);
    for (const text of says) expect(ended.stderr).toContain(text);
  }

  expect((await here.destroy()).status).toBe(0);
  expect(here.provisioned()).toEqual(before);
  expect([...here.fake.world.identityPools.values()].map(({ state }) => state)).toEqual(["DELETED"]);
  // A deleted pool keeps its id: the next one has another.
  expect((await here.up()).status).toBe(0);
  expect(filesWith(["eyJ", "ya29."], here.folder)).toEqual([]);
}, 400_000);

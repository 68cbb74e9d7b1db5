import { expect, onTestFinished, test } from "vitest";
import { type FakeIssuer, startFakeIssuer } from "../../src/testing";
import { type AwsPlace, awsPlace } from "./clouds/aws";
import { filesWith } from "./filesWith";

// A pool without a key: AWS trusts the jobs of a GitHub repository.

const GITHUB = "https://token.actions.githubusercontent.com";
const RUN = ["run", "hello/prod"];
const POOL = (more: string) => `
const etl = new Pool("etl", { ...place, credentials: "federated", ${more} });
const hello = new Deployment("hello/prod", { workPoolName: etl.workPoolName, command: "echo hello", jobVariables: { image: "acme/etl:1", cpu: 256, memory: 512 } });
exports.pushPools = manifest({ pools: [etl], deployments: [hello] });`;

async function federatedPlace(): Promise<{ here: AwsPlace; issuer: FakeIssuer }> {
  const issuer = await startFakeIssuer({ issuer: GITHUB });
  onTestFinished(issuer.stop);
  const here = await awsPlace({ issuers: { [issuer.issuer]: issuer.url } });
  return { here, issuer };
}

/** As if the trust were old: nobody waits for it to become effective. */
async function aged(here: AwsPlace): Promise<void> {
  for (const role of here.fake.world.iam.roles.values()) role.since -= 3_600_000;
  await restored(here);
}

async function restored(here: AwsPlace): Promise<void> {
  for (const command of ["refresh", "up"]) expect((await here.run(command, "--engine", "offline", "--yes")).status).toBe(0);
}

test("federated: up, runs with a session that ends, and a trust that was changed", async () => {
  const { here, issuer } = await federatedPlace();
  here.program(POOL(`permissions: "leastPrivilege", federation: { github: { repository: "acme/etl", branch: "main" } }`));
  const before = here.provisioned();
  const up = await here.up();
  expect([up.status, up.stderr]).toEqual([0, expect.not.stringContaining("error")]);
  const { iam } = here.fake.world;
  expect([...iam.users.keys(), ...iam.keys.keys()]).toEqual([]);

  Object.assign(here.env, issuer.githubEnv({ repository: "acme/etl" }));
  expect(await here.run(...RUN)).toMatchObject({ status: 0, stdout: "hello\n" });
  const exchanges = () => here.fake.calls.filter(({ action }) => action === "sts:AssumeRoleWithWebIdentity");
  expect(exchanges()).toHaveLength(1);
  expect([...iam.keys.values()].map(({ principal }) => principal.arn)).toEqual([
    expect.stringMatching(/assumed-role\/.*\/pushpool-data-dev-etl$/),
  ]);
  here.fake.endSessions();
  expect(await here.run(...RUN)).toMatchObject({ status: 0, stdout: "hello\n" });

  await aged(here);
  // Another branch, which the trust does not admit; then someone changes the trust itself.
  const asMain = { ...here.env };
  Object.assign(here.env, issuer.githubEnv({ repository: "acme/etl", branch: "dev" }));
  const wrong = await here.run(...RUN);
  expect(wrong.stderr).toMatch(/AWS does not let this process act as role arn:aws:iam::111111111111:role\/etl-push/);
  expect([wrong.status, wrong.stderr]).toEqual([
    5,
    expect.stringContaining(
      'subject of the identity token is "repo:acme/etl:ref:refs/heads/dev", but the trust requires "repo:acme/etl:ref:refs/heads/main"',
    ),
  ]);
  Object.assign(here.env, asMain);
  for (const role of iam.roles.values())
    if (role.trustPolicy?.includes("WebIdentity")) role.trustPolicy = role.trustPolicy.replace("acme/etl", "acme/other");
  const changed = await here.run(...RUN);
  expect(changed.status).toBe(5);
  expect(changed.stderr).toContain("Not authorized to perform sts:AssumeRoleWithWebIdentity");
  expect(changed.stderr).toContain("`pushpool refresh` and `pushpool up` restore the trust");
  await restored(here);
  expect(await here.run(...RUN)).toMatchObject({ status: 0 });

  // Without any one part of the trust, the message has the fix.
  const [provider] = [...iam.oidcProviders.values()];
  const [role] = [...iam.roles.values()].filter(({ trustPolicy }) => trustPolicy?.includes("WebIdentity"));
  if (!provider || !role) throw new Error("nothing was provisioned");
  const trustBack = "`pushpool refresh` and `pushpool up` restore the trust";
  const PARTS: [part: string, remove: () => () => void, says: string[]][] = [
    [
      "the audience",
      () => {
        const { clientIds } = provider;
        provider.clientIds = [];
        return () => {
          provider.clientIds = clientIds;
        };
      },
      ["Incorrect token audience", trustBack],
    ],
    [
      "the OIDC provider",
      () => {
        const all = [...iam.oidcProviders];
        iam.oidcProviders.clear();
        return () => {
          for (const [arn, each] of all) iam.oidcProviders.set(arn, each);
        };
      },
      ["No OpenIDConnect provider found in your account", trustBack],
    ],
    [
      "the policies of the role",
      () => {
        const all = [...role.policies];
        role.policies.clear();
        return () => {
          for (const [name, policy] of all) role.policies.set(name, policy);
        };
      },
      [
        "is not authorized to perform: ecs:",
        "EcsPushPool grants it for its cluster",
        "`pushpool refresh` and `pushpool up` grant it again",
      ],
    ],
  ];
  for (const [part, remove, says] of PARTS) {
    const restore = remove();
    const ended = await here.run(...RUN);
    restore();
    expect([part, ended.status]).toEqual([part, 5]);
    for (const text of says) expect(ended.stderr).toContain(text);
  }

  expect(filesWith(["eyJhbGciOi", issuer.githubEnv({ repository: "acme/etl" }).ACTIONS_ID_TOKEN_REQUEST_TOKEN], here.folder)).toEqual([]);

  // The denied runs have ended: AWS refused them, so nothing of them exists, though nobody can look with the same denied login.
  const destroyed = await here.destroy();
  expect([destroyed.status, destroyed.stderr]).toEqual([0, expect.any(String)]);
  expect(here.provisioned()).toEqual(before);
}, 400_000);

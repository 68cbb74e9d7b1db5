import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type FakeIssuer, startFakeIssuer } from "../../src/testing";
import { until } from "../until";
import { type AzurePlace, azurePlace } from "./clouds/azure";
import { filesWith } from "./filesWith";

// A pool without a secret: Microsoft Entra trusts the jobs of a GitHub repository.

const GITHUB = "https://token.actions.githubusercontent.com";
const RUN = ["run", "hello/prod"];
const TRUST_BACK = "`pushpool refresh` and `pushpool up` restore the trust";
const POOL = (until: string) => `
const federation = { github: { repository: "acme/etl", branch: "main" } };
const etl = new Pool("etl", { ...place, credentials: "federated", permissions: "leastPrivilege", federation });
const of = (name, command) => new Deployment(name, { workPoolName: etl.workPoolName, command, jobVariables: { image: "acme/etl:1" } });
const deployments = [of("hello/prod", "echo hello"), of("slow/prod", ${JSON.stringify(until)})];
exports.pushPools = manifest({ pools: [etl], deployments });`;

async function federatedPlace(): Promise<{ here: AzurePlace; issuer: FakeIssuer }> {
  const issuer = await startFakeIssuer({ issuer: GITHUB });
  onTestFinished(issuer.stop);
  const here = await azurePlace({ issuers: { [issuer.issuer]: issuer.url } });
  return { here, issuer };
}

async function restored(here: AzurePlace): Promise<void> {
  for (const command of ["refresh", "up"]) expect((await here.run(command, "--engine", "offline", "--yes")).status).toBe(0);
}

test("federated: up, runs with a token that ends, and a trust that was changed", async () => {
  const { here, issuer } = await federatedPlace();
  const end = join(here.folder, "end");
  here.program(POOL(`sh -c 'until [ -e ${end} ]; do sleep 0.1; done; echo done'`));
  const before = here.provisioned();
  const up = await here.up();
  expect([up.status, up.stderr]).toEqual([0, expect.not.stringContaining("error")]);
  const { directory, access, groups } = here.fake.world;
  const [client] = [...directory.clients.values()];
  if (!client) throw new Error("nothing was provisioned");
  expect([client.secrets, client.federated]).toEqual([
    [],
    [expect.objectContaining({ issuer: GITHUB, subject: "repo:acme/etl:ref:refs/heads/main", audiences: ["api://AzureADTokenExchange"] })],
  ]);

  Object.assign(here.env, issuer.githubEnv({ repository: "acme/etl" }));
  const first = await here.run(...RUN);
  expect([first.status, first.stdout, first.stderr]).toEqual([0, "hello\n", expect.any(String)]);
  const logins = () => here.fake.calls.filter(({ action }) => action === "entra/token").length;
  // One for all calls of a process.
  expect([logins(), issuer.asked]).toEqual([1, ["api://AzureADTokenExchange"]]);

  // Azure's token ends while a run continues.
  const slow = here.run("run", "slow/prod");
  const isRunning = async () => [...groups.values()].some(({ containers }) => containers[0]?.current?.state === "Running");
  await until(isRunning);
  here.fake.endTokens();
  const refused = async () => here.fake.calls.some(({ status }) => status === 401);
  await until(refused);
  writeFileSync(end, "");
  expect(await slow).toMatchObject({ status: 0, stdout: "done\n" });
  expect(logins()).toBeGreaterThan(2);

  // As if the trust were old: nobody waits for it to become effective.
  for (const each of client.federated) each.description = "Made 2026-01-01T00:00:00.000Z";
  await restored(here);
  const denied = async (): Promise<string> => {
    const ended = await here.run(...RUN);
    expect([ended.status, ended.stderr]).toEqual([5, expect.any(String)]);
    return ended.stderr;
  };
  // Another branch, and a token that has ended.
  const asMain = { ...here.env };
  Object.assign(here.env, issuer.githubEnv({ repository: "acme/etl", branch: "dev" }));
  const wrong = await denied();
  expect(wrong).toContain(`Microsoft Entra does not let this process act as application ${client.appId}: AADSTS700213`);
  expect(wrong).toContain(
    'subject of the identity token is "repo:acme/etl:ref:refs/heads/dev", but the trust requires "repo:acme/etl:ref:refs/heads/main"',
  );
  Object.assign(here.env, asMain);
  issuer.lifetime = -60;
  const ended = await denied();
  expect(ended).toContain("AADSTS700024");
  expect(ended).toContain("The identity token expired at");
  issuer.lifetime = 300;

  // Someone changes the trust itself.
  for (const each of client.federated) each.subject = "repo:acme/other:ref:refs/heads/main";
  const changed = await denied();
  for (const text of ["AADSTS700213", 'subject "repo:acme/etl:ref:refs/heads/main" and audience "api://AzureADTokenExchange"', TRUST_BACK])
    expect(changed).toContain(text);
  await restored(here);
  expect(await here.run(...RUN)).toMatchObject({ status: 0, stdout: "hello\n" });

  // Without any one part of the trust, the message has the fix.
  const [trusted] = client.federated;
  const principal = directory.principalOf(client.appId);
  if (!trusted || !principal) throw new Error("nothing was provisioned");
  const PARTS: [part: string, remove: () => () => void, says: string[]][] = [
    [
      "the audience",
      () => {
        trusted.audiences = [];
        return () => trusted.audiences.push("api://AzureADTokenExchange");
      },
      ["AADSTS700212", TRUST_BACK],
    ],
    [
      "the federated credential",
      () => {
        client.federated = [];
        return () => client.federated.push(trusted);
      },
      ["AADSTS700211", TRUST_BACK],
    ],
    [
      "the service principal",
      () => {
        directory.principals.delete(principal.objectId);
        return () => directory.principals.set(principal.objectId, principal);
      },
      ["AADSTS7000229", TRUST_BACK],
    ],
    [
      "its role",
      () => {
        const all = [...access.assignments];
        access.assignments.splice(0, all.length, ...all.filter(({ principalId }) => principalId !== principal.objectId));
        return () => access.assignments.splice(0, access.assignments.length, ...all);
      },
      ["AuthorizationFailed", "ContainerInstancePushPool grants it", "grant it again"],
    ],
  ];
  for (const [part, remove, says] of PARTS) {
    const restore = remove();
    const stderr = await denied();
    restore();
    for (const text of says) expect([part, stderr]).toEqual([part, expect.stringContaining(text)]);
  }

  expect(filesWith(["eyJ", issuer.githubEnv({ repository: "acme/etl" }).ACTIONS_ID_TOKEN_REQUEST_TOKEN], here.folder)).toEqual([]);

  const destroyed = await here.destroy();
  expect([destroyed.status, destroyed.stderr]).toEqual([0, expect.any(String)]);
  expect(here.provisioned()).toEqual(before);
}, 400_000);

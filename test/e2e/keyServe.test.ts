import { expect, onTestFinished, test, vi } from "vitest";
import type { FakeAws, FakeAzure, FakeGoogleCloud } from "../../src/testing";
import { startFakeIssuer } from "../../src/testing";
import { type Served, served } from "../prefect/served";
import { until } from "../until";
import { AWS, type AwsPlace } from "./clouds/aws";
import { AZURE } from "./clouds/azure";
import { type Cloud, type CloudPlace, cloudPlace } from "./clouds/cloud";
import { GCP } from "./clouds/gcp";
import { keysOnAws } from "./keyClouds";
import { rotatingPool } from "./rotatingPool";

// `pushpool serve` runs for months. Its keys and tokens do not.

vi.setConfig({ testTimeout: 400_000 });

const GITHUB = "https://token.actions.githubusercontent.com";
const FEDERATED = (jobVariables: object) => `
const federation = { github: { repository: "acme/etl", branch: "main" } };
const pool = new Pool("etl", { ...place, credentials: "federated", federation, jobVariables: ${JSON.stringify(jobVariables)} });
exports.pushPools = manifest({ pools: [pool] });`;

/** A place whose deployment has a run each second, and its `serve`. */
async function serving<Fake>(here: CloudPlace<Fake>): Promise<Served> {
  const yaml = `deployments:
  - { name: tick, entrypoint: "flow.py:hello", work_pool: { name: etl, job_variables: { command: echo hello } }, schedules: [{ interval: 1 }] }
`;
  here.write("prefect.yaml", yaml);
  here.write("flow.py", "from prefect import flow\n@flow\ndef hello():\n    pass\n");
  for (const args of [
    ["up", "--engine", "offline", "--yes"],
    ["deploy", "--all"],
  ]) {
    const { status, stderr } = await here.run(...args);
    expect([args[0], status, stderr]).toEqual([args[0], 0, expect.any(String)]);
  }
  return served(here);
}

async function federated<Fake>(cloud: Cloud<Fake, object>, options: object): Promise<CloudPlace<Fake>> {
  const issuer = await startFakeIssuer({ issuer: GITHUB });
  onTestFinished(issuer.stop);
  const here = await cloudPlace(cloud, { ...options, issuers: { [issuer.issuer]: issuer.url } });
  Object.assign(here.env, issuer.githubEnv({ repository: "acme/etl" }));
  here.program(FEDERATED({ image: "acme/etl:1", ...cloud.jobVariables }));
  here.configure();
  return here;
}

/** Wait for so many more runs. All must end well. */
async function moreRuns({ log, child, stderr }: Served, count: number): Promise<void> {
  const ended = () => log().filter(({ msg, state }) => msg === "ended" && state !== undefined);
  const before = ended().length;
  await until(() => {
    if (child.exitCode !== null) throw new Error(stderr());
    return ended().length >= before + count;
  });
  expect(ended().map(({ state }) => state)).toEqual(ended().map(() => "COMPLETED"));
}

test("AWS: serve continues when its key is replaced and deleted", async () => {
  const here = (await cloudPlace(AWS)) as AwsPlace;
  const { fake } = here;
  const done = async (command: string) => expect((await here.run(command, "--engine", "offline", "--yes")).status).toBe(0);
  here.program(rotatingPool({ everyDays: 365 }));
  here.configure();
  await done("up");
  const [first] = keysOnAws(fake) as [string];
  const key = fake.world.iam.keys.get(first);
  if (key) key.since -= 91 * 86_400_000;
  await done("refresh");
  const serve = await serving(here);
  await moreRuns(serve, 2);
  here.program(rotatingPool());
  await done("up");
  const [, second] = keysOnAws(fake) as [string, string];
  // Harder than `up`, which waits until no unfinished run was submitted with it.
  fake.world.iam.keys.delete(first);
  const since = fake.calls.length;
  await moreRuns(serve, 4);
  const callers = new Set(fake.calls.slice(since).flatMap(({ status, accessKeyId }) => (status === 200 ? [accessKeyId] : [])));
  expect(callers).toEqual(new Set([second]));
});

test("AWS: serve gets a new session when AWS ends its own", async () => {
  const here = await federated<FakeAws>(AWS, {});
  const serve = await serving(here);
  const sessions = () => here.fake.calls.filter(({ action }) => action === "sts:AssumeRoleWithWebIdentity").length;
  for (let round = 1; round <= 2; round++) {
    await moreRuns(serve, 2);
    expect(sessions()).toBe(round);
    here.fake.endSessions();
    // The next runs that end may have been submitted and watched before.
    await until(() => sessions() > round);
  }
  await moreRuns(serve, 2);
  expect(sessions()).toBe(3);
});

test("AWS: serve renews a session before it ends, so AWS refuses none", async () => {
  // A session is renewed five minutes before its end: here after three seconds.
  const here = await federated<FakeAws>(AWS, { sessionLifetime: 303 });
  const serve = await serving(here);
  const { calls } = here.fake;
  await until(() => calls.filter(({ action, status }) => action === "sts:AssumeRoleWithWebIdentity" && status === 200).length > 1);
  await moreRuns(serve, 3);
  expect(calls.filter(({ reply }) => /UnrecognizedClient|InvalidClientTokenId|ExpiredToken/.test(JSON.stringify(reply)))).toEqual([]);
});

test("Azure: serve renews a token before it ends, so Azure refuses none", async () => {
  // Azure's library renews a token two minutes before its end: here after three seconds.
  const here = await federated<FakeAzure>(AZURE, { tokenLifetime: 123 });
  const serve = await serving(here);
  const { calls } = here.fake;
  // One token is for the groups, and one for the logs.
  await until(() => calls.filter(({ action, status }) => action === "entra/token" && status === 200).length > 2);
  await moreRuns(serve, 3);
  expect(calls.filter(({ status }) => status === 401)).toEqual([]);
});

test("Google Cloud: serve renews a token before it ends, and gets another one when Google ends it", async () => {
  // Google's library renews a token five minutes before its end: here after three seconds.
  const here = await federated<FakeGoogleCloud>(GCP, { tokenLifetime: 303 });
  const serve = await serving(here);
  const tokens = () => here.fake.calls.filter(({ method }) => method === "iamcredentials.serviceAccounts.generateAccessToken").length;
  await until(() => tokens() > 1);
  await moreRuns(serve, 3);
  expect(here.fake.calls.filter(({ status }) => status === 401)).toEqual([]);
  here.fake.endTokens();
  const before = tokens();
  await until(() => tokens() > before);
  await moreRuns(serve, 2);
});

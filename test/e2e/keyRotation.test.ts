import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { FakeGoogleCloud } from "../../src/testing";
import { type AwsPlace, awsPlace } from "./clouds/aws";
import { type CloudPlace, cloudPlace } from "./clouds/cloud";
import { filesWith } from "./filesWith";
import { KEY_CLOUDS, type KeyCloud, type KeyFake, keysOnAws } from "./keyClouds";
import { clocksOf } from "./passTime";
import { rotatingPool } from "./rotatingPool";

// Keys that change, by the built command line: `keyRotation` of a pool, from the first key to the end of an overlap.

async function place(): Promise<AwsPlace & { done(): Promise<string>; time: ReturnType<typeof clocksOf> }> {
  const here = await awsPlace();
  here.program(rotatingPool());
  here.configure();
  const done = async () => {
    const { status, stderr, stdout } = await here.up();
    if (status !== 0) throw new Error(stderr + stdout);
    return stderr + stdout;
  };
  return { ...here, done, time: clocksOf(here.env) };
}

test("AWS: a key changes without a gap", async () => {
  const here = await place();
  const { fake, time, done } = here;
  await done();
  const [first] = keysOnAws(fake) as [string];
  expect(keysOnAws(fake)).toEqual([first]);
  expect(await done()).toMatch(/no changes/);
  const gate = join(here.folder, "gate");
  const long = `sh -c 'until [ -e ${gate} ]; do sleep 0.1; done'`;
  const started = await here.run("run", "hello/prod", "--detach", "--flow-run-name", "fox", "--job-variable", `command=${long}`);
  expect([started.status, started.stderr]).toEqual([0, expect.any(String)]);

  time.pass(91);
  const preview = await here.preview();
  expect(preview.stdout + preview.stderr).toMatch(/\+ aws:iam\/accessKey:AccessKey etl-push-key-2/);
  expect(keysOnAws(fake)).toEqual([first]);
  expect(await done()).toMatch(new RegExp(`key ${first} is 91 days old: a new key takes its place, and the old one stays for 7 days`));
  const [, second] = keysOnAws(fake) as [string, string];
  const secrets = [first, second].map((id) => fake.world.iam.keys.get(id)?.key.secretAccessKey ?? "");
  const proofs = fake.calls.filter(({ action, status }) => action === "sts:GetCallerIdentity" && status === 200);
  expect(proofs.map(({ accessKeyId }) => accessKeyId)).toEqual([first, second]);

  const since = fake.calls.length;
  expect((await here.run("run", "hello/prod")).status).toBe(0);
  expect(new Set(fake.calls.slice(since).map(({ accessKeyId }) => accessKeyId))).toEqual(new Set([second]));
  const { pools } = JSON.parse((await here.run("pools", "--json")).stdout) as { pools: { keys: object[] }[] };
  expect(pools[0]?.keys).toEqual([
    { keyId: second, createdAt: expect.any(String), use: "current", changesAt: expect.any(String) },
    { keyId: first, createdAt: expect.any(String), use: "previous", removedAfter: expect.any(String) },
  ]);
  expect((await here.run("pools")).stderr).toMatch(
    new RegExp(`key ${second} is .* old and changes in \\d+ days; key ${first} before it goes in \\d+ days`),
  );

  time.pass(8);
  expect(await done()).toMatch(new RegExp(`key ${first} stays because unfinished runs were submitted by it: fox`));
  expect(keysOnAws(fake)).toEqual([first, second]);
  writeFileSync(gate, "");
  expect((await here.run("wait", "fox")).status).toBe(0);
  expect(await done()).toMatch(new RegExp(`key ${first} is removed`));
  expect(keysOnAws(fake)).toEqual([second]);
  expect((await here.run("run", "hello/prod")).status).toBe(0);
  expect(await done()).toMatch(/no changes/);
  for (const secret of secrets) expect(filesWith([secret], here.folder)).toEqual([]);
  expect((await here.destroy()).status).toBe(0);
  expect(keysOnAws(fake)).toEqual([]);
});

test("AWS: no room for a new key, a wrong clock, and a key that somebody deleted", async () => {
  const here = await place();
  const { fake, time, done } = here;
  await done();
  const [first] = keysOnAws(fake) as [string];
  const [user] = [...fake.world.iam.users].filter(([name]) => name.startsWith("etl-push")).map(([, each]) => each);
  const { accessKeyId: byHand } = fake.world.iam.addKey(user as never);
  time.pass(91);
  const before = fake.calls.filter(({ action }) => !/:(List|Get|Describe)/.test(action)).length;
  const refused = await here.up();
  expect([refused.status, refused.stderr]).toEqual([2, expect.stringContaining(`aws iam delete-access-key`)]);
  expect(refused.stderr).toContain(`--access-key-id ${byHand}`);
  // The SDK's own words about an internal property say nothing to the user.
  expect(refused.stderr).not.toContain("serializing property");
  expect(fake.calls.filter(({ action }) => !/:(List|Get|Describe)/.test(action))).toHaveLength(before);

  fake.world.iam.keys.delete(byHand);
  time.mistake(-60);
  expect(await done()).toMatch(/the clock of this machine is \d+ days behind the cloud's[\s\S]*a new key takes its place/);
  const [, second] = keysOnAws(fake) as [string, string];
  time.mistake(4000);
  expect(await done()).toMatch(/is (3999|4000) days ahead of the cloud's[\s\S]*stays until its overlap is over/);
  expect(keysOnAws(fake)).toEqual([first, second]);
  time.mistake(0);

  // Longer than a new key may be missing from the list.
  time.pass(1);
  fake.world.iam.keys.delete(second);
  expect(await done()).toMatch(new RegExp(`key ${second} was deleted in the cloud: a new key takes its place now`));
  expect(keysOnAws(fake)).toEqual([first, expect.any(String)]);
  expect((await here.run("run", "hello/prod")).status).toBe(0);
});

test("AWS: a key that somebody disabled is replaced at once, also a young one", async () => {
  const here = await place();
  const { fake, done } = here;
  await done();
  const [first] = keysOnAws(fake) as [string];
  Object.assign(fake.world.iam.keys.get(first) ?? {}, { active: false });
  expect(await done()).toMatch(new RegExp(`key ${first} is disabled in the cloud: a new key takes its place now`));
  expect(keysOnAws(fake)).toEqual([expect.not.stringContaining(first)]);
  expect((await here.run("run", "hello/prod")).status).toBe(0);
  expect(await done()).toMatch(/no changes/);
});

/** The same story in short, for the other clouds. */
function describeRotation({ cloud, keysOf, forget }: KeyCloud, name: string, more: (here: CloudPlace<KeyFake>) => Promise<void>): void {
  test(`${cloud.name}: a key changes without a gap, with a wrong clock too, and a key that somebody deleted`, async () => {
    const here = await cloudPlace(cloud);
    const { fake } = here;
    const time = clocksOf(here.env);
    here.program(rotatingPool(cloud));
    here.configure();
    const done = async (...args: string[]) => {
      const { status, stderr, stdout } = await here.run(...args);
      if (status !== 0) throw new Error(stderr + stdout);
      return stderr + stdout;
    };
    const up = () => done("up", "--engine", "offline", "--yes");
    await up();
    const [first] = keysOf(fake) as [string];
    expect(keysOf(fake)).toEqual([first]);

    time.pass(91);
    expect((await here.preview()).stderr).toContain(`+ ${name}-2`);
    time.mistake(30);
    expect(await up()).toMatch(/clock of this machine is \d+ days ahead of[\s\S]*key \S+ is 91 days old: a new key takes its place/);
    time.mistake(0);
    const [, second] = keysOf(fake) as [string, string];
    expect(await done("pools")).toMatch(new RegExp(`key ${first} before it goes in`));
    await done("run", "hello/prod");

    time.pass(8);
    expect(await up()).toMatch(new RegExp(`key ${first} is removed`));
    expect(keysOf(fake)).toEqual([second]);
    await done("run", "hello/prod");
    expect(await up()).toMatch(/no changes/);

    // Nobody has run `pushpool refresh`: the cloud lists its keys.
    forget(fake, second);
    expect(await up()).toMatch(new RegExp(`key ${second} was deleted in the cloud: a new key takes its place now`));
    expect(keysOf(fake)).toEqual([expect.not.stringContaining(second)]);
    await done("run", "hello/prod");
    await more(here);
  });
}

describeRotation(KEY_CLOUDS.gcp, "gcp:serviceaccount/key:Key etl-push-key", async (here) => {
  // Google's limit of ten keys.
  const { world } = here.fake as unknown as FakeGoogleCloud;
  const [{ email = "" } = {}] = [...world.iam.keys.values()];
  const byHand = Array.from({ length: 9 }, () => world.iam.addKey(email, "acme", "").id);
  clocksOf(here.env).pass(200);
  const refused = await here.up();
  expect([refused.status, refused.stderr]).toEqual([2, expect.stringMatching(/already has 10 keys, .* nor 8 others: if nothing uses it/)]);
  expect(refused.stderr).toContain(`gcloud iam service-accounts keys delete ${byHand[0]} --iam-account ${email}`);
  expect(world.iam.keys.size).toBe(10);
  world.iam.keys.delete(byHand[0] ?? "");
  expect((await here.up()).status).toBe(0);
  expect(world.iam.keys.size).toBe(10);
});
describeRotation(KEY_CLOUDS.azure, "azuread:index/applicationPassword:ApplicationPassword etl-push-secret", async () => {});

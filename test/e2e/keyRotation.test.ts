import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import type { FakeGoogleCloud } from "../../src/testing";
import { awsApi } from "../../src/testing/providers/aws/awsApi";
import { type AwsPlace, awsPlace } from "./clouds/aws";
import { type CloudPlace, cloudPlace } from "./clouds/cloud";
import { filesWith } from "./filesWith";
import { KEY_CLOUDS, type KeyCloud, type KeyFake, keysOnAws } from "./keyClouds";
import { clocksOf } from "./passTime";
import { rotatingPool } from "./rotatingPool";

// Keys that change, by the built command line: `keyRotation` of a pool, from the first key to the end of an overlap.

vi.setConfig({ testTimeout: 600_000 });

interface RotatingPlace extends AwsPlace {
  /** Write the program. */
  rotating(options?: Parameters<typeof rotatingPool>[0]): void;
  done(): Promise<string>;
  time: ReturnType<typeof clocksOf>;
}

/** @param network of the pool. Each `up` takes a tenth less processor time if it exists already. */
async function place(network: "made" | "given"): Promise<RotatingPlace> {
  const here = await awsPlace();
  const existing = 'vpcId: "vpc-1", subnetIds: ["subnet-1"], securityGroupIds: ["sg-1"], assignPublicIp: true, ';
  const rotating: RotatingPlace["rotating"] = (options) =>
    here.program(rotatingPool({ ...(network === "given" ? { given: existing } : {}), ...options }));
  rotating();
  here.configure();
  const done = async () => {
    const { status, stderr, stdout } = await here.up();
    if (status !== 0) throw new Error(stderr + stdout);
    return stderr + stdout;
  };
  return { ...here, rotating, done, time: clocksOf(here.env) };
}

test("AWS: a key changes without a gap", async () => {
  const here = await place("made");
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
  expect(await done()).toMatch(new RegExp(`key ${first} is 91 days old: a new key replaces it, and the old one stays valid for 7 days`));
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
    new RegExp(`key ${second} is .* old and changes in \\d+ days; the previous key ${first} is removed in \\d+ days`),
  );

  time.pass(8);
  expect(await done()).toMatch(new RegExp(`key ${first} stays because unfinished runs were submitted with it: fox`));
  expect((await here.run("pools")).stderr).toContain(`key ${first} is removed at the next up, once its unfinished runs have ended: fox`);
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
  const here = await place("given");
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
  expect(await done()).toMatch(/the clock of this machine is \d+ days behind the cloud's[\s\S]*a new key replaces it/);
  const [, second] = keysOnAws(fake) as [string, string];
  time.mistake(4000);
  expect(await done()).toMatch(/is (3999|4000) days ahead of the cloud's[\s\S]*stays until its overlap is over/);
  expect(keysOnAws(fake)).toEqual([first, second]);
  time.mistake(0);

  // Longer than a new key may be missing from the list.
  time.pass(1);
  fake.world.iam.keys.delete(second);
  expect(await done()).toMatch(new RegExp(`key ${second} was deleted in the cloud: a new key replaces it now`));
  expect(keysOnAws(fake)).toEqual([first, expect.any(String)]);
  expect((await here.run("run", "hello/prod")).status).toBe(0);
});

test("AWS: a key that somebody disabled is replaced at once, also a young one", async () => {
  const here = await place("given");
  const { fake, done } = here;
  await done();
  const [first] = keysOnAws(fake) as [string];
  Object.assign(fake.world.iam.keys.get(first) ?? {}, { active: false });
  expect(await done()).toMatch(new RegExp(`key ${first} is disabled in the cloud: a new key replaces it now`));
  expect(keysOnAws(fake)).toEqual([expect.not.stringContaining(first)]);
  expect((await here.run("run", "hello/prod")).status).toBe(0);
  expect(await done()).toMatch(/no changes/);
});

test("AWS: --target while a change is due, other numbers in the overlap, and no rotation any more", async () => {
  const here = await place("given");
  const { fake, time } = here;
  const up = async (...args: string[]) => {
    const { status, stderr, stdout } = await here.up(...(args.length > 0 ? ["--", ...args] : []));
    if (status !== 0) throw new Error(stderr + stdout);
    return stderr + stdout;
  };
  /** The keys of the manifest, and that its current key submits. */
  const inUse = async () => {
    const { pools } = JSON.parse((await here.run("pools", "--json")).stdout) as { pools: { keys: { keyId: string }[] }[] };
    const since = fake.calls.length;
    expect((await here.run("run", "hello/prod")).status).toBe(0);
    const keys = pools[0]?.keys.map(({ keyId }) => keyId) ?? [];
    expect(new Set(fake.calls.slice(since).map(({ accessKeyId }) => accessKeyId))).toEqual(new Set([keys[0]]));
    return keys;
  };
  await up();
  const [first] = keysOnAws(fake) as [string];
  time.pass(91);
  // A preview without the new key says nothing about a change that does not happen.
  const without = await here.preview("--", "--target", "**hello/prod");
  expect([without.status, without.stderr]).toEqual([0, expect.not.stringContaining(first)]);
  expect((await here.preview("--", "--target", "**etl-push-key-2")).stderr).toContain(`key ${first} is 91 days old: a new key replaces it`);
  // Without the new key, without its proof, then with both.
  expect(await up("--target", "**hello/prod")).toMatch(new RegExp(`key ${first} is due for a change, but this up leaves the new key out`));
  expect([keysOnAws(fake), await inUse()]).toEqual([[first], [first]]);
  await up("--target", "**etl-push-key-2");
  const [, second] = keysOnAws(fake) as [string, string];
  expect(await inUse()).toEqual([first]);
  const preview = await here.preview();
  expect(preview.stderr).toContain(`an earlier up did not finish the change from key ${first} to ${second}: this one continues it`);
  expect(await up()).toContain(`an earlier up did not finish the change from key ${first} to ${second}: this one continues it`);
  expect(await inUse()).toEqual([second, first]);

  time.pass(2);
  here.rotating({ overlapDays: 1 });
  expect((await here.preview()).stderr).toContain(`key ${first} is removed`);
  expect(await up()).toContain(`key ${first} is removed`);
  expect(await inUse()).toEqual([second]);
  here.rotating({ everyDays: 2, overlapDays: 1 });
  // The id of a key that does not exist yet is unknown, not secret.
  expect((await here.preview()).stderr).toMatch(new RegExp(`keyId: "${second}" => \\[unknown\\]`));
  await up();
  const [, third] = keysOnAws(fake) as [string, string];
  expect(await inUse()).toEqual([third, second]);

  // AWS has no room for a key without rotation beside both.
  here.rotating({ everyDays: 0 });
  const off = await here.up();
  expect([off.status, off.stderr]).toEqual([5, expect.stringContaining("Cannot exceed quota for AccessKeysPerUser: 2")]);
  expect(keysOnAws(fake)).toEqual([second, third]);
  expect(await inUse()).toEqual([third, second]);
  expect((await here.destroy()).status).toBe(0);
  expect(keysOnAws(fake)).toEqual([]);
});

test("AWS: an existing user that has two keys, then one", async () => {
  const here = await place("made");
  const { iam } = here.fake.world;
  await awsApi(here.fake).iam("CreateUser", { UserName: "nightly" });
  const user = iam.users.get("nightly");
  if (!user) throw new Error("the fake has no such user");
  const [one, two] = [iam.addKey(user).accessKeyId, iam.addKey(user).accessKeyId];
  here.rotating({ user: "nightly" });
  const before = here.provisioned();
  for (const refused of [await here.preview(), await here.up()]) {
    expect([refused.status, refused.stderr]).toEqual([
      2,
      expect.stringMatching(/nightly already has 2 keys, .*nor one other.*No key was made/),
    ]);
    expect(refused.stderr).toContain(`aws iam delete-access-key --user-name nightly --access-key-id ${one}`);
  }
  iam.keys.delete(one);
  await here.done();
  expect(keysOnAws(here.fake)).toEqual([two, expect.any(String)]);
  expect((await here.run("run", "hello/prod")).status).toBe(0);
  expect((await here.destroy()).status).toBe(0);
  expect(keysOnAws(here.fake)).toEqual([two]);
  expect(here.provisioned()).toMatchObject({ users: before.users, clusters: before.clusters });
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
    expect(await up()).toMatch(/clock of this machine is \d+ days ahead of[\s\S]*key \S+ is 91 days old: a new key replaces it/);
    time.mistake(0);
    const [, second] = keysOf(fake) as [string, string];
    expect(await done("pools")).toMatch(new RegExp(`key ${first} is removed in`));
    await done("run", "hello/prod");

    time.pass(8);
    expect(await up()).toMatch(new RegExp(`key ${first} is removed`));
    expect(keysOf(fake)).toEqual([second]);
    await done("run", "hello/prod");
    expect(await up()).toMatch(/no changes/);

    // Nobody has run `pushpool refresh`: the cloud lists its keys.
    forget(fake, second);
    expect(await up()).toMatch(new RegExp(`key ${second} was deleted in the cloud: a new key replaces it now`));
    expect(keysOf(fake)).toEqual([expect.not.stringContaining(second)]);
    await done("run", "hello/prod");
    await more(here);
  });
}

describeRotation(KEY_CLOUDS.gcp, "gcp:serviceaccount/key:Key etl-push-key", async (here) => {
  const { world } = here.fake as unknown as FakeGoogleCloud;
  const time = clocksOf(here.env);
  const [[disabled, key]] = [...world.iam.keys] as [[string, object]];
  Object.assign(key, { disabledFor: "SERVICE_ACCOUNT_KEY_DISABLE_REASON_EXPOSED" });
  time.pass(100);
  const ended = await here.run("run", "hello/prod");
  expect([ended.status, ended.stderr]).toEqual([5, expect.stringContaining("Google does not accept the credentials of etl-push")]);
  const replaced = await here.up();
  expect([replaced.status, replaced.stderr]).toEqual([
    0,
    expect.stringContaining(`key ${disabled} is disabled in the cloud: a new key replaces it now`),
  ]);
  expect([...world.iam.keys.keys()]).toEqual([expect.not.stringContaining(disabled)]);
  expect((await here.run("run", "hello/prod")).status).toBe(0);

  // Google's limit of ten keys.
  const [{ email = "" } = {}] = [...world.iam.keys.values()];
  const byHand = Array.from({ length: 9 }, () => world.iam.addKey(email, "acme", "").id);
  time.pass(100);
  const refused = await here.up();
  expect([refused.status, refused.stderr]).toEqual([2, expect.stringMatching(/already has 10 keys, .* nor 8 others: if nothing uses it/)]);
  expect(refused.stderr).toContain(`gcloud iam service-accounts keys delete ${byHand[0]} --iam-account ${email}`);
  expect(world.iam.keys.size).toBe(10);
  world.iam.keys.delete(byHand[0] ?? "");
  expect((await here.up()).status).toBe(0);
  expect(world.iam.keys.size).toBe(10);
});
describeRotation(KEY_CLOUDS.azure, "azuread:index/applicationPassword:ApplicationPassword etl-push-secret", async () => {});

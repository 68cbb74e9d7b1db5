import { randomUUID } from "node:crypto";
import { describe, expect, onTestFinished, test } from "vitest";
import type { JsonObject } from "../../src/json";
import { startFakeAws } from "../../src/testing";
import { ecsManifest, ecsPlace } from "./clouds/aws";

interface Whose {
  source: { project: string; stack: string };
  password: string;
}

/** A handwritten manifest for each stack: its task prints the password that it started with. */
async function twoOn(stacks: [Whose, Whose], { sameKey = false, ambient = false } = {}) {
  const aws = await startFakeAws({ grace: 1000, step: 300 });
  onTestFinished(() => aws.stop());
  const shared = aws.accessKey("submitter");
  const places = stacks.map(({ source, password }) => {
    const key = sameKey ? shared : aws.accessKey(`submitter-${randomUUID()}`);
    const env = { DB_PASSWORD: "{{ prefect.blocks.secret.db }}" };
    const manifest = ecsManifest(aws, key, { "db/load": `sh -c 'echo "my password is $DB_PASSWORD"'` }, { jobVariables: { env } });
    const blocks = { ...(manifest.blocks as JsonObject), "secret/db": { data: { value: password } } };
    const place = ecsPlace({ ...manifest, source, blocks });
    if (ambient) Object.assign(place.env, { AWS_ACCESS_KEY_ID: key.accessKeyId, AWS_SECRET_ACCESS_KEY: key.secretAccessKey });
    return place;
  });
  const login = ambient ? ["--credentials", "ambient"] : [];
  const started = [];
  // The second writes its secret while the first one's task is still PROVISIONING.
  for (const place of places) {
    const { status, stdout, stderr } = await place.run("run", "db/load", "--detach", ...login);
    expect([status, stderr]).toEqual([0, expect.any(String)]);
    started.push({ place, id: stdout.trim() });
  }
  const said = [];
  for (const { place, id } of started) {
    expect((await place.run("wait", id)).status).toBe(0);
    said.push((await place.run("logs", id)).stdout.trim());
  }
  return { aws, said, places };
}

const stack = (project: string, name: string, password: string): Whose => ({ source: { project, stack: name }, password });

describe("two stacks in one AWS account: each task starts with its own stack's secret", () => {
  test.each<[string, [Whose, Whose], { sameKey?: boolean; ambient?: boolean }]>([
    ["dev and prod of one program", [stack("data", "dev", "dev-password"), stack("data", "prod", "prod-password")], {}],
    ["names that are equal when their parts are joined", [stack("a-b", "c", "one"), stack("a", "b-c", "other")], {}],
    ["names that differ by case, with one key", [stack("data", "dev", "one"), stack("data", "Dev", "other")], { sameKey: true }],
    ["one name twice, with two keys", [stack("data", "dev", "one"), stack("data", "dev", "other")], {}],
    ["one name twice, with one login, from two homes", [stack("data", "dev", "one"), stack("data", "dev", "other")], { ambient: true }],
  ])(
    "%s",
    async (_, stacks, how) => {
      const { aws, said, places } = await twoOn(stacks, how);
      expect(said).toEqual(stacks.map(({ password }) => `my password is ${password}`));
      expect([...aws.world.parameters.values()].map(({ value }) => value)).toEqual(stacks.map(({ password }) => password));
      // A parameter's name shows the stack, but no part of the value.
      for (const [name, { value }] of aws.world.parameters) expect(name).not.toContain(value);
      for (const { password } of stacks) expect([...aws.world.families.keys()].join()).not.toContain(password);
      expect(places).toHaveLength(2);
    },
    120_000,
  );
});

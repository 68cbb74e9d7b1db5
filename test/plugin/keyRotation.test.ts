import { expect, onTestFinished, test } from "vitest";
import { awsProvider, serveProvider, startFakeAws } from "../../src/testing";
import { keysOnAws } from "../e2e/keyClouds";
import { clocksOf } from "../e2e/passTime";
import { masked, pythonStack } from "./otherLanguages";

// test/e2e/keyRotation.test.ts has the whole story, in TypeScript. Here it is a program in Python, whose manifest is one secret text.

const PROGRAM = `import pulumi
import pulumi_pushpool as pushpool

config = pulumi.Config()
pool = pushpool.EcsPushPool(
    "etl",
    endpoints=config.get_object("endpoints"),
    key_rotation=pushpool.KeyRotationArgs(every_days=90, overlap_days=7),
    timeout_seconds=3600,
    job_variables={"image": "acme/etl:1"},
)
pulumi.export("pushPools", pushpool.Manifest("manifest", pools=[pool.definition]).json)
`;

test("a pool in Python changes its key without a gap", async () => {
  const aws = await startFakeAws();
  onTestFinished(() => aws.stop());
  const served = await serveProvider(awsProvider(aws));
  onTestFinished(served.stop);
  const { stack, heard, env } = await pythonStack({
    project: "rotating",
    files: { "__main__.py": PROGRAM },
    config: { "aws:region": aws.region, "rotating:endpoints": JSON.stringify(aws.endpoints) },
    providers: { aws: served.port },
  });
  const time = clocksOf(env);
  const up = async () => {
    heard.length = 0;
    const { unchanged, steps } = await stack.up();
    return {
      unchanged,
      notes: heard.join("\n"),
      proofs: steps.filter(({ urn }) => urn.includes("KeyProof")).map(({ urn, op }) => `${op} ${urn.split("::")[2]}`),
    };
  };
  const first = await up();
  expect(first.proofs).toEqual(["create pushpool:index:EcsPushPool$pushpool:index:KeyProof"]);
  const [one] = keysOnAws(aws) as [string];
  expect(await up()).toMatchObject({ unchanged: true, notes: "" });

  time.pass(91);
  await stack.preview();
  expect(keysOnAws(aws)).toEqual([one]);
  const second = await up();
  expect(second.notes).toMatch(new RegExp(`key ${one} is 91 days old: a new key replaces it, and the old one stays valid for 7 days`));
  expect(second.proofs).toEqual(["update pushpool:index:EcsPushPool$pushpool:index:KeyProof"]);
  const [, two] = keysOnAws(aws) as [string, string];
  const { blocks } = masked((await stack.outputs({ secrets: true })).pushPools) as {
    blocks: Record<string, { keyId: string; rotation: object }>;
  };
  expect(blocks["aws-credentials/etl"]).toMatchObject({ keyId: two, rotation: { everyDays: 90, previous: { keyId: one } } });
  // The state says that the manifest has the new key, so nothing is proved again.
  expect(await up()).toMatchObject({ unchanged: true, proofs: [] });

  time.pass(9);
  expect((await up()).notes).toMatch(new RegExp(`key ${one} is removed`));
  expect(keysOnAws(aws)).toEqual([two]);
  const state = JSON.stringify(stack.exportState());
  for (const { secretAccessKey } of [...aws.world.iam.keys.values()].map(({ key }) => key)) expect(state).not.toContain(secretAccessKey);
  await stack.destroy();
  expect(keysOnAws(aws)).toEqual([]);
});

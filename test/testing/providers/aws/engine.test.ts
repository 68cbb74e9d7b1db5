import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { awsProvider, OfflineEngine, startFakeAws } from "../../../../src/testing";
import { provisioned } from "../../../e2e/clouds/aws";

// The unmodified program of the example, as its user would test it: the offline engine and the stand-in in the same process.

test("examples/aws: AWS refuses something half-way, the next up continues, and destroy leaves nothing", async () => {
  const aws = await startFakeAws();
  onTestFinished(() => aws.stop());
  const empty = provisioned(aws);
  let refused = 0;
  const engine = new OfflineEngine({
    projectDir: join(__dirname, "..", "..", "..", "..", "examples", "aws"),
    providers: { aws: awsProvider(aws) },
    config: { "aws:region": aws.region },
    intercept: (call, proceed) => {
      const { urn, preview } = call.request;
      if (call.method !== "create" || preview === true || !String(urn).includes(":AccessKey::") || refused > 0) return proceed();
      refused += 1;
      throw new Error("LimitExceeded: Cannot exceed quota for AccessKeysPerUser: 2");
    },
  });
  onTestFinished(() => engine.close());

  const { diff } = await engine.preview();
  expect(diff).toContain("+ pushpool:index:EcsPushPool etl");
  expect(provisioned(aws)).toEqual(empty);
  await expect(engine.up()).rejects.toThrow(/LimitExceeded: Cannot exceed quota/);
  expect(provisioned(aws)).toMatchObject({ users: [expect.any(String)], keys: [] });

  const { changes, outputs } = await engine.up();
  expect(changes.create).toBeGreaterThan(0);
  expect(outputs).toMatchObject({ imageRepository: expect.stringContaining(".dkr.ecr."), vpcId: expect.stringMatching(/^vpc-/) });
  expect(provisioned(aws).users).toHaveLength(1);
  expect((await engine.resource("etl-push-key")).outputs.secret).toBe("[secret]");
  expect((await engine.up()).unchanged).toBe(true);

  await engine.destroy();
  expect(provisioned(aws)).toEqual(empty);
}, 600_000);

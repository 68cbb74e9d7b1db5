import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { JsonObject } from "../../src/json";
import { startFakeAws } from "../../src/testing";
import { ecsManifest, ecsPlace } from "./clouds/aws";

// `pulumi` on PATH is a stand-in script that records its arguments.

async function here(policies?: Parameters<Awaited<ReturnType<typeof startFakeAws>>["accessKey"]>[1]) {
  const aws = await startFakeAws({ grace: 1000 });
  onTestFinished(() => aws.stop());
  const env = { TOKEN: "{{ prefect.blocks.secret.t }}" };
  const manifest = ecsManifest(aws, aws.accessKey("submitter", policies), { "hello/prod": "true" }, { jobVariables: { env } });
  const blocks = { ...(manifest.blocks as JsonObject), "secret/t": { data: { value: "hunter2" } } };
  const place = ecsPlace({ ...manifest, blocks });
  const log = join(place.folder, "asked");
  const bin = join(place.folder, "bin");
  mkdirSync(bin);
  writeFileSync(join(place.folder, "Pulumi.yaml"), "name: data\nruntime: nodejs\n");
  writeFileSync(join(bin, "pulumi"), `#!/bin/sh\ncase "$1" in destroy) echo "$@" >> ${log};; *) exit 1;; esac\n`, { mode: 0o755 });
  place.env.PATH = `${bin}:${place.env.PATH}`;
  expect((await place.run("run", "hello/prod")).status).toBe(0);
  const left = () => {
    const definitions = [...aws.world.families.values()].flat().filter(({ definition }) => definition.status !== "DELETE_IN_PROGRESS");
    return [aws.world.parameters.size, definitions.length];
  };
  expect(left()).toEqual([1, 1]);
  return { ...place, aws, left, asked: () => readFileSync(log, "utf8").trim() };
}

test("destroy with the Pulumi CLI: the runs' leftovers are deleted first, unless only a part of the stack is destroyed", async () => {
  const place = await here();
  const part = await place.run("destroy", "--yes", "--engine", "pulumi", "--", "--target", "urn");
  expect([part.status, part.stderr, place.left()]).toEqual([0, expect.stringContaining("this destroys only a part of the stack"), [1, 1]]);
  const whole = await place.run("destroy", "--yes", "--engine", "pulumi");
  expect(whole).toMatchObject({ status: 0, stdout: "" });
  expect(whole.stderr).toContain(`work pool "etl": removed what its runs had made: 1 secret in Parameter Store, 1 task definition`);
  expect([place.left(), place.asked()]).toEqual([[0, 0], "destroy --stack dev --yes --target urn\ndestroy --stack dev --yes"]);
  // Nobody can confirm here, and pulumi reports that itself: nothing is deleted before.
  expect((await place.run("run", "hello/prod")).status).toBe(0);
  await place.run("destroy", "--engine", "pulumi");
  expect(place.left()).toEqual([1, 1]);
});

test("the caller's own login deletes what the work pool's key may not; without one there is a message, and the stack is still destroyed", async () => {
  const put = { Statement: { Effect: "Allow", Action: "ssm:PutParameter", Resource: "*" } } as const;
  const place = await here(["AmazonECS_FullAccess", put]);
  const refused = await place.run("destroy", "--yes", "--engine", "pulumi");
  expect([refused.status, place.left(), place.asked()]).toEqual([0, [1, 0], "destroy --stack dev --yes"]);
  expect(refused.stderr).toMatch(/work pool "etl": removed what its runs had made: 1 task definition\n/);
  expect(refused.stderr).toMatch(/not authorized to perform: ssm:DescribeParameters/);
  expect(refused.stderr).not.toContain("hunter2");
  const owner = place.aws.accessKey("owner");
  Object.assign(place.env, { AWS_ACCESS_KEY_ID: owner.accessKeyId, AWS_SECRET_ACCESS_KEY: owner.secretAccessKey });
  expect((await place.run("destroy", "--yes", "--engine", "pulumi")).stderr).toContain(
    "removed what its runs had made: 1 secret in Parameter Store",
  );
  expect(place.left()).toEqual([0, 0]);
});

import { expect, onTestFinished, test } from "vitest";
import { type InitInput, planAws } from "../../src/init";
import { awsProvider, serveProvider, startFakeAws } from "../../src/testing";
import { planned, pythonStack, stackOf } from "./otherLanguages";

// What `pushpool init aws` writes for two work pools declares the same in each language: one network for both.

const PREFECT_YAML = { actions: {}, deployments: ["etl", "other"].map((name) => ({ config: { name: "prod", work_pool: { name } } })) };

function filesOf(language: "typescript" | "python" | "yaml"): Record<string, string> {
  const input = { folder: "/infra", prefectYaml: PREFECT_YAML, env: {}, pushpool: "^1", present: ["package.json"], language };
  return planAws(input as unknown as InitInput).files;
}

test("several pools share a network in every language", async () => {
  const aws = await startFakeAws();
  onTestFinished(() => aws.stop());
  const served = await serveProvider(awsProvider(aws));
  onTestFinished(served.stop);
  const given = { project: "infra", config: { "aws:region": aws.region }, providers: { aws: served.port } };
  const { "__main__.py": main = "" } = filesOf("python");
  const stacks = [
    stackOf({ ...given, files: withoutFolders(filesOf("typescript")) }),
    await pythonStack({ ...given, files: { "__main__.py": main } }),
    stackOf({ ...given, files: withoutFolders(filesOf("yaml")) }),
  ];
  const plans = [];
  for (const { stack } of stacks) {
    // The first preview knows nothing of the network yet.
    plans.push(planned((await stack.preview()).steps));
    expect(planned((await stack.up()).steps)).toEqual(plans.at(-1));
    await stack.destroy();
  }
  expect(plans[0]?.filter((step) => step.includes("TaskNetwork$aws:ec2/vpc:Vpc"))).toHaveLength(1);
  expect(plans[0]?.filter((step) => step.endsWith(":EcsPushPool other"))).toHaveLength(1);
  expect([plans[1], plans[2]]).toEqual([plans[0], plans[0]]);
});

function withoutFolders(files: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).filter(([name]) => !name.includes("/")));
}

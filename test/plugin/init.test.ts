import { expect, onTestFinished, test } from "vitest";
import { type InitInput, type Login, planAws } from "../../src/init";
import { awsProvider, serveProvider, startFakeAws } from "../../src/testing";
import { planned, pythonStack, stackOf } from "./otherLanguages";

// What `pushpool init aws` writes declares the same in each language.

interface Asked {
  pools: string[];
  login: Login;
}

function filesOf(language: "typescript" | "python" | "yaml", { pools, login }: Asked): Record<string, string> {
  const prefectYaml = { actions: {}, deployments: pools.map((name) => ({ config: { name: "prod", work_pool: { name } } })) };
  const input = { folder: "/infra", prefectYaml, env: {}, pushpool: "^1", present: ["package.json"], language, login };
  return planAws(input as unknown as InitInput).files;
}

/** The resources that the program declares, which are the same in every language. */
async function declaredOf(asked: Asked): Promise<string[]> {
  const aws = await startFakeAws();
  onTestFinished(() => aws.stop());
  const served = await serveProvider(awsProvider(aws));
  onTestFinished(served.stop);
  const given = { project: "infra", config: { "aws:region": aws.region, repository: "acme/etl" }, providers: { aws: served.port } };
  const { "__main__.py": main = "" } = filesOf("python", asked);
  const stacks = [
    stackOf({ ...given, files: withoutFolders(filesOf("typescript", asked)) }),
    await pythonStack({ ...given, files: { "__main__.py": main } }),
    stackOf({ ...given, files: withoutFolders(filesOf("yaml", asked)) }),
  ];
  const plans = [];
  for (const { stack } of stacks) {
    // The first preview knows nothing of the network yet.
    plans.push(planned((await stack.preview()).steps));
    expect(planned((await stack.up()).steps)).toEqual(plans.at(-1));
    await stack.destroy();
  }
  expect([plans[1], plans[2]]).toEqual([plans[0], plans[0]]);
  return plans[0] ?? [];
}

test("several pools share a network in every language", async () => {
  const declared = await declaredOf({ pools: ["etl", "other"], login: "key" });
  expect(declared.filter((step) => step.includes("TaskNetwork$aws:ec2/vpc:Vpc"))).toHaveLength(1);
  expect(declared.filter((step) => step.endsWith(":EcsPushPool other"))).toHaveLength(1);
  expect(declared.filter((step) => step.includes("AccessKey"))).toHaveLength(2);
});

test("--credentials federated: a trust and no key in every language", async () => {
  const declared = await declaredOf({ pools: ["etl"], login: "federated" });
  expect(declared.filter((step) => step.includes("openIdConnectProvider"))).toHaveLength(1);
  expect(declared.filter((step) => /AccessKey|iam\/user:/.test(step))).toEqual([]);
});

test("--credentials ambient: no identity that submits in any language", async () => {
  const declared = await declaredOf({ pools: ["etl"], login: "ambient" });
  expect(declared.filter((step) => /AccessKey|iam\/user:|openIdConnectProvider/.test(step))).toEqual([]);
});

function withoutFolders(files: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).filter(([name]) => !name.includes("/")));
}

import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { parse } from "yaml";
import type { JsonObject } from "../../src/json";
import {
  awsProvider,
  azureadProvider,
  azureNativeProvider,
  gcpProvider,
  offlineStack,
  serveProvider,
  startFakeAws,
  startFakeAzure,
  startFakeGoogleCloud,
} from "../../src/testing";
import { pulumiVenv } from "../pulumiVenv";
import { scratch } from "../scratch";
import { checkYaml, masked, planned, pythonEnv } from "./otherLanguages";

// Each example in its languages declares the same.

const root = join(__dirname, "..", "..");

interface Cloud {
  env?: NodeJS.ProcessEnv;
  config: Record<string, string>;
  providers: Record<string, number>;
}

const serve = async (provider: Parameters<typeof serveProvider>[0]): Promise<number> => {
  const { port, stop } = await serveProvider(provider);
  onTestFinished(stop);
  return port;
};

const CLOUDS: Record<string, () => Promise<Cloud>> = {
  local: async () => ({ config: {}, providers: {} }),
  gcp: async () => {
    const google = await startFakeGoogleCloud({ project: "acme-data" });
    onTestFinished(() => google.stop());
    const endpoints = JSON.stringify(google.endpoints);
    return {
      config: { "gcp:project": google.project, "gcp:region": "europe-west1", "gcp-example:endpoints": endpoints },
      providers: { gcp: await serve(gcpProvider(google)) },
    };
  },
  aws: async () => {
    const aws = await startFakeAws();
    onTestFinished(() => aws.stop());
    const endpoints = JSON.stringify(aws.endpoints);
    return { config: { "aws:region": aws.region, "aws-example:endpoints": endpoints }, providers: { aws: await serve(awsProvider(aws)) } };
  },
  azure: async () => {
    const azure = await startFakeAzure();
    onTestFinished(() => azure.stop());
    return {
      // The fake serves https with a certificate of its own.
      env: { NODE_EXTRA_CA_CERTS: azure.caFile },
      config: {
        "azure-native:subscriptionId": azure.subscription,
        "azure-native:location": "westeurope",
        "azure-example:endpoints": JSON.stringify(azure.endpoints),
      },
      providers: { "azure-native": await serve(azureNativeProvider(azure)), azuread: await serve(azureadProvider(azure)) },
    };
  },
};

/** A copy of an example's program. The one in Python runs in the tests' own virtual environment instead of uv's. */
async function copied(example: string, language: "typescript" | "python"): Promise<string> {
  const dir = join(scratch(), example);
  mkdirSync(dir);
  symlinkSync(join(root, "node_modules"), join(dir, "node_modules"));
  if (language === "typescript") {
    for (const file of ["Pulumi.yaml", "package.json", "index.js"]) cpSync(join(root, "examples", example, file), join(dir, file));
    mkdirSync(join(dir, "flows"));
    return dir;
  }
  mkdirSync(join(dir, "flows"));
  const below = join(dir, "python");
  cpSync(join(root, "examples", example, "python"), below, { recursive: true });
  const { plugins: _, ...project } = parse(readFileSync(join(below, "Pulumi.yaml"), "utf8")) as JsonObject;
  const runtime = { name: "python", options: { virtualenv: await pulumiVenv() } };
  writeFileSync(join(below, "Pulumi.yaml"), JSON.stringify({ ...project, runtime }));
  return below;
}

async function upOf(example: string, language: "typescript" | "python") {
  const { config, providers, env: own } = await (CLOUDS[example] as () => Promise<Cloud>)();
  const projectDir = await copied(example, language);
  const home = join(projectDir, ".pushpool");
  mkdirSync(home, { mode: 0o700 });
  const env = { ...pythonEnv(), ...own, PUSHPOOL_HOME: home, XDG_STATE_HOME: join(home, "state") };
  const stack = offlineStack({ projectDir, home, env, config, providers });
  const { steps } = await stack.up();
  const { pushPools } = await stack.outputs({ secrets: language === "python" });
  return { planned: planned(steps), pushPools: masked(pushPools), stack };
}

test.each(Object.keys(CLOUDS))("examples/%s: the same in Python as in TypeScript", async (example) => {
  const [first, second] = [await upOf(example, "typescript"), await upOf(example, "python")];
  expect(second.planned).toEqual(first.planned);
  const { pools, deployments, blocks } = second.pushPools as Record<string, JsonObject>;
  expect([Object.keys(pools ?? {}), Object.keys(blocks ?? {})]).toEqual([
    Object.keys(first.pushPools.pools as JsonObject),
    Object.keys(first.pushPools.blocks as JsonObject),
  ]);
  expect(deployments).toEqual(first.pushPools.deployments);
  expect((await second.stack.up()).unchanged).toBe(true);
});

test.each(Object.keys(CLOUDS))("examples/%s in YAML names only what the schema has", (example) => {
  checkYaml(readFileSync(join(root, "examples", example, "yaml", "Pulumi.yaml"), "utf8"));
});

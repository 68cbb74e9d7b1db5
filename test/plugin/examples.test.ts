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
  /** The fake's addresses, for the example's own configuration. */
  endpoints?: object;
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
    return {
      config: { "gcp:project": google.project, "gcp:region": "europe-west1" },
      endpoints: google.endpoints,
      providers: { gcp: await serve(gcpProvider(google)) },
    };
  },
  aws: async () => {
    const aws = await startFakeAws();
    onTestFinished(() => aws.stop());
    return { config: { "aws:region": aws.region }, endpoints: aws.endpoints, providers: { aws: await serve(awsProvider(aws)) } };
  },
  azure: async () => {
    const azure = await startFakeAzure();
    onTestFinished(() => azure.stop());
    return {
      // The fake serves https with a certificate of its own.
      env: { NODE_EXTRA_CA_CERTS: azure.caFile },
      config: { "azure-native:subscriptionId": azure.subscription, "azure-native:location": "westeurope" },
      endpoints: azure.endpoints,
      providers: { "azure-native": await serve(azureNativeProvider(azure)), azuread: await serve(azureadProvider(azure)) },
    };
  },
};

const LANGUAGES = ["typescript", "python", "yaml"] as const;
type Language = (typeof LANGUAGES)[number];

/** The folder of an example's program. The one in Python runs in the tests' own virtual environment instead of uv's. */
async function copied(example: string, language: Language): Promise<string> {
  const dir = join(scratch(), example);
  mkdirSync(join(dir, "flows"), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(dir, "node_modules"));
  if (language === "typescript") {
    for (const file of ["Pulumi.yaml", "package.json", "index.js"]) cpSync(join(root, "examples", example, file), join(dir, file));
    return dir;
  }
  const below = join(dir, language);
  cpSync(join(root, "examples", example, language), below, { recursive: true });
  const file = join(below, "Pulumi.yaml");
  const { plugins: _, packages: __, ...project } = parse(readFileSync(file, "utf8")) as JsonObject;
  const runtime = language === "python" ? { name: "python", options: { virtualenv: await pulumiVenv() } } : "yaml";
  writeFileSync(file, JSON.stringify({ ...project, runtime }));
  return below;
}

const started = (cloud: string) => (CLOUDS[cloud] as () => Promise<Cloud>)();

/** The stack of an example's copy. @param settings its own configuration */
async function stackOf(example: string, language: Language, { config, endpoints, providers, env: own }: Cloud, settings = {}) {
  const projectDir = await copied(example, language);
  const home = join(projectDir, ".pushpool");
  mkdirSync(home, { mode: 0o700 });
  const env = { ...pythonEnv(), ...own, PUSHPOOL_HOME: home, XDG_STATE_HOME: join(home, "state") };
  const { name } = parse(readFileSync(join(projectDir, "Pulumi.yaml"), "utf8")) as { name: string };
  const ours = Object.entries({ ...settings, ...(endpoints ? { endpoints: JSON.stringify(endpoints) } : {}) });
  const all = { ...config, ...Object.fromEntries(ours.map(([key, value]) => [`${name}:${key}`, value])) };
  return offlineStack({ projectDir, home, env, config: all, providers });
}

async function upOf(example: string, language: Language) {
  const stack = await stackOf(example, language, await started(example));
  const { steps } = await stack.up();
  const { pushPools } = await stack.outputs({ secrets: language !== "typescript" });
  return { planned: planned(steps), pushPools: masked(pushPools), stack };
}

test.each(Object.keys(CLOUDS))("examples/%s: the same in every language", async (example) => {
  const [first, ...others] = await Promise.all(LANGUAGES.map((language) => upOf(example, language)));
  const keysOf = (tree: JsonObject | undefined) => Object.keys(tree ?? {});
  const { pools, deployments, blocks } = (first?.pushPools ?? {}) as Record<string, JsonObject>;
  for (const other of others) {
    expect(other.planned).toEqual(first?.planned);
    const theirs = other.pushPools as Record<string, JsonObject>;
    expect([keysOf(theirs.pools), keysOf(theirs.blocks)]).toEqual([keysOf(pools), keysOf(blocks)]);
    expect(theirs.deployments).toEqual(deployments);
    expect((await other.stack.up()).unchanged).toBe(true);
  }
});

const KEYLESS = ["gcp", "aws", "azure"];

/** What an example of keyless/ would make with a setting: its pool's arguments, and all resources. */
async function previewed(cloud: string, language: Language, fake: Cloud, settings: object) {
  const stack = await stackOf(`keyless/${cloud}`, language, fake, settings);
  const { steps } = await stack.preview();
  const { endpoints: _, ...args } = steps.find(({ type }) => type.endsWith("PushPool"))?.new?.inputs ?? {};
  return { args, resources: planned(steps) };
}

test.each(KEYLESS)("examples/keyless/%s: the same in every language, without a key and with one that changes", async (cloud) => {
  const fake = await started(cloud);
  const aKey = expect.stringMatching(/(aws:iam\/accessKey|gcp:serviceaccount\/key|azuread:index\/applicationPassword):/i);
  const [trusted, ...others] = await Promise.all(LANGUAGES.map((language) => previewed(cloud, language, fake, { repository: "acme/etl" })));
  expect(trusted?.args).toMatchObject({ credentials: "federated", federation: { github: { repository: "acme/etl", branch: "main" } } });
  expect(trusted?.resources).not.toContainEqual(aKey);
  expect(others).toEqual([trusted, trusted]);

  // YAML has no conditions.
  const [changing, inPython] = await Promise.all(
    (["typescript", "python"] as const).map((language) => previewed(cloud, language, fake, {})),
  );
  expect(changing?.args).toMatchObject({ keyRotation: { everyDays: 90, overlapDays: 7 } });
  expect(changing?.resources).toContainEqual(aKey);
  expect(inPython).toEqual(changing);
});

test.each([...Object.keys(CLOUDS), ...KEYLESS.map((cloud) => `keyless/${cloud}`)])(
  "examples/%s in YAML names only what the schema has",
  (example) => {
    checkYaml(readFileSync(join(root, "examples", example, "yaml", "Pulumi.yaml"), "utf8"));
  },
);

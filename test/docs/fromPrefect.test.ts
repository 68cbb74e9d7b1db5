import { execFileSync, spawn } from "node:child_process";
import { appendFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { JsonObject } from "../../src/json";
import {
  awsProvider,
  azureadProvider,
  azureNativeProvider,
  dockerBuildProvider,
  type FakeRegistry,
  gcpProvider,
  type StandInProvider,
  serveProvider,
  startFakeAws,
  startFakeAzure,
  startFakeGoogleCloud,
} from "../../src/testing";
import { QUICK } from "../targets/cloudRun/place";
import { type Block, copied, repo } from "./markdown";
import { readersPlace } from "./place";

// Walks docs/from-prefect.md as a newcomer does, once for each cloud, on its fake. The images are built by the stand-in for the builder.

const marked = (words: string) => copied.filter(({ mark }) => mark?.kind === "run" && mark.words === words);

/** What a cloud needs that the page leaves to a login. */
interface Walk {
  providers: Record<string, StandInProvider>;
  registry: FakeRegistry;
  endpoints: JsonObject;
  config: Record<string, string>;
  env?: NodeJS.ProcessEnv;
  stop(): Promise<void>;
}

const CLOUDS: Record<string, () => Promise<Walk>> = {
  gcp: async () => {
    const services = ["run", "iam", "cloudresourcemanager", "logging", "artifactregistry"].map((name) => `${name}.googleapis.com`);
    const google = await startFakeGoogleCloud({ project: "acme-data", services });
    const config = { "gcp:project": "acme-data", "gcp:region": "europe-west1" };
    return { ...google, providers: { gcp: gcpProvider(google) }, config };
  },
  aws: async () => {
    const aws = await startFakeAws();
    return { ...aws, providers: { aws: awsProvider(aws) }, config: { "aws:region": aws.region } };
  },
  azure: async () => {
    const azure = await startFakeAzure();
    return {
      ...azure,
      endpoints: { ...azure.endpoints, registry: azure.url },
      providers: { "azure-native": azureNativeProvider(azure), azuread: azureadProvider(azure) },
      config: { "azure-native:subscriptionId": azure.subscription, "azure-native:location": azure.location },
      env: { NODE_EXTRA_CA_CERTS: azure.caFile },
    };
  },
};

const FLOW = `def etl(name: str = "world") -> None:
    print(f"Loaded for {name}")
`;

/** The repository of the page, at the address that it is cloned from. */
function repositoryIn(folder: string, files: Record<string, string>): NodeJS.ProcessEnv {
  const origin = join(folder, "origin", "acme", "flows.git");
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(origin, path, ".."), { recursive: true });
    writeFileSync(join(origin, path), text);
  }
  const git = (...args: string[]) => execFileSync("git", ["-C", origin, "-c", "user.name=Ada", "-c", "user.email=ada@acme.test", ...args]);
  git("init", "--quiet", "--initial-branch=main");
  git("add", ".");
  git("commit", "--quiet", "--message=Flows");
  return {
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: `url.${join(folder, "origin")}/.insteadOf`,
    GIT_CONFIG_VALUE_0: "https://git.example/",
  };
}

/** The commands of a block, as one shell session that ends at the first failure. @returns what they printed */
async function typed({ page, line, text }: Block, cwd: string, env: NodeJS.ProcessEnv): Promise<string> {
  const child = spawn("sh", ["-ec", text.replaceAll(/^pushpool (up|destroy)\b/gm, "pushpool $1 --yes")], { cwd, env });
  const printed: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => printed.push(chunk.toString("utf8")));
  const status = await new Promise((done) => child.on("close", done));
  expect([`${page}:${line}`, status, status === 0 ? "" : printed.join("")]).toEqual([`${page}:${line}`, 0, ""]);
  return printed.join("");
}

test.each(Object.keys(CLOUDS))("%s: clone, init, up, deploy, run, as the page says", { timeout: 400_000 }, async (cloud) => {
  const walk = await (CLOUDS[cloud] as () => Promise<Walk>)();
  const here = readersPlace();
  const project = join(here.folder, "flows");
  const providers = { ...walk.providers, "docker-build": dockerBuildProvider({ registries: [walk.registry], folder: project }) };
  const served = await Promise.all(Object.entries(providers).map(async ([name, one]) => [name, await serveProvider(one)] as const));
  onTestFinished(async () => {
    for (const [, { stop }] of served) stop();
    await walk.stop();
  });
  const [prefectYaml] = marked("from prefect, file");
  const files = { "prefect.yaml": prefectYaml?.text ?? "", "flows/etl.py": FLOW, "requirements.txt": "prefect==3.4.0\n" };
  const env = {
    ...here.env,
    ...QUICK,
    ...walk.env,
    ...repositoryIn(here.folder, files),
    PUSHPOOL_HOME: undefined,
    PULUMI_CONFIG_PASSPHRASE: "x",
    PULUMI_DEBUG_PROVIDERS: served.map(([name, { port }]) => `${name}:${port}`).join(","),
  };
  const type = (words: string, cwd: string) => {
    const blocks = marked(words);
    expect([words, blocks.length]).toEqual([words, 1]);
    return typed(blocks[0] as Block, cwd, env);
  };

  await type("from prefect", here.folder);
  await type(`from prefect, ${cloud}`, here.folder);
  symlinkSync(join(repo, "node_modules"), join(project, "node_modules"));
  // What the login and `pulumi config set` do, and the addresses of the fake.
  writeFileSync(join(project, "Pulumi.dev.yaml"), JSON.stringify({ config: walk.config }));
  const program = readFileSync(join(project, "index.js"), "utf8");
  writeFileSync(join(project, "index.js"), program.replace("{ image", `{ endpoints: ${JSON.stringify(walk.endpoints)}, image`));
  appendFileSync(join(project, ".dockerignore"), "bin\n");

  expect(await type("from prefect, run", project)).toMatch(/^Loaded for Ada$/m);
  expect(walk.registry.images.names()).toEqual([expect.stringMatching(/@sha256:[0-9a-f]{64}$/)]);
  await type("from prefect, destroy", project);
  expect(walk.registry.images.names()).toEqual([]);
});

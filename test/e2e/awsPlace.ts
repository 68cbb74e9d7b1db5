import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { awsProvider, type FakeAws, type FakeAwsOptions, serveProvider, startFakeAws } from "../../src/testing";
import { QUICK } from "../targets/ecs/place";
import { type Ended, listen, type Place, place } from "./pushpool";

const repo = join(__dirname, "..", "..");

/** A Pulumi program of AWS components in a folder of its own, a fake AWS, and the stand-in provider between them. */
export interface AwsPlace extends Place {
  aws: FakeAws;
  /** Put the program there; `aws`, `pulumi`, `manifest`, `Deployment`, `endpoints` and `exports` are at hand. */
  program(text: string): void;
  write(path: string, text: string): void;
  /** A command of the built CLI, while this process goes on: the fake lives in it. */
  run(...args: string[]): Promise<Ended>;
  up(...args: string[]): Promise<Ended>;
}

export async function awsPlace(options: FakeAwsOptions = {}): Promise<AwsPlace> {
  const aws = await startFakeAws({ grace: 1_000, ...options });
  const provider = await serveProvider(awsProvider(aws));
  onTestFinished(async () => {
    provider.stop();
    await aws.stop();
  });
  const made = place({ env: { ...QUICK, PULUMI_CONFIG_PASSPHRASE: "x", PULUMI_DEBUG_PROVIDERS: `aws:${provider.port}` } });
  // What is on this machine is nothing that a test should find.
  for (const name of Object.keys(made.env)) if (/^AWS_/.test(name)) delete made.env[name];
  Object.assign(made.env, { HOME: made.folder, AWS_EC2_METADATA_DISABLED: "true" });
  mkdirSync(made.home, { recursive: true, mode: 0o700 });
  symlinkSync(join(repo, "node_modules"), join(made.folder, "node_modules"));
  const write = (path: string, text: string) => writeFileSync(join(made.folder, path), text);
  write("Pulumi.yaml", "name: data\nruntime: { name: nodejs, options: { typescript: false } }\nmain: index.js\n");
  const run = async (...args: string[]) => {
    const heard = listen(made.start(...args));
    const status = await heard.ended;
    return { status, stdout: heard.stdout(), stderr: heard.stderr() };
  };
  return {
    ...made,
    aws,
    write,
    program: (text) =>
      write(
        "index.js",
        `const pulumi = require("@pulumi/pulumi");
const { Deployment, manifest } = require("pushpool");
const aws = require("pushpool/aws");
const region = ${JSON.stringify(aws.region)};
const endpoints = ${JSON.stringify(aws.endpoints)};
${text}
`,
      ),
    run,
    up: (...args) => run("up", "--engine", "offline", "--yes", ...args),
  };
}

/** What a fake AWS holds beside tasks and their definitions. */
export function provisioned({ world }: FakeAws) {
  const { iam, surroundings } = world;
  return {
    users: [...iam.users.keys()],
    keys: [...iam.keys.values()].map(({ principal }) => principal.arn),
    roles: [...iam.roles.keys()],
    policies: [...iam.policies.keys()],
    clusters: [...world.clusters.keys()],
    logGroups: [...world.log.groups.keys()],
    parameters: [...world.parameters.keys()],
    things: [...surroundings.things.values()].map(({ kind }) => kind).sort(),
  };
}

/** Every rule inwards of every security group. */
export function inwards({ world }: FakeAws): unknown[] {
  return [...world.surroundings.things.values()].flatMap(({ kind, properties }) =>
    kind === "sg" ? ((properties.ingress as unknown[] | undefined) ?? []) : [],
  );
}

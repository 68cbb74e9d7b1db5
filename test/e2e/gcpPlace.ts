import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type FakeGoogleCloud, type FakeGoogleCloudOptions, gcpProvider, serveProvider, startFakeGoogleCloud } from "../../src/testing";
import { QUICK } from "../targets/cloudRun/place";
import { type Ended, listen, type Place, place } from "./pushpool";

const repo = join(__dirname, "..", "..");

/** A Pulumi program of Google Cloud components in a folder of its own, a fake Google Cloud, and the stand-in provider between them. */
export interface GcpPlace extends Place {
  google: FakeGoogleCloud;
  /** Put the program there; `gcp`, `pulumi`, `manifest`, `Deployment`, `endpoints` and `exports` are at hand. */
  program(text: string): void;
  write(path: string, text: string): void;
  /** A command of the built CLI, while this process goes on: the fake lives in it. */
  run(...args: string[]): Promise<Ended>;
  up(...args: string[]): Promise<Ended>;
}

export async function gcpPlace(options: FakeGoogleCloudOptions = {}): Promise<GcpPlace> {
  const google = await startFakeGoogleCloud({ grace: 1_000, ...options });
  const provider = await serveProvider(gcpProvider(google));
  onTestFinished(async () => {
    provider.stop();
    await google.stop();
  });
  const made = place({ env: { ...QUICK, PULUMI_CONFIG_PASSPHRASE: "x", PULUMI_DEBUG_PROVIDERS: `gcp:${provider.port}` } });
  // What is on this machine is nothing that a test should find.
  for (const name of ["GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT"]) delete made.env[name];
  Object.assign(made.env, { HOME: made.folder, CLOUDSDK_CONFIG: join(made.folder, "gcloud") });
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
    google,
    write,
    program: (text) =>
      write(
        "index.js",
        `const pulumi = require("@pulumi/pulumi");
const { Deployment, manifest } = require("pushpool");
const gcp = require("pushpool/gcp");
const endpoints = ${JSON.stringify(google.endpoints)};
${text}
`,
      ),
    run,
    up: (...args) => run("up", "--engine", "offline", "--yes", ...args),
  };
}

/** What a fake Google Cloud holds beside what is there from the start. */
export function provisioned({ world, runtimeAccount }: FakeGoogleCloud) {
  const { iam } = world;
  return {
    accounts: [...iam.accounts.keys()].filter((email) => email !== runtimeAccount),
    keys: [...iam.keys.values()].map(({ email }) => email),
    roles: [...iam.roles.keys()],
    bindings: iam.bindings
      .filter(({ member }) => member !== "user:owner@example.com")
      .map(({ resource, role, member }) => ({ resource, role, member })),
    secrets: [...world.secrets.keys()],
  };
}

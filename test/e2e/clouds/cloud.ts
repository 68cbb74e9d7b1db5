import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { JsonObject } from "../../../src/json";
import { dockerBuildProvider, type FakeRegistry, type ServedProvider, type StandInProvider, serveProvider } from "../../../src/testing";
import { atEnd } from "../../atEnd";
import type { EndRow } from "../ends";
import { type Ended, listen, type Place, place, placeWith } from "../pushpool";

const repo = join(__dirname, "..", "..", "..");

/** What the end-to-end suites need from a cloud. What only one cloud has is a row in the suite's own table. */
export interface Cloud<Fake, Options> {
  /** For the names of tests. */
  name: string;
  /** Its package: `pushpool/aws`. */
  sdk: string;
  /** The component of its work pools. */
  component: string;
  /** Its pool type in the root program's configuration. */
  poolType: string;
  /** The arguments of every pool, by name, as JavaScript. In a program, `place` has them all. */
  placeOf(fake: Fake): Record<string, string>;
  /** What runs of images without Prefect need of a pool's job variables. @default nothing */
  jobVariables?: JsonObject;
  /** The stack's configuration with the same values. */
  config: Record<string, string>;
  startFake(options?: Options): Promise<Fake & { stop(): Promise<void> }>;
  /** Its providers, by their package. */
  providers(fake: Fake): Record<string, StandInProvider>;
  /** Its registries of images. */
  registry(fake: Fake): FakeRegistry;
  /** Names of the environment variables that would provide this machine's own login. */
  ownLogin: RegExp;
  env(folder: string): NodeJS.ProcessEnv;
  /** What the fake has besides runs: the same before `up` and after `destroy`. */
  provisioned(fake: Fake): JsonObject;
  /** Every call so far, by name. */
  callsOf(fake: Fake): string[];
}

/** A secret that must be seen nowhere. */
export const CANARY = "canary-4711-not-to-be-seen";

/** What a handwritten manifest changes. */
export interface Over {
  pool?: JsonObject;
  jobVariables?: JsonObject;
  block?: JsonObject;
}

/** What the suite of runs (`runs.test.ts`) needs from a cloud. */
export interface Runs<Fake, Options, Key> {
  options: Options;
  /** A submitter's key. */
  key(fake: Fake, name: string): Key;
  manifest(fake: Fake, key: Key, commands: Record<string, string>, over?: Over): JsonObject;
  /** The pools to test each template with. */
  templates: [name: string, pool: JsonObject][];
  /** Whether stderr is merged into stdout. */
  merged: boolean;
  /** The calls that submit, once a first run has gone. */
  submit: string[];
  lose(fake: Fake, fault: { kind: "reset" | "hang"; after: true } | { kind: "unavailableAfter" }): void;
  /** Names of all runs that the cloud has started, oldest first. */
  started(fake: Fake): string[];
  isRunning(fake: Fake, name: string): boolean;
  cancel: { args: string[]; says: RegExp; stopped(fake: Fake): void };
  secret: {
    /** Everything that the cloud stores and shows. */
    kept(fake: Fake): unknown[];
    /** The part of the key that must not be in plain text anywhere. */
    ofKey(key: Key): string;
    /** A message of `run`, and how often it occurs. */
    says: [RegExp, times: number];
    /** The only call that contains a secret in env. */
    carrier: string;
    /** The calls that contain it, since so many calls. */
    carriers(fake: Fake, since: number): string[];
  };
  login(place: RunningPlace, key: Key): void;
  /** The block of a stack whose credentials are not readable here. */
  sealed: JsonObject;
  /** Who has called, since so many calls. */
  callers(fake: Fake, since: number): unknown[];
  caller(key: Key): unknown;
  ends: (fake: () => Fake) => (EndRow & { pool?: JsonObject })[];
}

/** The built command line in its own folder, asynchronous: the fake runs in this process. */
export interface RunningPlace extends Place {
  run(...args: string[]): Promise<Ended>;
}

/** A Pulumi program in such a folder, a fake cloud, and the stand-in provider for it. */
export interface CloudPlace<Fake> extends RunningPlace {
  fake: Fake;
  /** Write the program. It can use `pulumi`, `manifest`, `Deployment`, the cloud's package, `Pool`, `place` and `endpoints`. */
  program(text: string): void;
  write(path: string, text: string): void;
  /** The stack's configuration. */
  configure(more?: JsonObject): void;
  up(...args: string[]): Promise<Ended>;
  destroy(...args: string[]): Promise<Ended>;
  preview(...args: string[]): Promise<Ended>;
  provisioned(): JsonObject;
}

export async function cloudPlace<Fake, Options>(cloud: Cloud<Fake, Options>, options?: Options): Promise<CloudPlace<Fake>> {
  const fake = await cloud.startFake(options);
  let folder = "";
  const builder = dockerBuildProvider({
    registries: [cloud.registry(fake)],
    get folder() {
      return folder;
    },
  });
  const providers = Object.entries({ ...cloud.providers(fake), "docker-build": builder });
  const served = await Promise.all(
    providers.map(async ([name, provider]): Promise<[string, ServedProvider]> => [name, await serveProvider(provider)]),
  );
  atEnd(async () => {
    for (const [, { stop }] of served) stop();
    await fake.stop();
  });
  const attached = served.map(([name, { port }]) => `${name}:${port}`).join(",");
  const made = running(cloud, place({ env: { PULUMI_DEBUG_PROVIDERS: attached } }));
  ({ folder } = made);
  mkdirSync(made.home, { recursive: true, mode: 0o700 });
  symlinkSync(join(repo, "node_modules"), join(made.folder, "node_modules"));
  const write = (path: string, text: string) => writeFileSync(join(made.folder, path), text);
  write("Pulumi.yaml", "name: data\nruntime: { name: nodejs, options: { typescript: false } }\nmain: index.js\n");
  const parts = cloud.placeOf(fake);
  const offline = ["--engine", "offline"];
  return {
    ...made,
    fake,
    write,
    configure: (more = {}) => write("Pulumi.dev.yaml", JSON.stringify({ config: { ...cloud.config, ...more } })),
    program: (text) =>
      write(
        "index.js",
        `const pulumi = require("@pulumi/pulumi");
const { Deployment, manifest } = require("pushpool");
const ${cloud.sdk} = require("pushpool/${cloud.sdk}");
const { ${cloud.component}: Pool } = ${cloud.sdk};
${Object.entries(parts)
  .map(([name, value]) => `const ${name} = ${value};`)
  .join("\n")}
const place = { ${Object.keys(parts).join(", ")} };
${text}
`,
      ),
    up: (...args) => made.run("up", ...offline, "--yes", ...args),
    destroy: (...args) => made.run("destroy", ...offline, "--yes", ...args),
    preview: (...args) => made.run("preview", ...offline, ...args),
    provisioned: () => cloud.provisioned(fake),
  };
}

/** A folder with a handwritten manifest. */
export function manifestPlace(cloud: Pick<Cloud<never, never>, "ownLogin" | "env">, manifest: JsonObject): RunningPlace {
  return running(cloud, placeWith(manifest));
}

function running(cloud: Pick<Cloud<never, never>, "ownLogin" | "env">, made: Place): RunningPlace {
  // A test must not find this machine's own login.
  for (const name of Object.keys(made.env)) if (cloud.ownLogin.test(name)) delete made.env[name];
  Object.assign(made.env, cloud.env(made.folder));
  return {
    ...made,
    run: async (...args) => {
      const heard = listen(made.start(...args));
      const status = await heard.ended;
      return { status, stdout: heard.stdout(), stderr: heard.stderr() };
    },
  };
}

import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { JsonObject } from "../../../src/json";
import { type ServedProvider, type StandInProvider, serveProvider } from "../../../src/testing";
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
  /** The stack's configuration with the same values. */
  config: Record<string, string>;
  startFake(options?: Options): Promise<Fake & { stop(): Promise<void> }>;
  /** Its providers, by their package. */
  providers(fake: Fake): Record<string, StandInProvider>;
  /** Names of the environment variables that would provide this machine's own login. */
  ownLogin: RegExp;
  env(folder: string): NodeJS.ProcessEnv;
  /** What the fake has besides runs: the same before `up` and after `destroy`. */
  provisioned(fake: Fake): JsonObject;
  /** Every call so far, by name. */
  callsOf(fake: Fake): string[];
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
  const providers = Object.entries(cloud.providers(fake));
  const served = await Promise.all(
    providers.map(async ([name, provider]): Promise<[string, ServedProvider]> => [name, await serveProvider(provider)]),
  );
  onTestFinished(async () => {
    for (const [, { stop }] of served) stop();
    await fake.stop();
  });
  const attached = served.map(([name, { port }]) => `${name}:${port}`).join(",");
  const made = running(cloud, place({ env: { PULUMI_CONFIG_PASSPHRASE: "x", PULUMI_DEBUG_PROVIDERS: attached } }));
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

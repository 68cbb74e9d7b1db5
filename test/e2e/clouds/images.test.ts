import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { JsonObject } from "../../../src/json";
import type { FakeAws, FakeAzure, FakeGoogleCloud, FakeRegistry } from "../../../src/testing";
import { AWS, awsPlace } from "./aws";
import { AZURE } from "./azure";
import { type Cloud, type CloudPlace, cloudPlace } from "./cloud";
import { GCP, gcpPlace } from "./gcp";

// A pool with an image: `up` builds and pushes it, and runs use it by its digest.

const DOCKERFILE = `ARG PYTHON=3.12
FROM python:\${PYTHON}-slim AS base
COPY requirements.txt ./
RUN --mount=type=secret,id=INDEX,required pip install -r requirements.txt

FROM base AS runtime
COPY flows ./flows
`;

/** A context with such a Dockerfile, in the folder `app`. */
function context<Fake>({ folder }: CloudPlace<Fake>): { app: string; edit(text: string): void } {
  const app = join(folder, "app");
  mkdirSync(join(app, "flows"), { recursive: true });
  writeFileSync(join(app, "Dockerfile"), DOCKERFILE);
  writeFileSync(join(app, "requirements.txt"), "prefect==3.4.0\n");
  writeFileSync(join(app, ".dockerignore"), "notes\n");
  const edit = (text: string) => writeFileSync(join(app, "flows", "etl.py"), text);
  edit("print('first')\n");
  return { app, edit };
}

/** All passwords with which a registry was asked. */
function passwordsOf(registry: FakeRegistry): string[] {
  const seen: string[] = [];
  const { refusal } = registry;
  registry.refusal = (action, repository, login) => {
    if (login) seen.push(login.password);
    return refusal(action, repository, login);
  };
  return seen;
}

/** The texts of all files in a folder. */
function textsIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"));
}

const INDEX = "https://canary:secret@pypi.example";

interface ImageCase<Fake> {
  /** More arguments of the pool, as JavaScript. */
  more?: string;
  /** The images that runs got, in order. */
  ran(fake: Fake): (string | undefined)[];
  /** The name of the image before the digest. */
  repository: RegExp;
  /** Whether to change the context. For the other clouds, the last tests do that. @default false */
  isEdited?: boolean;
  /** What `run` says if the image is gone. Azure's answer may also mean that a new identity is not known yet: `run` then waits. */
  gone?: RegExp;
}

function describeImages<Fake, Options>(
  cloud: Cloud<Fake, Options>,
  { more = "", ran, repository, isEdited = false, gone }: ImageCase<Fake>,
): void {
  test(`${cloud.name}: an image is built, pushed, and used by its digest; an unchanged one changes nothing`, async () => {
    const here = await cloudPlace(cloud);
    const registry = cloud.registry(here.fake);
    const passwords = passwordsOf(registry);
    const before = here.provisioned();
    const { app, edit } = context(here);
    here.program(`
const build = { context: "app", target: "runtime", args: { PYTHON: "3.12" }, secrets: { INDEX: ${JSON.stringify(INDEX)} } };
const etl = new Pool("etl", { ...place, ${more} image: build });
const hello = new Deployment("hello/prod", { workPoolName: etl.workPoolName, command: "echo hello" });
exports.image = etl.image;
exports.pushPools = manifest({ pools: [etl], deployments: [hello] });`);
    const image = async () => {
      const { stdout } = await here.run("manifest", "show");
      const { pools } = JSON.parse(stdout) as { pools: { etl: { baseJobTemplate: { variables: JsonObject } } } };
      return JSON.stringify(pools.etl.baseJobTemplate).match(/"[^"]+@sha256:[0-9a-f]{64}"/g) ?? [];
    };

    expect((await here.preview()).status).toBe(0);
    expect(registry.images.names()).toEqual([]);
    expect(await here.up()).toMatchObject({ status: 0 });
    const [first = ""] = registry.images.names();
    expect(first).toMatch(new RegExp(`^${repository.source}@sha256:[0-9a-f]{64}$`));
    expect(await image()).toEqual([JSON.stringify(first)]);
    expect((await here.run("run", "hello/prod")).status).toBe(0);
    expect(ran(here.fake)).toEqual([first]);

    // Neither the passwords nor the build's secrets are in any file, and the context's other files do not count.
    expect(passwords.length).toBeGreaterThan(0);
    writeFileSync(join(app, "notes"), "not sent");
    const unchanged = await here.up("--json");
    expect(JSON.parse(unchanged.stdout.trim().split("\n").at(-1) ?? "")).toMatchObject({ result: { unchanged: true } });
    expect(registry.images.names()).toEqual([first]);
    const texts = [...textsIn(here.home), unchanged.stdout].join("\n");
    expect([...new Set(passwords), INDEX].filter((secret) => texts.includes(secret))).toEqual([]);

    let last = first;
    if (isEdited) {
      edit("print('second')\n");
      const again = await here.preview();
      expect([again.status, again.stderr]).toEqual([0, expect.stringMatching(/etl-image/)]);
      expect(registry.images.names()).toEqual([first]);
      expect((await here.up()).status).toBe(0);
      [, last = ""] = registry.images.names();
      expect(await image()).toEqual([JSON.stringify(last)]);
      expect((await here.run("run", "hello/prod")).status).toBe(0);
      expect(ran(here.fake)).toEqual([first, last]);
    }

    const [name = "", digest = ""] = last.split("@");
    registry.images.remove({ repository: name, digest });
    const missing = gone && (await here.run("run", "hello/prod"));
    if (missing) expect([missing.status === 0, missing.stderr]).toEqual([false, expect.stringMatching(gone)]);

    expect((await here.destroy()).status).toBe(0);
    expect([here.provisioned(), registry.images.names()]).toEqual([before, []]);
  }, 600_000);
}

describeImages<FakeGoogleCloud, unknown>(GCP as Cloud<FakeGoogleCloud, unknown>, {
  more: "enableApis: true,",
  ran: ({ world }) => [...world.executions.values()].map(({ template }) => template.containers[0]?.image),
  repository: /europe-west1-docker\.pkg\.dev\/acme\/etl-images-[0-9a-f]{6}\/etl/,
  gone: /Image '.*' not found/,
});

describeImages<FakeAws, unknown>(AWS as Cloud<FakeAws, unknown>, {
  ran: ({ world }) => [...world.tasks.values()].map(({ record }) => record.containers[0]?.image),
  repository: /111111111111\.dkr\.ecr\.eu-west-1\.amazonaws\.com\/etl-images-[0-9a-f]{6}/,
  gone: /CannotPullContainerError.*not found/,
});

describeImages<FakeAzure, unknown>(AZURE as Cloud<FakeAzure, unknown>, {
  ran: ({ calls }) =>
    calls
      .filter(({ action, status }) => action === "Microsoft.ContainerInstance/containerGroups/write" && status < 400)
      .map(
        ({ body }) =>
          (body as { properties: { containers: { properties: { image: string } }[] } }).properties.containers[0]?.properties.image,
      ),
  repository: /etlimages[0-9a-f]{16}\.azurecr\.io\/etl/,
  isEdited: true,
});

test("AWS: the image of a pool of ARM tasks is built for them, in a given repository too", async () => {
  const here = await awsPlace();
  const { edit } = context(here);
  here.program(`
const given = new aws.EcrRepository("given", { region, repositoryName: "shared/flows", forceDelete: true });
const build = { context: "app", secrets: { INDEX: "x" } };
const own = new Pool("own", { ...place, image: build, cpuArchitecture: aws.CpuArchitecture.Arm64 });
const shared = new Pool("shared", { ...place, image: { ...build, platforms: ["linux/amd64", "linux/arm64"], repository: given.url } });
const on = (pool) => new Deployment("hello/" + pool.definition.name, { workPoolName: pool.workPoolName, command: "echo hello" });
exports.pushPools = manifest({ pools: [own, shared], deployments: [on(own), on(shared)] });`);
  expect(await here.up()).toMatchObject({ status: 0, stderr: expect.not.stringMatching(/pushpool: /) });
  for (const name of ["hello/own", "hello/shared"]) expect(await here.run("run", name)).toMatchObject({ status: 0, stdout: "hello\n" });
  const tasks = [...here.fake.world.tasks.values()].map(({ record }) => record);
  expect(tasks.map(({ more }) => more.attributes)).toEqual(["arm64", "x86_64"].map((value) => [{ name: "ecs.cpu-architecture", value }]));
  expect(tasks.map(({ containers }) => containers[0]?.image)).toEqual([
    expect.stringMatching(/\/own-images-[0-9a-f]{6}@sha256:/),
    expect.stringMatching(/\.amazonaws\.com\/shared\/flows@sha256:/),
  ]);
  const [arm = "", both = ""] = tasks.map(({ containers }) => containers[0]?.image ?? "");
  const { registry } = here.fake.world;
  expect([registry.isForeign(arm, "linux/amd64"), registry.isForeign(both, "linux/amd64")]).toEqual([true, false]);
  expect(await here.run("run", "hello/shared", "--job-variable", `image=${arm}`)).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/does not contain descriptor matching platform 'linux\/amd64'/),
  });

  // A token of ECR ends after twelve hours. The stack still notices nothing, and pushes with a new one.
  here.fake.world.registryTokens.expire();
  const unchanged = await here.up("--json");
  expect(JSON.parse(unchanged.stdout.trim().split("\n").at(-1) ?? "")).toMatchObject({ result: { unchanged: true } });
  edit("print('second')\n");
  expect((await here.up()).status).toBe(0);
  expect(registry.names()).toHaveLength(4);
}, 600_000);

test("what BuildKit or the registry refuses fails `up` with its words, and the next one continues", async () => {
  const here = await gcpPlace();
  context(here);
  const write = (image: string) =>
    here.program(`
const etl = new Pool("etl", { ...place, enableApis: true, image: ${image} });
exports.pushPools = manifest({ pools: [etl] });`);
  write('{ context: "app" }');
  // Its Dockerfile requires a build secret. What else is refused is in testing/providers/dockerBuild.test.ts.
  const refused = await here.up();
  expect([refused.status, refused.stderr]).toEqual([5, expect.stringMatching(/failed to solve: secret INDEX: not found/)]);
  write('{ context: "app", secrets: { INDEX: "x" }, repository: "europe-west1-docker.pkg.dev/acme/none/etl" }');
  const nowhere = await here.up();
  expect([nowhere.status, nowhere.stderr]).toEqual([
    5,
    expect.stringMatching(/failed to push .*name unknown: Repository "none" not found/),
  ]);
  write('{ context: "app", secrets: { INDEX: "x" } }');
  expect(await here.up()).toMatchObject({ status: 0 });
  expect(here.fake.registry.images.names()).toHaveLength(1);
}, 600_000);

test("a flow run of `up` uses the image of the same `up`, and runs again with each new one", async () => {
  const here = await gcpPlace();
  const { edit } = context(here);
  here.program(`
const { FlowRun } = require("pushpool");
const etl = new Pool("etl", { ...place, enableApis: true, image: { context: "app", secrets: { INDEX: "x" } } });
const hello = new Deployment("hello/prod", { workPoolName: etl.workPoolName, command: "echo hello" });
new FlowRun("smoke", { pool: etl.definition, deployment: hello.definition, triggers: [etl.image] });
exports.pushPools = manifest({ pools: [etl], deployments: [hello] });`);
  const ran = () => [...here.fake.world.executions.values()].map(({ template }) => template.containers[0]?.image);
  expect(await here.up()).toMatchObject({ status: 0 });
  const first = here.fake.registry.images.names();
  expect([first.length, ran()]).toEqual([1, first]);
  expect((await here.up()).status).toBe(0);
  expect(ran()).toEqual(first);
  edit("print('second')\n");
  expect((await here.up()).status).toBe(0);
  expect(ran()).toEqual(here.fake.registry.images.names());
}, 600_000);

import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, cpSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, onTestFinished, test } from "vitest";
import type { JsonObject } from "../../src/json";
import { until } from "../until";
import { recordings } from "./conformance/recording";
import { project } from "./program";

// kill -9 at every moment of an update: the state must know whatever the provider created, by its id or as a pending operation.

/** What the provider has made; `undefined` while it writes its file. */
function readWorld(world: string): { things: JsonObject } | undefined {
  if (!existsSync(world)) return { things: {} };
  try {
    return JSON.parse(readFileSync(world, "utf8"));
  } catch {
    return undefined;
  }
}

/** A stand-in provider on its own port, which keeps its resources in a file. */
async function demoProvider(folder: string): Promise<{ port: string; world: string }> {
  const world = join(folder, "world.json");
  copyFileSync(join(recordings, "demo-provider.js"), join(folder, "demo-provider.js"));
  const env = { ...process.env, DEMO_WORLD: world, DEMO_DELAY_MS: "0" };
  const provider = spawn(process.execPath, [join(folder, "demo-provider.js")], { env, stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => {
    provider.kill();
  });
  return { world, port: await new Promise((done) => createInterface({ input: provider.stdout }).once("line", done)) };
}

const THING = `class Thing extends pulumi.CustomResource {
  constructor(name, args, opts) { super("demo:index:Thing", name, { arn: undefined, key: undefined, ...args }, { ...opts, additionalSecretOutputs: ["key"] }); }
}`;
const FIRST = `${THING} const a = new Thing("a", { name: "a" }); new Thing("b", { name: "b", tags: { of: a.arn } }); new Thing("c", { name: "c" });`;
// a is replaced, b updated, c deleted, d created.
const SECOND = `${THING} const a = new Thing("a", { name: "a2" }); new Thing("b", { name: "b", tags: { of: a.arn } }); new Thing("d", { name: "d", deleteFirst: true });`;

test.each([
  ["the first update", "", FIRST],
  ["an update that replaces, updates, deletes and creates", FIRST, SECOND],
])("%s, killed at every moment", { timeout: 1_200_000 }, async (_, before, program) => {
  const { dir, write, stack } = project();
  const { port, world } = await demoProvider(dir);
  const home = join(dir, "..", "home");
  const options = JSON.stringify({ projectDir: dir, stack: "dev", home, stateHome: join(home, "state") });
  const run = (at: number) =>
    spawnSync(process.execPath, [join(__dirname, "killed.cjs"), options, String(at)], {
      env: { ...process.env, PULUMI_CONFIG_PASSPHRASE: "", PULUMI_DEBUG_PROVIDERS: `demo:${port}` },
      encoding: "utf8",
    });
  rmSync(world, { force: true });
  if (before) {
    write(before);
    expect(run(0)).toMatchObject({ status: 0 });
  }
  const saved = { home: join(dir, "..", "saved"), world: existsSync(world) ? readFileSync(world, "utf8") : undefined };
  if (before) cpSync(home, saved.home, { recursive: true });
  write(program);
  for (let at = 1; ; at++) {
    rmSync(home, { recursive: true, force: true });
    if (before) cpSync(saved.home, home, { recursive: true });
    if (saved.world === undefined) rmSync(world, { force: true });
    else writeFileSync(world, saved.world);
    const { signal, stdout, status } = run(at);
    if (signal !== "SIGKILL") {
      expect([status, Number(stdout)]).toEqual([0, at - 1]);
      expect(at).toBeGreaterThan(before ? 10 : 6);
      return;
    }
    const made = Object.keys((await until(() => readWorld(world))).things);
    const { deployment } = stack().exportState() as {
      deployment: { resources: JsonObject[]; pending_operations?: { resource: JsonObject; type: string }[] };
    };
    const known = deployment.resources.map(({ id }) => id);
    const underWay = (deployment.pending_operations ?? []).map(
      ({ resource, type }) => `${type} ${String(resource.urn).split("::").at(-1)}`,
    );
    for (const id of made) {
      const [, name = ""] = /^thing-([a-z]+)\d*-\d+$/.exec(id) ?? [];
      expect([at, id, known.includes(id) || underWay.includes(`creating ${name}`)]).toEqual([at, id, true]);
    }
  }
});

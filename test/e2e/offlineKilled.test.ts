import { spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, onTestFinished, test } from "vitest";
import { readState } from "../../src/engine/state/stateFile";
import { recordings } from "../engine/conformance/recording";
import { scratch } from "../scratch";
import { until } from "../until";
import { listen, type Place, place } from "./pushpool";

// `pushpool up --engine offline` is killed, or interrupted, while a provider in another process is working.

const NAMES = ["a", "b", "c", "d"];
const PROGRAM = `const pulumi = require("@pulumi/pulumi");
class Thing extends pulumi.CustomResource {
  constructor(name, args, opts) { super("demo:index:Thing", name, { arn: undefined, ...args }, opts); }
}
let last = [];
for (const name of ${JSON.stringify(NAMES)}) last = [new Thing(name, { name }, { dependsOn: last })];
`;

interface Scene extends Place {
  /** The ids of the provider's resources. */
  things(): string[];
  /** The ids in the state, and those of its pending operations. */
  state(): { ids: string[]; underWay: string[] };
}

/** @param delayMs how long the provider takes for each resource */
async function scene(delayMs = 200): Promise<Scene> {
  const cwd = join(scratch(), "conf");
  mkdirSync(cwd);
  symlinkSync(join(__dirname, "..", "..", "node_modules"), join(cwd, "node_modules"));
  writeFileSync(join(cwd, "Pulumi.yaml"), "name: conf\nruntime: { name: nodejs, options: { typescript: false } }\nmain: index.js\n");
  writeFileSync(join(cwd, "index.js"), PROGRAM);
  copyFileSync(join(recordings, "demo-provider.js"), join(cwd, "demo-provider.js"));
  const world = join(cwd, "world.json");
  const provider = spawn(process.execPath, [join(cwd, "demo-provider.js")], {
    env: { ...process.env, DEMO_WORLD: world, DEMO_DELAY_MS: String(delayMs) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => {
    provider.kill();
  });
  const port: string = await new Promise((done) => createInterface({ input: provider.stdout }).once("line", done));
  const here = place({ cwd, env: { PULUMI_DEBUG_PROVIDERS: `demo:${port}`, PULUMI_CONFIG_PASSPHRASE: "" } });
  return {
    ...here,
    things: () => (existsSync(world) ? Object.keys(JSON.parse(readFileSync(world, "utf8")).things) : []),
    state: () => {
      const { resources = [], pending_operations = [] } = readState(join(here.home, "stacks", "conf", "dev.json"))?.deployment ?? {};
      return {
        ids: resources.flatMap(({ id, type }) => (id && type === "demo:index:Thing" ? [id] : [])),
        underWay: pending_operations.map(({ resource }) => resource.urn.split("::").at(-1) ?? ""),
      };
    },
  };
}

test.each([0, 1, 2, 3])("kill -9 once %i of 4 are recorded: the next one finishes, nothing is lost or created twice", async (count) => {
  const here = await scene();
  const child = here.start("up", "-y", "--engine", "offline");
  const said = listen(child);
  await until(() => here.state().ids.length >= count && here.state().underWay.length > 0);
  child.kill("SIGKILL");
  await said.ended;
  const cut = here.state();
  const { status, stderr } = here.pushpool("up", "-y", "--engine", "offline");
  expect([status, stderr]).toEqual([0, expect.any(String)]);
  for (const name of cut.underWay) expect(stderr).toMatch(new RegExp(`::${name}\\b`));
  const { ids } = here.state();
  expect(ids.map((id) => id.split("-")[1]).sort()).toEqual(NAMES);
  // What was recorded exists. In addition, only what was pending may exist, and that was reported.
  expect(ids).toEqual(expect.arrayContaining(cut.ids));
  const unknown = here.things().filter((id) => !ids.includes(id));
  expect(unknown.filter((id) => !cut.underWay.includes(id.split("-")[1] ?? ""))).toEqual([]);
});

test("Ctrl-C: pending operations are finished and recorded; the next one continues", async () => {
  const here = await scene();
  const child = here.start("up", "-y", "--engine", "offline");
  const said = listen(child);
  await until(() => here.state().ids.length >= 1 && here.state().underWay.length > 0);
  child.kill("SIGINT");
  expect(await said.ended).not.toBe(0);
  expect(said.stderr()).toMatch(/interrupted: .* stack conf\/dev/);
  expect(here.state()).toEqual({ ids: here.things(), underWay: [] });
  expect(existsSync(join(here.home, "stacks", "conf", "dev.json.lock"))).toBe(false);
  expect(here.pushpool("up", "-y", "--engine", "offline").status).toBe(0);
  expect(here.state().ids).toEqual(here.things());
  expect(here.things()).toHaveLength(4);
});

test("a second Ctrl-C kills if a provider does not end; what was pending is recorded", async () => {
  const here = await scene(600_000);
  const child = here.start("up", "-y", "--engine", "offline");
  const said = listen(child);
  await until(() => here.state().underWay.length > 0);
  // A process may receive two simultaneous signals as one.
  const again = setInterval(() => child.kill("SIGINT"), 200);
  await said.ended;
  clearInterval(again);
  expect(child.exitCode).toBe(130);
  expect(here.state()).toEqual({ ids: [], underWay: ["a"] });
});

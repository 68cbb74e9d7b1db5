import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { MARK, marked, noneLeft } from "../marked";
import { scratch } from "../scratch";
import { until } from "../until";
import { listen, type Place, place } from "./pushpool";

// `up` is killed or interrupted while its program and a dynamic provider are working: their processes end with it.

/** Blocks its process during a creation, so that it cannot notice anything itself. */
const PROGRAM = `const pulumi = require("@pulumi/pulumi");
const provider = { async create(inputs) { require("child_process").execSync("touch creating; sleep " + inputs.seconds); return { id: "1", outs: inputs }; } };
new (class extends pulumi.dynamic.Resource {})(provider, "job", { seconds: process.env.SECONDS || "300" });
`;

function project(env: NodeJS.ProcessEnv = {}): Place & { cwd: string } {
  const cwd = join(scratch(), "conf");
  mkdirSync(cwd);
  symlinkSync(join(__dirname, "..", "..", "node_modules"), join(cwd, "node_modules"));
  writeFileSync(join(cwd, "Pulumi.yaml"), "name: conf\nruntime: nodejs\nmain: index.js\n");
  writeFileSync(join(cwd, "index.js"), PROGRAM);
  return { ...place({ cwd, env: { PULUMI_CONFIG_PASSPHRASE: "", [MARK]: cwd, ...env } }), cwd };
}

const runs = (cwd: string, what: string) => marked(cwd).some((line) => line.includes(what));

const MOMENTS: [string, (cwd: string) => boolean][] = [
  ["once the program starts", (cwd) => runs(cwd, "cmd/run")],
  ["once the dynamic provider starts", (cwd) => runs(cwd, "cmd/dynamic-provider")],
  ["once a resource is being created", (cwd) => existsSync(join(cwd, "creating"))],
];

test.each(MOMENTS)("kill -9 of `up` %s leaves no process", async (_, isTime) => {
  const { cwd, start } = project();
  const child = start("up", "-y", "--engine", "offline");
  const { ended } = listen(child);
  await until(() => isTime(cwd));
  child.kill("SIGKILL");
  await ended;
  await noneLeft(cwd);
});

test.each(
  (["SIGINT", "SIGTERM", "SIGHUP"] as const).flatMap((signal) =>
    MOMENTS.slice(0, 2).map(([name, isTime]) => [signal, name, isTime] as const),
  ),
)("%s %s ends `up`, with a message and no process left", async (signal, _, isTime) => {
  const { cwd, home, start } = project({ SECONDS: "0" });
  const child = start("up", "-y", "--engine", "offline");
  const { ended, stderr } = listen(child);
  await until(() => isTime(cwd));
  child.kill(signal);
  expect([await ended, stderr()]).toEqual([5, expect.stringMatching(/pushpool: interrupted: .* stack conf\/dev/)]);
  await noneLeft(cwd);
  expect(existsSync(join(home, "stacks", "conf", "dev.json.lock"))).toBe(false);
});

test("a second signal aborts `up`: the lock is removed, the unfinished steps are recorded, and no process is left", async () => {
  const { cwd, home, start } = project();
  const child = start("up", "-y", "--engine", "offline");
  const { ended, stderr } = listen(child);
  await until(() => existsSync(join(cwd, "creating")));
  child.kill("SIGTERM");
  await until(() => stderr().includes("interrupted: the current steps are finished first"));
  child.kill("SIGINT");
  expect([await ended, stderr()]).toEqual([130, expect.stringMatching(/pushpool: aborted: .* stack conf\/dev/)]);
  await noneLeft(cwd);
  const state = join(home, "stacks", "conf", "dev.json");
  expect(existsSync(`${state}.lock`)).toBe(false);
  expect(readFileSync(`${state}.journal`, "utf8")).toMatch(/"creating"/);
});

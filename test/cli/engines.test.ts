import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type EngineFlags, settle } from "../../src/cli/engines";
import { type EngineName, recordEngine } from "../../src/stacks";
import { openWorkspace } from "../../src/workspace";
import { scratch } from "../scratch";
import { capturePrinted } from "./printed";

const printed = capturePrinted();

interface Case {
  pulumi?: boolean;
  owner?: EngineName;
  flags?: EngineFlags;
  args?: string[];
}

/** A project `data`, with or without a `pulumi` on PATH, whose stack `dev` may have an owner. */
function settled({ pulumi = false, owner, flags = {}, args = [] }: Case) {
  const folder = scratch();
  const bin = join(folder, "bin");
  mkdirSync(bin);
  if (pulumi) writeFileSync(join(bin, "pulumi"), "#!/bin/sh\n", { mode: 0o755 });
  writeFileSync(join(folder, "Pulumi.yaml"), "name: data\nruntime: nodejs\n");
  const home = join(folder, ".pushpool");
  const env = { PATH: bin, HOME: folder, XDG_STATE_HOME: join(folder, "state") };
  if (owner) {
    recordEngine(home, "data", "dev", owner);
    if (owner === "offline") {
      mkdirSync(join(home, "stacks", "data"), { recursive: true });
      writeFileSync(join(home, "stacks", "data", "dev.json"), "{}");
    }
  }
  const workspace = openWorkspace({ cwd: folder, env, ...(flags.stack === undefined ? {} : { stack: flags.stack }) });
  return { home, settle: () => settle(workspace, flags, args) };
}

test.each<[string, Case, EngineName, RegExp]>([
  ["pulumi is on PATH", { pulumi: true }, "pulumi", /stack data\/dev, engine pulumi \(pulumi is on PATH\)/],
  ["pulumi is not on PATH", {}, "offline", /engine offline \(pulumi is not on PATH\)/],
  ["the engine is given", { pulumi: true, flags: { engine: "offline" } }, "offline", /engine offline \(as asked\)/],
  ["the engine manages the stack", { pulumi: true, owner: "offline" }, "offline", /engine offline \(it manages this stack\)/],
  [
    "another stack of the project",
    { pulumi: true, owner: "offline", flags: { stack: "prod" } },
    "pulumi",
    /stack data\/prod, engine pulumi/,
  ],
])("%s", (_, given, engine, message) => {
  const { home, settle } = settled(given);
  expect(settle().engine).toBe(engine);
  expect(printed.stderr).toMatch(message);
  expect(existsSync(join(home, ".gitignore"))).toBe(true);
});

test.each<[string, Case, RegExp]>([
  ["an unknown engine", { flags: { engine: "terraform" } }, /^--engine "terraform": must be pulumi or offline$/],
  ["pulumi that is not on PATH", { flags: { engine: "pulumi" } }, /^--engine pulumi: `pulumi` is not on PATH.*--engine offline$/],
  ["the other engine", { pulumi: true, owner: "offline", flags: { engine: "pulumi" } }, /data\/dev was brought up by the offline engine/],
  [
    "the other engine, the other way",
    { pulumi: true, owner: "pulumi", flags: { engine: "offline" } },
    /data\/dev was brought up by the Pulumi CLI/,
  ],
  [
    "a policy pack",
    { args: ["--refresh", "--policy-pack", "./rules"] },
    /^--policy-pack: the offline engine does not run policy packs\. Leave it out, or use --engine pulumi$/,
  ],
  ["a policy pack in one word", { args: ["--policy-pack=./rules"] }, /^--policy-pack: the offline engine does not run policy packs/],
  ["a target that is not a URN", { args: ["--target", "x"] }, /^--target "x": must be the URN of a resource/],
  ["a target without a value", { args: ["--target"] }, /^--target "": must be the URN of a resource/],
  ["targets and excluded ones", { args: ["--target", "urn:pulumi:a", "--exclude=urn:pulumi:b"] }, /^--target and --exclude: give only one/],
  ["dependents of nothing", { args: ["--target-dependents"] }, /^--target-dependents: give it with --target$/],
  ["a switch that is neither on nor off", { args: ["--refresh=yes"] }, /^--refresh="yes": must be true or false$/],
  ["arguments for pulumi", { args: ["--refresh", "-v", "3"] }, /^"-v 3": these arguments are for pulumi/],
])("refused: %s", (_, given, message) => {
  const { settle } = settled(given);
  expect(settle).toThrow(message);
  expect(printed.stderr).toBe("");
});

test.each<[string[], boolean]>([
  [[], false],
  [["--refresh"], true],
  [["-r"], true],
  [["--refresh=true"], true],
  [["--refresh=false"], false],
])("%j: the offline engine refreshes first: %s", (args, refresh) => {
  expect(settled({ args }).settle().asked).toMatchObject({ refresh, targets: [] });
});

test("--json prints nothing but results", () => {
  settled({ flags: { json: true } }).settle();
  expect(printed.stderr).toBe("");
});

test("a refused command does not make a home folder", () => {
  const { home, settle } = settled({ flags: { engine: "terraform" } });
  expect(settle).toThrow();
  expect(existsSync(home)).toBe(false);
});

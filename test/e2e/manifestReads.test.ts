import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { JsonObject } from "../../src/json";
import { MASK } from "../../src/secret";
import { recordEngine, selectStack } from "../../src/stacks";
import { scratch } from "../scratch";
import { manifestOf, type Place, place } from "./pushpool";

// How a command reads the manifest: it asks each stack once.

const KEY = "a-key-that-is-secret";
const manifest: JsonObject = { ...manifestOf({ "hello/true": "true" }), variables: { key: KEY } };

/** A Pulumi project, and a CLI that records its calls. */
function withPulumi(): { here: Place; calls: () => string[] } {
  const folder = scratch();
  writeFileSync(join(folder, "Pulumi.yaml"), "name: data\nruntime: nodejs\n");
  const bin = join(folder, "bin");
  mkdirSync(bin);
  const outputs = JSON.stringify({ pushPools: manifest });
  writeFileSync(join(bin, "shown.json"), outputs);
  writeFileSync(join(bin, "masked.json"), outputs.replaceAll(KEY, MASK));
  const script = `#!/bin/sh
echo "$*" >> ${bin}/calls
case "$*" in
  *--show-name*) echo dev ;;
  *--show-secrets*) cat ${bin}/shown.json ;;
  *output*) cat ${bin}/masked.json ;;
esac
`;
  writeFileSync(join(bin, "pulumi"), script, { mode: 0o755 });
  const here = place({ cwd: folder, env: { PATH: `${bin}:/usr/bin:/bin` } });
  return {
    here,
    calls: () => {
      const made = readFileSync(join(bin, "calls"), "utf8").trim().split("\n");
      writeFileSync(join(bin, "calls"), "");
      return made.filter((call) => call.includes("stack output"));
    },
  };
}

/** A stack of the offline engine, and how often a command reads its state. */
function offline(): { here: Place; reads: () => number } {
  const folder = scratch();
  writeFileSync(join(folder, "Pulumi.yaml"), "name: data\nruntime: nodejs\n");
  const here = place({ cwd: folder });
  const state = join(here.home, "stacks", "data", "dev.json");
  mkdirSync(join(here.home, "stacks", "data"), { recursive: true });
  const urn = "urn:pulumi:dev::data::pulumi:pulumi:Stack::data-dev";
  const resources = [{ urn, custom: false, type: "pulumi:pulumi:Stack", outputs: { pushPools: manifest } }];
  const deployment = { manifest: { time: "2026-01-01T00:00:00Z", magic: "", version: "" }, resources };
  writeFileSync(state, JSON.stringify({ version: 3, deployment }));
  recordEngine(here.home, "data", "dev", "offline");
  selectStack(here.home, "data", "dev");
  const log = join(folder, "reads");
  writeFileSync(log, "");
  const counter = join(folder, "counter.cjs");
  writeFileSync(
    counter,
    `const fs = require("node:fs");
const { readFileSync } = fs;
fs.readFileSync = (path, ...rest) => {
  if (path === ${JSON.stringify(state)}) fs.appendFileSync(${JSON.stringify(log)}, "read\\n");
  return readFileSync(path, ...rest);
};
require("node:module").syncBuiltinESMExports();
`,
  );
  here.env.NODE_OPTIONS = `--require ${counter}`;
  return { here, reads: () => readFileSync(log, "utf8").split("\n").length - 1 };
}

const OUTPUT = "stack output --json --stack dev";
const ONCE = [`${OUTPUT} --non-interactive`, `${OUTPUT} --show-secrets --non-interactive`];

test("run asks the Pulumi CLI once for the outputs, and once for their secrets, on its first run and later", () => {
  const { here, calls } = withPulumi();
  expect(here.pushpool("run", "hello/true")).toMatchObject({ status: 0 });
  expect(calls()).toEqual(ONCE);
  expect(here.pushpool("run", "hello/true")).toMatchObject({ status: 0 });
  expect(calls()).toEqual(ONCE);
  expect(here.pushpool("run", "hello/true", "--detach")).toMatchObject({ status: 0 });
  expect(calls()).toEqual(ONCE);
});

test("run reads the offline engine's state once", () => {
  const { here, reads } = offline();
  expect(here.pushpool("run", "hello/true")).toMatchObject({ status: 0 });
  expect(reads()).toBe(1);
});

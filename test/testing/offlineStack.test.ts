import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { type EngineEvent, offlineStack } from "../../src/testing";
import { scratch } from "../scratch";

// Each test runs several updates, and the machine may be loaded.
vi.setConfig({ testTimeout: 240_000 });

test("a user's program, tested as a user would: nothing is written into the project", async () => {
  const dir = join(scratch(), "infra");
  mkdirSync(dir);
  symlinkSync(join(__dirname, "..", "..", "node_modules"), join(dir, "node_modules"));
  writeFileSync(join(dir, "Pulumi.yaml"), "name: infra\nruntime: nodejs\n");
  writeFileSync(
    join(dir, "index.js"),
    `const pulumi = require("@pulumi/pulumi");
     const config = new pulumi.Config();
     const site = new pulumi.ComponentResource("acme:index:Site", "site", { region: config.require("region") });
     exports.token = pulumi.secret({ key: config.require("region") });`,
  );
  const heard: EngineEvent[] = [];
  const stack = offlineStack({ projectDir: dir, config: { region: "eu" }, onEvent: (event) => heard.push(event) });
  expect(stack.exportState()).toMatchObject({ version: 3, deployment: { resources: [] } });
  expect(await stack.outputs()).toEqual({});
  expect(await stack.preview()).toMatchObject({ project: "infra", stack: "dev", changes: { create: 2 } });
  expect(heard.flatMap((event) => (event.kind === "pre" ? [event.step.name] : []))).toContain("site");
  expect(await stack.up()).toMatchObject({ changes: { create: 2 }, outputs: { token: "[secret]" } });
  expect(await stack.up()).toMatchObject({ unchanged: true });
  expect(await stack.outputs()).toEqual({ token: "[secret]" });
  expect(await stack.outputs({ secrets: true })).toEqual({ token: { key: "eu" } });
  expect(await stack.destroy()).toMatchObject({ changes: { delete: 2 } });
  expect(existsSync(join(dir, ".pushpool"))).toBe(false);
});

test("two stacks without given homes share nothing", async () => {
  const dir = scratch();
  writeFileSync(join(dir, "Pulumi.yaml"), "name: infra\nruntime: nodejs\n");
  writeFileSync(join(dir, "index.js"), "exports.n = 1;");
  await offlineStack({ projectDir: dir }).up();
  expect(await offlineStack({ projectDir: dir }).outputs()).toEqual({});
});

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { EngineEvent } from "../../src/engine";
import type { JsonObject } from "../../src/json";
import { project } from "./program";

type State = { deployment: { resources: JsonObject[]; secrets_providers?: JsonObject } };
const resourcesOf = (state: unknown) => (state as State).deployment.resources;
const urn = (types: string, name: string) => `urn:pulumi:dev::conf::${types}::${name}`;

test("components live: create, same, update, delete; nested ones know their parents", async () => {
  const { write, stack } = project();
  write(`const b = new Box("b", { label: "x" }); new Bare("inner", { n: 1 }, { parent: b }); exports.label = b.label;`);
  const dev = stack();
  expect(await dev.preview()).toMatchObject({ changes: { create: 3 }, unchanged: false });
  expect(await dev.up()).toMatchObject({ changes: { create: 3 }, outputs: { label: "x" }, unchanged: false });
  const [root, box, inner] = resourcesOf(dev.exportState());
  expect(root).toMatchObject({ urn: urn("pulumi:pulumi:Stack", "conf-dev"), outputs: { label: "x" } });
  expect(box).toMatchObject({
    urn: urn("conf:index:Box", "b"),
    custom: false,
    inputs: { label: "x" },
    outputs: { label: "x" },
    parent: root?.urn,
    propertyDependencies: { label: [] },
  });
  expect(inner).toMatchObject({ urn: urn("conf:index:Box$conf:index:Bare", "inner"), inputs: { n: 1 }, parent: box?.urn });
  expect(inner).not.toHaveProperty("outputs");

  expect(await dev.up()).toMatchObject({ changes: { same: 3 }, unchanged: true });
  write(`const b = new Box("b", { label: "y" }); exports.label = b.label;`);
  const events: EngineEvent[] = [];
  const after = await stack({ onEvent: (event) => events.push(event) }).up();
  expect(after).toMatchObject({ changes: { same: 1, update: 1, delete: 1 }, outputs: { label: "y" } });
  expect(events).toContainEqual(expect.objectContaining({ kind: "resource", op: "update", name: "b", changedKeys: ["label"] }));
  expect(resourcesOf(dev.exportState()).map(({ urn }) => urn)).toEqual([root?.urn, box?.urn]);
  expect(resourcesOf(dev.exportState())[1]).toMatchObject({ created: box?.created, inputs: { label: "y" } });

  expect(await dev.destroy()).toMatchObject({ changes: { delete: 2 } });
  expect(resourcesOf(dev.exportState())).toEqual([]);
  expect(await dev.destroy()).toMatchObject({ unchanged: true });
});

test("a preview writes nothing", async () => {
  const { dir, write, stack } = project();
  write(`exports.n = 1;`);
  await stack().preview();
  expect(existsSync(join(dir, "..", "home", "stacks", "conf", "dev.json"))).toBe(false);
});

test("a second `up` leaves the state as it was, byte for byte, secrets and all", async () => {
  const { dir, write, stack } = project();
  write(`new Box("b", { label: pulumi.secret("s1") }); exports.list = [1, "two", null, { b: pulumi.secret({ deep: true }) }];`);
  await stack().up();
  const path = join(dir, "..", "home", "stacks", "conf", "dev.json");
  const before = readFileSync(path, "utf8");
  expect(await stack().up()).toMatchObject({ unchanged: true });
  expect(readFileSync(path, "utf8")).toBe(before);
});

test("secrets are never plain in the state, masked in outputs, and there for those who may know", async () => {
  const { write, stack } = project();
  write(`const b = new Box("b", { label: pulumi.secret("hunter2-label"), open: "o" });
    exports.label = b.label; exports.made = pulumi.interpolate\`x-\${b.label}\`; exports.open = "o"; exports.nested = { in: pulumi.secret({ a: "hunter2-nested" }), out: 1 };`);
  const dev = stack();
  const { outputs } = await dev.up();
  expect(outputs).toEqual({ label: "[secret]", made: "[secret]", open: "o", nested: { in: "[secret]", out: 1 } });
  const text = JSON.stringify(dev.exportState());
  expect(text).not.toContain("hunter2");
  expect((dev.exportState() as State).deployment.secrets_providers).toMatchObject({
    type: "passphrase",
    state: { salt: expect.stringMatching(/^v1:/) },
  });
  expect(await dev.outputs()).toEqual(outputs);
  expect(await dev.outputs({ secrets: true })).toEqual({
    label: "hunter2-label",
    made: "x-hunter2-label",
    open: "o",
    nested: { in: { a: "hunter2-nested" }, out: 1 },
  });
});

test("with no passphrase set there is a key file outside the project, for its owner; with a wrong one a clear refusal", async () => {
  const { dir, write, stack } = project();
  write(`exports.s = pulumi.secret("x");`);
  const { PULUMI_CONFIG_PASSPHRASE: _, PULUMI_CONFIG_PASSPHRASE_FILE: __, ...env } = process.env;
  await stack({ env }).up();
  expect(await stack({ env }).outputs({ secrets: true })).toEqual({ s: "x" });
  const { mode } = await import("node:fs").then(({ statSync }) =>
    statSync(join(dir, "..", "home", "state", "keys", "stacks", "conf", "dev")),
  );
  expect(mode & 0o777).toBe(0o600);
  await expect(stack({ env: { ...env, PULUMI_CONFIG_PASSPHRASE: "wrong" } }).up()).rejects.toThrow(
    /the passphrase \(PULUMI_CONFIG_PASSPHRASE\) is not the one/,
  );
});

test("configuration: plain, structured and secure values; extra ones over the file's", async () => {
  const { write, config, stack } = project();
  // Encrypted with an empty passphrase by an implementation of Pulumi's format in Python (see passphrase.test.ts).
  const { SALT, SECURE } = await import("./passphrase.vectors.js");
  config(`encryptionsalt: ${SALT}\nconfig:\n  conf:plain: p\n  conf:data: { list: [1, 2] }\n  conf:key:\n    secure: ${SECURE}\n`);
  write(
    `const c = new pulumi.Config(); exports.plain = c.require("plain"); exports.data = c.requireObject("data"); exports.key = c.requireSecret("key"); exports.extra = c.require("extra");`,
  );
  const { outputs } = await stack({ config: { extra: "e" } }).up();
  expect(outputs).toEqual({ plain: "p", data: { list: [1, 2] }, key: "[secret]", extra: "e" });
  expect(await stack().outputs({ secrets: true })).toMatchObject({ key: "hunter2-config" });
});

test("a program that throws: its own message and stack; what was registered stays, nothing is deleted, old outputs are kept", async () => {
  const { write, stack } = project();
  write(`new Bare("old", {}); exports.kept = 1;`);
  await stack().up();
  write(`new Bare("new", {}); throw new Error("no such region");`);
  await expect(stack().up()).rejects.toThrow(/failed with an unhandled exception:\n.*Error: no such region\n\s+at .*index\.js/s);
  const names = resourcesOf(stack().exportState()).map(({ urn }) => String(urn).split("::").at(-1));
  expect(names).toEqual(expect.arrayContaining(["conf-dev", "old"]));
  expect(await stack().outputs()).toEqual({ kept: 1 });
});

test.each<[string, string, RegExp]>([
  ["an unhandled rejection", `Promise.reject(new Error("later"));`, /later/],
  ["a RunError: the message alone", `throw new pulumi.RunError("plain words");`, /^(?!.*\n\s+at ).*plain words/s],
  ["process.exit", `process.exit(3);`, /exit code 3/],
  ["a syntax error", `const = 1;`, /SyntaxError/],
  [
    "the same URN twice",
    `new Bare("x", {}); new Bare("x", {});`,
    /Duplicate resource URN 'urn:pulumi:dev::conf::conf:index:Bare::x'; try giving it a unique name/,
  ],
  [
    "a custom resource",
    `new pulumi.CustomResource("aws:s3/bucket:Bucket", "mine", {});`,
    /offline engine does not do the resource "mine" of type aws:s3\/bucket:Bucket yet.*--engine pulumi/,
  ],
  [
    "a dynamic resource",
    `new pulumi.dynamic.Resource({ async create() { return { id: "1", outs: {} }; } }, "mine", {});`,
    /does not do the resource "mine" of type pulumi-nodejs:dynamic.*--engine pulumi/,
  ],
  ["a StackReference", `new pulumi.StackReference("organization/other/dev");`, /offline engine does not do/],
])("%s ends the update with its reason", async (_, program, message) => {
  const { write, stack } = project();
  write(program);
  await expect(stack().up()).rejects.toThrow(message);
});

test("log.error alone fails nothing; log lines are heard", async () => {
  const { write, stack } = project();
  write(`pulumi.log.info("for you"); pulumi.log.warn("careful"); console.log("printed");`);
  const events: EngineEvent[] = [];
  await stack({ onEvent: (event) => events.push(event) }).up();
  expect(events).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ kind: "diagnostic", severity: "info", message: expect.stringMatching(/for you/) }),
      expect.objectContaining({ kind: "diagnostic", severity: "warning" }),
      { kind: "stdout", text: "printed" },
    ]),
  );
});

test("protect: what is protected is not deleted, by its removal or by destroy", async () => {
  const { write, stack } = project();
  write(`new Bare("keep", {}, { protect: true });`);
  await stack().up();
  write("");
  await expect(stack().up()).rejects.toThrow(/Bare::keep" cannot be deleted because it is protected/);
  await expect(stack().destroy()).rejects.toThrow(/Bare::keep" cannot be deleted/);
  expect(resourcesOf(stack().exportState()).map(({ urn }) => urn)).toContain(urn("conf:index:Bare", "keep"));
});

test("children are deleted before their parents", async () => {
  const { write, stack } = project();
  write(`const a = new Bare("a", {}); const b = new Bare("b", {}, { parent: a }); new Bare("c", {}, { parent: b });`);
  await stack().up();
  const events: EngineEvent[] = [];
  await stack({ onEvent: (event) => events.push(event) }).destroy();
  expect(events.flatMap((event) => (event.kind === "resource" ? [event.name] : []))).toEqual(["c", "b", "a", "conf-dev"]);
});

test("two stacks of a project are two states", async () => {
  const { write, stack } = project();
  write(`exports.stack = pulumi.getStack();`);
  await stack().up();
  await stack({ stack: "prod" }).up();
  expect([await stack().outputs(), await stack({ stack: "prod" }).outputs()]).toEqual([{ stack: "dev" }, { stack: "prod" }]);
});

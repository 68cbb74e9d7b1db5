import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { type EngineEvent, up } from "../../src/engine";
import { SDK_FLAGS } from "../../src/engine/sdkFlags";
import type { JsonObject } from "../../src/json";
import { project } from "./program";

// Each test runs several updates, and the machine may be busy.
vi.setConfig({ testTimeout: 240_000 });

type State = { deployment: { resources: JsonObject[]; secrets_providers?: JsonObject } };
const resourcesOf = (state: unknown) => (state as State).deployment.resources;
const urn = (types: string, name: string) => `urn:pulumi:dev::conf::${types}::${name}`;

test("components are created, kept, updated and deleted; nested ones know their parents", async () => {
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
  expect(events).toContainEqual(
    expect.objectContaining({ kind: "pre", step: expect.objectContaining({ op: "update", name: "b", diffs: ["label"] }) }),
  );
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
  expect(existsSync(join(dir, "..", "home", "stacks"))).toBe(false);
  write(`exports.s = pulumi.secret("x");`);
  await stack().up();
  const path = join(dir, "..", "home", "stacks", "conf", "dev.json");
  const before = readFileSync(path, "utf8");
  write(`new Bare("b", {}); exports.s = pulumi.secret("y");`);
  expect(await stack().preview()).toMatchObject({ changes: { create: 1, same: 1 }, outputs: { s: "[secret]" }, unchanged: false });
  expect(readFileSync(path, "utf8")).toBe(before);
});

test("a second `up` does not change the state file, not even its secrets", async () => {
  const { dir, write, stack } = project();
  write(`new Box("b", { label: pulumi.secret("s1") }); exports.list = [1, "two", null, { b: pulumi.secret({ deep: true }) }];`);
  await stack().up();
  const path = join(dir, "..", "home", "stacks", "conf", "dev.json");
  const before = readFileSync(path, "utf8");
  expect(await stack().up()).toMatchObject({ unchanged: true });
  expect(readFileSync(path, "utf8")).toBe(before);
});

test("secrets are encrypted in the state, masked in outputs, and shown on request", async () => {
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

test("without a passphrase a key file is made outside the project, readable by its owner; it works whatever is set later", async () => {
  const { dir, write, stack } = project();
  write(`exports.s = pulumi.secret("x");`);
  const { PULUMI_CONFIG_PASSPHRASE: _, PULUMI_CONFIG_PASSPHRASE_FILE: __, ...env } = process.env;
  await stack({ env }).up();
  expect(await stack({ env }).outputs({ secrets: true })).toEqual({ s: "x" });
  const { mode } = await import("node:fs").then(({ statSync }) =>
    statSync(join(dir, "..", "home", "state", "keys", "stacks", "conf", "dev")),
  );
  expect(mode & 0o777).toBe(0o600);
  const later = { ...env, PULUMI_CONFIG_PASSPHRASE: "of another stack" };
  expect(await stack({ env: later }).up()).toMatchObject({ unchanged: true });
});

test("a wrong passphrase is refused, and changes nothing", async () => {
  const { dir, write, stack } = project();
  write(`exports.s = pulumi.secret("x");`);
  const path = join(dir, "..", "home", "stacks", "conf", "dev.json");
  await stack().up();
  const before = readFileSync(path, "utf8");
  write(`exports.s = pulumi.secret("y");`);
  await expect(stack({ env: { ...process.env, PULUMI_CONFIG_PASSPHRASE: "wrong" } }).up()).rejects.toThrow(
    /incorrect passphrase \(PULUMI_CONFIG_PASSPHRASE\): the secrets of stack conf\/dev/,
  );
  expect(readFileSync(path, "utf8")).toBe(before);
  const file = join(dir, "passphrase");
  writeFileSync(file, "\n");
  const { PULUMI_CONFIG_PASSPHRASE: _, ...env } = process.env;
  expect(await stack({ env: { ...env, PULUMI_CONFIG_PASSPHRASE_FILE: file } }).outputs({ secrets: true })).toEqual({ s: "x" });
});

test("configuration: plain, structured and secure values; given values override the file's", async () => {
  const { write, config, stack } = project();
  // Encrypted with an empty passphrase by a Python implementation of Pulumi's format (see passphrase.test.ts).
  const { SALT, SECURE } = await import("./passphrase.vectors.js");
  config(`encryptionsalt: ${SALT}\nconfig:\n  conf:plain: p\n  conf:data: { list: [1, 2] }\n  conf:key:\n    secure: ${SECURE}\n`);
  write(
    `const c = new pulumi.Config(); exports.plain = c.require("plain"); exports.data = c.requireObject("data"); exports.key = c.requireSecret("key"); exports.extra = c.require("extra");`,
  );
  const { outputs } = await stack({ config: { extra: "e" } }).up();
  expect(outputs).toEqual({ plain: "p", data: { list: [1, 2] }, key: "[secret]", extra: "e" });
  expect(await stack().outputs({ secrets: true })).toMatchObject({ key: "hunter2-config" });
});

test("a program that throws: its message and stack are shown, nothing is deleted, old outputs are kept", async () => {
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
  ["process.exit", `process.exit(3);`, /^an unhandled error occurred: Program exited with non-zero exit code: 3$/],
  ["a syntax error", `const = 1;`, /SyntaxError/],
  [
    "the same URN twice",
    `new Bare("x", {}); new Bare("x", {});`,
    /Duplicate resource URN 'urn:pulumi:dev::conf::conf:index:Bare::x'; try giving it a unique name/,
  ],
  [
    "a resource of a package without provider",
    `new pulumi.CustomResource("acme:s3/bucket:Bucket", "mine", {});`,
    /has no provider for the package acme: attach one \(PULUMI_DEBUG_PROVIDERS=acme:PORT/,
  ],
  [
    "a StackReference to a stack that does not exist",
    `new pulumi.StackReference("organization/other/dev");`,
    /^unknown stack "organization\/other\/dev"$/,
  ],
  [
    "a remote component",
    `class Site extends pulumi.ComponentResource { constructor(name) { super("acme:index:Site", name, {}, {}, true); } } new Site("s");`,
    /has no provider for the package acme: attach one .*, or use --engine pulumi/,
  ],
  [
    "a method of a remote component",
    `pulumi.runtime.call("acme:index:Site/open", {});`,
    /has no provider for the package acme: attach one .*, or use --engine pulumi/,
  ],
  [
    "a transform that throws",
    `new Bare("x", {}, { transforms: [() => { throw new Error("no more Bares"); }] });`,
    /a transform failed: .*no more Bares/,
  ],
  [
    "a stack transform that throws",
    `pulumi.runtime.registerResourceTransform(() => { throw new Error("no more Bares"); }); new Bare("x", {});`,
    /a transform failed: .*no more Bares/,
  ],
  [
    "a resource hook",
    `const hook = new pulumi.ResourceHook("after", () => {}); new Bare("x", {}, { hooks: { afterCreate: [hook] } });`,
    /does not support the resource hook "after" yet/,
  ],
  [
    "a custom timeout without a unit",
    `new Bare("x", {}, { customTimeouts: { create: "10" } });`,
    /^customTimeouts\.create "10": must be a duration with units of h, m, s or ms, such as 1h30m$/,
  ],
  [
    "a custom timeout in days, which Go does not know",
    `new Bare("x", {}, { customTimeouts: { create: "5m", delete: "1d" } });`,
    /^customTimeouts\.delete "1d": must be a duration/,
  ],
  [
    "an alias that two resources use",
    `new Bare("x", {}, { aliases: [{ name: "was" }] }); new Bare("y", {}, { aliases: [{ name: "was" }] });`,
    /^Duplicate resource alias 'urn:pulumi:dev::conf::conf:index:Bare::was' applied to resource with URN '.*::[xy]' conflicting with '.*::[xy]'/,
  ],
])("%s ends the update with its reason", async (_, program, message) => {
  const { write, stack } = project();
  if (program.includes('"was"')) {
    write(`new Bare("was", {});`);
    await stack().up();
  }
  write(program);
  await expect(stack().up()).rejects.toThrow(message);
});

test("custom timeouts are in Go's notation, and the state has their seconds", async () => {
  const { write, stack } = project();
  write(`new Bare("x", {}, { customTimeouts: { create: "1h30m", update: ".5s", delete: "1m1m" } });`);
  await stack().up();
  const bare = resourcesOf(stack().exportState()).find(({ urn }) => String(urn).endsWith("::x"));
  expect(bare?.customTimeouts).toEqual({ create: 5400, update: 0.5, delete: 120 });
});

test("log lines and printed lines become events", async () => {
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

test("a protected resource is not deleted, neither by its removal from the program nor by destroy", async () => {
  const { write, stack } = project();
  write(`new Bare("keep", {}, { protect: true });`);
  await stack().up();
  write("");
  await expect(stack().up()).rejects.toThrow(/Bare::keep" cannot be deleted because it is protected/);
  await expect(stack().destroy()).rejects.toThrow(/Bare::keep" cannot be deleted/);
  expect(resourcesOf(stack().exportState()).map(({ urn }) => urn)).toContain(urn("conf:index:Bare", "keep"));
});

test("a protected component is not deleted either, as with Pulumi's engine", async () => {
  const { write, stack } = project();
  write(`const b = new Box("b", { label: "x" }, { protect: true }); new Bare("in", {}, { parent: b, protect: false });`);
  await stack().up();
  write("");
  await expect(stack().up()).rejects.toThrow(/Box::b" cannot be deleted because it is protected/);
  write(`new Box("b", { label: "x" }, { protect: false });`);
  await stack().up();
  write("");
  expect(await stack().up()).toMatchObject({ changes: { delete: 1 } });
});

test("children are deleted before their parents", async () => {
  const { write, stack } = project();
  write(`const a = new Bare("a", {}); const b = new Bare("b", {}, { parent: a }); new Bare("c", {}, { parent: b });`);
  await stack().up();
  const events: EngineEvent[] = [];
  await stack({ onEvent: (event) => events.push(event) }).destroy();
  expect(events.flatMap((event) => (event.kind === "pre" ? [event.step.name] : []))).toEqual(["c", "b", "a", "conf-dev"]);
});

test("two stacks of a project have separate states", async () => {
  const { write, stack } = project();
  write(`exports.stack = pulumi.getStack();`);
  await stack().up();
  await stack({ stack: "prod" }).up();
  expect([await stack().outputs(), await stack({ stack: "prod" }).outputs()]).toEqual([{ stack: "dev" }, { stack: "prod" }]);
});

test("a renamed component and its children are kept; after a failure no reference to a former name is left", async () => {
  const { write, stack } = project();
  write(`const b = new Box("old", { label: "x" }); new Bare("old-in", { n: 1 }, { parent: b }); new Bare("left", {}, { parent: b });`);
  await stack().up();
  const made = resourcesOf(stack().exportState()).map(({ created }) => created);
  write(`const b = new Box("new", { label: "x" }, { aliases: [{ name: "old" }] }); new Bare("other", {}, { parent: b });
    module.exports = () => new Promise((_, fail) => b.urn.apply(() => fail(new Error("half way"))));`);
  await expect(stack().up()).rejects.toThrow("half way");
  const half = resourcesOf(stack().exportState());
  const urns = new Set(half.map(({ urn }) => urn));
  expect(half.filter(({ parent }) => parent !== undefined && !urns.has(parent))).toEqual([]);

  write(`const b = new Box("old", { label: "x" }, { aliases: [{ name: "new" }] }); new Bare("old-in", { n: 1 }, { parent: b });`);
  await stack().up();
  write(`const b = new Box("new", { label: "x" }, { aliases: [{ name: "old" }] }); new Bare("new-in", { n: 1 }, { parent: b });`);
  expect(await stack().up()).toMatchObject({ changes: { same: 3 }, unchanged: true });
  const moved = resourcesOf(stack().exportState());
  expect(moved.map(({ urn }) => urn)).toEqual([
    urn("pulumi:pulumi:Stack", "conf-dev"),
    urn("conf:index:Box", "new"),
    urn("conf:index:Box$conf:index:Bare", "new-in"),
  ]);
  expect(made).toContain(moved[1]?.created);
});

test("ignoreChanges leaves a component unchanged", async () => {
  const { write, stack } = project();
  write(`new Bare("b", { tag: 1, size: 1 }, { ignoreChanges: ["tag"] });`);
  await stack().up();
  write(`new Bare("b", { tag: 2, size: 1 }, { ignoreChanges: ["tag"] });`);
  expect(await stack().up()).toMatchObject({ changes: { same: 2 }, unchanged: true });
});

test("secrets of the state and of the configuration may have different salts", async () => {
  const { write, config, stack } = project();
  write(`exports.s = pulumi.secret("x");`);
  await stack().up();
  const { SALT, SECURE } = await import("./passphrase.vectors.js");
  config(`encryptionsalt: ${SALT}\nconfig:\n  conf:key:\n    secure: ${SECURE}\n`);
  write(`exports.s = pulumi.secret("x"); exports.key = new pulumi.Config().requireSecret("key");`);
  await stack().up();
  expect(await stack().outputs({ secrets: true })).toEqual({ s: "x", key: "hunter2-config" });
});

test("a TypeScript program is transpiled without type checks if its tsconfig sets noCheck", async () => {
  const { dir, stack } = project();
  writeFileSync(join(dir, "Pulumi.yaml"), "name: conf\nruntime: nodejs\nmain: index.ts\n");
  writeFileSync(join(dir, "tsconfig.json"), JSON.stringify({ compilerOptions: { module: "nodenext", noCheck: true } }));
  writeFileSync(
    join(dir, "index.ts"),
    `import * as pulumi from "@pulumi/pulumi";\nconst n: string = 1;\nexport const out = pulumi.output(n);\n`,
  );
  expect(await stack().up()).toMatchObject({ outputs: { out: 1 } });
});

test("a TypeScript program of ES modules is compiled, and may await at its top level", async () => {
  const { dir, stack } = project();
  writeFileSync(join(dir, "Pulumi.yaml"), "name: conf\nruntime: nodejs\nmain: index.ts\n");
  writeFileSync(join(dir, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(join(dir, "tsconfig.json"), JSON.stringify({ compilerOptions: { target: "es2022", module: "nodenext", noCheck: true } }));
  writeFileSync(
    join(dir, "index.ts"),
    `import * as pulumi from "@pulumi/pulumi";\nenum Size { Small = 1 }\nexport const out = pulumi.output(await Promise.resolve(Size.Small));\n`,
  );
  expect(await stack().up()).toMatchObject({ outputs: { out: 1 } });
});

test("the connection to the engine ignores the shell's proxy; nodeargs reach node", async () => {
  const { dir, write, stack } = project();
  writeFileSync(
    join(dir, "Pulumi.yaml"),
    "name: conf\nmain: index.js\nruntime:\n  name: nodejs\n  options:\n    nodeargs: --title 'a program' --min-semi-space-size=2\n",
  );
  write(`exports.title = process.title; exports.nodeargs = process.execArgv;`);
  const env = { ...process.env, PULUMI_CONFIG_PASSPHRASE: "", http_proxy: "http://127.0.0.1:9", no_proxy: "example.org" };
  expect(await stack({ env }).up()).toMatchObject({
    outputs: {
      title: "a program",
      // The program's own arguments come last, and override.
      nodeargs: [...SDK_FLAGS, "--title", "a program", "--min-semi-space-size=2"],
    },
  });
});

test("a program without its own @pulumi/pulumi uses ours; another language is refused", async () => {
  const { dir, stack } = project();
  rmSync(join(dir, "node_modules"));
  writeFileSync(join(dir, "index.js"), "exports.n = 1;");
  expect(await stack().up()).toMatchObject({ outputs: { n: 1 } });
  writeFileSync(join(dir, "Pulumi.yaml"), "name: conf\nruntime: go\n");
  await expect(stack().up()).rejects.toThrow(
    /Pulumi\.yaml: runtime go: the offline engine runs only nodejs, python, yaml programs; use --engine pulumi/,
  );
});

test("an aborted update ends its program and keeps what was created", async () => {
  const { dir, write, stack } = project();
  write(`new Bare("b", {}); module.exports = () => new Promise(() => setInterval(() => {}, 1000));`);
  const abort = new AbortController();
  const home = join(dir, "..", "home");
  const onEvent = (event: EngineEvent) => event.kind === "pre" && event.step.name === "b" && abort.abort();
  const env = { ...process.env, PULUMI_CONFIG_PASSPHRASE: "" };
  await expect(
    up({ projectDir: dir, stack: "dev", home, stateHome: join(home, "state"), env, onEvent, signal: abort.signal }),
  ).rejects.toThrow(/^interrupted: .* stack conf\/dev$/);
  expect(resourcesOf(stack().exportState()).map(({ urn }) => urn)).toContain(urn("conf:index:Bare", "b"));
});

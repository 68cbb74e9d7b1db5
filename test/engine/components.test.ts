import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type OfflineStack, offlineStack } from "../../src/testing";
import { scratch } from "../scratch";

// Components that the provider of a Pulumi package constructs, in a process of its own.

const MODULES = join(__dirname, "..", "..", "node_modules");

const PROVIDER = `
const pulumi = require("@pulumi/pulumi");
const { main } = require("@pulumi/pulumi/provider");
class Site extends pulumi.ComponentResource {
  constructor(name, args, opts) {
    super("acme:index:Site", name, args, opts);
    const page = new pulumi.CustomResource("acme:index:Page", name + "-page", { text: args.text, url: undefined }, { parent: this });
    Object.assign(this, { url: page.url, text: pulumi.output(args.text), word: new pulumi.Config("conf").get("word") });
    this.registerOutputs({ url: this.url, text: this.text });
  }
}
const plain = (value) => (value && typeof value === "object" ? value.value : value);
if (process.env.ACME_STARTED) require("node:fs").writeFileSync(process.env.ACME_STARTED, "");
main({
  version: "1.0.0",
  getSchema: async () => "{}",
  construct: async (name, type, inputs, options) => {
    if (inputs.broken) throw new pulumi.InputPropertiesError({ message: "a Site is wrong", errors: [{ propertyPath: "broken", reason: "must not be given" }] });
    const { urn, url, text, word } = new Site(name, inputs, options);
    return { urn, state: { url, text, word } };
  },
  call: async (token, { word }) => ({ outputs: { said: pulumi.output(word).apply((known) => known + "!") } }),
  check: async (urn, olds, news) => ({ inputs: news }),
  diff: async (id, urn, olds, news) => ({ changes: JSON.stringify(olds.text) !== JSON.stringify(news.text) }),
  create: async (urn, { text }) => ({ id: "page", outs: { text, url: "https://" + plain(text).length } }),
  delete: async () => {},
}, process.argv.slice(2));
`;

const CLASSES = `
const pulumi = require("@pulumi/pulumi");
class Site extends pulumi.ComponentResource {
  constructor(name, args, opts) { super("acme:index:Site", name, { url: undefined, text: undefined, word: undefined, ...args }, opts, true); }
}
class Shop extends pulumi.ComponentResource {
  constructor(name, opts) { super("conf:index:Shop", name, {}, opts); this.registerOutputs({}); }
}
const shop = new Shop("shop");
`;

function acmeProject(
  packages = "packages: { acme: ./acme }",
  env: NodeJS.ProcessEnv = {},
): { write(program: string): void; stack: OfflineStack } {
  const dir = join(scratch(), "conf");
  mkdirSync(join(dir, "acme"), { recursive: true });
  symlinkSync(MODULES, join(dir, "node_modules"));
  writeFileSync(join(dir, "acme", "PulumiPlugin.yaml"), "runtime: { name: nodejs, options: { typescript: false } }\n");
  writeFileSync(join(dir, "acme", "package.json"), '{ "name": "acme", "version": "1.0.0", "main": "index.js" }');
  writeFileSync(join(dir, "acme", "index.js"), PROVIDER);
  writeFileSync(join(dir, "package.json"), '{ "name": "conf", "main": "index.js" }');
  writeFileSync(
    join(dir, "Pulumi.yaml"),
    `name: conf\nruntime: { name: nodejs, options: { typescript: false } }\nconfig: { word: "a word" }\n${packages}\n`,
  );
  return {
    write: (program) => writeFileSync(join(dir, "index.js"), `${CLASSES}${program}\n`),
    stack: offlineStack({ projectDir: dir, home: join(dir, "home"), env: { ...process.env, PULUMI_CONFIG_PASSPHRASE: "", ...env } }),
  };
}

const SITES = `
const first = new Site("first", { text: "open" }, { parent: shop, protect: false });
const second = new Site("second", { text: pulumi.secret("hidden away") }, { dependsOn: [first] });
const third = new Site("third", { text: first.url });
exports.urls = [first.url, second.text, third.url];
exports.word = first.word;
exports.said = pulumi.runtime.call("acme:index:Site/say", { __self__: first, word: third.text }, first).said;
`;

test("a remote component is constructed by its provider, with its children below it", async () => {
  const { write, stack } = acmeProject();
  write(SITES);
  expect(await stack.preview()).toMatchObject({ changes: { create: 8 }, outputs: { word: "a word" } });
  const made = await stack.up();
  expect(made.outputs).toEqual({ urls: ["https://4", "[secret]", "https://9"], word: "a word", said: "https://4!" });
  const { deployment } = stack.exportState() as { deployment: { resources: { urn: string; parent?: string; dependencies?: string[] }[] } };
  const short = (urn = "") => urn.split("::").slice(2).join(" ");
  const pages = deployment.resources.filter(({ urn }) => urn.includes("Page::"));
  expect(pages.map(({ urn, parent }) => [short(urn), short(parent)]).sort()).toEqual([
    ["acme:index:Site$acme:index:Page second-page", "acme:index:Site second"],
    ["acme:index:Site$acme:index:Page third-page", "acme:index:Site third"],
    ["conf:index:Shop$acme:index:Site$acme:index:Page first-page", "conf:index:Shop$acme:index:Site first"],
  ]);
  expect(JSON.stringify([made, stack.exportState()])).not.toContain("hidden away");
  expect(await stack.outputs({ secrets: true })).toMatchObject({ urls: ["https://4", "hidden away", "https://9"] });
  expect((await stack.up()).unchanged).toBe(true);
  write(
    `${SITES.replace(/const third[^;]*;/, "")
      .replace(", third.url", "")
      .replace("third.text", "first.text")}`,
  );
  expect(await stack.up()).toMatchObject({ changes: { delete: 2 } });
  expect((await stack.destroy()).changes).toEqual({ delete: 6 });
});

test.each([
  [
    "wrong inputs",
    `new Site("bad", { broken: "yes" });`,
    /^acme:index:Site resource 'bad' has a problem: a Site is wrong\n\t\t- property broken with value 'yes' has a problem: must not be given$/,
  ],
  ["a name twice", `new Site("one", { text: "a" }); new Site("one", { text: "b" });`, /^Duplicate resource URN '.*acme:index:Site::one'/],
])("%s end the operation with the reason", async (_, program, message) => {
  const { write, stack } = acmeProject();
  write(program);
  await expect(stack.up()).rejects.toThrow(message);
});

test.each([
  ["packages: { acme: ./nowhere }", /Pulumi\.yaml: packages\.acme: .*\/conf\/nowhere does not exist/],
  [
    "packages: { acme: { source: terraform-provider, parameters: [x] } }",
    /packages\.acme: the offline engine does not support parameterized packages/,
  ],
  ["packages: { acme: acme@1.0.0 }", /has no provider for the package acme/],
])("%s is refused", async (packages, message) => {
  const { write, stack } = acmeProject(packages);
  write(`new Site("s", { text: "a" });`);
  await expect(stack.up()).rejects.toThrow(message);
});

test("a provider that the project file names starts beside the program", async () => {
  const mark = join(scratch(), "started");
  const { write, stack } = acmeProject("packages: { acme: ./acme }", { ACME_STARTED: mark });
  // The program registers nothing before the provider runs, so nothing asks for it.
  write(
    `while (!require("node:fs").existsSync(${JSON.stringify(mark)})) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);`,
  );
  expect((await stack.up()).changes).toEqual({ create: 2 });
});

test.each(["packages: { acme: ./nowhere }", "packages: { acme: acme@1.0.0 }"])(
  "%s does not matter to a program without it",
  async (packages) => {
    const { write, stack } = acmeProject(packages);
    write("");
    expect((await stack.up()).changes).toEqual({ create: 2 });
  },
);

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readProject } from "../../src/engine/project";
import { readConfigFile, resolveConfig } from "../../src/engine/stackConfig";
import { scratch } from "../scratch";

/** The configuration of stack dev as its program would get it. Ciphertexts here are `<salt>:<text>`. */
async function configOf(files: { project?: string; stack?: string; at?: string }, extra: Record<string, string> = {}) {
  const dir = scratch();
  writeFileSync(join(dir, "Pulumi.yaml"), `name: conf\nruntime: nodejs\n${files.project ?? ""}`);
  mkdirSync(join(dir, files.at ?? "."), { recursive: true });
  if (files.stack !== undefined) writeFileSync(join(dir, files.at ?? ".", "Pulumi.dev.yaml"), files.stack);
  const project = readProject(dir);
  const decrypt = (salt: string) => (text: string) => {
    if (!text.startsWith(`${salt}:`)) throw new Error("another key");
    return text.slice(salt.length + 1);
  };
  const configCrypter = async (salt: string) => ({ encrypt: String, decrypt: decrypt(salt) });
  return resolveConfig(readConfigFile(project, "dev"), project, extra, { configCrypter });
}

test.each<[string, Parameters<typeof configOf>[0], Record<string, string>, string[]]>([
  ["no file", {}, {}, []],
  ["an empty file", { stack: "" }, {}, []],
  ["strings", { stack: "config:\n  conf:a: x\n  aws:region: eu-west-1\n" }, { "conf:a": "x", "aws:region": "eu-west-1" }, []],
  [
    "numbers and other scalars, as they are written",
    { stack: "config:\n  conf:a: 1.10\n  conf:b: true\n  conf:c: 0x10\n  conf:d: '007'\n  conf:e:\n" },
    { "conf:a": "1.10", "conf:b": "true", "conf:c": "0x10", "conf:d": "007", "conf:e": "" },
    [],
  ],
  [
    "structured values, as JSON",
    { stack: "config:\n  conf:a:\n    - b: 1\n      c: [true, x]\n" },
    { "conf:a": '[{"b":1,"c":[true,"x"]}]' },
    [],
  ],
  ["a key without a namespace belongs to the project", { stack: "config:\n  a: x\n" }, { "conf:a": "x" }, []],
  ["a secure value", { stack: "encryptionsalt: S\nconfig:\n  conf:a:\n    secure: S:hunter2\n" }, { "conf:a": "hunter2" }, ["conf:a"]],
  [
    "a value with a secure part is secret as a whole",
    { stack: "encryptionsalt: S\nconfig:\n  conf:a:\n    b: [1, {secure: 'S:x'}]\n" },
    { "conf:a": '{"b":[1,"x"]}' },
    ["conf:a"],
  ],
  [
    "a separate folder for the stacks' files",
    { project: "stackConfigDir: cfg\n", at: "cfg", stack: "config:\n  conf:a: x\n" },
    { "conf:a": "x" },
    [],
  ],
  [
    "values of the project file, which the stack's file overrides",
    {
      project: "config:\n  a: for all\n  b: {value: 2}\n  c: {type: integer, default: 3}\n  aws:region: us-east-1\n",
      stack: "config:\n  conf:a: mine\n",
    },
    { "conf:a": "mine", "conf:b": "2", "conf:c": "3", "aws:region": "us-east-1" },
    [],
  ],
  [
    "a value that the project file declares secret",
    { project: "config:\n  a: {secret: true, default: x}\n" },
    { "conf:a": "x" },
    ["conf:a"],
  ],
])("%s", async (_, files, values, secretKeys) => {
  expect(await configOf(files)).toEqual({ values, secretKeys });
});

test("given values override both files", async () => {
  const files = { project: "config:\n  a: {type: string}\n", stack: "config:\n  conf:b: x\n" };
  expect(await configOf(files, { a: "1", "conf:b": "2" })).toEqual({ values: { "conf:a": "1", "conf:b": "2" }, secretKeys: [] });
});

test.each<[string, Parameters<typeof configOf>[0], RegExp]>([
  ["invalid YAML", { stack: "config: [" }, /Pulumi\.dev\.yaml is not valid YAML/],
  ["config that is a list", { stack: "config: [1]" }, /Pulumi\.dev\.yaml: config must be an object/],
  [
    "a secure value without a salt",
    { stack: "config:\n  conf:a: {secure: x}\n" },
    /config\.conf:a is encrypted, but .*has no encryptionsalt/,
  ],
  [
    "a value encrypted with another key, with its path",
    { stack: "encryptionsalt: S\nconfig:\n  conf:a: [{b: {secure: 'T:hunter2'}}]\n" },
    /config\.conf:a\[0\]\.b cannot be decrypted(?!.*hunter2)/,
  ],
  [
    "a value that is declared but not set",
    { project: "config:\n  a: {type: string}\n" },
    /declares config\.a, but nothing sets it: set config\.conf:a in .*Pulumi\.dev\.yaml/,
  ],
])("%s is refused", async (_, files, message) => {
  await expect(configOf(files)).rejects.toThrow(message);
});

test.each([
  ["runtime: nodejs", /name must be a string/],
  ["name: a b\nruntime: nodejs", /name must be a string/],
  ["name: conf", /runtime must name a language/],
  ["name: conf\nruntime: nodejs\nmain: [x]", /main must be a string/],
  ["- name", /must be an object/],
  ["name: [", /is not valid YAML/],
])("a project file of %j is refused with its path", (text, message) => {
  const dir = scratch();
  writeFileSync(join(dir, "Pulumi.yaml"), text);
  expect(() => readProject(dir)).toThrow(message);
  expect(() => readProject(dir)).toThrow(join(dir, "Pulumi.yaml"));
});

test("a project that does not exist", () => {
  expect(() => readProject(join(scratch(), "nowhere"))).toThrow(/nowhere.*Pulumi\.yaml does not exist/);
});

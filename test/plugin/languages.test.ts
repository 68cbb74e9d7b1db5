import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";
import type { EngineEvent } from "../../src/engine";
import type { JsonObject } from "../../src/json";
import { offlineStack } from "../../src/testing";
import { pulumiVenv } from "../pulumiVenv";
import { scratch } from "../scratch";
import { checkYaml, masked, planned, pythonEnv } from "./otherLanguages";

// The program of docs/languages.md in each language: the same plan, and the same manifest.

const root = join(__dirname, "..", "..");
const page = readFileSync(join(root, "docs", "languages.md"), "utf8");
const TOKEN = "a-token-of-nobody";

function blockOf(language: string): string {
  const [, text] = new RegExp(`tested: test/plugin/languages.test.ts -->\\n\\n\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(page) ?? [];
  if (text === undefined) throw new Error(`docs/languages.md has no tested block in ${language}`);
  return text;
}

function project(files: Record<string, string>) {
  const dir = join(scratch(), "infra");
  mkdirSync(dir);
  symlinkSync(join(root, "node_modules"), join(dir, "node_modules"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  const heard: EngineEvent[] = [];
  return {
    heard,
    stack: offlineStack({
      projectDir: dir,
      home: join(dir, "home"),
      env: pythonEnv(),
      config: { "infra:token": TOKEN },
      onEvent: (event) => heard.push(event),
    }),
  };
}

const typescript = () =>
  project({
    "Pulumi.yaml": "name: infra\nruntime: { name: nodejs, options: { typescript: false } }\nmain: index.js\n",
    "package.json": '{ "name": "infra", "private": true, "main": "index.js" }',
    "index.js": ts.transpileModule(blockOf("ts"), { compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 } })
      .outputText,
  });

const python = async () =>
  project({
    "Pulumi.yaml": `name: infra\nruntime: { name: python, options: { virtualenv: ${await pulumiVenv()} } }\n`,
    "__main__.py": blockOf("python"),
  });

test("TypeScript and Python: the same resources, and the same manifest", async () => {
  const [one, other] = [typescript(), await python()];
  const [first, second] = [await one.stack.up(), await other.stack.up()];
  expect(planned(second.steps)).toEqual(planned(first.steps));
  // Pulumi masks leaves of an object, and a text only as a whole.
  expect(second.outputs.pushPools).toBe("[secret]");
  const shown = (await one.stack.outputs()).pushPools as JsonObject;
  const whole = (await other.stack.outputs({ secrets: true })).pushPools;
  expect(masked(whole)).toEqual(shown);
  expect(JSON.stringify(shown)).toContain("[secret]");
  expect(JSON.stringify([second, other.heard.filter(({ kind }) => kind !== "prelude"), other.stack.exportState()])).not.toContain(TOKEN);
  expect((await other.stack.up()).unchanged).toBe(true);
  await other.stack.destroy();
});

test("a mistake in Python: one message with the argument and the fix", async () => {
  const place = project({
    "Pulumi.yaml": `name: infra\nruntime: { name: python, options: { virtualenv: ${await pulumiVenv()} } }\n`,
    "__main__.py": 'import pulumi_pushpool as pushpool\npushpool.ProcessPushPool("local", job_variables={"envv": {}})\n',
  });
  const error = (await place.stack.up().catch((thrown: Error) => thrown)) as Error;
  const said = [error.message, ...place.heard.map((event) => JSON.stringify(event))].join("\n");
  expect(said).toMatch(/jobVariables\.envv is .*env/);
});

test("the YAML program names only what the schema has", () => checkYaml(blockOf("yaml")));

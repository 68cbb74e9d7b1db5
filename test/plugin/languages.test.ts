import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";
import { checkYaml, masked, planned, pythonStack, stackOf } from "./otherLanguages";

// The program of docs/languages.md in each language: the same plan, and the same manifest.

const root = join(__dirname, "..", "..");
const page = readFileSync(join(root, "docs", "languages.md"), "utf8");
const TOKEN = "a-token-of-nobody";

function blockOf(language: string): string {
  const [, text] = new RegExp(`tested: test/plugin/languages.test.ts -->\\n\\n\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(page) ?? [];
  if (text === undefined) throw new Error(`docs/languages.md has no tested block in ${language}`);
  return text;
}

const given = { project: "infra", config: { "infra:token": TOKEN } };
const BODY = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 };

const LANGUAGES: Record<string, () => Promise<ReturnType<typeof stackOf>>> = {
  TypeScript: async () =>
    stackOf({
      ...given,
      files: {
        "Pulumi.yaml": "name: infra\nruntime: { name: nodejs, options: { typescript: false } }\nmain: index.js\n",
        "package.json": '{ "name": "infra", "private": true, "main": "index.js" }',
        "index.js": ts.transpileModule(blockOf("ts"), { compilerOptions: BODY }).outputText,
      },
    }),
  Python: () => pythonStack({ ...given, files: { "__main__.py": blockOf("python") } }),
  YAML: async () => stackOf({ ...given, files: { "Pulumi.yaml": blockOf("yaml") } }),
};

test("TypeScript, Python and YAML: the same resources, and the same manifest", async () => {
  const [first, ...others] = await Promise.all(
    Object.entries(LANGUAGES).map(async ([language, start]) => {
      const { stack, heard } = await start();
      const { steps, outputs } = await stack.up();
      // Pulumi masks leaves of an object, and a text only as a whole.
      if (language !== "TypeScript") expect(outputs.pushPools).toBe("[secret]");
      const { pushPools } = await stack.outputs({ secrets: language !== "TypeScript" });
      const pushed = masked(pushPools);
      expect(JSON.stringify(pushed)).toContain("[secret]");
      expect(JSON.stringify([steps, outputs, heard, stack.exportState()])).not.toContain(TOKEN);
      expect((await stack.up()).unchanged).toBe(true);
      await stack.destroy();
      return { planned: planned(steps), pushPools: pushed };
    }),
  );
  for (const other of others) expect(other).toEqual(first);
});

test("a mistake in Python: one message with the argument and the fix", async () => {
  const place = await pythonStack({
    ...given,
    files: { "__main__.py": 'import pulumi_pushpool as pushpool\npushpool.ProcessPushPool("local", job_variables={"envv": {}})\n' },
  });
  const error = (await place.stack.up().catch((thrown: Error) => thrown)) as Error;
  const said = [error.message, ...place.heard].join("\n");
  expect(said).toMatch(/jobVariables\.envv is .*env/);
});

test("the YAML program names only what the schema has", () => checkYaml(blockOf("yaml")));

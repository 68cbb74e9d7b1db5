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

/** What a user reads of a program that is refused. */
async function refusalOf({ stack, heard }: ReturnType<typeof stackOf>): Promise<string[]> {
  const error = (await stack.up().catch((thrown: Error) => thrown)) as Error;
  expect((stack.exportState() as { deployment?: { resources?: { type: string }[] } }).deployment?.resources ?? []).not.toContainEqual(
    expect.objectContaining({ type: "pushpool:index:Manifest" }),
  );
  // The error is also an event.
  return [...new Set([error.message, ...heard])];
}

test("a mistake in Python: one message with the argument as Python spells it, and the fix", async () => {
  const program = (text: string) => pythonStack({ ...given, files: { "__main__.py": `import pulumi_pushpool as pushpool\n${text}\n` } });
  const pool = 'pushpool.ProcessPushPool("local", ';
  const [variable, queue, direct] = await Promise.all(
    [
      `${pool}job_variables={"envv": {}})`,
      `${pool}queues={"urgent": {"concurrency_limit": "two"}})`,
      `pushpool.Manifest("manifest", pools=[${pool}concurrency_limit=2)])`,
    ].map(async (text) => refusalOf(await program(text))),
  );
  expect(variable).toEqual([expect.stringMatching(/resource 'local' has a problem: job_variables\.envv is .*env/)]);
  expect(queue).toEqual([expect.stringMatching(/: queues\.urgent\.concurrency_limit must be a whole number.*"two"$/)]);
  // Errors of outputs that depend on it are not said again.
  expect(direct).toEqual([expect.stringMatching(/resource 'manifest' has a problem: pools\[0\] is not a definition/)]);
});

test("the same mistake in YAML: with the argument as YAML spells it", async () => {
  const project = "name: infra\nruntime: yaml\npackages: { pushpool: ./node_modules/pushpool }\n";
  const resources = "resources: { local: { type: 'pushpool:ProcessPushPool', properties: { jobVariables: { envv: {} } } } }\n";
  const said = await refusalOf(stackOf({ ...given, files: { "Pulumi.yaml": project + resources } }));
  expect(said).toEqual([expect.stringMatching(/resource 'local' has a problem: jobVariables\.envv is .*env/)]);
});

test("the YAML program names only what the schema has", () => checkYaml(blockOf("yaml")));

import { createRequire } from "node:module";
import { join } from "node:path";
import { type dynamic, runtime } from "@pulumi/pulumi";
import { expect, test } from "vitest";

// The built modules: of these, programs store the methods.
const load = createRequire(join(__dirname, "..", "..", "lib", "components", "index.js"));
const { storedMethods } = load("./storedMethods.js") as typeof import("../../components/storedMethods");
const { keyQuestions: _, ...kinds } = load("./trampoline.js") as Record<string, dynamic.ResourceProvider>;

test.each(Object.entries(kinds))("%s: the text that Pulumi's SDK makes of its methods", async (_name, provider) => {
  const { text } = await runtime.serializeFunction(() => provider, { allowSecrets: true } as runtime.SerializeFunctionArgs);
  expect(storedMethods(provider)).toBe(text);
});

test("there are six kinds", () => {
  expect(Object.keys(kinds)).toHaveLength(6);
});

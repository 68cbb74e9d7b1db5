import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { expect, test } from "vitest";

// The two halves and the one contract between them (CONTRIBUTING.md, "The two halves").

const root = join(__dirname, "..");
const filesUnder = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => join(folder, file));

/** What a file imports, requires, or names in a type: packages as they stand, own files from the root of the repo. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), "utf8");
  const found = [...text.matchAll(/(?:\bfrom|\bimport|\brequire(?:\.resolve)?|\bimport\s*\()\s*\(?\s*["']([^"'\n]+)["']/g)].map(
    ([, name]) => name as string,
  );
  return found.map((name) =>
    name.startsWith(".")
      ? relative(root, resolve(root, dirname(file), name))
          .split(sep)
          .join("/")
      : name,
  );
}

const CLOUD_SDKS = /^(@google-cloud\/|google-auth-library|@aws-sdk\/|@azure\/|@smithy\/)/;

test("the reader of imports sees every form", () => {
  expect(importsOf("test/arrows.test.ts")).toEqual(expect.arrayContaining(["node:fs", "vitest"]));
  expect(importsOf("src/runs/plan.ts")).toContain("src/template");
});

test.each(filesUnder("src"))("%s stays on its side", (file) => {
  const imports = importsOf(file);
  if (!file.startsWith(join("src", "engine")) && !file.startsWith(join("src", "testing"))) {
    expect(imports.filter((name) => name.startsWith("@pulumi/"))).toEqual([]);
  }
  expect(imports.filter((name) => name.startsWith("components"))).toEqual([]);
  if (!file.startsWith(join("src", "targets")) && !file.startsWith(join("src", "testing"))) {
    expect(imports.filter((name) => CLOUD_SDKS.test(name))).toEqual([]);
  }
});

test.each(filesUnder("components"))("%s declares only", (file) => {
  const allowed = /^(@pulumi\/|components\/|src\/manifest|src\/template|src\/json|src\/shown|node:)/;
  // Not an import of this half: text for the process that Pulumi runs the dynamic resources in.
  const elsewhere = file === join("components", "trampoline.ts") ? ["pushpool/provider"] : [];
  expect(importsOf(file).filter((name) => !allowed.test(name) && !elsewhere.includes(name))).toEqual([]);
});

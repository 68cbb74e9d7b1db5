import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { expect, test } from "vitest";

// The two halves and the contract between them (CONTRIBUTING.md, "The two halves"), and the layers of each half.

const root = join(__dirname, "..");
const filesUnder = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => join(folder, file));

/** What a file imports, requires, or names in a type: packages by name, own files by their path from the root. */
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

test("the reader of imports finds every form", () => {
  expect(importsOf("test/arrows.test.ts")).toEqual(expect.arrayContaining(["node:fs", "vitest"]));
  expect(importsOf("src/runs/plan.ts")).toContain("src/template");
});

test.each(filesUnder("src"))("%s imports only from its own half", (file) => {
  const imports = importsOf(file);
  if (!file.startsWith(join("src", "engine")) && !file.startsWith(join("src", "testing"))) {
    expect(imports.filter((name) => name.startsWith("@pulumi/"))).toEqual([]);
  }
  expect(imports.filter((name) => name.startsWith("components"))).toEqual([]);
  if (!file.startsWith(join("src", "targets")) && !file.startsWith(join("src", "testing"))) {
    expect(imports.filter((name) => CLOUD_SDKS.test(name))).toEqual([]);
  }
});

test.each(filesUnder(join("src", "testing")))("%s follows the vendor's contract, not what the targets accept", (file) => {
  expect(importsOf(file).filter((name) => name.startsWith("src/targets"))).toEqual([]);
});

test.each(filesUnder("components"))("%s declares only", (file) => {
  const allowed =
    /^(@pulumi\/|components\/|src\/manifest|src\/template|src\/json|src\/keys|src\/nearest|src\/shown|src\/dockerContext|node:)/;
  // Not an import of this half: code for the process in which Pulumi runs the dynamic resources.
  const elsewhere = file === join("components", "trampoline.ts") ? ["pushpool/provider"] : [];
  expect(importsOf(file).filter((name) => !allowed.test(name) && !elsewhere.includes(name))).toEqual([]);
});

test.each(filesUnder("plugin"))("%s connects the two halves, and nothing imports it", (file) => {
  const allowed =
    /^(@pulumi\/|@grpc\/|google-protobuf\/|components|plugin\/|src\/(json|nearest|shown|unknown|userError|origin|provider|engine\/(propertyWire|urn|sdkFlags|project)$)|node:)/;
  expect(importsOf(file).filter((name) => !allowed.test(name))).toEqual([]);
});

/**
 * The imports inside each folder. Its nodes are its files and its subfolders; a subfolder means everything under it. `src/engine/plan` and
 * `src/engine/state` are therefore nodes of `src/engine`; `src/engine` and `src/manifest` are nodes of `src`.
 */
function arrowsByFolder(files: readonly string[], imports: (file: string) => string[]): Map<string, Map<string, Map<string, string>>> {
  const known = new Set(files);
  const byFolder = new Map<string, Map<string, Map<string, string>>>();
  for (const file of files) {
    for (const name of imports(file)) {
      const path = name.replace(/\.js$/, "");
      const to = [path, `${path}.ts`, `${path}/index.ts`].find((one) => known.has(one));
      if (to === undefined) continue;
      const [from, into] = [file.split("/"), to.split("/")];
      const depth = from.findIndex((part, at) => part !== into[at]);
      if (depth < 0) continue;
      const folder = from.slice(0, depth).join("/");
      const arrows = byFolder.get(folder) ?? new Map<string, Map<string, string>>();
      byFolder.set(folder, arrows);
      const [source, target] = [from[depth] as string, into[depth] as string];
      const targets = arrows.get(source) ?? new Map<string, string>();
      arrows.set(source, targets);
      targets.set(target, `${file} -> ${to}`);
    }
  }
  return byFolder;
}

/** The strongly connected components of more than one node (Tarjan's algorithm). */
function cyclesIn(arrows: ReadonlyMap<string, ReadonlyMap<string, unknown>>): string[][] {
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const cycles: string[][] = [];
  const visit = (node: string): number => {
    const mine = order.size;
    order.set(node, mine);
    lowest.set(node, mine);
    stack.push(node);
    for (const next of arrows.get(node)?.keys() ?? []) {
      const reached = order.has(next) ? (stack.includes(next) ? (order.get(next) as number) : mine) : visit(next);
      lowest.set(node, Math.min(lowest.get(node) as number, reached));
    }
    if (lowest.get(node) === mine) {
      const component = stack.splice(stack.indexOf(node));
      if (component.length > 1) cycles.push(component);
    }
    return lowest.get(node) as number;
  };
  for (const node of arrows.keys()) if (!order.has(node)) visit(node);
  return cycles;
}

/** Every cycle that contains a folder, with the imports that form it. Files of one folder may import each other. */
function foldersInCycles(files: readonly string[], imports: (file: string) => string[]): string[] {
  return [...arrowsByFolder(files, imports)].flatMap(([folder, arrows]) =>
    cyclesIn(arrows)
      .filter((cycle) => cycle.some((node) => !node.endsWith(".ts")))
      .map((cycle) => {
        const made = cycle.flatMap((node) =>
          [...(arrows.get(node) ?? [])].filter(([to]) => cycle.includes(to)).map(([, example]) => example),
        );
        return [`in ${folder || "the repository"}: ${[...cycle].sort().join(", ")}`, ...made].join("\n  ");
      }),
  );
}

test.each<[string, Record<string, string[]>, number]>([
  ["one direction", { "src/a/one.ts": ["src/b/two"], "src/b/two.ts": [] }, 0],
  ["two folders", { "src/a/one.ts": ["src/b/two"], "src/b/two.ts": ["src/a"], "src/a/index.ts": [] }, 1],
  ["three folders", { "src/a/1.ts": ["src/b/2"], "src/b/2.ts": ["src/c/3.js"], "src/c/3.ts": ["src/a/1"] }, 1],
  ["folders inside folders", { "src/a/x/1.ts": ["src/a/y/2"], "src/a/y/2.ts": ["src/a/x/3"], "src/a/x/3.ts": [] }, 1],
  ["a folder and a file beside it", { "src/a/1.ts": ["src/words"], "src/words.ts": ["src/a/2"], "src/a/2.ts": [] }, 1],
  ["a part that imports a file of its whole", { "src/a/open.ts": ["src/a/x/1"], "src/a/x/1.ts": ["src/a/words"], "src/a/words.ts": [] }, 0],
  ["two files of one folder", { "src/a/1.ts": ["src/a/2"], "src/a/2.ts": ["src/a/1"] }, 0],
])("the finder of cycles: %s", (_, tree, count) => {
  expect(foldersInCycles(Object.keys(tree), (file) => tree[file] as string[])).toHaveLength(count);
});

test("no folder imports itself, directly or indirectly", () => {
  const files = ["src", "components"].flatMap(filesUnder).map((file) => file.split(sep).join("/"));
  for (const file of files) for (const name of importsOf(file)) expectToResolve(file, name);
  expect(foldersInCycles(files, importsOf).join("\n")).toBe("");
});

/** An import that this test cannot resolve would hide an arrow. */
function expectToResolve(file: string, name: string): void {
  if (!/^(src|components)(\/|$)/.test(name)) return;
  const path = name.replace(/\.js$/, "");
  const found = [path, `${path}.ts`, `${path}/index.ts`].some((one) => existsSync(join(root, one)));
  expect(found, `${file} imports ${name}`).toBe(true);
}

// For `npm pack` and `npm publish`: build, and pack changed versions of two files. `node scripts/pack.mjs before` and `after` run around
// the packing.
//
// - package.json without what only this repository needs. A `prepare` script there would make npm warn users of an install script.
// - README.md with links to the repository, since its documentation is not packed.
import { copyFileSync, existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

function withoutScripts(text) {
  const { scripts: _, devDependencies: __, allowScripts: ___, ...packed } = JSON.parse(text);
  return `${JSON.stringify(packed, null, 2)}\n`;
}

/** Pictures are shown only as the file itself, not as its page. */
function withAbsoluteLinks(text) {
  const { homepage } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const repository = homepage.replace(/#.*$/, "");
  return text.replaceAll(
    /\]\((?![a-z]+:|#)([^)\s]+)\)/g,
    (_, path) => `](${repository}/${path.endsWith(".png") ? "raw" : "blob"}/main/${path})`,
  );
}

const PACKED = { "package.json": withoutScripts, "README.md": withAbsoluteLinks };

/** npm packs every file whose name begins with README, so the copy's name must not. */
const originalOf = (name) => join(root, `original-${name}`);

function restore() {
  for (const name of Object.keys(PACKED)) if (existsSync(originalOf(name))) renameSync(originalOf(name), join(root, name));
}

switch (process.argv[2]) {
  case "before": {
    // Left by an interrupted packing.
    restore();
    await import("./build.mjs");
    for (const [name, packed] of Object.entries(PACKED)) {
      const file = join(root, name);
      copyFileSync(file, originalOf(name));
      writeFileSync(file, packed(readFileSync(file, "utf8")));
    }
    break;
  }
  case "after":
    restore();
    break;
  default:
    console.error("usage: node scripts/pack.mjs before|after");
    process.exitCode = 2;
}

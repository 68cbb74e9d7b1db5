// `npm pack` and `npm publish`: build, and leave out of the packed package.json what only this repository needs. A `prepare` script there would
// make npm warn of an install script at whoever installs the package file. `node scripts/pack.mjs before` and `after` bracket the packing.
import { copyFileSync, existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const manifest = join(root, "package.json");
const original = join(root, "package.json.original");

const restore = () => {
  if (existsSync(original)) renameSync(original, manifest);
};

switch (process.argv[2]) {
  case "before": {
    // What an interrupted packing left.
    restore();
    await import("./build.mjs");
    copyFileSync(manifest, original);
    const { scripts: _, devDependencies: __, allowScripts: ___, ...packed } = JSON.parse(readFileSync(manifest, "utf8"));
    writeFileSync(manifest, `${JSON.stringify(packed, null, 2)}\n`);
    break;
  }
  case "after":
    restore();
    break;
  default:
    console.error("usage: node scripts/pack.mjs before|after");
    process.exitCode = 2;
}

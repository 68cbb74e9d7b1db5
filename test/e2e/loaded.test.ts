import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { manifestOf, placeWith } from "./pushpool";

test("a run on this machine loads no code of a cloud", () => {
  const { folder, env, pushpool } = placeWith(manifestOf({ "hello/node": "true" }));
  const [hook, loaded] = [join(folder, "hook.cjs"), join(folder, "loaded")];
  writeFileSync(
    hook,
    `process.on("exit", () => require("node:fs").writeFileSync(${JSON.stringify(loaded)}, Object.keys(require.cache).join("\\n")));`,
  );
  env.NODE_OPTIONS = `--require ${hook}`;
  expect(pushpool("run", "hello/node").status).toBe(0);
  // A name ends in a hash of eight characters, which may be dashes.
  const chunks = readFileSync(loaded, "utf8")
    .split("\n")
    .flatMap((file) => /[\\/]lib[\\/]cli[\\/](targets.*)-.{8}\.cjs$/.exec(file)?.[1] ?? []);
  expect(chunks.sort()).toEqual(["targets", "targets-process"]);
});

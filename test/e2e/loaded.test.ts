import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { manifestOf, placeWith } from "./pushpool";

test("a run on this machine loads no code of a cloud, nor what other commands need", () => {
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
    .flatMap((file) => /[\\/]lib[\\/]cli[\\/](.*)-.{8}\.cjs$/.exec(file)?.[1] ?? []);
  expect(chunks.filter((chunk) => chunk.startsWith("targets"))).toEqual(["targets-process"]);
  expect(chunks).toEqual(expect.arrayContaining(["workspace", "start"]));
  for (const needless of ["ledger-postgres", "engine", "yaml", "ajv", "fast-uri", "entrypoint", "serverRuns"])
    expect(chunks).not.toContain(needless);
});

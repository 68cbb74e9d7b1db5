import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

test("node's V8 has the flags that keep the heap small: it names one that it does not know", () => {
  const heapShape = join(__dirname, "..", "lib", "src", "heapShape.js");
  const said = (code: string) => spawnSync(process.execPath, ["-e", code], { encoding: "utf8" }).stderr;
  expect(said(`require(${JSON.stringify(heapShape)}).keepHeapSmall()`)).toBe("");
  expect(said(`require("node:v8").setFlagsFromString("--no-such-flag=1")`)).toContain("no-such-flag");
});

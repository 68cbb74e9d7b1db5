import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { manifestOf, placeWith } from "../e2e/pushpool";
import { scratch } from "../scratch";

const bin = join(__dirname, "..", "..", "bin", "pushpool.cjs");

test("an unsupported node gets one line with what to do", () => {
  // The bin's own check, with the version of an old node.
  const pretend = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.20.2" } }); process.argv[1] = ${JSON.stringify(bin)}; require(${JSON.stringify(bin)});`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ["-e", pretend], { encoding: "utf8" });
  expect([status, stdout]).toEqual([2, ""]);
  expect(stderr.trim().split("\n")).toEqual([
    expect.stringMatching(/^pushpool needs node 22\.13 or newer; this is .*Install a newer node/),
  ]);
});

test("the oldest supported node runs it: node 22.13.0 from npm", () => {
  const folder = scratch();
  execFileSync(
    "npm",
    ["install", "--no-audit", "--no-fund", "--no-save", "--prefix", folder, `node-${process.platform}-${process.arch}@22.13.0`],
    { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] },
  );
  const node = join(folder, "node_modules", `node-${process.platform}-${process.arch}`, "bin", "node");
  expect(execFileSync(node, ["--version"], { encoding: "utf8" }).trim()).toBe("v22.13.0");
  const here = placeWith(manifestOf({ "a/b": "sh -c 'echo hello'" }));
  const { status, stdout, stderr } = spawnSync(node, [bin, "run", "a/b"], { cwd: here.folder, env: here.env, encoding: "utf8" });
  expect([status, stdout]).toEqual([0, "hello\n"]);
  expect(stderr).not.toMatch(/Warning/);
  expect(spawnSync(node, [bin, "ls"], { cwd: here.folder, env: here.env, encoding: "utf8" }).stdout).toMatch(/a\/b\s+COMPLETED/);
});

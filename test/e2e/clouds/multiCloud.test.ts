import { spawn } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { listen } from "../pushpool";

// examples/multi-cloud: one deployment on every pool of a program, on fake clouds.

const folder = join(__dirname, "..", "..", "..", "examples", "multi-cloud");

test("the example runs offline unchanged: one deployment COMPLETED on every pool, with its times and calls, and destroy", async () => {
  const child = spawn(process.execPath, ["offline.mjs"], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NO_COLOR: "1" },
  });
  const heard = listen(child);
  expect([await heard.ended, heard.stderr()]).toEqual([0, expect.stringMatching(/on work pool ecs, [\s\S]*\n37 deleted/)]);
  expect(heard.stdout()).toContain("line 1 on AWS ECS\nline 2 on AWS ECS\nline 3 on AWS ECS\n");
  const [headings = [], ...rows] = heard
    .stdout()
    .replace(/^[\s\S]*?(?=^pool +type)/m, "")
    .split("\n")
    .slice(0, 5)
    .map((line) => line.split(/ {2,}/));
  expect(headings).toEqual(["pool", "type", "outcome", "exit code", "until it ran", "ran for", "in all", "estimated price", "calls"]);
  const seconds = expect.stringMatching(/^\d+\.\d s$/);
  const ended = ["COMPLETED", "0", seconds, seconds, seconds];
  const price = expect.stringMatching(/^\$0\.00\d{4}$/);
  expect(rows).toEqual([
    ["cloud-run", "cloud-run-v2:push", ...ended, price, expect.stringMatching(/^\d+$/)],
    ["containers", "azure-container-instance:push", ...ended, price, expect.stringMatching(/^\d+$/)],
    ["ecs", "ecs:push", ...ended, price, expect.stringMatching(/^\d+$/)],
    ["local", "process:push", ...ended],
  ]);
  for (const [pool, ...cells] of rows.slice(0, 3))
    expect([pool, Number(cells.at(-1))]).toEqual([pool, expect.toSatisfy((calls) => calls >= 3)]);
}, 600_000);

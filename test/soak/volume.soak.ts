import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { defaultTemplate } from "../../src/template";
import { openTrigger } from "../../src/trigger";
import { scratch } from "../scratch";

test("300 runs with a limit of 10, watched by three triggers at once: all COMPLETED, never more than 10", async () => {
  const folder = scratch();
  const home = join(folder, ".pushpool");
  mkdirSync(home, { mode: 0o700 });
  const manifest = join(folder, "manifest.json");
  // The commands themselves record what ran at the same time, in one file. A watcher reports an end only after the log; by then another one
  // may have seen it and used the slot.
  const marks = join(folder, "marks");
  const definition = {
    kind: "pushpool.dev/manifest",
    version: 1,
    source: { project: "soak", stack: "dev" },
    pools: { local: { type: "process:push", baseJobTemplate: defaultTemplate("process:push"), concurrencyLimit: 10 } },
    blocks: {},
    variables: {},
    deployments: {
      "soak/sleep": {
        command: `sh -c 'echo + >> "$MARKS"; sleep 0.2; echo - >> "$MARKS"'`,
        workPool: { name: "local", jobVariables: { env: { MARKS: marks } } },
      },
    },
  };
  writeFileSync(manifest, JSON.stringify(definition), { mode: 0o600 });
  const triggers = [1, 2, 3].map(() => openTrigger({ cwd: folder, manifest, env: { ...process.env, PUSHPOOL_HOME: home } }));
  const ends = await Promise.all(Array.from({ length: 300 }, (_, n) => triggers[n % 3]?.run("soak/sleep")));
  expect(new Set(ends.map((run) => run?.state.type))).toEqual(new Set(["COMPLETED"]));
  let running = 0;
  const atATime = readFileSync(marks, "utf8")
    .trim()
    .split("\n")
    .map((mark) => {
      running += mark === "+" ? 1 : -1;
      return running;
    });
  expect(atATime).toHaveLength(600);
  expect(Math.max(...atATime)).toBeLessThanOrEqual(10);
  // The limit is not only kept, but also used.
  expect(Math.max(...atATime)).toBeGreaterThan(5);
  await Promise.all(triggers.map((trigger) => trigger.close()));
});

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { defaultTemplate } from "../../src/template";
import { openTrigger } from "../../src/trigger";
import { scratch } from "../scratch";

test("300 runs over a limit of 10, watched by three triggers at once: all COMPLETED, never more than 10", async () => {
  const folder = scratch();
  const home = join(folder, ".pushpool");
  mkdirSync(home, { mode: 0o700 });
  const manifest = join(folder, "manifest.json");
  const definition = {
    kind: "pushpool.dev/manifest",
    version: 1,
    source: { project: "soak", stack: "dev" },
    pools: { local: { type: "process:push", baseJobTemplate: defaultTemplate("process:push"), concurrencyLimit: 10 } },
    blocks: {},
    variables: {},
    deployments: { "soak/sleep": { command: "sleep 0.2", workPool: { name: "local" } } },
  };
  writeFileSync(manifest, JSON.stringify(definition), { mode: 0o600 });
  const triggers = [1, 2, 3].map(() => openTrigger({ cwd: folder, manifest, env: { ...process.env, PUSHPOOL_HOME: home } }));
  const running = new Set<string>();
  let most = 0;
  const ends = await Promise.all(
    Array.from({ length: 300 }, (_, n) =>
      triggers[n % 3]?.run("soak/sleep", {
        onEvent: (event) => {
          if (event.kind !== "state") return;
          const { id, state } = event.run;
          if (state.type === "RUNNING") running.add(id);
          if (state.type === "COMPLETED") running.delete(id);
          most = Math.max(most, running.size);
        },
      }),
    ),
  );
  expect(new Set(ends.map((run) => run?.state.type))).toEqual(new Set(["COMPLETED"]));
  expect(most).toBeLessThanOrEqual(10);
  await Promise.all(triggers.map((trigger) => trigger.close()));
});

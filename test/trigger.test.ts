import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { expect, onTestFinished, test, vi } from "vitest";
import { defaultTemplate } from "../src/template";
import { exitCodeOf, openTrigger, type RunEvent, type Trigger } from "../src/trigger";
import { scratch } from "./scratch";

vi.mock(import("node:v8"), async (original) => ({ ...(await original()), setFlagsFromString: vi.fn() }));

function trigger(): Trigger {
  const folder = scratch();
  const manifest = join(folder, "manifest.json");
  const definition = {
    kind: "pushpool.dev/manifest",
    version: 1,
    source: { project: "data", stack: "dev" },
    pools: Object.fromEntries(
      ["local", "other"].map((name) => [name, { type: "process:push", baseJobTemplate: defaultTemplate("process:push") }]),
    ),
    deployments: {
      "a/hello": { command: `sh -c 'echo "got $PUSHPOOL_PARAMETERS"'`, workPool: { name: "local" } },
      "a/long": { command: "sleep 600", workPool: { name: "local" } },
    },
  };
  writeFileSync(manifest, JSON.stringify(definition), { mode: 0o600 });
  const opened = openTrigger({
    cwd: folder,
    manifest,
    env: { ...process.env, PUSHPOOL_HOME: join(folder, ".pushpool"), XDG_STATE_HOME: folder },
  });
  onTestFinished(() => opened.close());
  return opened;
}

test("run submits a run, watches it to its end, and reports its output and states", async () => {
  const events: RunEvent[] = [];
  const run = await trigger().run("a/hello", { parameters: { n: 1 }, name: "mine", tags: ["t"], onEvent: (event) => events.push(event) });
  expect([run.name, run.state.type, exitCodeOf(run), run.tags]).toEqual(["mine", "COMPLETED", 0, ["t"]]);
  expect(events.flatMap((event) => (event.kind === "log" ? [event.line.text] : []))).toEqual(['got {"n":1}']);
});

test("pool: the run is on another work pool than its deployment's", async () => {
  const { run, submit } = trigger();
  expect(await run("a/hello", { pool: "other" })).toMatchObject({ workPool: "other", state: { type: "COMPLETED" } });
  await expect(submit("a/hello", { pool: "othr" })).rejects.toThrow(/--pool "othr": .* did you mean "other"/);
});

test("submit does not wait; watch follows the run later; cancel really stops it", async () => {
  const { submit, watch, cancel } = trigger();
  const submitted = await submit("a/long", { name: "mine" });
  expect(submitted.state.type).toBe("PENDING");
  expect((await watch("mine", { timeoutMs: 500 })).state.type).toBe("RUNNING");
  expect((await cancel(submitted.id, { graceSeconds: 5 })).state.type).toBe("CANCELLED");
  await expect(cancel("mine")).rejects.toThrow(/has already ended/);
});

test("a mistake is thrown before anything is sent", async () => {
  const { run, watch } = trigger();
  await expect(run("a/helo")).rejects.toThrow(/did you mean "a\/hello"/);
  await expect(watch("nobody")).rejects.toThrow(/there is no run "nobody"/);
});

test("integers of any size can be given as bigint; values that JSON does not have are refused", async () => {
  const { run } = trigger();
  const texts: string[] = [];
  const parameters = { id: 9007199254740993n, many: [1n, { deep: 2n ** 70n }] };
  const ran = await run("a/hello", { parameters, onEvent: (event) => event.kind === "log" && texts.push(event.line.text) });
  expect(texts).toEqual(['got {"id":9007199254740993,"many":[1,{"deep":1180591620717411303424}]}']);
  expect(JSON.stringify(ran.parameters.id)).toBe("9007199254740993");
  await expect(run("a/hello", { parameters: { a: [Number.NaN] } })).rejects.toThrow("parameters.a[0] is NaN, which is not a JSON number");
  await expect(run("a/hello", { idempotencyKey: " " })).rejects.toThrow("must not be blank");
});

test("the heap of a program that watches a thousand runs at a time is kept small, and of no other", async () => {
  const { watch } = trigger();
  const watched = (count: number) => Promise.allSettled(Array.from({ length: count }, () => watch("nobody")));
  await watched(600);
  await watched(600);
  expect(setFlagsFromString).not.toHaveBeenCalled();
  await watched(1_000);
  expect(vi.mocked(setFlagsFromString).mock.calls).toEqual([["--semi-space-growth-factor=1"], ["--heap-growing-percent=25"]]);
});

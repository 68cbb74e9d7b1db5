import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { submitAndLeave, watchOnScreen } from "../../src/cli/watch";
import type { Following, Run, Runs, StateType } from "../../src/runs";
import { aRun } from "./aRun";
import { capturePrinted } from "./printed";

// Watching scripted runs: the exit codes and messages, and the effect of each Ctrl-C.

const printed = capturePrinted();
beforeEach(() => {
  process.exitCode = undefined;
});
afterEach(() => {
  process.exitCode = undefined;
});

const inState = (type: StateType, over: Partial<Run> = {}) =>
  aRun({ state: { type, name: type, timestamp: "2026-01-01T00:00:01.000Z" }, ...over });
const took = { startedAt: "2026-01-01T00:00:00.000Z", endedAt: "2026-01-01T00:00:02.000Z" };

/** Runs with only the given methods. A call of another method fails the test. */
const runsThat = (methods: Partial<Runs>) => methods as Runs;

const firing = (signal: AbortSignal | undefined) =>
  new Promise<void>((done) => (signal?.aborted ? done() : signal?.addEventListener("abort", () => done())));
const ctrlC = () => process.emit("SIGINT");

test.each<[StateType, number, RegExp, Partial<Run>?]>([
  ["COMPLETED", 0, /^brave-fox is COMPLETED \(exit code 0, 2\.0 s\)$/m, { ...took, outcome: { kind: "exited", code: 0 } }],
  ["FAILED", 1, /^brave-fox is FAILED \(exit code 7, 2\.0 s\)$/m, { ...took, outcome: { kind: "exited", code: 7 } }],
  ["CRASHED", 1, /^brave-fox is CRASHED$/m, { outcome: { kind: "lost", reason: "gone" } }],
  ["CANCELLED", 3, /^brave-fox is CANCELLED$/m],
  [
    "RUNNING",
    4,
    /still RUNNING after --timeout 1m; the run continues\. `pushpool wait 01a2.*` follows it, `pushpool cancel 01a2.*` stops it/,
  ],
])("%s: exit code %i", async (type, code, message, over) => {
  let asked: Following | undefined;
  const runs = runsThat({
    followRun: async (_, following) => {
      asked = following;
      return inState(type, over);
    },
  });
  await watchOnScreen(runs, aRun(), { timeout: "1m" });
  expect([process.exitCode, asked?.timeoutMs]).toEqual([code, 60_000]);
  expect(printed.stderr).toMatch(message);
  expect(printed.stdout).toBe("");
  expect(process.listenerCount("SIGINT")).toBe(0);
});

test("the last line of --json is the result with the exit code", async () => {
  const run = inState("FAILED", { outcome: { kind: "exited", code: 7 } });
  const runs = runsThat({
    followRun: async (_, { onEvent } = {}) => {
      onEvent?.({ kind: "state", run });
      return run;
    },
  });
  await watchOnScreen(runs, aRun(), { json: true, warnings: ["beware"] });
  const lines = printed.stdout.trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line).event)).toEqual(["warning", "state", "result"]);
  expect(JSON.parse(lines.at(-1) ?? "")).toEqual({ event: "result", exitCode: 1, run });
});

test("one Ctrl-C: exit code 130, the run continues, and the message has both next commands", async () => {
  const runs = runsThat({
    followRun: async (_, { signal } = {}) => {
      ctrlC();
      await firing(signal);
      return inState("RUNNING");
    },
  });
  await watchOnScreen(runs, aRun(), {});
  expect(process.exitCode).toBe(130);
  expect(printed.stderr).toMatch(
    /detached from brave-fox: the run continues\. `pushpool wait 01a2.*` follows it again, `pushpool cancel 01a2.*` stops it/,
  );
});

test("after Ctrl-C before the submission, the message says that the run was not submitted", async () => {
  const runs = runsThat({
    followRun: async (_, { signal } = {}) => {
      ctrlC();
      await firing(signal);
      return aRun();
    },
  });
  await watchOnScreen(runs, aRun(), { json: false });
  expect(printed.stderr).toMatch(/it was not submitted yet/);
});

/** Press Ctrl-C twice, the second time while the first is still being handled. */
const pressedTwice: Runs["followRun"] = async (_, { signal } = {}) => {
  ctrlC();
  await firing(signal);
  ctrlC();
  return inState("RUNNING");
};

test("Ctrl-C twice cancels the run, with exit code 3", async () => {
  const cancelRun = vi.fn(async () => inState("CANCELLED"));
  const runs = runsThat({ followRun: pressedTwice, observeRuns: async (seen) => seen, cancelRun });
  await watchOnScreen(runs, aRun(), {});
  expect(process.exitCode).toBe(3);
  expect(cancelRun).toHaveBeenCalledOnce();
  expect(printed.stderr).toMatch(/cancelling.*brave-fox is CANCELLED/s);
});

test("Ctrl-C twice after the run has ended reports its own end and cancels nothing", async () => {
  const runs = runsThat({ followRun: pressedTwice, observeRuns: async () => [inState("COMPLETED")] });
  await watchOnScreen(runs, aRun(), {});
  expect(process.exitCode).toBe(0);
});

test("a third Ctrl-C stops waiting, and the message says that the run was asked to stop", async () => {
  const runs = runsThat({
    followRun: pressedTwice,
    observeRuns: async (seen) => seen,
    cancelRun: async (_, { signal } = {}) => {
      ctrlC();
      await firing(signal);
      return inState("CANCELLING");
    },
  });
  await watchOnScreen(runs, aRun(), {});
  expect(process.exitCode).toBe(130);
  expect(printed.stderr).toMatch(/it was asked to stop\. `pushpool wait 01a2.*` waits until it has stopped/);
});

test("--detach prints only the id on stdout, and why the run waits on stderr", async () => {
  const run = aRun();
  await submitAndLeave(async ({ onEvent }) => {
    onEvent?.({ kind: "waiting", run, reason: "work pool local is paused" });
    return run;
  });
  expect(printed.stdout).toBe(`${run.id}\n`);
  expect(printed.stderr).toMatch(/not submitted yet: work pool local is paused\. `pushpool wait 01a2.*` submits it/);
});

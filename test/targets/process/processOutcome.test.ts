import { expect, test } from "vitest";
import { type Facts, observationOf } from "../../../src/targets/process/processOutcome";

const GONE: Facts = {
  alive: false,
  startedAt: "2026-01-01T00:00:00.000Z",
  stopping: false,
  killing: false,
  timedOut: false,
  orphaned: false,
  lastSign: "2026-01-01T00:00:09.000Z",
};
const exit = (code: number) => ({ exit: { code, at: "2026-01-01T00:00:05.000Z" } });

test.each<[string, Partial<Facts>, object]>([
  ["exit 0", exit(0), { kind: "exited", code: 0 }],
  ["exit 1", exit(1), { kind: "exited", code: 1 }],
  ["exit 128 is a code", exit(128), { kind: "exited", code: 128 }],
  ["exit 137 means SIGKILL", exit(137), { kind: "signalled", signal: "SIGKILL" }],
  ["exit 193 is a code", exit(193), { kind: "exited", code: 193 }],
  ["exit 127 by the command itself", exit(127), { kind: "exited", code: 127 }],
  [
    "exit 127 because the command does not exist",
    { ...exit(127), noexec: 127 },
    { kind: "failedToStart", reason: "the command was not found" },
  ],
  ["stopped by us, with a code", { ...exit(0), stopping: true }, { kind: "cancelled", by: "us" }],
  ["killed by us, without an exit file", { stopping: true, killing: true }, { kind: "cancelled", by: "us" }],
  ["time limit, the command ended itself", { ...exit(143), stopping: true, timedOut: true }, { kind: "timedOut", phase: "running" }],
  ["time limit, killed", { stopping: true, killing: true, timedOut: true }, { kind: "timedOut", phase: "running" }],
  ["gone without an exit code", {}, { kind: "lost", reason: expect.stringMatching(/without an exit code/) }],
  ["gone without an exit code while stopping", { stopping: true }, { kind: "lost" }],
  ["its shell was killed", { orphaned: true }, { kind: "lost", reason: expect.stringMatching(/shell/) }],
])("%s", (_, facts, outcome) => expect(observationOf({ ...GONE, ...facts })).toMatchObject({ phase: "ended", outcome }));

test("a run counts as running while its shell lives, whatever files exist", () => {
  expect(observationOf({ ...GONE, ...exit(0), alive: true })).toEqual({ phase: "running", startedAt: GONE.startedAt });
});

test("the end time is that of the exit file, else that of the last change", () => {
  expect(observationOf({ ...GONE, ...exit(0) })).toMatchObject({ endedAt: "2026-01-01T00:00:05.000Z" });
  expect(observationOf(GONE)).toMatchObject({ endedAt: GONE.lastSign });
});

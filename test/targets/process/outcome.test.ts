import { expect, test } from "vitest";
import { type Facts, observationOf } from "../../../src/targets/process/outcome";

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
  ["exit 137 reads as SIGKILL", exit(137), { kind: "signalled", signal: "SIGKILL" }],
  ["exit 193 is a code", exit(193), { kind: "exited", code: 193 }],
  ["127 of the command's own", exit(127), { kind: "exited", code: 127 }],
  ["127 because it is not there", { ...exit(127), noexec: 127 }, { kind: "failedToStart", reason: "the command was not found" }],
  ["stopped by us, with a code", { ...exit(0), stopping: true }, { kind: "cancelled", by: "us" }],
  ["killed by us: no exit file", { stopping: true, killing: true }, { kind: "cancelled", by: "us" }],
  ["time limit, heeded", { ...exit(143), stopping: true, timedOut: true }, { kind: "timedOut", phase: "running" }],
  ["time limit, killed", { stopping: true, killing: true, timedOut: true }, { kind: "timedOut", phase: "running" }],
  ["gone without a word", {}, { kind: "lost", reason: expect.stringMatching(/without an exit code/) }],
  ["gone without a word while stopping", { stopping: true }, { kind: "lost" }],
  ["its shell was killed", { orphaned: true }, { kind: "lost", reason: expect.stringMatching(/shell/) }],
])("%s", (_, facts, outcome) => expect(observationOf({ ...GONE, ...facts })).toMatchObject({ phase: "ended", outcome }));

test("while its shell lives it runs, whatever files there are", () => {
  expect(observationOf({ ...GONE, ...exit(0), alive: true })).toEqual({ phase: "running", startedAt: GONE.startedAt });
});

test("the end's time is the exit's, else that of the last sign of life", () => {
  expect(observationOf({ ...GONE, ...exit(0) })).toMatchObject({ endedAt: "2026-01-01T00:00:05.000Z" });
  expect(observationOf(GONE)).toMatchObject({ endedAt: GONE.lastSign });
});

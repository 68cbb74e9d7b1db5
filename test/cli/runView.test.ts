import { expect, test } from "vitest";
import { jsonView, phaseLine, plainView, shorten, terminalView } from "../../src/cli/runView";
import type { RunEvent } from "../../src/runs";
import { aRun } from "./aRun";
import { capturePrinted } from "./printed";

const printed = capturePrinted();

const at = "2026-01-01T00:00:00.000Z";
const running = aRun({ state: { type: "RUNNING", name: "Running", timestamp: at } });
const failed = aRun({ state: { type: "FAILED", name: "Failed", timestamp: at, message: "the command exited with code 3" } });
const events: RunEvent[] = [
  { kind: "warning", message: "a secret goes as plain env" },
  { kind: "waiting", run: running, reason: "work pool local is paused" },
  { kind: "state", run: running },
  { kind: "log", line: { at, stream: "stdout", text: "out" } },
  { kind: "log", line: { at, stream: "stderr", text: "err" } },
  { kind: "state", run: failed },
];

test("a pipe gets only the run's stdout on stdout, everything else on stderr, and no colours", () => {
  let now = 0;
  const view = plainView({ start: 0, now: () => now });
  for (const event of events) {
    view.show(event);
    now += 500;
  }
  expect(printed.stdout).toBe("out\n");
  expect(printed.stderr.split("\n")).toEqual([
    "warning: a secret goes as plain env",
    "waiting: work pool local is paused",
    " 1.0 s  RUNNING",
    "err",
    " 2.5 s  FAILED: the command exited with code 3",
    "",
  ]);
});

test("--json prints one object per line, on stdout only", () => {
  const view = jsonView();
  for (const event of events) view.show(event);
  expect(printed.stderr).toBe("");
  expect(
    printed.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line)),
  ).toEqual([
    { event: "warning", message: "a secret goes as plain env" },
    { event: "waiting", runId: running.id, reason: "work pool local is paused" },
    { event: "state", runId: running.id, attempt: 1, type: "RUNNING", name: "Running", timestamp: at },
    { event: "log", at, stream: "stdout", text: "out" },
    { event: "log", at, stream: "stderr", text: "err" },
    {
      event: "state",
      runId: failed.id,
      attempt: 1,
      type: "FAILED",
      name: "Failed",
      timestamp: at,
      message: "the command exited with code 3",
    },
  ]);
});

test("on a terminal the status line is erased before each line and at the end", () => {
  const view = terminalView({ start: 0, now: () => 1000 });
  for (const event of events) view.show(event);
  view.close();
  const shown = printed.stderr.split("\n").map((line) => line.slice(line.lastIndexOf("\r\x1b[2K") + "\r\x1b[2K".length));
  expect(shown).toEqual([
    "warning: a secret goes as plain env",
    " 1.0 s  RUNNING",
    "│ err",
    " 1.0 s  FAILED: the command exited with code 3",
    "",
  ]);
  expect(printed.stdout).toBe("│ out\n");
  expect(printed.stderr).toMatch(/waiting: work pool local is paused 1\.0 s/);
});

test.each([
  [{ type: "PENDING", name: "Submitting" }, " 0.3 s  PENDING Submitting"],
  [{ type: "RUNNING", name: "Running" }, " 0.3 s  RUNNING"],
  [
    { type: "FAILED", name: "TimedOut", message: "it reached its time limit while running" },
    " 0.3 s  FAILED TimedOut: it reached its time limit while running",
  ],
] as const)("%j", (state, line) => expect(phaseLine({ timestamp: at, ...state }, 300)).toBe(line));

test.each([
  ["short", 10, "short"],
  ["exactly ten", 11, "exactly ten"],
  ["longer than that", 7, "longer…"],
  ["two\nlines", 20, "two lines"],
  ["none", 0, "…"],
])("%j in %i characters", (text, width, cut) => expect(shorten(text, width)).toBe(cut));

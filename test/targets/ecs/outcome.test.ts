import { expect, test } from "vitest";
import { observationOf, STOP_REASON, type TaskFacts } from "../../../src/targets/ecs/outcome";
import type { Outcome } from "../../../src/targets/outcome";

const AT = Date.parse("2024-02-23T19:20:12Z");
const ended = (over: Partial<TaskFacts>): TaskFacts => ({
  lastStatus: "STOPPED",
  desiredStatus: "STOPPED",
  createdAt: AT,
  startedAt: AT + 1000,
  stoppedAt: AT + 5000,
  containers: [],
  ...over,
});
const one = (container: Partial<TaskFacts["containers"][number]> = {}) => [{ name: "prefect", ...container }];
const exited = { stopCode: "EssentialContainerExited", stoppedReason: "Essential container in task exited" };
const notStarted = { stopCode: "TaskFailedToStart", startedAt: undefined };

test.each<[string, TaskFacts, Outcome]>([
  ["exit code 0", ended({ ...exited, containers: one({ exitCode: 0 }) }), { kind: "exited", code: 0 }],
  ["exit code 3", ended({ ...exited, containers: one({ exitCode: 3 }) }), { kind: "exited", code: 3 }],
  ["exit code 255 is no signal", ended({ ...exited, containers: one({ exitCode: 255 }) }), { kind: "exited", code: 255 }],
  ["a signal", ended({ ...exited, containers: one({ exitCode: 139 }) }), { kind: "signalled", signal: "SIGSEGV" }],
  ["a real-time signal", ended({ ...exited, containers: one({ exitCode: 162 }) }), { kind: "signalled", signal: "34" }],
  [
    "out of memory",
    ended({ ...exited, containers: one({ exitCode: 137, reason: "OutOfMemoryError: Container killed due to memory usage" }) }),
    { kind: "signalled", signal: "SIGKILL", reason: "out of memory (OutOfMemoryError: Container killed due to memory usage)" },
  ],
  [
    "a missing image",
    ended({ ...notStarted, stoppedReason: "CannotPullContainerError: pull image manifest has been retried", containers: one() }),
    { kind: "failedToStart", reason: "CannotPullContainerError: pull image manifest has been retried" },
  ],
  [
    "a missing image as in 2019: the container tells",
    ended({
      ...notStarted,
      stoppedReason: "Task failed to start",
      containers: one({ reason: "CannotPullContainerError: API error (500)" }),
    }),
    { kind: "failedToStart", reason: "CannotPullContainerError: API error (500)" },
  ],
  [
    "no network interface",
    ended({ ...notStarted, stoppedReason: "Timeout waiting for network interface provisioning to complete.", containers: one() }),
    { kind: "failedToStart", reason: "Timeout waiting for network interface provisioning to complete." },
  ],
  [
    "no containers at all",
    ended({ ...notStarted, stoppedReason: "Task failed to start" }),
    { kind: "failedToStart", reason: "TaskFailedToStart" },
  ],
  [
    "ended with no exit code is no success",
    ended({ ...exited, containers: one() }),
    { kind: "lost", reason: "ECS has no exit code: Essential container in task exited" },
  ],
  [
    "Spot, though the command heeded it with 0",
    ended({ stopCode: "SpotInterruption", stoppedReason: "Your Spot Task was interrupted.", containers: one({ exitCode: 0 }) }),
    { kind: "signalled", signal: "SIGTERM", reason: "SpotInterruption: Your Spot Task was interrupted." },
  ],
  [
    "Spot, killed",
    ended({ stopCode: "SpotInterruption", stoppedReason: "Your Spot Task was interrupted.", containers: one({ exitCode: 137 }) }),
    { kind: "signalled", signal: "SIGKILL", reason: "SpotInterruption: Your Spot Task was interrupted." },
  ],
  [
    "the machine is gone",
    ended({ stopCode: "InfrastructureHealth", stoppedReason: "underlying infrastructure failure", containers: one() }),
    { kind: "lost", reason: "InfrastructureHealth: underlying infrastructure failure" },
  ],
  [
    "stopped by us",
    ended({ stopCode: "UserInitiated", stoppedReason: `${STOP_REASON.cancelled}asked`, containers: one({ exitCode: 0 }) }),
    { kind: "cancelled", by: "us" },
  ],
  [
    "stopped in the console",
    ended({ stopCode: "UserInitiated", stoppedReason: "Task stopped by user", containers: one({ exitCode: 143 }) }),
    { kind: "cancelled", by: "someoneElse" },
  ],
  [
    "our time limit",
    ended({ stopCode: "UserInitiated", stoppedReason: STOP_REASON.running, containers: one({ exitCode: 0 }) }),
    { kind: "timedOut", phase: "running" },
  ],
  [
    "never started in time",
    ended({ stopCode: "UserInitiated", stoppedReason: STOP_REASON.pending, startedAt: undefined }),
    { kind: "timedOut", phase: "pending" },
  ],
  [
    "an essential sidecar exited",
    ended({ ...exited, containers: [{ name: "proxy", exitCode: 1 }, ...one({ exitCode: 143 })] }),
    { kind: "signalled", signal: "SIGTERM", reason: 'container "proxy" exited with code 1, and ECS stopped the task with it' },
  ],
  [
    "the run's container ended first, its sidecar was killed with it",
    ended({ ...exited, containers: [{ name: "proxy", exitCode: 137 }, ...one({ exitCode: 0 })] }),
    { kind: "exited", code: 0 },
  ],
])("%s", (_, task, outcome) => {
  expect(observationOf(task, "prefect")).toMatchObject({ phase: "ended", outcome, endedAt: "2024-02-23T19:20:17.000Z" });
});

test.each<[string, Partial<TaskFacts>, string]>([
  ["PROVISIONING", {}, "pending"],
  ["PENDING", {}, "pending"],
  ["ACTIVATING", {}, "pending"],
  ["RUNNING", { startedAt: AT }, "running"],
  ["DEACTIVATING", { startedAt: AT }, "running"],
  ["STOPPING", { startedAt: AT }, "running"],
  ["DEPROVISIONING", { startedAt: AT }, "running"],
  // Not STOPPED yet, and never started.
  ["DEPROVISIONING", {}, "pending"],
])("%s with %o is %s", (lastStatus, over, phase) => {
  expect(observationOf({ lastStatus, createdAt: AT, containers: [], ...over }).phase).toBe(phase);
});

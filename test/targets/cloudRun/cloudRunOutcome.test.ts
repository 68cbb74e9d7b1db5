import { describe, expect, test } from "vitest";
import { isOver, needsTasks, observationOf } from "../../../src/targets/cloudRun/cloudRunOutcome";
import { executionFacts, taskFacts } from "../../../src/targets/cloudRun/facts";

// Executions and tasks as in Cloud Run's REST API: fields that are 0, false or empty are absent.

const name = "projects/acme/locations/europe-west1/jobs/j/executions/j-abcde";
const T0 = "2026-01-02T03:04:05.000000Z";
const T1 = "2026-01-02T03:04:06.000000Z";
const T2 = "2026-01-02T03:04:09.000000Z";
const completed = (over: object) => ({ type: "Completed", state: "CONDITION_FAILED", lastTransitionTime: T2, ...over });
const ended = { name, createTime: T0, startTime: T1, completionTime: T2 };
const nonZero = (message: string) => completed({ executionReason: "NON_ZERO_EXIT_CODE", message });
const FAILED = nonZero("Task j-abcde-task0 failed with exit code: 3 and message: The container exited with an error.");
const attempt = (lastAttemptResult: object) => ({ name: `${name}/tasks/t`, startTime: T1, lastAttemptResult });

interface Row {
  execution: object;
  task?: object;
  asked?: boolean;
  seen: object;
}

const PHASES: Record<string, Row> = {
  "just made": {
    execution: { name, createTime: T0, conditions: [{ type: "Completed", state: "CONDITION_PENDING" }] },
    seen: { phase: "pending" },
  },
  "made, numbers for names": {
    execution: { name, createTime: T0, conditions: [{ type: "Completed", state: 1 }] },
    seen: { phase: "pending" },
  },
  "nothing said of it yet": { execution: { name }, seen: { phase: "pending" } },
  "waiting, and why": {
    execution: {
      name,
      createTime: T0,
      conditions: [{ type: "ResourcesAvailable", state: "CONDITION_RECONCILING", message: "Provisioning." }],
    },
    seen: { phase: "pending", message: "Provisioning." },
  },
  running: {
    execution: {
      name,
      createTime: T0,
      startTime: T1,
      runningCount: 1,
      conditions: [{ type: "Completed", state: "CONDITION_RECONCILING" }],
    },
    seen: { phase: "running", startedAt: T1 },
  },
  "between two attempts": {
    execution: {
      name,
      createTime: T0,
      startTime: T1,
      retriedCount: 1,
      conditions: [{ type: "Completed", state: "CONDITION_RECONCILING" }],
    },
    seen: { phase: "running", startedAt: T1 },
  },
  "being cancelled": {
    execution: { name, startTime: T1, conditions: [completed({ state: "CONDITION_RECONCILING", executionReason: "CANCELLING" })] },
    asked: true,
    seen: { phase: "running", startedAt: T1 },
  },
};

const OUTCOMES: Record<string, Row> = {
  "success has no exit code, and needs none": {
    execution: { ...ended, succeededCount: 1, conditions: [completed({ state: "CONDITION_SUCCEEDED" })] },
    seen: { kind: "exited", code: 0 },
  },
  "an exit code": {
    execution: { ...ended, failedCount: 1, conditions: [FAILED] },
    task: attempt({ status: { code: 10, message: "The container exited with an error." }, exitCode: 3 }),
    seen: { kind: "exited", code: 3 },
  },
  "an exit code whose task is gone": { execution: { ...ended, conditions: [FAILED] }, seen: { kind: "exited", code: 3 } },
  "a signal": {
    execution: { ...ended, conditions: [FAILED] },
    task: attempt({ status: { code: 10 }, termSignal: 11 }),
    seen: { kind: "signalled", signal: "SIGSEGV" },
  },
  "a signal that has no name here": {
    execution: { ...ended, conditions: [FAILED] },
    task: attempt({ termSignal: 63 }),
    seen: { kind: "signalled", signal: "signal 63" },
  },
  "out of memory": {
    execution: { ...ended, conditions: [FAILED] },
    task: attempt({ status: { code: 10, message: "Memory limit of 512 MiB exceeded with 541 MiB used." }, termSignal: 9 }),
    seen: { kind: "signalled", signal: "SIGKILL", reason: "out of memory (Memory limit of 512 MiB exceeded with 541 MiB used.)" },
  },
  "out of memory with a code": {
    execution: { ...ended, conditions: [FAILED] },
    task: attempt({ status: { code: 10, message: "Memory limit of 512 MiB exceeded." }, exitCode: 137 }),
    seen: { kind: "signalled", signal: "SIGKILL" },
  },
  "the time limit": {
    execution: { ...ended, conditions: [nonZero("Task t failed with exit code: 0 and message: The configured timeout was reached.")] },
    task: attempt({ status: { code: 4, message: "The configured timeout was reached." } }),
    seen: { kind: "timedOut", phase: "running" },
  },
  "the time limit, of a task that is gone: its exit code of 0 does not count": {
    execution: { ...ended, conditions: [nonZero("Task t failed with exit code: 0 and message: The configured timeout was reached.")] },
    seen: { kind: "timedOut", phase: "running" },
  },
  "failed with nothing said": { execution: { ...ended, conditions: [completed({})] }, task: attempt({}), seen: { kind: "lost" } },
  "failed with exit code 0 in its words": {
    execution: { ...ended, conditions: [nonZero("Task t failed with exit code: 0 and message: Internal.")] },
    seen: { kind: "lost", reason: "Cloud Run itself failed: Internal." },
  },
  "ended without a word": { execution: ended, seen: { kind: "lost" } },
  "the image is missing": {
    execution: {
      name,
      createTime: T0,
      completionTime: T2,
      conditions: [completed({ reason: "CONTAINER_MISSING", message: "Image 'x' not found." })],
    },
    seen: { kind: "failedToStart", reason: "Image 'x' not found. (CONTAINER_MISSING)" },
  },
  "the image is not ours to read": {
    execution: { name, createTime: T0, completionTime: T2, conditions: [completed({ reason: 7, message: "no" })] },
    seen: { kind: "failedToStart", reason: "no (CONTAINER_PERMISSION_DENIED)" },
  },
  "a secret is not readable": {
    execution: {
      name,
      createTime: T0,
      completionTime: T2,
      conditions: [completed({ reason: "SECRETS_ACCESS_CHECK_FAILED", message: "Permission denied on secret" })],
    },
    seen: { kind: "failedToStart", reason: "Permission denied on secret (SECRETS_ACCESS_CHECK_FAILED)" },
  },
  "no room in time": {
    execution: {
      name,
      createTime: T0,
      completionTime: T2,
      conditions: [
        { type: "ResourcesAvailable", state: "CONDITION_FAILED", reason: "PROGRESS_DEADLINE_EXCEEDED", message: "late" },
        completed({}),
      ],
    },
    seen: { kind: "failedToStart", reason: "late (PROGRESS_DEADLINE_EXCEEDED)" },
  },
  "the command is not there": {
    execution: { ...ended, conditions: [nonZero("Task t failed with message: x")] },
    task: attempt({ status: { code: 10, message: "Application failed to start: no such file" } }),
    seen: { kind: "failedToStart", reason: "Application failed to start: no such file" },
  },
  "cancelled by us": {
    execution: { ...ended, conditions: [completed({ executionReason: "CANCELLED" })] },
    asked: true,
    seen: { kind: "cancelled", by: "us", reason: "asked" },
  },
  "cancelled by someone else": {
    execution: { ...ended, conditions: [completed({ executionReason: 3, message: "Cancelled by a@b.c." })] },
    seen: { kind: "cancelled", by: "someoneElse", reason: "Cancelled by a@b.c." },
  },
  "cancelled before it started: it has no end": {
    execution: { name, createTime: T0, cancelledCount: 1, conditions: [completed({ executionReason: "CANCELLED" })] },
    asked: true,
    seen: { kind: "cancelled", by: "us", reason: "asked" },
  },
  "deleted by someone": {
    execution: { ...ended, conditions: [completed({ executionReason: "DELETED" })] },
    seen: { kind: "cancelled", by: "someoneElse", reason: "the execution, or its Job, was deleted" },
  },
  "deleted while it ran": {
    execution: { name, startTime: T1, deleteTime: T2, conditions: [completed({ state: "CONDITION_RECONCILING" })] },
    seen: { kind: "cancelled", by: "someoneElse", reason: "the execution, or its Job, was deleted" },
  },
  "it succeeded before our cancellation came": {
    execution: { ...ended, conditions: [completed({ state: "CONDITION_SUCCEEDED" })] },
    asked: true,
    seen: { kind: "exited", code: 0 },
  },
};

/** An execution whose task is gone, or has no details: only this message is left. */
const TEXTS: [string, object][] = [
  [
    "Task j-x-task0 failed with exit code: 0 and message: The configured memory limit was reached.",
    { kind: "signalled", signal: "SIGKILL", reason: "out of memory (The configured memory limit was reached.)" },
  ],
  [
    "Task j-x-task0 failed with exit code: 0 and message:\n  The configured memory limit was reached.",
    { kind: "signalled", signal: "SIGKILL", reason: "out of memory (The configured memory limit was reached.)" },
  ],
  ["Memory limit of 512 MiB exceeded with 541 MiB used.", { kind: "signalled", signal: "SIGKILL" }],
  [
    "Task j-x-task0 failed with exit code: 0 and message: A signal terminated the container.",
    { kind: "signalled", signal: "an unknown signal", reason: "A signal terminated the container." },
  ],
  ["Task j-x-task0 failed with exit code: 0 and message: Container terminated on signal 9.", { kind: "signalled", signal: "SIGKILL" }],
  ["Uncaught signal: 6, pid=1, tid=1, fault_addr=0", { kind: "signalled", signal: "SIGABRT" }],
  ["Task j-x-task0 failed with exit code: 0 and message: The configured timeout was reached.", { kind: "timedOut", phase: "running" }],
  ["Task j-x-task0 failed with message: The configured timeout was reached.", { kind: "timedOut" }],
  ["Task j-x-task0 failed: terminated due to timeout", { kind: "timedOut" }],
  ["Task timed out.", { kind: "timedOut" }],
  ["Task j-x-task0 failed with exit code: 137", { kind: "exited", code: 137 }],
  ["Task j-x-task0 failed with exit code 2", { kind: "exited", code: 2 }],
  ["Container called exit(5).", { kind: "exited", code: 5 }],
  ["Task oom-killed-x-task0 failed with exit code: 4 and message: The container exited with an error.", { kind: "exited", code: 4 }],
  ["Task the-timed-out-x-task0 failed with exit code: 1 and message: The container exited with an error.", { kind: "exited", code: 1 }],
  [
    "Task j-x-task0 failed with message: The container exited with an error.",
    { kind: "failed", reason: "The container exited with an error." },
  ],
  [
    "Execution j-x has failed to complete, 0/1 tasks were a success.",
    { kind: "failed", reason: "Execution j-x has failed to complete, 0/1 tasks were a success. (NON_ZERO_EXIT_CODE)" },
  ],
  [
    "Task j-x-task0 failed with exit code: 0 and message: Application exec likely failed",
    { kind: "failedToStart", reason: "Application exec likely failed" },
  ],
  [
    "Task j-x-task0 failed with exit code: 0 and message: Application failed to start: failed to load /usr/bin/oom-killed: exec format error",
    { kind: "failedToStart" },
  ],
  [
    "Task j-x-task0 failed with message: terminated: Application failed to start: The container may have exited abnormally.",
    { kind: "failedToStart" },
  ],
  ["Task j-x-task0 failed with exit code: 0 and message: The container failed to start: mount failed", { kind: "failedToStart" }],
  [
    "Task j-x-task0 failed with exit code: 0 and message: Internal error.",
    { kind: "lost", reason: "Cloud Run itself failed: Internal error." },
  ],
  ["Cancelled by user.", { kind: "cancelled", by: "someoneElse" }],
  // Other messages of the same kinds.
  [
    "Task j-x-task0 failed with message: the container instance was found to be using too much memory and was terminated.",
    { kind: "signalled", signal: "SIGKILL", reason: expect.stringMatching(/^out of memory/) },
  ],
  ["Task j-x-task0 failed with message: The container exceeded its memory allocation", { kind: "signalled", signal: "SIGKILL" }],
  [
    "Task j-x-task0 failed with exit code: 0 and message: The container was terminated due to a maintenance event.",
    { kind: "lost", reason: expect.stringMatching(/^Cloud Run itself failed: .*maintenance event/) },
  ],
  ["Task j-x-task0 failed with exit code: 0 and message: Instance was preempted.", { kind: "lost" }],
  ["Task j-x-task0 failed with exit code: 0 and message: The instance was terminated by the system.", { kind: "lost" }],
  ["Task j-x-task0 failed with exit code: 143 and message: The configured timeout was reached.", { kind: "timedOut", phase: "running" }],
  ["Task j-x-task0 failed with exit code: 0 and message: Mounting NFS volume nfs timed out", { kind: "failedToStart" }],
  [
    "Task j-x-task0 failed with exit code: 0 and message: The user-provided container failed the configured startup probe checks.",
    { kind: "failedToStart" },
  ],
  [
    'Task j-x-task0 failed with exit code: 0 and message: STARTUP TCP probe failed 1 time consecutively for container "proxy" on port 8080.',
    { kind: "failedToStart", reason: expect.stringContaining('container "proxy"') },
  ],
  ["Image import failed: manifest list has no linux/amd64 image", { kind: "failedToStart" }],
  ["Container manifest type 'application/vnd.oci.image.index.v1+json' must support amd64/linux.", { kind: "failedToStart" }],
  ["toomanyrequests: You have reached your unauthenticated pull rate limit.", { kind: "failedToStart" }],
  [
    "Instance failed to start because of insufficient free IP addresses in the subnetwork https://x/subnetworks/oom-killed",
    { kind: "failedToStart" },
  ],
];

const look = ({ execution, task, asked = false }: Row) =>
  observationOf(executionFacts(execution as object), task && taskFacts(task as object), asked ? "asked" : undefined);

describe("phases", () => {
  test.each(Object.entries(PHASES))("%s", (_, row) => {
    expect(isOver(executionFacts(row.execution as object))).toBe(false);
    expect(look(row)).toEqual(row.seen);
  });
});

describe("outcomes", () => {
  test.each(Object.entries(OUTCOMES))("%s", (_, row) => {
    const seen = look(row);
    expect(seen.phase).toBe("ended");
    expect((seen as { outcome: object }).outcome).toMatchObject(row.seen);
    expect(Number.isNaN(Date.parse((seen as { endedAt: string }).endedAt))).toBe(false);
  });

  test.each(TEXTS)("%s", (text, outcome) => {
    for (const task of [undefined, attempt({}), { name: `${name}/tasks/t`, startTime: T1 }]) {
      const seen = look({ execution: { ...ended, conditions: [nonZero(text)] }, ...(task ? { task } : {}), seen: {} });
      expect((seen as { outcome: object }).outcome).toMatchObject(outcome);
    }
  });

  test("a task with only a status, or only conditions", () => {
    const of = (task: object) =>
      (look({ execution: { ...ended, conditions: [nonZero("x")] }, task, seen: {} }) as { outcome: object }).outcome;
    expect([1, 4, 8, 10, 13].map((code) => of(attempt({ status: { code } })))).toEqual([
      { kind: "cancelled", by: "someoneElse", reason: "x" },
      { kind: "timedOut", phase: "running" },
      { kind: "signalled", signal: "SIGKILL", reason: expect.stringMatching(/^out of memory/) },
      { kind: "failed", reason: "x (NON_ZERO_EXIT_CODE)" },
      { kind: "lost", reason: expect.stringMatching(/^Cloud Run itself failed/) },
    ]);
    const condition = { type: "Completed", state: "CONDITION_FAILED", reason: "CONTAINER_MISSING", message: "Image 'x' not found." };
    expect(of({ ...attempt({}), conditions: [condition] })).toEqual({
      kind: "failedToStart",
      reason: "Image 'x' not found. (CONTAINER_MISSING)",
    });
  });

  test.each<[string, object, object]>([
    ["an image limit is not a lack of memory", { status: { code: 8, message: "toomanyrequests" } }, { kind: "failedToStart" }],
    [
      "nor is a full disk",
      { status: { code: 8, message: "Ephemeral disk limit exceeded." } },
      { kind: "failed", reason: "Ephemeral disk limit exceeded." },
    ],
    [
      "a missing account",
      { status: { code: 9, message: "The service account a@b was not found." } },
      { kind: "failedToStart", reason: "The service account a@b was not found." },
    ],
    [
      "an exit code beside such a status",
      { status: { code: 9, message: "Odd." }, exitCode: 3 },
      { kind: "exited", code: 3, reason: "Odd." },
    ],
    [
      "the time limit, and the program ended by itself",
      { status: { code: 4, message: "The configured timeout was reached." }, exitCode: 1 },
      { kind: "timedOut", phase: "running" },
    ],
    [
      "a signal, and why",
      { status: { code: 14, message: "Terminated due to a maintenance event." }, termSignal: 15 },
      { kind: "signalled", signal: "SIGTERM", reason: "Terminated due to a maintenance event." },
    ],
    [
      "an exit code, and what else Google says",
      { status: { code: 10, message: "Cloud SQL connection failed." }, exitCode: 1 },
      { kind: "exited", code: 1, reason: "Cloud SQL connection failed." },
    ],
    ["nothing else", { status: { code: 10, message: "The container exited with an error." }, exitCode: 1 }, { kind: "exited", code: 1 }],
  ])("the message of a task: %s", (_, result, outcome) => {
    const seen = look({ execution: { ...ended, conditions: [nonZero("x")] }, task: attempt(result), seen: {} });
    expect(seen).toMatchObject({ phase: "ended", outcome });
    if (!("reason" in outcome) && "code" in outcome) expect(seen).not.toHaveProperty("outcome.reason");
  });

  test("a time-out of Google's before the start is not the run's time limit", () => {
    const conditions = [completed({ message: "Timed out waiting for container image import." })];
    const seen = look({ execution: { name, createTime: T0, completionTime: T2, conditions }, seen: {} });
    expect(seen).toMatchObject({ outcome: { kind: "failedToStart", reason: "Timed out waiting for container image import." } });
  });

  test("an error while reading the state is not an end", () => {
    const { completionTime: _, ...still } = ended;
    const execution = { ...still, conditions: [completed({ executionReason: "JOB_STATUS_SERVICE_POLLING_ERROR" })] };
    expect(look({ execution, seen: {} })).toEqual({ phase: "running", startedAt: T1 });
  });

  test("a waiting run's message is that of the condition that blocks it", () => {
    const conditions = [
      { type: "Completed", state: "CONDITION_RECONCILING", message: "Waiting for execution to complete." },
      { type: "ResourcesAvailable", state: "CONDITION_RECONCILING", message: "Provisioning imported containers." },
    ];
    expect(look({ execution: { name, conditions }, seen: {} })).toEqual({ phase: "pending", message: "Provisioning imported containers." });
  });

  test("asks for tasks only if the execution is not enough", () => {
    expect(needsTasks(executionFacts(OUTCOMES["success has no exit code, and needs none"]?.execution as object))).toBe(false);
    expect(needsTasks(executionFacts(OUTCOMES["an exit code"]?.execution as object))).toBe(true);
    expect(needsTasks(executionFacts(PHASES.running?.execution as object))).toBe(false);
  });

  test("times come from the execution, also as seconds and nanoseconds", () => {
    const seen = look({
      execution: { ...ended, startTime: { seconds: "1767323046", nanos: 5e8 }, conditions: [completed({ state: 4 })] },
      seen: {},
    });
    expect(seen).toMatchObject({ startedAt: "2026-01-02T03:04:06.500Z", endedAt: T2 });
  });
});

import { expect, test } from "vitest";
import type { Outcome } from "../../../src/model/outcome";
import { ownContainerOf } from "../../../src/targets/ecs/containers";
import { observationOf, STOP_REASON, type TaskFacts } from "../../../src/targets/ecs/ecsOutcome";

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
  ["exit code 255 is not a signal", ended({ ...exited, containers: one({ exitCode: 255 }) }), { kind: "exited", code: 255 }],
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
    { kind: "failedToStart", reason: expect.stringMatching(/^ECS gives no reason \(TaskFailedToStart\)/) },
  ],
  [
    "an end without an exit code is not a success",
    ended({ ...exited, containers: one() }),
    { kind: "lost", reason: "ECS has no exit code: Essential container in task exited" },
  ],
  [
    "Spot, although the command ended with 0",
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
    { kind: "cancelled", by: "us", reason: "asked" },
  ],
  [
    "stopped in the console",
    ended({ stopCode: "UserInitiated", stoppedReason: "Task stopped by user", containers: one({ exitCode: 143 }) }),
    { kind: "cancelled", by: "someoneElse", reason: "Task stopped by user" },
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

// Several containers, and what ECS reports about each of them.
const oom = "OutOfMemoryError: Container killed due to memory usage";
test.each<[string, Partial<TaskFacts>, Outcome]>([
  [
    "a finished init container is not blamed",
    { containers: [{ name: "init", exitCode: 0 }, ...one({ exitCode: 137 })] },
    { kind: "signalled", signal: "SIGKILL", reason: expect.stringMatching(/^exit code 137: ECS gives no reason; most often its memory/) },
  ],
  [
    "nor one that failed before, if it is known not to be essential",
    { containers: [{ name: "init", exitCode: 1, essential: false }, ...one({ exitCode: 143 })] },
    { kind: "signalled", signal: "SIGTERM", reason: expect.stringMatching(/^exit code 143: ECS gives no reason/) },
  ],
  [
    "nor one that AWS added",
    { containers: [{ name: "aws-guardduty-agent-x", exitCode: 1 }, ...one({ exitCode: 137 })] },
    { kind: "signalled", signal: "SIGKILL", reason: expect.stringMatching(/^exit code 137/) },
  ],
  [
    "an essential one that ended with 0 stopped the task",
    { containers: [{ name: "proxy", exitCode: 0, essential: true }, ...one({ exitCode: 143 })] },
    { kind: "signalled", signal: "SIGTERM", reason: 'container "proxy" exited with code 0, and ECS stopped the task with it' },
  ],
  [
    "an out-of-memory kill of a sidecar is reported",
    { containers: [{ name: "proxy", exitCode: 137, reason: oom }, ...one({ exitCode: 143 })] },
    { kind: "signalled", signal: "SIGTERM", reason: `container "proxy" ran out of memory (${oom}), and ECS stopped the task with it` },
  ],
  [
    "beside a success it is a note",
    { containers: [{ name: "proxy", exitCode: 137, reason: oom }, ...one({ exitCode: 0 })] },
    { kind: "exited", code: 0, reason: `container "proxy" ran out of memory (${oom})` },
  ],
  [
    "exit code 0 with an out-of-memory flag is success with a note",
    { containers: one({ exitCode: 0, reason: oom }) },
    { kind: "exited", code: 0, reason: `a process in the container was killed: out of memory (${oom})` },
  ],
  [
    "an exit code of its own with that flag stays",
    { containers: one({ exitCode: 1, reason: oom }) },
    { kind: "exited", code: 1, reason: `a process in the container was killed: out of memory (${oom})` },
  ],
  [
    "killed for memory, and the agent lost the exit code",
    { containers: one({ reason: oom }) },
    { kind: "signalled", signal: "SIGKILL", reason: `out of memory (${oom})` },
  ],
  [
    "a pull error of a sidecar kept the run from starting",
    {
      startedAt: undefined,
      stopCode: "TaskFailedToStart",
      stoppedReason: "Task failed to start",
      containers: [{ name: "proxy", reason: "CannotPullContainerError: Error response from daemon:\n  manifest unknown\n" }, ...one()],
    },
    { kind: "failedToStart", reason: 'container "proxy": CannotPullContainerError: Error response from daemon: manifest unknown' },
  ],
  [
    "an init container failed, and the run's waits for it",
    { startedAt: undefined, containers: [{ name: "migrate", exitCode: 3, essential: false }, ...one()] },
    { kind: "failedToStart", reason: 'container "migrate" exited with code 3 before the run\'s could start' },
  ],
  [
    "a missing command has an exit code, but never ran",
    { startedAt: undefined, containers: one({ exitCode: 127, reason: "CannotStartContainerError: exec: x: not found" }) },
    { kind: "failedToStart", reason: "CannotStartContainerError: exec: x: not found" },
  ],
  [
    "reported as failed to start, but it ran",
    { stopCode: "TaskFailedToStart", containers: one({ exitCode: 1 }) },
    { kind: "exited", code: 1 },
  ],
  [
    "Spot before the start",
    { startedAt: undefined, stopCode: "SpotInterruption", stoppedReason: "Your Spot Task was interrupted.", containers: one() },
    { kind: "failedToStart", reason: "SpotInterruption: Your Spot Task was interrupted." },
  ],
  [
    "a failed health check",
    {
      stopCode: "ServiceSchedulerInitiated",
      stoppedReason: "Task failed container health checks",
      containers: one({ exitCode: 137, healthStatus: "UNHEALTHY" }),
    },
    {
      kind: "signalled",
      signal: "SIGKILL",
      reason: "ServiceSchedulerInitiated: Task failed container health checks: its own health check failed",
    },
  ],
  [
    "a volume that was not attached",
    {
      startedAt: undefined,
      stopCode: "TaskFailedToStart",
      stoppedReason: "Task failed to start",
      attachments: [
        { type: "AmazonElasticBlockStorage", status: "DELETED", details: [{ name: "statusReason", value: "no such\nsnapshot" }] },
      ],
    },
    { kind: "failedToStart", reason: "AmazonElasticBlockStorage: no such snapshot" },
  ],
  [
    "an agent of AWS that could not be pulled stopped no other container",
    { containers: [{ name: "aws-guardduty-agent-x", reason: "CannotPullContainerError: 403" }, ...one({ exitCode: 137 })] },
    { kind: "signalled", signal: "SIGKILL", reason: expect.stringMatching(/^exit code 137: ECS gives no reason/) },
  ],
  [
    "an unhealthy container that was killed is named",
    { containers: [{ name: "proxy", exitCode: 137, healthStatus: "UNHEALTHY", essential: true }, ...one({ exitCode: 143 })] },
    { kind: "signalled", signal: "SIGTERM", reason: 'container "proxy" was unhealthy' },
  ],
  [
    "the start waited for a container that did not get healthy",
    {
      startedAt: undefined,
      stopCode: "TaskFailedToStart",
      stoppedReason: "Task failed to start",
      containers: [{ name: "ecs-service-connect-x", healthStatus: "UNHEALTHY", exitCode: 137 }, ...one()],
    },
    { kind: "failedToStart", reason: 'container "ecs-service-connect-x" was unhealthy' },
  ],
  [
    "ECS' message about the container is kept with its exit code",
    { containers: one({ exitCode: 255, reason: "exec /usr/bin/python: exec format error" }) },
    { kind: "exited", code: 255, reason: "exec /usr/bin/python: exec format error" },
  ],
  [
    "so is its message about the task",
    { stoppedReason: "Task failed container health checks", containers: one({ exitCode: 1 }) },
    { kind: "exited", code: 1, reason: "Task failed container health checks" },
  ],
  [
    "only the task's message mentions memory",
    { stoppedReason: oom, containers: one({ exitCode: 137 }) },
    { kind: "signalled", signal: "SIGKILL", reason: `out of memory (${oom})` },
  ],
  [
    "only the task's message mentions it, and the exit code is lost",
    { stoppedReason: oom, containers: one() },
    { kind: "signalled", signal: "SIGKILL", reason: `out of memory (${oom})` },
  ],
  [
    "the task's message may mean another container",
    { stoppedReason: oom, containers: [{ name: "proxy", exitCode: 137 }, ...one({ exitCode: 143 })] },
    { kind: "signalled", signal: "SIGTERM", reason: oom },
  ],
  [
    "Spot without a stop code: exit code 0 is not a success",
    { stopCode: undefined, stoppedReason: "Your Spot Task was interrupted.", containers: one({ exitCode: 0 }) },
    { kind: "signalled", signal: "SIGTERM", reason: "SpotInterruption: Your Spot Task was interrupted." },
  ],
  [
    "a lost machine without a stop code",
    { stopCode: undefined, stoppedReason: "Host EC2 (instance i-0123) terminated.", containers: one() },
    { kind: "lost", reason: "TerminationNotice: Host EC2 (instance i-0123) terminated." },
  ],
  [
    "a stop by a user without a stop code",
    { stopCode: undefined, stoppedReason: "Task stopped by user", containers: one({ exitCode: 137 }) },
    { kind: "cancelled", by: "someoneElse", reason: "Task stopped by user" },
  ],
  [
    "the run's container is not listed: a sidecar's 0 is not a success",
    { containers: [{ name: "proxy", exitCode: 0 }] },
    { kind: "lost", reason: "ECS has no exit code: Essential container in task exited" },
  ],
])("%s", (_, over, outcome) => {
  expect(observationOf(ended({ ...exited, ...over }), "prefect")).toMatchObject({ phase: "ended", outcome });
});

test("without a container's name: only what holds for all containers", () => {
  const of = (containers: TaskFacts["containers"]) => {
    const seen = observationOf(ended({ ...exited, containers }));
    return seen.phase === "ended" ? seen.outcome : undefined;
  };
  expect(of([{ name: "a", exitCode: 3 }])).toEqual({ kind: "exited", code: 3 });
  expect(of([{ name: "proxy", exitCode: 0 }, ...one({ exitCode: 3 })])).toEqual({ kind: "exited", code: 3 });
  expect(
    of([
      { name: "a", exitCode: 0 },
      { name: "b", exitCode: 0 },
    ]),
  ).toEqual({ kind: "exited", code: 0 });
  expect(
    of([
      { name: "a", exitCode: 0 },
      { name: "b", exitCode: 1 },
    ]),
  ).toMatchObject({ kind: "lost", reason: expect.stringMatching(/unknown in which .* "a" exited with code 0, "b" exited with code 1/) });
});

test.each<[string, Parameters<typeof ownContainerOf>, string | undefined]>([
  [
    "the run's variables in its overrides",
    [
      {
        containers: [],
        overrides: { containerOverrides: [{ name: "a" }, { name: "b", environment: [{ name: "PUSHPOOL_FLOW_RUN_ID" }] }] },
      },
    ],
    "b",
  ],
  [
    "the run's variables in its definition, over the usual name",
    [{ containers: [] }, [{ name: "prefect" }, { name: "etl", environment: [{ name: "PREFECT__FLOW_RUN_ID" }] }]],
    "etl",
  ],
  ["the one command", [{ containers: one(), overrides: { containerOverrides: [{ name: "etl", command: ["x"] }] } }], "etl"],
  ["Prefect's usual name", [{ containers: [{ name: "proxy" }, ...one()] }], "prefect"],
  ["the only essential one", [{ containers: [] }, [{ name: "etl" }, { name: "init", essential: false }]], "etl"],
  ["the only one", [{ containers: [{ name: "etl" }] }], "etl"],
  ["nothing tells", [{ containers: [{ name: "a" }, { name: "b" }] }, [{ name: "a" }, { name: "b" }]], undefined],
])("the run's container by %s", (_, given, name) => {
  expect(ownContainerOf(...given)).toBe(name);
});

const RESOURCES = "ResourceInitializationError: unable to pull secrets or registry auth: ";
const denied = (action: string, because: string) =>
  `${RESOURCES}AccessDeniedException: User: arn:aws:sts::1:assumed-role/exec/x is not authorized to perform: ${action} on resource: arn:x ${because}`;
test.each<[string, string, RegExp | undefined]>([
  [
    "the key of a secret, by its action",
    denied("kms:Decrypt", "because no identity-based policy allows it"),
    /needs kms:Decrypt: no policy/,
  ],
  ["Secrets Manager, of its key", `${RESOURCES}AccessDeniedException: Access to KMS is not allowed`, /needs kms:Decrypt/],
  [
    "Parameter Store, of its key",
    `${RESOURCES}AccessDeniedException: The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.`,
    /access\. The task's execution role needs kms:Decrypt/,
  ],
  [
    "a policy above all others",
    denied("ecr:GetAuthorizationToken", "with an explicit deny in a service control policy"),
    /policy\. A service control policy forbids it, even if another policy allows it: ask whoever manages it to change it$/,
  ],
  ["a boundary", denied("ssm:GetParameters", "because no permissions boundary allows the action"), /A permissions boundary forbids it/],
  ["a secret without that key", `${RESOURCES}retrieved secret from Secrets Manager did not contain json key password`, undefined],
  ["a rate limit of a registry", "CannotPullContainerError: 429 Too Many Requests - Server message: toomanyrequests", undefined],
  ["another platform", "CannotPullContainerError: image Manifest does not contain descriptor matching platform 'linux/amd64'", undefined],
  ["a full disk", "CannotPullContainerError: failed to extract layer: no space left on device: unknown", undefined],
])("the advice for a failed start: %s", (_, stoppedReason, advice) => {
  const seen = observationOf(ended({ ...notStarted, stoppedReason, containers: one() }), "prefect");
  const reason = advice === undefined ? stoppedReason : expect.stringMatching(advice);
  expect(seen).toMatchObject({ phase: "ended", outcome: { kind: "failedToStart", reason } });
});

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Outcome } from "../../../src/model/outcome";
import { factsOf } from "../../../src/targets/containerInstances/groupFacts";
import { type ContainerFacts, type GroupFacts, type Known, observationOf } from "../../../src/targets/containerInstances/groupOutcome";
import type { Observation } from "../../../src/targets/target";

const START = Date.parse("2026-01-01T00:00:00Z");
const END = START + 5_000;
const NOW = START + 60_000;

function groupOf(own: Partial<ContainerFacts>, group: Partial<GroupFacts> = {}): GroupFacts {
  return {
    provisioningState: "Succeeded",
    state: "Running",
    spot: false,
    containers: [{ name: "run", ...own }],
    initContainers: [],
    ...group,
  };
}
const terminated = (exitCode: number | undefined, detailStatus: string, more: Partial<ContainerFacts> = {}): Partial<ContainerFacts> => ({
  restartCount: 0,
  currentState: { state: "Terminated", startTime: START, finishTime: END, detailStatus, ...(exitCode === undefined ? {} : { exitCode }) },
  ...more,
});
const STOPPED = "Container stopped per client request";
const stoppedState: Partial<ContainerFacts> = {
  currentState: { state: "Terminated", finishTime: END, detailStatus: STOPPED },
  previousState: { state: "Running", startTime: START, detailStatus: "" },
};
const running: Partial<ContainerFacts> = { restartCount: 0, currentState: { state: "Running", startTime: START, detailStatus: "" } };
const waiting = (detailStatus: string, more: Partial<ContainerFacts> = {}) => ({
  currentState: { state: "Waiting", detailStatus },
  ...more,
});
const warning = (name: string, message: string) => ({ name, type: "Warning", message });
const seen: Known = { startedAt: START };
const started = (firstAt: number) => ({ name: "Started", type: "Normal", message: "Started container", firstAt });
const LOOP = "CrashLoopBackOff: Back-off 10s restarting failed";

describe("ends", () => {
  test.each<[string, GroupFacts, Known, Outcome]>([
    ["exit 0", groupOf(terminated(0, "Completed")), {}, { kind: "exited", code: 0 }],
    ["exit 2", groupOf(terminated(2, "Error"), { state: "Failed" }), {}, { kind: "exited", code: 2 }],
    ["exit 2 in other words", groupOf(terminated(2, "ContainerFailed")), {}, { kind: "exited", code: 2, reason: "ContainerFailed" }],
    ["no exit code", groupOf(terminated(undefined, "Error")), {}, { kind: "failed", reason: 'Azure says "Error" and no exit code' }],
    [
      "the group's success is not the run's",
      groupOf(terminated(1, "Error"), { state: "Succeeded", provisioningState: "Succeeded" }),
      {},
      { kind: "exited", code: 1 },
    ],
    [
      "a success is one though the last operation has failed",
      groupOf(terminated(0, "Completed"), { state: "Failed", provisioningState: "Failed" }),
      {},
      { kind: "exited", code: 0 },
    ],
    ["a signal of its own", groupOf(terminated(139, "Error")), {}, { kind: "signalled", signal: "SIGSEGV" }],
    ["memory", groupOf(terminated(137, "OOMKilled")), {}, { kind: "signalled", signal: "SIGKILL", reason: "out of memory (OOMKilled)" }],
    [
      "killed, probably memory",
      groupOf(terminated(137, "Error")),
      {},
      { kind: "signalled", signal: "SIGKILL", reason: expect.stringMatching(/most often its memory/) as unknown as string },
    ],
    [
      "maintenance",
      groupOf(terminated(7147, "Error")),
      {},
      { kind: "signalled", signal: "an unknown signal", reason: "Azure ended it for maintenance (exit code 7147)" },
    ],
    [
      "maintenance, with its event",
      groupOf(
        terminated(7148, "Error", {
          events: [{ name: "Killing", type: "Normal", message: "Killing container run (platform initiated)." }],
        }),
      ),
      {},
      {
        kind: "signalled",
        signal: "an unknown signal",
        reason: "Azure ended it for maintenance (exit code 7148: Killing container run (platform initiated).)",
      },
    ],
    [
      "a lost machine",
      groupOf(terminated(undefined, "Infrastructure Error"), { state: "Unknown", provisioningState: "Repairing" }),
      {},
      { kind: "lost", reason: "Azure lost the machine that it ran on (Infrastructure Error)" },
    ],
    ["stopped by someone else", groupOf(stoppedState, { state: "Stopped" }), seen, { kind: "cancelled", by: "someoneElse" }],
    [
      "stopped by us",
      groupOf(stoppedState, { state: "Stopped" }),
      { ...seen, stop: { why: "cancelled", reason: "test" } },
      { kind: "cancelled", by: "us", reason: "test" },
    ],
    [
      "stopped by us, though it has an exit code",
      groupOf(terminated(0, STOPPED)),
      { stop: { why: "cancelled" } },
      { kind: "cancelled", by: "us" },
    ],
    ["its time limit", groupOf(stoppedState), { ...seen, stop: { why: "running" } }, { kind: "timedOut", phase: "running" }],
    [
      "our own limit for its start",
      groupOf({ currentState: { state: "Terminated", finishTime: END, detailStatus: STOPPED }, previousState: { state: "Waiting" } }),
      { stop: { why: "pending" } },
      { kind: "timedOut", phase: "pending" },
    ],
    [
      "stopped before Azure says anything of its container",
      groupOf({}, { state: "Stopped" }),
      {},
      { kind: "cancelled", by: "someoneElse" },
    ],
    ["an end before our stop came", groupOf(terminated(3, "Error")), { stop: { why: "cancelled" } }, { kind: "exited", code: 3 }],
    [
      "an image that fails later",
      groupOf(
        waiting('ImagePullBackOff: Back-off pulling image "nope:1"', {
          events: [warning("Failed", 'Failed to pull image "nope:1"'), warning("BackOff", 'Back-off pulling image "nope:1"')],
        }),
        { provisioningState: "Failed", state: "Pending" },
      ),
      {},
      {
        kind: "failedToStart",
        reason: 'ImagePullBackOff: Back-off pulling image "nope:1": Failed to pull image "nope:1": Back-off pulling image "nope:1"',
      },
    ],
    [
      "a command that cannot start",
      groupOf(
        waiting("CrashLoopBackOff: Back-off 10s restarting failed", {
          restartCount: 3,
          events: [warning("Failed", 'exec: "nope": executable file not found in $PATH')],
        }),
        { state: "Pending" },
      ),
      {},
      {
        kind: "failedToStart",
        reason: 'CrashLoopBackOff: Back-off 10s restarting failed: exec: "nope": executable file not found in $PATH',
      },
    ],
    [
      "an init container that fails",
      groupOf({}, { state: "Failed", initContainers: [{ name: "fetch", currentState: { state: "Terminated", exitCode: 3 } }] }),
      {},
      { kind: "failedToStart", reason: 'init container "fetch" exited with code 3' },
    ],
    [
      "an init container of a group that waits",
      groupOf(waiting(""), { state: "Failed" }),
      {},
      { kind: "failedToStart", reason: "Azure gives no reason" },
    ],
    [
      "success without a container",
      groupOf({}, { state: "Succeeded" }),
      {},
      { kind: "lost", reason: expect.any(String) as unknown as string },
    ],
    [
      "started again after an exit code",
      groupOf({
        ...running,
        restartCount: 1,
        previousState: { state: "Terminated", startTime: START, finishTime: END, exitCode: 1, detailStatus: "Error" },
      }),
      seen,
      { kind: "exited", code: 1, reason: "Azure started the container again (restart count 1), and pushpool stopped it" },
    ],
    [
      "about to be started again after an exit code",
      groupOf(
        waiting("CrashLoopBackOff: Back-off 10s", {
          restartCount: 1,
          previousState: { state: "Terminated", startTime: START, exitCode: 1 },
        }),
      ),
      {},
      {
        kind: "exited",
        code: 1,
        reason: "Azure was about to start the container again (CrashLoopBackOff: Back-off 10s), and pushpool stopped it",
      },
    ],
    [
      "started again, and ended again: the first end counts",
      groupOf(
        terminated(0, "Completed", { restartCount: 1, previousState: { state: "Terminated", startTime: START - 9_000, exitCode: 1 } }),
      ),
      {},
      { kind: "exited", code: 1, reason: "Azure started the container again (restart count 1), and pushpool stopped it" },
    ],
    [
      "started again, which only its start shows",
      groupOf({ currentState: { state: "Running", startTime: START + 30_000 } }),
      seen,
      { kind: "lost", reason: "Azure started the container again at 2026-01-01T00:00:30.000Z, and pushpool stopped it" },
    ],
    [
      "started again, and ended with a code before anyone looked",
      groupOf(terminated(0, "Completed")),
      { startedAt: START - 30_000 },
      { kind: "exited", code: 0, reason: "Azure started the container again at 2026-01-01T00:00:00.000Z, and pushpool stopped it" },
    ],
    [
      "a machine was lost, and Azure repairs it",
      groupOf(
        waiting("Waiting to run", { previousState: { state: "Terminated", startTime: START, detailStatus: "Infrastructure Error" } }),
      ),
      {},
      {
        kind: "lost",
        reason: "Infrastructure Error: Azure was about to start the container again (Waiting to run), and pushpool stopped it",
      },
    ],
    ["taken away", groupOf(waiting("")), seen, { kind: "lost", reason: "Azure took the container away, and was about to start it again" }],
    [
      "a Spot eviction",
      groupOf(waiting("Waiting to run", { previousState: { state: "Terminated", startTime: START, detailStatus: "Error" } }), {
        spot: true,
      }),
      seen,
      {
        kind: "signalled",
        signal: "an unknown signal",
        reason:
          "its Spot container group was evicted: Azure was about to start the container again (Waiting to run), and pushpool stopped it",
      },
    ],
    [
      "a Spot group that runs again after its eviction",
      groupOf({ currentState: { state: "Running", startTime: START + 90_000 } }, { spot: true }),
      seen,
      { kind: "signalled", signal: "an unknown signal", reason: expect.stringMatching(/evicted/) as unknown as string },
    ],
    [
      "started again, which only its events show",
      groupOf({ ...running, currentState: { state: "Running", startTime: START + 30_000 }, events: [started(START)] }),
      {},
      { kind: "lost", reason: "Azure started the container again at 2026-01-01T00:00:30.000Z, and pushpool stopped it" },
    ],
    [
      "taken away before anyone looked, by its events",
      groupOf(waiting("", { events: [started(START)] })),
      {},
      { kind: "lost", reason: "Azure took the container away, and was about to start it again" },
    ],
    [
      "a Spot eviction that kills",
      groupOf(
        waiting("Waiting to run", { previousState: { state: "Terminated", startTime: START, exitCode: 137, detailStatus: "Error" } }),
        {
          spot: true,
        },
      ),
      seen,
      { kind: "signalled", signal: "an unknown signal", reason: expect.stringMatching(/evicted/) as unknown as string },
    ],
    [
      "killed by our stop, with a code",
      groupOf(terminated(143, "Error")),
      { ...seen, stop: { why: "cancelled" } },
      { kind: "cancelled", by: "us" },
    ],
    [
      "killed by our time limit, with a code",
      groupOf(terminated(137, "Error")),
      { ...seen, stop: { why: "running" } },
      { kind: "timedOut", phase: "running" },
    ],
    [
      "out of memory just as we stopped it",
      groupOf(terminated(137, "OOMKilled")),
      { ...seen, stop: { why: "cancelled" } },
      { kind: "signalled", signal: "SIGKILL", reason: "out of memory (OOMKilled)" },
    ],
    [
      "a machine that is being repaired, in other words",
      groupOf(terminated(undefined, "Error"), { state: "Unknown", provisioningState: "Repairing" }),
      {},
      { kind: "lost", reason: "Azure lost the machine that it ran on (Error)" },
    ],
    [
      "a command that cannot start, with a code",
      groupOf(terminated(128, "StartError", { events: [warning("Failed", 'exec: "nope": executable file not found in $PATH')] })),
      {},
      { kind: "failedToStart", reason: 'exec: "nope": executable file not found in $PATH' },
    ],
    [
      "a command that cannot start, tried again",
      groupOf(
        waiting(LOOP, {
          restartCount: 1,
          previousState: { state: "Terminated", exitCode: 127, detailStatus: "Error" },
          events: [warning("Failed", "Error: failed to create containerd task: failed to create shim task")],
        }),
      ),
      {},
      { kind: "failedToStart", reason: `Azure was about to start the container again (${LOOP}), and pushpool stopped it` },
    ],
    [
      "a command that cannot start, stopped by someone else meanwhile",
      groupOf(
        {
          restartCount: 3,
          currentState: { state: "Terminated", finishTime: END, detailStatus: STOPPED },
          previousState: { state: "Waiting", detailStatus: LOOP },
        },
        { state: "Stopped" },
      ),
      {},
      { kind: "cancelled", by: "someoneElse" },
    ],
    [
      "a command that cannot start, and waited before that",
      groupOf(waiting(LOOP, { restartCount: 2, previousState: { state: "Waiting" } })),
      {},
      { kind: "failedToStart", reason: LOOP },
    ],
    [
      "an operation that was cancelled",
      groupOf({}, { provisioningState: "Canceled" }),
      {},
      { kind: "failedToStart", reason: "Azure gives no reason" },
    ],
    ["a code of Windows", groupOf(terminated(137, "Error"), { windows: true }), {}, { kind: "exited", code: 137 }],
    ["a status of Windows", groupOf(terminated(3_221_225_786, "Error"), { windows: true }), {}, { kind: "exited", code: 3_221_225_786 }],
    [
      "the run's container counts, not a sidecar",
      {
        ...groupOf({}),
        containers: [
          { name: "side", ...terminated(0, "Completed") },
          { name: "run", ...terminated(5, "Error") },
        ],
      },
      { container: "run" },
      { kind: "exited", code: 5 },
    ],
  ])("%s", (_, group, known, outcome) => {
    const seen = observationOf(group, known, NOW);
    expect(seen).toMatchObject({ phase: "ended", outcome });
    expect((seen as { outcome: Outcome }).outcome).toEqual(outcome);
  });
});

describe("no ends", () => {
  test.each<[string, GroupFacts, Known, object]>([
    [
      "nothing is said yet",
      groupOf({}, { provisioningState: "Pending", state: "Pending" }),
      {},
      { phase: "pending", message: "Azure: Pending" },
    ],
    [
      "waiting, with what goes wrong",
      groupOf(waiting("Waiting to run", { events: [warning("Failed", "Failed to pull image")] }), { provisioningState: "Creating" }),
      {},
      { phase: "pending", message: "Azure: Waiting to run: Failed to pull image" },
    ],
    ["running", groupOf(running), {}, { phase: "running", startedAt: "2026-01-01T00:00:00.000Z" }],
    ["running without events", groupOf({ ...running, events: [] }, { provisioningState: "Unhealthy" }), seen, { phase: "running" }],
    ["running, though the last operation has failed", groupOf(running, { provisioningState: "Failed" }), {}, { phase: "running" }],
    [
      "the same start, rounded",
      groupOf({ currentState: { state: "Running", startTime: START } }),
      { startedAt: START + 415 },
      { phase: "running" },
    ],
    ["its state is left out of one reply", groupOf({}), seen, { phase: "running", startedAt: "2026-01-01T00:00:00.000Z" }],
    ["the start that its events show, in whole seconds", groupOf({ ...running, events: [started(START - 900)] }), {}, { phase: "running" }],
    ["a stop that has not come through", groupOf(running), { stop: { why: "cancelled" } }, { phase: "running" }],
  ])("%s", (_, group, known, observation) => {
    expect(observationOf(group, known, NOW)).toMatchObject(observation);
  });
});

describe("replies of other shapes", () => {
  const own = (instanceView: object | null, more: object = {}) =>
    observationOf(factsOf({ containers: [{ name: "run", instanceView }], ...more } as never), {}, NOW);

  test.each<[string, Observation, object]>([
    ["no containers", observationOf(factsOf({}), {}, NOW), { phase: "pending" }],
    ["null in place of lists", observationOf(factsOf({ containers: null, initContainers: null } as never), {}, NOW), { phase: "pending" }],
    ["null in place of a view", own(null), { phase: "pending" }],
    [
      "null in place of an exit code",
      own({ restartCount: null, currentState: { state: "Terminated", startTime: null, exitCode: null, detailStatus: null }, events: null }),
      { phase: "ended", outcome: { kind: "failedToStart" } },
    ],
    [
      "null in place of an exit code, of one that ran",
      own({ currentState: { state: "Terminated", startTime: "2026-01-01T00:00:00Z", exitCode: null, detailStatus: "Completed" } }),
      { phase: "ended", outcome: { kind: "failed", reason: 'Azure says "Completed" and no exit code' } },
    ],
    [
      "a time that says none",
      own({ currentState: { state: "Terminated", startTime: "0001-01-01T00:00:00Z", finishTime: "0001-01-01T00:00:00Z", exitCode: 0 } }),
      { phase: "ended", outcome: { kind: "exited", code: 0 }, endedAt: "2026-01-01T00:01:00.000Z" },
    ],
  ])("%s", (_, observation, expected) => {
    expect(observation).toMatchObject(expected);
  });
});

// What Azure answered, recorded: the last look at each group.
const folder = join(__dirname, "..", "..", "..", "..", "shared", "recordings", "azure");
if (!existsSync(folder)) console.warn(`SKIPPED: there are no recordings of Azure in ${folder}`);

describe.runIf(existsSync(folder))("recorded groups", () => {
  const views = existsSync(folder)
    ? readdirSync(folder)
        .filter((file) => /^aci-.*\.jsonl$/.test(file))
        .flatMap((file) =>
          readFileSync(join(folder, file), "utf8")
            .trim()
            .split("\n")
            .map((line) => JSON.parse(line) as { request: { method: string; path: string }; response: { status: number; body: never } })
            .filter(
              ({ request, response }) =>
                request.method === "GET" && /containerGroups\/[^/?]+\?/.test(request.path) && response.status === 200,
            )
            .map(({ response }) => [file, factsOf(flattened(response.body))] as const),
        )
    : [];

  test("each is read, and no failure counts as a success", () => {
    const found = views.map(([file, facts]) => {
      const seen = observationOf(facts, {}, NOW);
      return `${file.replace(/^aci-|\.jsonl$/g, "")}: ${facts.containers[0]?.currentState?.state ?? "nothing"} ${facts.containers[0]?.currentState?.exitCode ?? ""} → ${seen.phase === "ended" ? JSON.stringify(seen.outcome) : seen.phase}`;
    });
    expect([...new Set(found)].sort()).toMatchInlineSnapshot(`
      [
        "aso-crud-404: Running  → running",
        "cli-crashloop-2018: Terminated 0 → {"kind":"exited","code":0,"reason":"Azure started the container again (restart count 2), and pushpool stopped it"}",
        "cli-crashloop-2018: Waiting  → {"kind":"exited","code":0,"reason":"Azure was about to start the container again (CrashLoopBackOff: Back-off 10s restarting failed), and pushpool stopped it"}",
        "cli-create-list-logs-delete: Running  → running",
        "cli-exit-2-failed: Terminated 2 → {"kind":"exited","code":2}",
        "cli-identities: Running  → {"kind":"exited","code":0,"reason":"Azure started the container again (restart count 1), and pushpool stopped it"}",
        "cli-identities: Running  → {"kind":"exited","code":0,"reason":"Azure started the container again (restart count 2), and pushpool stopped it"}",
        "cli-identities: Running  → {"kind":"exited","code":0,"reason":"Azure started the container again (restart count 3), and pushpool stopped it"}",
        "cli-registry-password: Running  → running",
        "cli-spot: Running  → running",
        "cli-tags-patch: Running  → running",
        "cli-vnet: Running  → running",
        "create-cli: Running  → running",
        "full-life: Running  → running",
        "full-life: Running  → {"kind":"lost","reason":"Azure started the container again at 2018-11-13T19:52:10.000Z, and pushpool stopped it"}",
        "full-life: Terminated 0 → {"kind":"exited","code":0}",
        "ps-stop-2024: Terminated  → {"kind":"cancelled","by":"someoneElse"}",
        "system-msi-repairing: Running  → running",
        "system-msi-repairing: Terminated  → {"kind":"lost","reason":"Azure lost the machine that it ran on (Infrastructure Error)"}",
        "two-containers-logs: Running  → running",
        "user-msi-principal-not-found: Running  → running",
      ]
    `);
  });
});

/** As the SDK hands a reply over. */
function flattened(body: Record<string, unknown>): never {
  const flat = (each: unknown): unknown => {
    const { properties, ...rest } = each as { properties?: object };
    return { ...rest, ...properties };
  };
  const group = flat(body) as Record<string, unknown>;
  for (const list of ["containers", "initContainers"]) group[list] = ((group[list] ?? []) as unknown[]).map(flat);
  return group as never;
}

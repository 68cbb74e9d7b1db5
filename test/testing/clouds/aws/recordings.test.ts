import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { observationOf, type TaskFacts } from "../../../../src/targets/ecs/ecsOutcome";

// Real traffic with ECS, from a folder beside the repository: what the target reads from it.

const folder = join(__dirname, "..", "..", "..", "..", "..", "shared", "recordings", "aws");
const there = existsSync(folder);
if (!there) console.warn(`SKIPPED: no recordings at ${folder}`);

type Recorded = { response: { body: Record<string, unknown> } };
const read = (name: string) =>
  readFileSync(join(folder, `${name}.jsonl`), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Recorded);

const bodyOf = (name: string, line: number) => read(name)[line]?.response.body;

/** Convert the PascalCase of Step Functions to ECS' keys. */
function camel(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camel);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key.charAt(0).toLowerCase() + key.slice(1), camel(inner)]));
}

function factsOf(recorded: unknown): TaskFacts {
  const task = camel(recorded) as TaskFacts & Record<string, string | undefined>;
  const at = (text: unknown) => (typeof text === "string" ? Date.parse(text) || 1 : undefined);
  const times = Object.fromEntries(
    ["createdAt", "startedAt", "stoppingAt", "stoppedAt"].flatMap((key) => (task[key] === undefined ? [] : [[key, at(task[key])]])),
  );
  return { ...task, ...times, containers: task.containers ?? [] } as TaskFacts;
}

describe.skipIf(!there)("recorded ECS tasks", () => {
  test("a task that has just been started is pending", () => {
    for (const name of ["ecs-fargate-run-success", "ecs-fargate-missing-image"]) {
      const { Tasks = [] } = bodyOf(name, 0) as { Tasks?: unknown[] };
      expect(observationOf(factsOf(Tasks[0]))).toEqual({ phase: "pending", message: "ECS: PROVISIONING" });
    }
  });

  test("one that succeeded", () => {
    expect(observationOf(factsOf(bodyOf("ecs-fargate-run-success", 1)))).toMatchObject({
      phase: "ended",
      outcome: { kind: "exited", code: 0 },
    });
  });

  test("an image that does not exist", () => {
    expect(observationOf(factsOf(bodyOf("ecs-fargate-missing-image", 1)))).toMatchObject({
      outcome: {
        kind: "failedToStart",
        reason: expect.stringMatching(/^CannotPullContainerError: pull image manifest has been retried 1 time/),
      },
    });
  });

  test("a registry that did not answer, as reported in 2019", () => {
    const { tasks = [] } = bodyOf("ecs-describe-task-pull-timeout", 0) as { tasks?: unknown[] };
    expect(observationOf(factsOf(tasks[0]))).toMatchObject({
      outcome: { kind: "failedToStart", reason: expect.stringMatching(/^CannotPullContainerError: API error/) },
    });
  });

  test("StopTask returns a task that still runs", () => {
    const stopped = read("ecs-stop-task").filter(({ response }) => "task" in response.body);
    expect(stopped).toHaveLength(2);
    for (const { response } of stopped) expect(observationOf(factsOf(response.body.task)).phase).toBe("running");
  });
});

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { flowRunStack } from "./flowRunStack";

// Any replacement of a FlowRun is a new run.

// Each test runs several programs, and each of them loads Pulumi.
vi.setConfig({ testTimeout: 300_000 });

const URN = "urn:pulumi:dev::infra::pulumi-nodejs:dynamic/pushpool:FlowRun::smoke";

type Stack = ReturnType<typeof flowRunStack>;
const stateFile = ({ home }: Stack) => join(home, "stacks", "infra", "dev.json");

/** Like `pulumi state taint`. */
function taint(stack: Stack): void {
  const state = JSON.parse(readFileSync(stateFile(stack), "utf8"));
  for (const resource of state.deployment.resources) if (resource.urn === URN) resource.taint = true;
  writeFileSync(stateFile(stack), JSON.stringify(state));
}

const orders = [
  ["create-before-delete", "deleteBeforeReplace: false"],
  ["delete-before-replace", "deleteBeforeReplace: true"],
] as const;

test.each(orders)("`--replace`, a taint, replaceOnChanges and triggers each start a new run: %s", (_, order) => {
  const stack = flowRunStack();
  stack.go();
  const program = { options: `${order}, replaceOnChanges: ["tags"]` };
  stack.write(program);
  const runIds = [stack.up().result?.outputs.runId];
  const replaced = (...args: string[]) => {
    const { result, stderr } = stack.up(...args);
    expect([stderr, result?.changes]).toEqual(["", { same: 3, replace: 1 }]);
    expect(result?.outputs.state).toBe("COMPLETED");
    expect(runIds).not.toContain(result?.outputs.runId);
    runIds.push(result?.outputs.runId);
    expect(stack.starts()).toHaveLength(runIds.length);
  };
  // Directly after the first `up`, and after an `up` that changed nothing.
  replaced("--", "--replace", URN);
  replaced("--", `--replace=${URN}`);
  expect(stack.up().result?.changes).toEqual({ same: 4 });
  replaced("--", "--replace", URN);
  taint(stack);
  replaced();
  expect(stack.up().result?.changes).toEqual({ same: 4 });
  stack.write({ ...program, run: `tags: ["b"]` });
  replaced();
  stack.write({ ...program, run: `tags: ["b"], triggers: ["2"]` });
  replaced();
  // The inputs of an earlier run again: that is a new run too.
  stack.write({ ...program, run: `tags: ["b"]` });
  replaced();
  expect(stack.runs().map(({ state }) => state.type)).toEqual(runIds.map(() => "COMPLETED"));
});

test.each([...orders, ["the default order", ""] as const])("a running run is cancelled and replaced: %s", async (_, order) => {
  const stack = flowRunStack();
  // One slot: the new run could not start while the old one runs.
  const pool = `concurrencyLimit: 1, jobVariables: { working_dir: ${JSON.stringify(stack.folder)} }`;
  const program = { pool, options: order, run: "wait: false" };
  stack.write(program);
  const { result: first } = stack.up();
  await expect.poll(stack.starts).toHaveLength(1);
  const { result: second, stderr } = stack.up("--", "--replace", URN);
  expect([stderr, second?.changes]).toEqual(["", { same: 3, replace: 1 }]);
  expect(second?.outputs.runId).not.toBe(first?.outputs.runId);
  await expect.poll(stack.starts).toHaveLength(2);
  const states = () => Object.fromEntries(stack.runs().map(({ id, state }) => [id, state.type]));
  expect(states()).toEqual({ [first?.outputs.runId ?? ""]: "CANCELLED", [second?.outputs.runId ?? ""]: "RUNNING" });
  const [old, now] = stack.starts().map(Number);
  expect(() => process.kill(old as number, 0)).toThrow(/ESRCH/);
  expect(process.kill(now as number, 0)).toBe(true);

  if (order === "") {
    // Another trigger while it runs: the old run ends first, since both need the only slot.
    stack.write({ ...program, run: `triggers: ["2"]` });
    stack.go();
    expect(stack.up().result).toMatchObject({ changes: { same: 3, replace: 1 }, outputs: { state: "COMPLETED" } });
    expect(stack.starts()).toHaveLength(3);
  }
  stack.go();
  expect(stack.pushpool("destroy", "--yes", "--force")).toMatchObject({ status: 0 });
});

test("an `up` that was killed before the state had the run adopts it; a killed replacement is not done twice", () => {
  const stack = flowRunStack();
  stack.go();
  stack.write("nothing");
  stack.up();
  const without = readFileSync(stateFile(stack));
  stack.write({});
  const first = stack.up().result?.outputs.runId;
  // The provider had replied, and the engine was killed before it could record that.
  const withFirst = readFileSync(stateFile(stack));
  writeFileSync(stateFile(stack), without);
  expect(stack.up().result).toMatchObject({ changes: { create: 3 }, outputs: { runId: first } });
  expect(stack.starts()).toHaveLength(1);

  const second = stack.up("--", "--replace", URN).result?.outputs.runId;
  expect(second).not.toBe(first);
  writeFileSync(stateFile(stack), withFirst);
  expect(stack.up("--", "--replace", URN).result).toMatchObject({ changes: { same: 3, replace: 1 }, outputs: { runId: second } });
  expect(stack.starts()).toHaveLength(2);
});

test("a URN that the stack does not have is refused, and so is anything else after `--`", () => {
  const stack = flowRunStack();
  stack.go();
  stack.write({});
  expect(stack.up().status).toBe(0);
  const refusal = (...args: string[]) => {
    const { status, stderr } = stack.pushpool(...args);
    return [status, stderr];
  };
  expect(refusal("up", "--", "--replace", `${URN}s`)).toEqual([
    2,
    expect.stringContaining(`the stack has no such resource (did you mean "${URN}"`),
  ]);
  expect(refusal("up", "--", "--replace", "smoke")).toEqual([2, expect.stringMatching(/--replace "smoke": must be the URN of a resource/)]);
  expect(refusal("up", "--", "--replace")).toEqual([2, expect.stringMatching(/must be the URN/)]);
  expect(refusal("up", "--", "--target", `${URN}s`)).toEqual([
    2,
    expect.stringContaining(`Target '${URN}s' could not be found in the stack`),
  ]);
  expect(refusal("refresh", "--", "--replace", URN)).toEqual([2, expect.stringMatching(/`refresh` does not replace resources/)]);
  expect(stack.starts()).toHaveLength(1);
});

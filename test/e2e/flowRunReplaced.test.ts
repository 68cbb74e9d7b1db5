import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { flowRunStack } from "./flowRunStack";

// Any replacement of a FlowRun is a new run.

// Each test runs several programs, and each of them loads Pulumi.
vi.setConfig({ testTimeout: 300_000 });

const urnOf = (name: string) => `urn:pulumi:dev::infra::pulumi-nodejs:dynamic/pushpool:FlowRun::${name}`;
const URN = urnOf("smoke");

type Stack = ReturnType<typeof flowRunStack>;
const stateFile = ({ home }: Stack) => join(home, "stacks", "infra", "dev.json");

/** Like `pulumi state taint`. */
function taint(stack: Stack, urns: string[]): void {
  const state = JSON.parse(readFileSync(stateFile(stack), "utf8"));
  for (const resource of state.deployment.resources) if (urns.includes(resource.urn)) resource.taint = true;
  writeFileSync(stateFile(stack), JSON.stringify(state));
}

const ORDERS = { first: "deleteBeforeReplace: false", last: "deleteBeforeReplace: true", usual: "" };
type Order = keyof typeof ORDERS;

test("`--replace`, a taint, replaceOnChanges and triggers each start a new run, in either order of create and delete", () => {
  const orders: Order[] = ["first", "last"];
  const stack = flowRunStack();
  stack.go();
  const write = (run = "") =>
    stack.write({ runs: orders.map((order) => ({ name: order, options: `${ORDERS[order]}, replaceOnChanges: ["tags"]`, run })) });
  const urns = orders.map(urnOf);
  const replacing = urns.flatMap((urn) => ["--replace", urn]);
  const runIds: string[] = [];
  const add = (result: ReturnType<Stack["up"]>["result"]) => {
    for (const order of orders) {
      const { runId = "", state } = result?.outputsOf[order] ?? {};
      expect([order, state]).toEqual([order, "COMPLETED"]);
      expect(runIds).not.toContain(runId);
      runIds.push(runId);
    }
  };
  const replaced = (...args: string[]) => {
    const { result, stderr } = stack.up(...args);
    expect([stderr, result?.changes]).toEqual(["", { same: 3, replace: 2 }]);
    add(result);
    expect(stack.starts()).toHaveLength(runIds.length);
  };
  write();
  add(stack.up().result);
  // Directly after the first `up`, and after an `up` that changed nothing.
  replaced("--", ...replacing);
  replaced("--", ...urns.map((urn) => `--replace=${urn}`));
  expect(stack.up().result?.changes).toEqual({ same: 5 });
  replaced("--", ...replacing);
  taint(stack, urns);
  replaced();
  expect(stack.up().result?.changes).toEqual({ same: 5 });
  write(`tags: ["b"]`);
  replaced();
  write(`tags: ["b"], triggers: ["2"]`);
  replaced();
  // The inputs of an earlier run again: that is a new run too.
  write(`tags: ["b"]`);
  replaced();
  expect(stack.runs().map(({ state }) => state.type)).toEqual(runIds.map(() => "COMPLETED"));
});

test("a running run is cancelled and replaced, in either order of create and delete", async () => {
  const orders: Order[] = ["first", "last", "usual"];
  const stack = flowRunStack();
  const folderOf = (order: Order) => join(stack.folder, order);
  for (const order of orders) mkdirSync(folderOf(order));
  const startsOf = (order: Order) => {
    const file = join(folderOf(order), "starts");
    return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n").map(Number) : [];
  };
  const starts = () => orders.map((order) => startsOf(order).length);
  const go = (order: Order) => writeFileSync(join(folderOf(order), "go"), "0");
  // One slot each: the new run could not start while the old one runs.
  const write = (usual = "wait: false") =>
    stack.write({
      runs: orders.map((order) => ({
        name: order,
        pool: `concurrencyLimit: 1, jobVariables: { working_dir: ${JSON.stringify(folderOf(order))} }`,
        options: ORDERS[order],
        run: order === "usual" ? usual : "wait: false",
      })),
    });
  write();
  const { result: first } = stack.up();
  await expect.poll(starts).toEqual([1, 1, 1]);
  const { result: second, stderr } = stack.up("--", ...orders.flatMap((order) => ["--replace", urnOf(order)]));
  expect([stderr, second?.changes]).toEqual(["", { same: 7, replace: 3 }]);
  await expect.poll(starts).toEqual([2, 2, 2]);
  const states = Object.fromEntries(stack.runs().map(({ id, state }) => [id, state.type]));
  expect(Object.keys(states)).toHaveLength(6);
  for (const order of orders) {
    const [before = "", now = ""] = [first, second].map((result) => result?.outputsOf[order]?.runId);
    expect([order, states[before], states[now]]).toEqual([order, "CANCELLED", "RUNNING"]);
    const [old = 0, replacement = 0] = startsOf(order);
    expect(() => process.kill(old, 0)).toThrow(/ESRCH/);
    expect(process.kill(replacement, 0)).toBe(true);
  }

  // Another trigger while it runs: the old run ends first, since both need the only slot.
  write(`triggers: ["2"]`);
  go("usual");
  const { result: third } = stack.up();
  expect([third?.changes, third?.outputsOf.usual?.state]).toEqual([{ same: 9, replace: 1 }, "COMPLETED"]);
  expect(starts()).toEqual([2, 2, 3]);
  for (const order of orders) go(order);
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

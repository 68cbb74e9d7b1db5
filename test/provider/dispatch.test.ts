import { expect, test } from "vitest";
import { type DispatchCall, dispatch } from "../../src/provider";

const call = (over: object) => dispatch({ v: 1, kind: "FlowRun", op: "check", args: [{}, {}], ...over } as DispatchCall);

test.each([
  [{ v: 2 }, /speaks version 2, and this pushpool understands version 1: to upgrade, /],
  [{ v: undefined }, /speaks version undefined/],
  [{ kind: "FlowRum" }, /knows no resource of kind "FlowRum" \(did you mean "FlowRun"/],
  [{ kind: "constructor" }, /knows no resource of kind "constructor"/],
  [{ op: "invoke" }, /cannot "invoke" a FlowRun/],
  [{ op: "toString" }, /cannot "toString" a FlowRun/],
])("%j is one clear error", async (over, message) => {
  await expect(call(over)).rejects.toThrow(message);
  await expect(call(over)).rejects.toMatchObject({ name: "UserError", stack: "" });
});

test("configure may be absent, and what comes out has no undefined in it", async () => {
  expect(await call({ op: "configure", args: [{}] })).toBeUndefined();
  const inputs = { wait: "?", a: undefined, b: [1, undefined, { c: undefined }], d: null };
  expect(await call({ args: [{}, inputs] })).toStrictEqual({
    inputs: { wait: "?", b: [1, null, {}], d: null },
    failures: [{ property: "", reason: "wait must be true or false" }],
  });
});

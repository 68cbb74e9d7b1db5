import { expect, test } from "vitest";
import { type DispatchCall, dispatch } from "../../src/provider";

const call = (over: object) => dispatch({ v: 1, kind: "FlowRun", op: "check", args: [{}, {}], ...over } as DispatchCall);

test.each([
  [{ v: 2 }, /uses version 2 of the provider protocol, but this pushpool supports version 1: to upgrade, /],
  [{ v: undefined }, /uses version undefined of/],
  [{ kind: "FlowRum" }, /has no resource kind "FlowRum" \(did you mean "FlowRun"/],
  [{ kind: "constructor" }, /has no resource kind "constructor"/],
  [{ op: "invoke" }, /has no operation "invoke" for a FlowRun/],
  [{ op: "toString" }, /has no operation "toString" for a FlowRun/],
])("%j is one clear error", async (over, message) => {
  await expect(call(over)).rejects.toThrow(message);
  await expect(call(over)).rejects.toMatchObject({ name: "UserError", stack: "" });
});

test("configure may be absent, and results contain no undefined", async () => {
  expect(await call({ op: "configure", args: [{}] })).toBeUndefined();
  const inputs = { wait: "?", a: undefined, b: [1, undefined, { c: undefined }], d: null };
  expect(await call({ args: [{}, inputs] })).toStrictEqual({
    inputs: { wait: "?", b: [1, null, {}], d: null },
    failures: [{ property: "", reason: "wait must be true or false" }],
  });
});

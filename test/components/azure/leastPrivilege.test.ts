import { expect, test } from "vitest";
import { leastPrivilege } from "../../../components/azure/leastPrivilege";

const ALL = { identities: true, subnet: true, workspace: true };

test("each action once, with a reason; none of them is a pattern", () => {
  const needed = leastPrivilege(ALL);
  expect(new Set(needed.map(({ action }) => action)).size).toBe(needed.length);
  for (const { action, reason } of needed) {
    expect([action, reason]).toEqual([action, expect.stringMatching(/\w{3}/)]);
    expect(action).toMatch(/^Microsoft\.[A-Za-z]+\/[A-Za-z_/]+\/(read|write|delete|action)$/);
  }
});

test("no command in a container, no role and no key can be had with it", () => {
  const actions = leastPrivilege(ALL).map(({ action }) => action.toLowerCase());
  for (const part of ["exec", "attach", "authorization", "listkeys", "sharedkeys", "federatedidentitycredentials"])
    expect(actions.filter((action) => action.includes(part))).toEqual([]);
});

test.each(["identities", "subnet", "workspace"] as const)("what runs do not have takes no action: %s", (part) => {
  const on = { identities: "identity", subnet: "subnet", workspace: "workspace" }[part];
  expect(leastPrivilege(ALL).some((each) => each.on === on)).toBe(true);
  expect(leastPrivilege({ ...ALL, [part]: false }).some((each) => each.on === on)).toBe(false);
});

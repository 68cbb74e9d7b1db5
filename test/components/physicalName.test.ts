import fc from "fast-check";
import { expect, test } from "vitest";
import { uniqueName } from "../../components/physicalName";

const text = fc.string({ minLength: 1, maxLength: 80 });

test("Google accepts the id for any component's name, and it differs between stacks", () => {
  fc.assert(
    fc.property(text, text, text, fc.constantFrom(30, 63, 64), fc.constantFrom("-", "_"), (project, stack, name, longest, joint) => {
      const id = uniqueName([project, stack, name], longest, joint as "-" | "_");
      expect(id).toMatch(joint === "-" ? /^[a-z][a-z0-9-]{4,}[a-z0-9]$/ : /^[a-z][a-z0-9_]+$/);
      expect(id.length).toBeLessThanOrEqual(longest);
      expect(uniqueName([project, stack, name], longest, joint as "-" | "_")).toBe(id);
      expect(uniqueName([project, `${stack}2`, name], longest, joint as "-" | "_")).not.toBe(id);
    }),
  );
});

test("contains the readable name of the component", () => {
  expect(uniqueName(["data", "prod", "etl-push"], 30, "-")).toMatch(/^etl-push-[0-9a-f]{6}$/);
});

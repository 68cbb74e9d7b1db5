import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { JsonObject } from "../../src/json";
import { readJson } from "../../src/jsonText";
import { defaultTemplate } from "../../src/template";
import { storedTemplate, wholeTemplate } from "../../src/template/storedTemplate";

/** A stand-in for a Pulumi output. */
class Later {
  constructor(readonly value: unknown) {}
}
const isLater = (value: unknown) => value instanceof Later;
/** Replace outputs by their values, as the engine does when it stores a manifest. */
const settled = (value: unknown): unknown => {
  if (value instanceof Later) return settled(value.value);
  if (Array.isArray(value)) return value.map(settled);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, settled(inner)]));
};
const kept = (template: JsonObject) => wholeTemplate(settled(storedTemplate(template, isLater)) as JsonObject, "t");

const TYPES = ["process:push", "cloud-run-v2:push", "ecs:push", "azure-container-instance:push"] as const;

test.each(TYPES)("the template of %s is stored by its name and the changed defaults", (type) => {
  const template = defaultTemplate(type) as { variables: { properties: Record<string, JsonObject> } };
  expect(storedTemplate(template as never, isLater)).toEqual({ default: `${type}@1` });
  const env = { TOKEN: new Later("hidden"), A: "1" };
  template.variables.properties.env = { ...template.variables.properties.env, default: env as never };
  const stored = storedTemplate(template as never, isLater);
  expect(stored).toEqual({ default: `${type}@1`, variables: { properties: { env: { default: env } } } });
  expect(kept(template as never)).toEqual(settled(template));
});

// Manifests of released versions name these templates. A changed template gets a new number in storedTemplate.ts, and the old one stays.
test("the named templates have not changed", () => {
  const digest = (type: (typeof TYPES)[number]) =>
    createHash("sha256")
      .update(JSON.stringify(defaultTemplate(type)))
      .digest("hex")
      .slice(0, 12);
  expect(TYPES.map(digest)).toMatchInlineSnapshot(`
    [
      "9b50c7b5ecaf",
      "93ea4294122c",
      "ed77b2c28881",
      "db7ffca9fe18",
    ]
  `);
});

test("property: any other template is restored unchanged", () => {
  const template = fc.record({
    job_configuration: fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 })),
    variables: fc.record({ properties: fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })) }),
  });
  fc.assert(
    fc.property(template, (given) => {
      const plain = JSON.parse(JSON.stringify(given)) as JsonObject;
      expect(kept(plain)).toEqual(plain);
    }),
  );
});

test.each(["ecs:push", "packed"])("numbers keep their digits in a stored template (%s)", (kind) => {
  const numbers = readJson('[9007199254740993, 1.0, -0, 1e3, {"a": 12345678901234567890.0, "b": 1E+2}]');
  const base: JsonObject = kind === "packed" ? { variables: { properties: {} } } : defaultTemplate("ecs:push");
  (base.variables as { properties: JsonObject }).properties.numbers = { default: numbers };
  expect(Object.keys(storedTemplate(base, isLater))[0]).toBe(kind === "packed" ? "packed" : "default");
  expect(JSON.stringify(wholeTemplate(storedTemplate(base, isLater) as JsonObject, "t"))).toBe(JSON.stringify(base));
});

test("values that are known later keep their places", () => {
  const template = {
    job_configuration: { image: "{{ image }}", list: [1, new Later("x")], map: new Later({ a: { b: 1 } }) },
    variables: { properties: { image: { default: new Later("i:1") } } },
  };
  const stored = storedTemplate(template, isLater);
  expect(stored).toEqual({
    packed: expect.any(String),
    job_configuration: { list: template.job_configuration.list, map: template.job_configuration.map },
    variables: template.variables,
  });
  expect(kept(template as never)).toEqual(settled(template));
});

test("a default template without one of its variables is stored in compressed form", () => {
  const template = defaultTemplate("ecs:push") as { variables: { properties: JsonObject } };
  delete template.variables.properties.vpc_id;
  expect(storedTemplate(template as never, isLater)).toHaveProperty("packed");
  expect(kept(template as never)).toEqual(template);
});

test("a complete template is returned unchanged; an unknown name and damaged data are refused", () => {
  const whole = { job_configuration: {}, variables: {} };
  expect(wholeTemplate(whole, "t")).toBe(whole);
  expect(() => wholeTemplate({ default: "ecs:push@9" }, "pools.etl.baseJobTemplate")).toThrow(
    /^pools\.etl\.baseJobTemplate\.default: this version of pushpool has no template "ecs:push@9": did you mean "ecs:push@1"/,
  );
  expect(() => wholeTemplate({ packed: "AAAA" }, "t")).toThrow(/^t\.packed is damaged/);
});

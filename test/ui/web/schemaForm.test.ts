import { expect, test } from "vitest";
import { type Field, fits, formOf, kindText, optionFor } from "../../../web/form/fields";
import { blankOf, numberFrom, textOf, withDefaults, withoutDefaults, withValue } from "../../../web/form/values";
import { parseExact } from "../../../web/server/exactJson";

/** The form of one parameter `x`. */
function field(schema: Record<string, unknown>, root: Record<string, unknown> = {}, required: string[] = []): Field {
  const [only] = formOf({ type: "object", properties: { x: schema }, required, ...root });
  return (only as { field: Field }).field;
}

const site = {
  title: "Site",
  type: "object",
  properties: { name: { title: "Name", type: "string" }, visitors: { type: "integer", default: 0 } },
  required: ["name"],
};

test.each<[string, Record<string, unknown>, Partial<Field>]>([
  [
    "a string",
    { type: "string", description: "Whom", default: "Ada" },
    { kind: "text", format: "plain", description: "Whom", default: "Ada" },
  ],
  ["a date and time", { type: "string", format: "date-time" }, { kind: "text", format: "date-time" }],
  ["a secret", { type: "string", format: "password", writeOnly: true }, { kind: "text", format: "secret" }],
  [
    "an unknown format",
    { type: "string", format: "duration" },
    { kind: "text", format: "plain", hint: "a duration in ISO 8601, such as PT5M" },
  ],
  [
    "an integer with limits",
    { type: "integer", minimum: 1, exclusiveMaximum: 10 },
    { kind: "number", integer: true, hint: "at least 1, less than 10" },
  ],
  ["a number", { type: "number" }, { kind: "number", integer: false }],
  ["a boolean", { type: "boolean" }, { kind: "boolean" }],
  ["an enum", { enum: ["a", 1], type: "string" }, { kind: "choice", options: ["a", 1] }],
  ["a constant", { const: "a" }, { kind: "choice", options: ["a"], default: "a" }],
  [
    "an enum by reference, as pydantic 1 has it",
    { allOf: [{ $ref: "#/definitions/Level" }], default: "info" },
    { kind: "choice", options: ["debug", "info"], default: "info" },
  ],
  [
    "an optional integer",
    { anyOf: [{ type: "integer", minimum: 2 }, { type: "null" }], default: null },
    { kind: "number", nullable: true, default: null, hint: "at least 2" },
  ],
  ["an optional reference", { anyOf: [{ $ref: "#/definitions/Level" }, { type: "null" }] }, { kind: "choice", nullable: true }],
  ["types in a list", { type: ["string", "null"] }, { kind: "text", nullable: true }],
  ["an enum with null", { enum: ["a", null] }, { kind: "choice", options: ["a"], nullable: true }],
  ["nullable, as in OpenAPI 3.0", { type: "string", nullable: true }, { kind: "text", nullable: true }],
  ["several constants", { anyOf: [{ const: 1 }, { const: 2 }] }, { kind: "choice", options: [1, 2] }],
  ["anything", {}, { kind: "json" }],
  ["an object of any fields", { type: "object" }, { kind: "json" }],
  ["a list of anything", { type: "array" }, { kind: "json" }],
  ["a reference to nothing", { $ref: "#/definitions/Missing" }, { kind: "json" }],
  ["only null", { type: "null" }, { kind: "json" }],
])("%s", (_, schema, expected) => {
  expect(field(schema, { definitions: { Level: { title: "Level", enum: ["debug", "info"], type: "string" } } })).toMatchObject({
    title: "x",
    required: false,
    ...expected,
  });
});

test("nested objects, lists and maps", () => {
  const root = { definitions: { Site: site } };
  expect(field({ type: "array", items: { $ref: "#/definitions/Site" }, minItems: 1 }, root)).toMatchObject({
    kind: "list",
    hint: "at least 1 item",
    item: {
      kind: "object",
      fields: [
        { name: "name", field: { title: "name", kind: "text", required: true } },
        { name: "visitors", field: { title: "visitors", kind: "number", default: 0, required: false } },
      ],
    },
  });
  expect(field({ type: "object", additionalProperties: { type: "integer" } })).toMatchObject({
    kind: "object",
    fields: [],
    more: { kind: "number" },
  });
  expect(field({ type: "array", prefixItems: [{ type: "string" }, { type: "integer" }], minItems: 2, maxItems: 2 })).toMatchObject({
    kind: "tuple",
    items: [{ kind: "text" }, { kind: "number" }],
  });
});

test("a type that contains itself ends in JSON", () => {
  const tree = { type: "object", properties: { children: { type: "array", items: { $ref: "#/$defs/Tree" } } } };
  const found = field({ $ref: "#/$defs/Tree" }, { $defs: { Tree: tree } });
  expect(found).toMatchObject({ kind: "object", fields: [{ field: { kind: "list", item: { kind: "json" } } }] });
});

test("parameters are in the order of the function, with the deployment's values before the schema's", () => {
  const fields = formOf(
    { properties: { b: { type: "string", position: 1 }, a: { type: "integer", default: 1, position: 0 } }, required: ["b"] },
    { a: 2, extra: true },
  );
  expect(fields.map(({ name, field: one }) => [name, one.kind, one.default, one.required])).toEqual([
    ["a", "number", 2, false],
    ["b", "text", undefined, true],
    ["extra", "boolean", true, false],
  ]);
});

test("a union knows which of its types a value is of", () => {
  const union = field(
    { anyOf: [{ $ref: "#/definitions/Site" }, { type: "string", title: "address" }, { type: "integer" }] },
    { definitions: { Site: site } },
  );
  expect(union).toMatchObject({ kind: "union", options: [{ title: "Site" }, { title: "address" }, { title: "whole number" }] });
  if (union.kind !== "union") throw new Error("not a union");
  expect([{ name: "n" }, "text", 3, { visitors: 1 }, undefined].map((value) => optionFor(union.options, value))).toEqual([0, 1, 2, 0, 0]);
  expect(union.options.map(blankOf)).toEqual([{ name: "" }, "", 0]);
});

test("a value fits its field", () => {
  const list = field({ type: "array", items: site });
  expect(fits(list, [{ name: "a", visitors: 1 }])).toBe(true);
  expect(fits(list, [{ visitors: 1 }])).toBe(false);
  expect(fits(list, null)).toBe(false);
  expect(kindText(list)).toBe("list");
});

test.each<[string, unknown]>([
  ["12", 12],
  [" -1.5 ", -1.5],
  ["", undefined],
  ["  ", undefined],
  ["twelve", "twelve"],
  ["1,5", "1,5"],
  ["+7", 7],
  ["007", 7],
  [".5", 0.5],
])("a number from %j", (text, value) => {
  expect(numberFrom(text)).toEqual(value);
});

test("digits that a number would lose stay", () => {
  expect(JSON.stringify(numberFrom("1.50"))).toBe("1.50");
  expect(JSON.stringify(numberFrom("12345678901234567890"))).toBe("12345678901234567890");
  expect(textOf(numberFrom("12345678901234567890"))).toBe("12345678901234567890");
  expect(JSON.stringify(parseExact('{"a": 1.0, "b": [12345678901234567890], "c": 1}'))).toBe('{"a":1.0,"b":[12345678901234567890],"c":1}');
  expect(fits(field({ type: "integer" }), parseExact("12345678901234567890"))).toBe(true);
});

test("what the form has is in the JSON editor, and the other way round", () => {
  const fields = formOf(
    { properties: { name: { type: "string", default: "Ada" }, sites: { type: "array", items: site }, times: { type: "integer" } } },
    { times: 3 },
  );
  const given = { name: "Grace", extra: [1] };
  const all = withDefaults(fields, given);
  expect(all).toEqual({ name: "Grace", times: 3, extra: [1] });
  expect(withoutDefaults(fields, all)).toEqual(given);
  expect(withoutDefaults(fields, { ...all, name: "Ada", times: 4 })).toEqual({ times: 4, extra: [1] });
});

test("a value is replaced in its place, or removed", () => {
  expect(Object.keys(withValue({ a: 1, b: 2 }, "a", 3))).toEqual(["a", "b"]);
  expect(withValue({ a: 1, b: 2 }, "a", undefined)).toEqual({ b: 2 });
  expect(withValue({}, "c", null)).toEqual({ c: null });
});

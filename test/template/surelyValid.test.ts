import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ExactNumber } from "../../src/exactNumber";
import type { Json, JsonObject } from "../../src/json";
import { asPrefectReads } from "../../src/template/prefectSchema";
import { compiledErrors } from "../../src/template/schemaErrors";
import { isSurelyValid } from "../../src/template/surelyValid";

const word = fc.constantFrom("", "a", "ab", "ß😀", "12", "2024-02-30");
const primitive = fc.oneof(word, fc.constantFrom(-1, 0, 1, 1.5, 1e300, true, false, null));
const seldom = <T>(usual: fc.Arbitrary<T>, other: fc.Arbitrary<T>) =>
  fc.oneof({ arbitrary: usual, weight: 30 }, { arbitrary: other, weight: 1 });
const someName = seldom(fc.constantFrom("a", "b", "c"), fc.constantFrom("constructor", "__proto__"));
const small = fc.constantFrom(0, 1, 2);

const { value } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    primitive,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(someName, tie("value"), { maxKeys: 3 }),
  ) as fc.Arbitrary<Json>,
}));

const TYPES = ["string", "integer", "number", "boolean", "null", "array", "object"];

/** Each of these keywords, with forms that are usual and some that are not. */
const { schema } = fc.letrec<{ schema: JsonObject }>((tie) => {
  const list = fc.array(tie("schema"), { minLength: 1, maxLength: 2 });
  const named = fc.dictionary(someName, tie("schema"), { maxKeys: 3 });
  const odd = { not: tie("schema"), oneOf: list, format: fc.constantFrom("date", "password", "email"), nullable: fc.constant(true) };
  const usual = {
    type: fc.oneof(fc.constantFrom(...TYPES), fc.uniqueArray(fc.constantFrom(...TYPES), { minLength: 1, maxLength: 3 })),
    enum: seldom(fc.array(primitive, { minLength: 1, maxLength: 5 }), fc.array(primitive, { maxLength: 0 })),
    const: primitive,
    $ref: seldom(fc.constantFrom("#/definitions/A", "#/$defs/B"), fc.constantFrom("#/definitions/C", "#")),
    anyOf: list,
    allOf: list,
    items: seldom<Json>(tie("schema"), fc.boolean()),
    properties: named,
    additionalProperties: fc.oneof(fc.boolean(), tie("schema")),
    required: fc.array(someName, { maxLength: 2 }),
    minimum: small,
    maximum: small,
    exclusiveMinimum: small,
    exclusiveMaximum: small,
    minLength: small,
    maxLength: small,
    minItems: small,
    maxItems: small,
    pattern: seldom(fc.constantFrom("^a", "^\\d+$", "^.{2}$"), fc.constant("(")),
    default: primitive,
    title: word,
  };
  const one = (keywords: Record<string, fc.Arbitrary<unknown>>) =>
    fc.oneof(...Object.entries(keywords).map(([name, keyword]) => keyword.map((given) => ({ [name]: given }))));
  const merged = fc
    .tuple(fc.array(one(usual), { minLength: 1, maxLength: 3 }), seldom<unknown>(fc.constant({}), one(odd)))
    .map(([given, other]) => Object.assign({}, ...given, other));
  return {
    schema: fc.oneof(
      { depthSize: "small" },
      merged,
      usual.type.map((type) => ({ type })),
    ) as fc.Arbitrary<JsonObject>,
  };
});

const whole = fc.record({ of: schema, a: schema, b: schema }).map(({ of, a, b }) => ({ ...of, definitions: { A: a }, $defs: { B: b } }));

/** By ajv, which looks at all branches, and never ends with a definition that only refers to itself. */
function errorsOf(of: JsonObject, given: Json): unknown {
  try {
    return compiledErrors(of, given, "schema");
  } catch (error) {
    if (error instanceof RangeError) return [];
    throw error;
  }
}

const read = <T>(given: T): T => JSON.parse(JSON.stringify(given));

describe("values that are surely valid", () => {
  test("are valid for ajv too, which accepts the schema", () => {
    let sure = 0;
    fc.assert(
      fc.property(whole, fc.array(value, { minLength: 10, maxLength: 10 }), (of, values) => {
        const asked = read(of);
        for (const found of read(values)) {
          if (!isSurelyValid(asked, found)) continue;
          sure += 1;
          expect(errorsOf(asked, found)).toEqual([]);
        }
      }),
      { numRuns: 300 },
    );
    expect(sure).toBeGreaterThan(100);
  });

  const folder = join(__dirname, "..", "fixtures", "base-job-templates");
  test.each(readdirSync(folder))("most values for the variables of %s", (file) => {
    const { variables } = JSON.parse(readFileSync(join(folder, file), "utf8"));
    const { required: _, ...read } = asPrefectReads(variables, true);
    expect(isSurelyValid(read, { name: "x", env: { A: "1" }, labels: null, command: "true" })).toBe(true);
    expect(isSurelyValid(read, { env: { A: 1 } })).toBe(false);
  });

  test("a value with a pattern, a reference and a range", () => {
    const of = {
      properties: { memory: { pattern: "^\\d+Mi$", type: "string" }, cpu: { $ref: "#/definitions/Cpu" } },
      definitions: { Cpu: { type: "integer", exclusiveMinimum: 0, maximum: 8 } },
    };
    expect(isSurelyValid(of, { memory: "512Mi", cpu: 8 })).toBe(true);
    expect(isSurelyValid(of, { memory: "512", cpu: 8 })).toBe(false);
    expect(isSurelyValid(of, { memory: "512Mi", cpu: 0 })).toBe(false);
  });
});

describe("left to ajv", () => {
  test.each<[string, JsonObject, unknown]>([
    ["a keyword that is not known here, where the value does not come", { anyOf: [{ type: "string" }, { not: {} }] }, "a"],
    ["a definition that nothing uses", { type: "string", definitions: { A: { $id: "x" } } }, "a"],
    ["a missing definition", { anyOf: [{ type: "string" }, { $ref: "#/definitions/A" }] }, "a"],
    ["an expression that is not one", { anyOf: [{ type: "string" }, { pattern: "(" }] }, "a"],
    ["a choice of nothing", { anyOf: [{ type: "string" }, { enum: [] }] }, "a"],
    ["a property that every object inherits", { properties: { constructor: { type: "string" } } }, {}],
    ["a number with its digits", {}, new ExactNumber("1.0")],
    ["a definition within itself", { $ref: "#/definitions/A", definitions: { A: { $ref: "#/definitions/A" } } }, 1],
    ["very many values", { items: { type: "integer" } }, Array.from({ length: 100_000 }, () => 1)],
  ])("%s", (_, of, given) => {
    expect(isSurelyValid(of, given)).toBe(false);
  });
});

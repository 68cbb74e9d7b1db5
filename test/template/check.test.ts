import { describe, expect, test } from "vitest";
import { ExactNumber } from "../../src/exactNumber";
import type { JsonObject, Value, ValueObject } from "../../src/json";
import { Secret } from "../../src/secret";
import { checkJobVariables, checkParameters, checkRequiredVariables, checkTemplate, defaultTemplate } from "../../src/template";
import { UserError } from "../../src/userError";

const template: ValueObject = {
  job_configuration: { image: "{{ image }}", env: "{{ env }}" },
  variables: {
    type: "object",
    required: ["image", "region"],
    properties: {
      image: { type: "string" },
      region: { type: "string", default: "eu" },
      memory: { type: "string", pattern: "^\\d+Mi$", default: "512Mi" },
      retries: { type: "integer" },
      stage: { enum: ["GA", "BETA"] },
      env: { type: "object", additionalProperties: { anyOf: [{ type: "string" }, { type: "null" }] }, default: {} },
      labels: { type: "object", additionalProperties: { type: "string" } },
      network: { type: "object", properties: { subnets: { type: "array", items: { type: "string" } } }, additionalProperties: false },
      choice: {
        anyOf: [{ type: "object", properties: { kind: { const: "a" }, size: { type: "integer" } }, required: ["kind"] }, { type: "null" }],
      },
      credentials: { $ref: "#/definitions/Credentials" },
    },
    definitions: {
      Credentials: {
        title: "Credentials",
        block_type_slug: "x-credentials",
        type: "object",
        required: ["key"],
        properties: { key: { type: "string" }, hint: { type: "string" } },
      },
    },
  },
};
const placeholder = "{{ prefect.blocks.secret.token }}";

describe("job variables that are refused", () => {
  test.each<[string, ValueObject, string]>([
    [
      "unknown",
      { memry: "1Mi" },
      'job variable "memry" is not a variable of the work pool: did you mean "memory"? (it has choice, credentials, env, image, labels, memory, network, region, retries, stage)',
    ],
    [
      "unknown and similar to none",
      { zzzzzzzz: 1 },
      'job variable "zzzzzzzz" is not a variable of the work pool (it has choice, credentials,',
    ],
    ["of the wrong type", { retries: "3" }, 'job variable "retries" must be integer or null'],
    ["against the pattern", { memory: "1G" }, 'job variable "memory" must match ^\\d+Mi$'],
    ["not in the enum", { stage: "ALPHA" }, 'job variable "stage" must be one of "GA", "BETA"'],
    ["inside an object", { labels: { team: 3 } }, 'job variable "labels.team" must be string'],
    ["an unknown key inside an object", { network: { subnet: [] } }, 'job variable "network.subnet" is unknown: did you mean "subnets"?'],
    ["dotted", { "labels.team": 3 }, 'job variable "labels.team" must be string'],
    [
      "dotted, in an unknown variable",
      { "lables.team": "x" },
      'job variable "lables.team" is not a variable of the work pool: did you mean "labels"?',
    ],
    ["dotted keys that contradict each other", { "labels.a": "x", "labels.a.b": "y" }, "job variable labels.a.b: another key"],
    ["against a definition", { credentials: {} }, 'job variable "credentials.key" is missing'],
    ["null for a required one", { image: null }, 'job variable "image" must be string'],
    ["two at once", { retries: "3", stage: "x" }, 'job variable "retries" must be integer or null; job variable "stage" must be one of'],
    ["next to a placeholder", { labels: { a: placeholder, b: 1 } }, 'job variable "labels.b" must be string'],
    ["a secret", { retries: new Secret([{ pointer: "/p" }], "hunter2") }, 'job variable "retries" must be integer or null'],
    ["entirely secret and unavailable", new Secret([{ pointer: "/p" }]) as unknown as ValueObject, "job variable: is entirely secret"],
  ])("%s", (_, variables, message) => {
    const error = refusal(() => checkJobVariables(template, variables, "job variable"));
    expect(error.message).toContain(message);
    expect(error.message).not.toContain("hunter2");
  });

  test("the message has a path instead of a noun", () => {
    const path = "deployments.hello/my first.workPool.jobVariables";
    expect(refusal(() => checkJobVariables(template, { retries: "3" }, path)).message).toBe(`${path}.retries must be integer or null`);
  });
});

test.each<[string, ValueObject]>([
  ["nothing", {}],
  ["null for a variable that is not required", { retries: null, memory: null, env: { A: null } }],
  [
    "placeholders, whose values are known later",
    { retries: "{{ prefect.variables.n }}", stage: "{{ $STAGE }}", memory: `${placeholder}Mi`, network: { subnets: placeholder } },
  ],
  ["a placeholder for a required value", { credentials: { key: placeholder } }],
  ["a placeholder that decides a choice", { choice: { kind: placeholder, size: "{{ prefect.variables.n }}" } }],
  ["block references, whose values are known later", { credentials: { $ref: { block_document_id: "x" } } }],
  [
    "secrets whose values are not available",
    { retries: new Secret([{ pointer: "/p" }]), network: { subnets: [new Secret([{ pointer: "/q" }])] } },
  ],
  ["dotted", { "env.A": "1", "labels.a": "b" }],
  ["without a required one, which another layer may give", { retries: 1 }],
])("valid job variables: %s", (_, variables) => expect(() => checkJobVariables(template, variables, "job variable")).not.toThrow());

test.each<[ValueObject, string | undefined]>([
  [{}, 'job variable "image" is missing: the work pool requires it'],
  [{ image: null }, 'job variable "image" is missing'],
  [{ image: "x" }, undefined],
  [{ image: "x", region: null }, 'job variable "region" is missing'],
  [{ image: placeholder }, undefined],
  [{ "image.x": 1 }, undefined],
])("required variables of %j", (variables, message) => {
  const check = () => checkRequiredVariables(template, variables, "job variable");
  if (message === undefined) expect(check).not.toThrow();
  else expect(refusal(check).message).toContain(message);
});

describe("templates", () => {
  const variables = { properties: { image: { type: "string" } } };
  test.each<[string, Value, string]>([
    ["not an object", "text", "T: must be an object"],
    ["empty", {}, "T.job_configuration: must be an object and not empty"],
    ["only one half", { job_configuration: { a: 1 } }, "T.variables: must be an object and not empty"],
    ["only the other half", { variables }, "T.job_configuration: must be an object and not empty"],
    [
      "an undeclared variable",
      { job_configuration: { a: [{ b: "x {{ imge }}" }] }, variables },
      'T.job_configuration.a[0].b: job variable "imge" is not declared in T.variables.properties: did you mean "image"?',
    ],
    [
      "ctx",
      { job_configuration: { name: "{{ ctx.flow.name }}" }, variables },
      'T.job_configuration.name: job variable "ctx" is not declared in T.variables.properties: {{ ctx.… }} works only in the values',
    ],
    [
      "a default that does not match its own schema",
      {
        job_configuration: { a: 1 },
        variables: { properties: { n: { type: "object", additionalProperties: { type: "integer" }, default: { k: "x" } } } },
      },
      "T.variables.properties.n.default.k must be integer",
    ],
    [
      "a reference to a missing definition",
      { job_configuration: { a: 1 }, variables: { properties: { n: { $ref: "#/definitions/N", default: 1 } } } },
      "T.variables cannot be used as a JSON Schema: can't resolve reference #/definitions/N",
    ],
  ])("refused: %s", (_, given, message) => expect(refusal(() => checkTemplate(given, "T")).message).toContain(message));

  test.each<[string, ValueObject]>([
    ["a path into a declared variable", { job_configuration: { a: "{{ image.tag[0] }}" }, variables }],
    ["blocks, variables, environment", { job_configuration: { a: `${placeholder} {{ prefect.variables.x }} {{ $X }}` }, variables }],
    [
      "defaults whose values are known later",
      {
        job_configuration: { a: 1 },
        variables: {
          properties: {
            n: { type: "integer", default: placeholder },
            c: { type: "string", default: { $ref: { block_document_id: "x" } } },
          },
        },
      },
    ],
    ["null by default", { job_configuration: { a: 1 }, variables: { properties: { n: { type: "integer", default: null } } } }],
    [
      "a format and a pattern that only Python understands",
      {
        job_configuration: { a: 1 },
        variables: { properties: { n: { type: "string", format: "path", pattern: "(?P<x>a)", default: "b" } } },
      },
    ],
  ])("valid: %s", (_, given) => expect(() => checkTemplate(given, "T")).not.toThrow());

  test("process:push has Prefect's variables and is valid; each call returns a copy", () => {
    const ours = defaultTemplate("process:push");
    checkTemplate(ours, "T");
    expect(defaultTemplate("process:push")).not.toBe(ours);
    const { properties } = ours.variables as { properties: Record<string, JsonObject> };
    expect(Object.entries(properties).map(([name, { title: _, description: __, ...rest }]) => [name, rest])).toEqual([
      ["name", { anyOf: [{ type: "string" }, { type: "null" }], default: null }],
      ["env", { additionalProperties: { anyOf: [{ type: "string" }, { type: "null" }] }, type: "object" }],
      ["labels", { additionalProperties: { type: "string" }, type: "object" }],
      ["command", { anyOf: [{ type: "string" }, { type: "null" }], default: null }],
      ["stream_output", { default: true, type: "boolean" }],
      ["working_dir", { anyOf: [{ format: "path", type: "string" }, { type: "null" }], default: null }],
    ]);
    expect(ours.job_configuration).toEqual(Object.fromEntries(Object.keys(properties).map((name) => [name, `{{ ${name} }}`])));
  });
});

describe("parameters", () => {
  const schema: JsonObject = {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Parameters",
    type: "object",
    required: ["n"],
    additionalProperties: false,
    properties: {
      n: { title: "n", position: 0, type: "integer" },
      when: { type: "string", format: "date-time" },
      pair: { type: "array", items: [{ type: "integer" }, { type: "string" }] },
      model: { allOf: [{ $ref: "#/definitions/Model" }] },
      limit: { type: "integer", default: 3 },
    },
    definitions: { Model: { type: "object", properties: { colour: { enum: ["red", "blue"] } } } },
  };
  test.each<[JsonObject, string]>([
    [{ n: "1" }, "parameters.n must be integer"],
    [{}, "parameters.n is missing"],
    [{ n: 1, wen: "" }, 'parameters.wen is unknown: did you mean "when" or "n"?'],
    [{ n: 1, when: "soon" }, "parameters.when must be a date and time, such as 2024-01-31T06:00:00Z"],
    [{ n: 1, pair: ["1", "a"] }, "parameters.pair.0 must be integer"],
    [{ n: 1, model: { colour: "grey" } }, 'parameters.model.colour must be one of "red", "blue"'],
    [{ n: 1, limit: null }, "parameters.limit must be integer"],
  ])("%j: %s", (parameters, message) => expect(refusal(() => checkParameters(schema, parameters, "parameters")).message).toBe(message));

  test.each<JsonObject>([
    { n: 1 },
    { n: 1, when: null },
    { n: 1, when: "2024-05-06" },
    { n: 1, when: "2024-05-06 07:08" },
    { n: 1, when: "2024-05-06T07:08:09.5+02:00" },
    { n: 1, when: "1714979289" },
    { n: 1, pair: [1, "a"] },
  ])("%j are valid", (parameters) => expect(() => checkParameters(schema, parameters, "parameters")).not.toThrow());

  test("without a schema, all parameters are valid", () => {
    expect(() => checkParameters(undefined, { anything: 1 }, "parameters")).not.toThrow();
    expect(() => checkParameters({}, { anything: 1 }, "parameters")).not.toThrow();
  });
});

function refusal(check: () => unknown): UserError {
  try {
    check();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("parameters", () => {
  const flow = (properties: JsonObject, more: JsonObject = {}): JsonObject => ({
    title: "Parameters",
    type: "object",
    properties,
    ...more,
  });
  const name = { type: "string", position: 0, title: "name" };
  test.each<[string, JsonObject, JsonObject, string | undefined]>([
    ["unknown", flow({ name }), { nam: "Bob" }, 'parameters.nam is unknown: did you mean "name"?'],
    ["of a flow without parameters", flow({}), { a: 1 }, "parameters.a is unknown"],
    [
      "next to **kwargs, from the schema that pushpool reads from the code",
      flow({ name }, { additionalProperties: true }),
      { other: 1 },
      undefined,
    ],
    [
      "next to **kwargs, from Prefect's schema",
      flow({ name, more: { position: 1, title: "more" } }, { required: ["more"] }),
      { other: 1 },
      "parameters.more is missing",
    ],
    [
      "next to a last parameter without a type",
      flow({ name, x: { position: 1, title: "x" } }, { required: ["x"] }),
      { x: 1, other: 1 },
      "parameters.other is unknown",
    ],
    ["no date", flow({ day: { type: "string", format: "date" } }), { day: "notaday" }, "parameters.day must be a date, such as 2024-01-31"],
    [
      "a day that does not exist",
      flow({ day: { type: "string", format: "date" } }),
      { day: "2023-02-29" },
      "parameters.day must be a date",
    ],
    ["a date", flow({ day: { type: "string", format: "date" } }), { day: "2024-02-29" }, undefined],
    ["a date at midnight", flow({ day: { type: "string", format: "date" } }), { day: "2024-02-29T00:00:00Z" }, undefined],
    ["no duration", flow({ d: { type: "string", format: "duration" } }), { d: "soon" }, "parameters.d must be a duration"],
    ["a duration", flow({ d: { type: "string", format: "duration" } }), { d: "PT15M" }, undefined],
    ["no uuid", flow({ u: { type: "string", format: "uuid" } }), { u: "x" }, "parameters.u must be a UUID"],
    ["a float for an int, which jsonschema accepts too", flow({ n: { type: "integer" } }), { n: new ExactNumber("2.0") }, undefined],
    ["a large int", flow({ n: { type: "integer" } }), { n: new ExactNumber("9007199254740993") }, undefined],
    ["a union", flow({ n: { anyOf: [{ type: "integer" }, { type: "null" }] } }), { n: null }, undefined],
    [
      "no member of a union that has a format",
      flow({ d: { anyOf: [{ type: "string", format: "date" }, { type: "null" }] } }),
      { d: "x" },
      "parameters.d must be null or must be a date, such as 2024-01-31",
    ],
    [
      "an unknown field of a model",
      flow({ m: { $ref: "#/definitions/M" } }, { definitions: { M: { type: "object", properties: {} } } }),
      { m: { a: 1 } },
      undefined,
    ],
  ])("%s", (_, schema, parameters, problem) => {
    const check = () => checkParameters(schema, parameters, "parameters");
    if (problem === undefined) expect(check).not.toThrow();
    else expect(check).toThrow(problem);
  });

  test("a pattern that would search for years is stopped, and the error names it", () => {
    const schema = flow({ a: { type: "string", pattern: "^(a+)+$" } });
    expect(() => checkParameters(schema, { a: "aaa" }, "parameters")).not.toThrow();
    const since = process.cpuUsage();
    expect(() => checkParameters(schema, { a: `${"a".repeat(50)}!` }, "parameters")).toThrow(
      /the pattern "\^\(a\+\)\+\$" of a schema takes longer than 1 s/,
    );
    expect(process.cpuUsage(since).user / 1_000).toBeLessThan(10_000);
  });
});

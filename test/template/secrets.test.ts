import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Json, JsonObject, Value, ValueObject } from "../../src/json";
import { Secret } from "../../src/secret";
import { checkJobVariables, defaultTemplate, resolveJob, validateJob } from "../../src/template";

const HIDDEN = "s3cr3t-value";
const AT = { pointer: "/blocks/secret~1token/data/value" };
const block = (value?: Json) => ({ "secret/token": { data: { value: new Secret([AT], value) } } });
const secret = (value?: Json, pointer = "/p") => new Secret([{ pointer }], value);

function render(jobConfiguration: JsonObject, over: Partial<Parameters<typeof resolveJob>[0]> = {}): ValueObject {
  return resolveJob({
    baseJobTemplate: { job_configuration: jobConfiguration, variables: { type: "object", properties: {} } },
    deploymentJobVariables: {},
    flowRunJobVariables: {},
    blocks: {},
    variables: {},
    env: {},
    ...over,
  });
}

/** The parts and the value of a secret. Other values stay as they are. */
const made = (value: Value | undefined) => (value instanceof Secret ? [value.parts, value.known ? value.reveal() : "?"] : value);

describe("a string becomes secret if a secret is inserted", () => {
  const from = {
    blocks: { ...block(HIDDEN), "json/clear": { data: { value: "c{{ prefect.variables.user }}" } } },
    variables: {
      user: "ada",
      token: secret(HIDDEN, "/variables/token"),
      number: secret(7, "/variables/number"),
      yes: secret(true, "/variables/yes"),
    },
    deploymentJobVariables: { clear: "{{ prefect.variables.user }}", hidden: secret(HIDDEN, "/hidden") },
    env: { HOST: "h" },
  };
  test.each<[string, string, unknown]>([
    ["a single placeholder passes the secret on", "{{ prefect.blocks.secret.token }}", [[AT], HIDDEN]],
    ["the secret keeps its type", "{{ prefect.variables.number }}", [[{ pointer: "/variables/number" }], 7]],
    ["a secret in the middle", "Bearer {{ prefect.blocks.secret.token }}!", [["Bearer ", AT, "!"], `Bearer ${HIDDEN}!`]],
    [
      "secrets as Python strings",
      "{{ prefect.variables.number }}{{ prefect.variables.yes }}",
      [[{ pointer: "/variables/number" }, { pointer: "/variables/yes" }], "7True"],
    ],
    [
      "a secret next to an empty value, as a string",
      "{{ prefect.variables.number }}{{ prefect.variables.gone }}",
      [[{ pointer: "/variables/number" }, ""], "7"],
    ],
    [
      "a block next to a job variable",
      "{{ hidden }}@{{ prefect.blocks.secret.token }}",
      [[{ pointer: "/hidden" }, "@", AT], `${HIDDEN}@${HIDDEN}`],
    ],
    ["a variable next to a job variable", "{{ hidden }}/{{ prefect.variables.user }}", [[{ pointer: "/hidden" }, "/ada"], `${HIDDEN}/ada`]],
    ["a variable next to a block", "{{ prefect.variables.user }}:{{ prefect.blocks.secret.token }}", [["ada:", AT], `ada:${HIDDEN}`]],
    ["a placeholder in a clear value", "{{ hidden }}{{ clear }}", [[{ pointer: "/hidden" }, "ada"], `${HIDDEN}ada`]],
    ["a placeholder in a clear block", "{{ hidden }}{{ prefect.blocks.json.clear }}", [[{ pointer: "/hidden" }, "cada"], `${HIDDEN}cada`]],
    ["an environment variable", "{{ hidden }}{{ $HOST }}", [[{ pointer: "/hidden" }, "h"], `${HIDDEN}h`]],
    ["a clear string stays clear", "{{ clear }}", "ada"],
  ])("%s: %s", (_, text, expected) => expect(made(render({ x: text }, from).x)).toEqual(expected));

  test("the result is unavailable if one of its secrets is, because only a masked manifest is available", () => {
    const { x } = render({ x: "{{ prefect.blocks.secret.token }}{{ prefect.variables.token }}" }, { ...from, blocks: block() });
    expect(made(x)).toEqual([[AT, { pointer: "/variables/token" }], "?"]);
  });

  test("the content of a secret is not templated", () => {
    const { x } = render(
      { x: "{{ a }}" },
      { deploymentJobVariables: { a: secret("{{ prefect.variables.user }}") }, variables: { user: "ada" } },
    );
    expect(made(x)).toEqual([[{ pointer: "/p" }], "{{ prefect.variables.user }}"]);
  });
});

describe("a path into a secret extends its pointer", () => {
  const value = { list: ["a", { "b/c~d": HIDDEN }], text: "word" };
  test.each<[string, string, unknown]>([
    ["an object", "a.text", [[{ pointer: "/p/text" }], "word"]],
    ["a list, from the end", "a.list[-1]", [[{ pointer: "/p/list/1" }], { "b/c~d": HIDDEN }]],
    ["a list, with digits of another script", "a.list[٠]", [[{ pointer: "/p/list/0" }], "a"]],
    ["a string", "a.text[-1]", [[{ pointer: "/p/text/-1" }], "d"]],
    ["a missing key", "a.nope", undefined],
    ["a missing index", "a.list[2]", undefined],
  ])("%s", (_, name, expected) =>
    expect(made(render({ x: `{{ ${name} }}` }, { deploymentJobVariables: { a: secret(value) } }).x)).toEqual(expected),
  );

  test("keys are escaped as in JSON pointers", () => {
    const { env } = validateJob(render({ env: "{{ a }}" }, { deploymentJobVariables: { a: secret({ "b/c~d": HIDDEN }) } }));
    expect(made((env as ValueObject)["b/c~d"])).toEqual([[{ pointer: "/p/b~1c~0d" }], HIDDEN]);
  });

  test("an unavailable secret gets a longer pointer too", () => {
    expect(made(render({ x: "{{ a.b[1] }}" }, { deploymentJobVariables: { a: secret() } }).x)).toEqual([[{ pointer: "/p/b/1" }], "?"]);
  });

  test("a piece of a joined string is refused, because no reference can describe it", () => {
    const a = new Secret(["user:", { pointer: "/p" }], `user:${HIDDEN}`);
    expect(() => render({ x: "{{ a[0] }}" }, { deploymentJobVariables: { a } })).toThrow(
      /^"0": cannot take a piece of a string that contains the secret at \/p$/,
    );
  });

  test("the fields of an entirely secret block can be used", () => {
    const blocks = { "secret/token": { id: "b", data: secret({ value: HIDDEN }, "/blocks/secret~1token/data") as unknown as ValueObject } };
    expect(made(render({ x: "{{ prefect.blocks.secret.token }}" }, { blocks }).x)).toEqual([[AT], HIDDEN]);
    const { x } = render({ x: { $ref: { block_document_id: "b" } } }, { blocks });
    expect(made((x as ValueObject).value)).toEqual([[AT], HIDDEN]);
  });
});

describe("env", () => {
  const template = { env: "{{ env }}" };
  test("an entirely secret env is merged by name", () => {
    const { env } = render(template, {
      deploymentJobVariables: { env: secret({ A: HIDDEN, B: "b" }) },
      flowRunJobVariables: { env: { B: "run" } },
    });
    expect([made((env as ValueObject).A), (env as ValueObject).B]).toEqual([[[{ pointer: "/p/A" }], HIDDEN], "run"]);
  });

  test("values become strings and stay secret; a secret null unsets a variable like null", () => {
    const { env } = validateJob({
      env: { N: secret(7, "/n"), T: secret(HIDDEN, "/t"), U: secret(undefined, "/u"), Z: secret(null, "/z") },
    });
    expect(Object.values(env as ValueObject).map(made)).toEqual([
      [[{ pointer: "/n" }, ""], "7"],
      [[{ pointer: "/t" }], HIDDEN],
      [[{ pointer: "/u" }], "?"],
      null,
    ]);
  });

  test("an entirely secret and unavailable env is refused, and the error says what to do", () => {
    expect(() => validateJob({ env: secret() })).toThrow(
      "job_configuration.env: is entirely secret; make only the values in it secret that need to be",
    );
  });
});

test("a list or object with a secret in it cannot become a string", () => {
  const value: Value = { inner: secret(HIDDEN) };
  expect(() => render({ x: "t={{ prefect.variables.t }}" }, { variables: { t: value } })).toThrow(
    /^job_configuration\.x: a list or object with a secret/,
  );
  expect(() => validateJob({ env: { E: value } })).toThrow(/^job_configuration\.env\.E: a list or object with a secret/);
  expect(() => render({ x: "t={{ prefect.blocks.secret.token }}" }, { blocks: block({ k: HIDDEN }) })).toThrow(
    /^job_configuration\.x: .* cannot be part of a string/,
  );
});

test.each<[string, Value, string]>([
  ["of the wrong type", secret(HIDDEN), 'job variable "stream_output" must be boolean or null'],
  ["inside an object", { stream: secret(HIDDEN) }, 'job variable "stream_output" must be boolean or null'],
])("a type error never shows a secret: %s", (_, value, message) => {
  expect(() => checkJobVariables(defaultTemplate("process:push"), { stream_output: value }, "job variable")).toThrow(message);
});

test("a type error never shows the keys of a secret object", () => {
  const template = {
    job_configuration: {},
    variables: { properties: { c: { type: "object", properties: { n: { type: "integer" } }, additionalProperties: false } } },
  };
  for (const value of [{ n: HIDDEN }, { [HIDDEN]: 1 }] as JsonObject[]) {
    expect(() => checkJobVariables(template, { c: secret(value) }, "job variable")).toThrow(/^job variable "c" does not fit its schema$/);
  }
});

const json = fc.jsonValue({ maxDepth: 3 });

test("property: a single placeholder keeps the value and its type", () => {
  fc.assert(
    fc.property(json, (value) => {
      // Later steps fill strings that contain placeholders, and objects with "$ref" are references.
      fc.pre(!/prefect\.|\$ref/.test(JSON.stringify(value)));
      const given = JSON.parse(JSON.stringify(value)) as Value;
      expect(render({ x: "{{ a }}" }, { deploymentJobVariables: { a: given } })).toEqual({ x: given });
    }),
  );
});

test("property: a template without placeholders gives an equal copy", () => {
  fc.assert(
    fc.property(json, fc.string({ unit: "binary" }), (value, text) => {
      fc.pre(!/\{\{|\$ref/.test(JSON.stringify([value, text])));
      const given = { x: JSON.parse(JSON.stringify(value)) as Json, y: [text, { z: text }], o: {} };
      const rendered = render(given);
      expect(rendered).toEqual(given);
      expect(rendered.o).not.toBe(given.o);
    }),
  );
});

test("property: a rendered job never shows a secret, and its revealed values equal those rendered without secrets", () => {
  const piece = fc.constantFrom(
    "{{ prefect.blocks.secret.token }}",
    "{{ v }}",
    "{{ s }}",
    "text ",
    "{{ gone }}",
    "{{ prefect.variables.t }}",
    "{{ e }}",
  );
  const values = (hide: (value: string) => Value) => ({
    blocks: { "secret/token": { data: { value: hide(HIDDEN) } } },
    variables: { t: hide(HIDDEN) },
    deploymentJobVariables: {
      v: "{{ prefect.blocks.secret.token }}",
      s: hide(`<${HIDDEN}>`),
      e: { $ref: { block_document_id: "secret/token" } },
    },
  });
  fc.assert(
    fc.property(fc.array(piece), (parts) => {
      const text = parts.join("");
      const tree = { x: text, y: [text, { env: text }], z: "{{ s }}" };
      const rendered = render(
        tree,
        values((value) => secret(value)),
      );
      for (const shown of [JSON.stringify(rendered), inspect(rendered, { depth: 9, showHidden: true }), String(rendered.x)]) {
        expect(shown).not.toContain(HIDDEN);
      }
      const clear = render(
        tree,
        values((value) => value),
      );
      const revealed = (value: Value | undefined) => (value instanceof Secret ? value.reveal() : value);
      expect(revealed(rendered.z)).toEqual(clear.z);
      if (typeof clear.x === "string") expect(revealed(rendered.x)).toEqual(clear.x);
    }),
  );
});

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

/** What a secret is made of and what it is; anything else as it is. */
const made = (value: Value | undefined) => (value instanceof Secret ? [value.parts, value.known ? value.reveal() : "?"] : value);

describe("a text becomes secret by what is put in", () => {
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
    ["a sole placeholder hands it on", "{{ prefect.blocks.secret.token }}", [[AT], HIDDEN]],
    ["with its type", "{{ prefect.variables.number }}", [[{ pointer: "/variables/number" }], 7]],
    ["in the middle", "Bearer {{ prefect.blocks.secret.token }}!", [["Bearer ", AT, "!"], `Bearer ${HIDDEN}!`]],
    [
      "as Python's text",
      "{{ prefect.variables.number }}{{ prefect.variables.yes }}",
      [[{ pointer: "/variables/number" }, { pointer: "/variables/yes" }], "7True"],
    ],
    ["alone, but as text", "{{ prefect.variables.number }}{{ prefect.variables.gone }}", [[{ pointer: "/variables/number" }, ""], "7"]],
    [
      "a block beside a job variable",
      "{{ hidden }}@{{ prefect.blocks.secret.token }}",
      [[{ pointer: "/hidden" }, "@", AT], `${HIDDEN}@${HIDDEN}`],
    ],
    ["a variable beside a job variable", "{{ hidden }}/{{ prefect.variables.user }}", [[{ pointer: "/hidden" }, "/ada"], `${HIDDEN}/ada`]],
    ["a variable beside a block", "{{ prefect.variables.user }}:{{ prefect.blocks.secret.token }}", [["ada:", AT], `ada:${HIDDEN}`]],
    ["what a clear value asks for", "{{ hidden }}{{ clear }}", [[{ pointer: "/hidden" }, "ada"], `${HIDDEN}ada`]],
    ["what a clear block asks for", "{{ hidden }}{{ prefect.blocks.json.clear }}", [[{ pointer: "/hidden" }, "cada"], `${HIDDEN}cada`]],
    ["the environment", "{{ hidden }}{{ $HOST }}", [[{ pointer: "/hidden" }, "h"], `${HIDDEN}h`]],
    ["clear text stays clear", "{{ clear }}", "ada"],
  ])("%s: %s", (_, text, expected) => expect(made(render({ x: text }, from).x)).toEqual(expected));

  test("unknown as long as one of them is: only a masked manifest is at hand", () => {
    const { x } = render({ x: "{{ prefect.blocks.secret.token }}{{ prefect.variables.token }}" }, { ...from, blocks: block() });
    expect(made(x)).toEqual([[AT, { pointer: "/variables/token" }], "?"]);
  });

  test("what is inside a secret is not templated", () => {
    const { x } = render(
      { x: "{{ a }}" },
      { deploymentJobVariables: { a: secret("{{ prefect.variables.user }}") }, variables: { user: "ada" } },
    );
    expect(made(x)).toEqual([[{ pointer: "/p" }], "{{ prefect.variables.user }}"]);
  });
});

describe("a path into a secret points more deeply", () => {
  const value = { list: ["a", { "b/c~d": HIDDEN }], text: "word" };
  test.each<[string, string, unknown]>([
    ["an object", "a.text", [[{ pointer: "/p/text" }], "word"]],
    ["a list, from its end", "a.list[-1]", [[{ pointer: "/p/list/1" }], { "b/c~d": HIDDEN }]],
    ["a list, in digits of another script", "a.list[٠]", [[{ pointer: "/p/list/0" }], "a"]],
    ["a text", "a.text[-1]", [[{ pointer: "/p/text/-1" }], "d"]],
    ["nothing", "a.nope", undefined],
    ["an index that is none", "a.list[2]", undefined],
  ])("%s", (_, name, expected) =>
    expect(made(render({ x: `{{ ${name} }}` }, { deploymentJobVariables: { a: secret(value) } }).x)).toEqual(expected),
  );

  test("keys are written as JSON pointers write them", () => {
    const { env } = validateJob(render({ env: "{{ a }}" }, { deploymentJobVariables: { a: secret({ "b/c~d": HIDDEN }) } }));
    expect(made((env as ValueObject)["b/c~d"])).toEqual([[{ pointer: "/p/b~1c~0d" }], HIDDEN]);
  });

  test("one that is not known is pointed into all the same", () => {
    expect(made(render({ x: "{{ a.b[1] }}" }, { deploymentJobVariables: { a: secret() } }).x)).toEqual([[{ pointer: "/p/b/1" }], "?"]);
  });

  test("a piece of a text that was put together cannot be kept as a reference", () => {
    const a = new Secret(["user:", { pointer: "/p" }], `user:${HIDDEN}`);
    expect(() => render({ x: "{{ a[0] }}" }, { deploymentJobVariables: { a } })).toThrow(/^"0" of a text with the secret at \/p: no piece/);
  });

  test("a block that is secret as a whole is looked into", () => {
    const blocks = { "secret/token": { id: "b", data: secret({ value: HIDDEN }, "/blocks/secret~1token/data") as unknown as ValueObject } };
    expect(made(render({ x: "{{ prefect.blocks.secret.token }}" }, { blocks }).x)).toEqual([[AT], HIDDEN]);
    const { x } = render({ x: { $ref: { block_document_id: "b" } } }, { blocks });
    expect(made((x as ValueObject).value)).toEqual([[AT], HIDDEN]);
  });
});

describe("env", () => {
  const template = { env: "{{ env }}" };
  test("one that is secret as a whole is merged by name", () => {
    const { env } = render(template, {
      deploymentJobVariables: { env: secret({ A: HIDDEN, B: "b" }) },
      flowRunJobVariables: { env: { B: "run" } },
    });
    expect([made((env as ValueObject).A), (env as ValueObject).B]).toEqual([[[{ pointer: "/p/A" }], HIDDEN], "run"]);
  });

  test("values become text and stay secret; a secret null unsets as null does", () => {
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

  test("one that is secret as a whole and not known is refused with the way out", () => {
    expect(() => validateJob({ env: secret() })).toThrow(
      "job_configuration.env: is secret as a whole; make only those of its values secret that are",
    );
  });
});

test("a list or object with a secret in it does not become text", () => {
  const value: Value = { inner: secret(HIDDEN) };
  expect(() => render({ x: "t={{ prefect.variables.t }}" }, { variables: { t: value } })).toThrow(
    /^job_configuration\.x: a list or object with a secret/,
  );
  expect(() => validateJob({ env: { E: value } })).toThrow(/^job_configuration\.env\.E: a list or object with a secret/);
  expect(() => render({ x: "t={{ prefect.blocks.secret.token }}" }, { blocks: block({ k: HIDDEN }) })).toThrow(
    /^job_configuration\.x: .* cannot stand inside a text/,
  );
});

test.each<[string, Value, string]>([
  ["of the wrong type", secret(HIDDEN), 'job variable "stream_output" must be boolean or null'],
  ["inside an object", { stream: secret(HIDDEN) }, 'job variable "stream_output" must be boolean or null'],
])("a check of types never shows a secret: %s", (_, value, message) => {
  expect(() => checkJobVariables(defaultTemplate("process:push"), { stream_output: value }, "job variable")).toThrow(message);
});

test("nor the keys of a secret object", () => {
  const template = {
    job_configuration: {},
    variables: { properties: { c: { type: "object", properties: { n: { type: "integer" } }, additionalProperties: false } } },
  };
  for (const value of [{ n: HIDDEN }, { [HIDDEN]: 1 }] as JsonObject[]) {
    expect(() => checkJobVariables(template, { c: secret(value) }, "job variable")).toThrow(/^job variable "c" does not fit its schema$/);
  }
});

const json = fc.jsonValue({ maxDepth: 3 });

test("law: a sole placeholder keeps whatever it names, type and all", () => {
  fc.assert(
    fc.property(json, (value) => {
      // Texts with placeholders of their own are looked into by later steps, objects with "$ref" are references.
      fc.pre(!/prefect\.|\$ref/.test(JSON.stringify(value)));
      const given = JSON.parse(JSON.stringify(value)) as Value;
      expect(render({ x: "{{ a }}" }, { deploymentJobVariables: { a: given } })).toEqual({ x: given });
    }),
  );
});

test("law: what has no placeholder comes out as it went in, and as another object", () => {
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

test("law: nothing rendered ever shows a secret, and what it reveals is the text without secrets around", () => {
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

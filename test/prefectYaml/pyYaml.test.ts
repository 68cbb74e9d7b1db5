import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { sameJson } from "../../src/canonicalJson";
import type { Json } from "../../src/json";
import { readJson } from "../../src/jsonText";
import { NoNumber, parseYaml } from "../../src/prefectYaml/pyYaml";
import { UserError } from "../../src/userError";

// What PyYAML's `safe_load` makes of each; `error` is a YAMLError of its.

interface Case {
  yaml: string;
  value?: Json;
  error?: true;
}
const cases = readJson(readFileSync(join(__dirname, "..", "fixtures", "prefect-yaml", "pyyaml-cases.json"), "utf8")) as unknown as Case[];

/** Where the yaml library and PyYAML part, and why that is left so. */
const APART = new Map([
  ["a: [b\nc]", "refused: the spec wants what is inside brackets indented"],
  ["a: !!float 3", "refused: nobody writes tags into a prefect.yaml"],
  ["a: !", "an empty text, and not null: the same"],
  ["a: |2\n   x\n  y", "a last line without a line end gets one"],
]);

test.each(cases.map((one) => [one.yaml, one] as const))("%j", (yaml, { value, error }) => {
  const read = () =>
    readJson(
      // An infinity stands as null in the answers; here it is refused where it is read as a value.
      JSON.stringify(parseYaml(yaml, "f.yaml").tree, (_, inner) => (inner instanceof NoNumber ? null : (inner?.text ?? inner))),
    );
  if (APART.has(yaml)) return;
  if (error) expect(read).toThrow(/^f\.yaml/);
  else expect(sameJson(read(), value)).toBe(true);
});

// What `json.dumps(yaml.safe_load(text))` writes.
test.each([
  ["9007199254740993", "9007199254740993"],
  ["-12345678901234567890123", "-12345678901234567890123"],
  ["0xFFFFFFFFFFFFFFFF", "18446744073709551615"],
  ["07777777777777777777777", "73786976294838206463"],
  ["0b111", "7"],
  ["+12_345_678_901_234_567_890", "12345678901234567890"],
  ["190:20:30", "685230"],
  ["-0", "0"],
  ["1.0", "1.0"],
  ["-0.0", "-0.0"],
  ["1_000.0", "1000.0"],
  ["2.", "2.0"],
  ["1.5e+3", "1.5e+3"],
  ["+1.0e+16", "1e+16"],
  ["1500000000000000.0", "1500000000000000.0"],
  [".5", "0.5"],
  ["1e3", '"1e3"'],
  ["190:20:30.0", "685230.0"],
])("%s keeps its digits", (yaml, json) => expect(JSON.stringify(parseYaml(yaml, "f").tree)).toBe(json));

test("a name that is a number, a date or nothing is the text that Prefect sends", () => {
  const { tree } = parseYaml("{1: a, 2.0: b, true: c, ~: d, 2020-01-01: e, 9007199254740993: f}", "f");
  expect(tree).toEqual({ 1: "a", "2.0": "b", true: "c", None: "d", "2020-01-01": "e", "9007199254740993": "f" });
});

test.each([
  ["brackets", `a: ${"[".repeat(20_000)}${"]".repeat(20_000)}`],
  ["lists", `a:\n${"- ".repeat(5_000)}x`],
  ["mappings", Array.from({ length: 1_000 }, (_, n) => `${" ".repeat(n)}a:`).join("\n")],
])("%s that nest too deeply are refused in one line", (_, yaml) => {
  let refusal: unknown;
  try {
    parseYaml(yaml, "f");
  } catch (error) {
    refusal = error;
  }
  expect(String(refusal).slice(0, 200)).toBe(
    String(new UserError("f is nested more than 200 levels deep: Prefect cannot read such a file")),
  );
});

test("a mistake is told with file, line, column and the line itself", () => {
  expect(() => parseYaml("deployments:\n- name: {{ x }}\n", "prefect.yaml")).toThrow(
    'prefect.yaml:2:10: a mapping or list stands where a name must: put quotes around it, as "{{ … }}"\n  2 | - name: {{ x }}\n               ^',
  );
  expect(() => parseYaml("a: 1\nb: *none\n", "prefect.yaml")).toThrow(/^prefect\.yaml:2:4: there is no anchor &none/);
});

test("an anchor that holds itself, and anchors that multiply, are refused and do no harm", () => {
  expect(() => parseYaml("a: &x [*x]\n", "f")).toThrow("contains itself");
  const layers = Array.from(
    { length: 12 },
    (_, n) => `a${n}: &a${n} [${Array.from({ length: 9 }, () => (n === 0 ? "x" : `*a${n - 1}`)).join(", ")}]`,
  );
  expect(() => parseYaml(layers.join("\n"), "f")).toThrow("expand to more than");
});

test("a character that PyYAML does not read is refused by its place; an escape stands for it", () => {
  expect(() => parseYaml("a: 1\nname: x\u0007y\n", "f.yaml")).toThrow(
    'f.yaml:2:8: the character U+0007 is not allowed in YAML: write it in double quotes, as "\\u0007"',
  );
  expect(() => parseYaml("a: \u0000", "f.yaml")).toThrow(/^f\.yaml:1:4: the character U\+0000/);
  expect(parseYaml('a: "\\u0007"', "f.yaml").tree).toEqual({ a: "\u0007" });
  expect(parseYaml("a: é€😀\u0085", "f.yaml").tree).toMatchObject({ a: expect.stringContaining("é€😀") });
});

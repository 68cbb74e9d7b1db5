import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { sameJson } from "../../src/canonicalJson";
import type { Json } from "../../src/json";
import { readJson } from "../../src/jsonText";
import { InvalidNumber, parseYaml } from "../../src/prefectYaml/pyYaml";
import { UserError } from "../../src/userError";

// The results of PyYAML's `safe_load`. `error` means that it raised a YAMLError.

interface Case {
  yaml: string;
  value?: Json;
  error?: true;
}
const cases = readJson(readFileSync(join(__dirname, "..", "fixtures", "prefect-yaml", "pyyaml-cases.json"), "utf8")) as unknown as Case[];

/** Accepted differences between the yaml library and PyYAML, with the reasons. */
const DIFFERENT = new Map([
  ["a: [b\nc]", "refused: the specification requires indentation inside brackets"],
  ["a: !!float 3", "refused: nobody writes tags in a prefect.yaml"],
  ["a: !", "an empty string instead of null: nobody writes tags in a prefect.yaml"],
  ["a: |2\n   x\n  y", "a last line without a line end gets one"],
]);

test.each(cases.map((one) => [one.yaml, one] as const))("%j", (yaml, { value, error }) => {
  const read = () =>
    readJson(
      // The recorded results have null for infinity. pushpool refuses infinity later, when it reads the value.
      JSON.stringify(parseYaml(yaml, "f.yaml").tree, (_, inner) => (inner instanceof InvalidNumber ? null : (inner?.text ?? inner))),
    );
  if (DIFFERENT.has(yaml)) return;
  if (error) expect(read).toThrow(/^f\.yaml/);
  else expect(sameJson(read(), value)).toBe(true);
});

// The output of `json.dumps(yaml.safe_load(text))`.
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

test("a key that is a number, a date or null becomes the string that Prefect sends", () => {
  const { tree } = parseYaml("{1: a, 2.0: b, true: c, ~: d, 2020-01-01: e, 9007199254740993: f}", "f");
  expect(tree).toEqual({ 1: "a", "2.0": "b", true: "c", None: "d", "2020-01-01": "e", "9007199254740993": "f" });
});

test.each([
  ["brackets", `a: ${"[".repeat(20_000)}${"]".repeat(20_000)}`],
  ["lists", `a:\n${"- ".repeat(5_000)}x`],
  ["mappings", Array.from({ length: 1_000 }, (_, n) => `${" ".repeat(n)}a:`).join("\n")],
])("%s that are nested too deeply are refused with one line", (_, yaml) => {
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

test("an error has the file, line, column and the line itself", () => {
  expect(() => parseYaml("deployments:\n- name: {{ x }}\n", "prefect.yaml")).toThrow(
    'prefect.yaml:2:10: a mapping or list cannot be a key: put quotes around it, as in "{{ … }}"\n  2 | - name: {{ x }}\n               ^',
  );
  expect(() => parseYaml("a: 1\nb: *none\n", "prefect.yaml")).toThrow(/^prefect\.yaml:2:4: there is no anchor &none/);
});

test("an anchor that contains itself and anchors that expand too much are refused", () => {
  expect(() => parseYaml("a: &x [*x]\n", "f")).toThrow("contains itself");
  const layers = Array.from(
    { length: 12 },
    (_, n) => `a${n}: &a${n} [${Array.from({ length: 9 }, () => (n === 0 ? "x" : `*a${n - 1}`)).join(", ")}]`,
  );
  expect(() => parseYaml(layers.join("\n"), "f")).toThrow("expand to more than");
});

test.each([
  ["merged one into the next", (n: number) => `<<: *a${n}`],
  ["merged twice into the next", (n: number) => `<<: [*a${n}, *a${n}]`],
])("anchors %s take time in proportion to their values", (_, merge) => {
  const layers = Array.from({ length: 600 }, (_, n) => `a${n + 1}: &a${n + 1}\n  ${merge(n)}\n  k${n % 20}: ${n}\n`);
  const before = process.cpuUsage();
  const { tree } = parseYaml(`a0: &a0 {k: 0}\n${layers.join("")}`, "f");
  const { user, system } = process.cpuUsage(before);
  expect((tree as { a600: object }).a600).toMatchObject({ k: 0, k0: 580, k19: 599 });
  expect(user + system).toBeLessThan(1_000_000);
});

test("merges that do not show in the file's values are refused if they are too many", () => {
  const large = Array.from({ length: 2_000 }, (_, n) => `k${n}: ${n}`).join(", ");
  expect(() => parseYaml(`a: &a {${large}}\nb: {${Array(600).fill("<<: *a").join(", ")}}\n`, "f")).toThrow("expand to more than");
});

test("what is wrong with an anchor or a merge is said with its position", () => {
  expect(() => parseYaml("a: &x {b: *x}\n", "f")).toThrow(/^f:1:11: the anchor &x contains itself/);
  expect(() => parseYaml("a: &x 1\nb: &x 2\n", "f")).toThrow(/^f:2:7: the anchor &x is already declared above/);
  expect(() => parseYaml("a: &x 1\nb:\n  <<: *x\n", "f")).toThrow(/^f:3:7: << must merge a mapping, or a list of mappings/);
  expect(() => parseYaml("a: =\n", "f")).toThrow(/^f:1:4: = has a special meaning in YAML: put quotes around it, as in "="/);
});

test("a character that PyYAML does not read is refused with its position, but its escape sequence is read", () => {
  expect(() => parseYaml("a: 1\nname: x\u0007y\n", "f.yaml")).toThrow(
    'f.yaml:2:8: the character U+0007 is not allowed in YAML: write it in double quotes, as "\\u0007"',
  );
  expect(() => parseYaml("a: \u0000", "f.yaml")).toThrow(/^f\.yaml:1:4: the character U\+0000/);
  expect(parseYaml('a: "\\u0007"', "f.yaml").tree).toEqual({ a: "\u0007" });
  expect(parseYaml("a: é€😀\u0085", "f.yaml").tree).toMatchObject({ a: expect.stringContaining("é€😀") });
});

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseYaml } from "../../src/prefectYaml/pyYaml";

// What PyYAML's `safe_load` makes of each; `error` is a YAMLError of its.

interface Case {
  yaml: string;
  value?: unknown;
  error?: true;
}
const cases = JSON.parse(readFileSync(join(__dirname, "..", "fixtures", "prefect-yaml", "pyyaml-cases.json"), "utf8")) as Case[];

/** Where the yaml library and PyYAML part, and why that is left so. */
const APART = new Map([
  ["a: [b\nc]", "refused: the spec wants what is inside brackets indented"],
  ["a: !!float 3", "refused: nobody writes tags into a prefect.yaml"],
  ["a: !", "an empty text, and not null: the same"],
  ["a: |2\n   x\n  y", "a last line without a line end gets one"],
]);

test.each(cases.map((one) => [one.yaml, one] as const))("%j", (yaml, { value, error }) => {
  const read = () =>
    JSON.parse(JSON.stringify(parseYaml(yaml, "f.yaml").tree, (_, inner) => (inner?.text !== undefined ? inner.text : inner)));
  if (APART.has(yaml)) return;
  if (error) expect(read).toThrow(/^f\.yaml/);
  else expect(read()).toEqual(value);
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

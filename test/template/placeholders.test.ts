import fc from "fast-check";
import { expect, test } from "vitest";
import { only, pieces } from "../../src/template/placeholders";

test.each([
  ["{{ a }}", "a", "standard"],
  ["{{a.b[0].c-d_e}}", "a.b[0].c-d_e", "standard"],
  ["{{\t\n a\u001f\u0085\u3000}}", "a", "standard"],
  ["{{ naïve名前² }}", "naïve名前²", "standard"],
  ["{{ $HOME }}", "$HOME", "environment"],
  ["{{ prefect.blocks.secret.x }}", "prefect.blocks.secret.x", "block"],
  ["{{ prefect.variables.x }}", "prefect.variables.x", "variable"],
  ["{{ prefect.blocks }}", "prefect.blocks", "standard"],
])("%j is the placeholder %j, %s", (text, name, kind) => expect(only(pieces(text))).toEqual({ text, name, kind }));

test.each(["{{ a b }}", "{{ a | upper }}", "{{}}", "{{ }}", "{ a }", "{{ a }", "{{ a:b }}", "{{\ufeffa}}", "{{\u200ba}}", "{{ ⓐ }}"])(
  "%j is literal",
  (text) => expect(pieces(text)).toEqual([text]),
);

test("the innermost braces count, and adjacent placeholders are separate", () => {
  expect(pieces("{{{ a }}}")).toEqual(["{", { text: "{{ a }}", name: "a", kind: "standard" }, "}"]);
  expect(pieces("{{a}}{{b}}").map((piece) => typeof piece)).toEqual(["object", "object"]);
});

test("property: the pieces joined again give the original string", () => {
  const part = fc.constantFrom("{{ a }}", "{{", "}}", "{", " ", "{{ $B }}", "x", "😀");
  fc.assert(
    fc.property(fc.array(part), (parts) => {
      const text = parts.join("");
      expect(
        pieces(text)
          .map((piece) => (typeof piece === "string" ? piece : piece.text))
          .join(""),
      ).toBe(text);
    }),
  );
});

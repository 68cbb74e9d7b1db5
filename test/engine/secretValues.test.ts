import * as fc from "fast-check";
import { expect, test } from "vitest";
import { holdsSecret } from "../../src/engine/propertyWire";
import { fromState, maskSecrets, openSecrets, toState } from "../../src/engine/state/secretValues";
import type { Json } from "../../src/json";
import { segmentsOf } from "../../src/jsonPointer";

const secret = (value: Json): Json => ({ "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value });
// A ciphertext that differs from any plaintext and can be decrypted.
const crypter = {
  encrypt: (text: string) => `sealed:${Buffer.from(text).toString("hex")}`,
  decrypt: (text: string) => Buffer.from(text.slice("sealed:".length), "hex").toString(),
};
const key = fc.constantFrom("a", "b/c", "d~e", "ciphertext", "value");
const tree: fc.Arbitrary<Json> = fc.letrec<{ tree: Json }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<Json>(null, true, 1.5, "text", "", [], {}),
    fc.constantFrom<Json>("hunter2", { deep: ["hunter2"] }).map(secret),
    fc.array(tie("tree"), { maxLength: 3 }),
    fc.dictionary(key, tie("tree"), { maxKeys: 3 }),
  ),
})).tree;

test("a value written to the state and read again is the same, and the state shows no secret", () => {
  fc.assert(
    fc.property(tree, (value) => {
      const state = toState(value, (_, plaintext) => crypter.encrypt(plaintext));
      expect(JSON.stringify(state)).not.toContain("hunter2");
      expect(fromState(state, crypter, () => {})).toEqual(value);
      expect(JSON.stringify(maskSecrets(value))).not.toContain("hunter2");
      expect(JSON.stringify(maskSecrets(state))).toBe(JSON.stringify(maskSecrets(value)));
    }),
  );
});

test("an unchanged secret keeps its ciphertext, found by place and plaintext", () => {
  fc.assert(
    fc.property(tree, (value) => {
      const known = new Map<string, string>();
      const first = toState(value, (path, plaintext) => crypter.encrypt(`${path}${plaintext}`));
      fromState(first, { ...crypter, decrypt: () => '"x"' }, (path, _, ciphertext) => known.set(path, ciphertext));
      expect(toState(value, (path) => known.get(path) as string)).toEqual(first);
    }),
  );
});

test("openSecrets gives a pointer to each secret, and to nothing else", () => {
  fc.assert(
    fc.property(tree, (value) => {
      const { value: open, secretPaths } = openSecrets(value);
      expect(holdsSecret(open)).toBe(false);
      const masked = secretPaths.reduce((at, pointer) => put(at, segmentsOf(pointer), "[secret]"), open);
      expect(masked).toEqual(maskSecrets(value));
    }),
  );
});

test.each<[string, Json, Json, string[]]>([
  ["a secret object is one secret", { a: secret({ b: 1 }) }, { a: { b: 1 } }, ["/a"]],
  ["a secret in a secret counts as the outer one", { a: secret({ b: secret(1) }) }, { a: { b: 1 } }, ["/a"]],
  ["keys are escaped as in RFC 6901", { "a/b": [{ "c~d": secret("x") }] }, { "a/b": [{ "c~d": "x" }] }, ["/a~1b/0/c~0d"]],
])("%s", (_, value, opened, secretPaths) => {
  expect(openSecrets(value)).toEqual({ value: opened, secretPaths });
});

function put(tree: Json, [segment, ...rest]: string[], value: Json): Json {
  if (segment === undefined) return value;
  if (Array.isArray(tree)) return tree.map((item, index) => (String(index) === segment ? put(item, rest, value) : item));
  const object = tree as { [key: string]: Json };
  return { ...object, [segment]: put(object[segment] as Json, rest, value) };
}

import { pbkdf2 } from "node:crypto";
import { expect, test, vi } from "vitest";
import { crypterFor, newSalt, WrongPassphrase } from "../../src/engine/state/passphrase";
import { OTHER_SALT, OTHER_SECURE, SALT, SECURE } from "./passphrase.vectors";

vi.mock(import("node:crypto"), async (original) => {
  const crypto = await original();
  return { ...crypto, pbkdf2: vi.fn(crypto.pbkdf2) as unknown as typeof pbkdf2 };
});

test.each([
  ["", SALT, SECURE],
  ["correct horse", OTHER_SALT, OTHER_SECURE],
])("decrypts what another implementation encrypted with %j", async (passphrase, salt, secure) => {
  expect((await crypterFor(passphrase, salt)).decrypt(secure)).toBe("hunter2-config");
});

test("a wrong passphrase is detected at once", async () => {
  await expect(crypterFor("wrong", SALT)).rejects.toThrow(WrongPassphrase);
});

test("a new salt can be used again; each ciphertext differs; a changed ciphertext is refused", async () => {
  const { salt, crypter } = await newSalt("p");
  const again = await crypterFor("p", salt);
  const [one, two] = [crypter.encrypt("é\n"), crypter.encrypt("é\n")];
  expect(one).not.toBe(two);
  expect([again.decrypt(one), again.decrypt(two)]).toEqual(["é\n", "é\n"]);
  const broken = `${one.slice(0, -4)}${one.slice(-4) === "AAA=" ? "BBB=" : "AAA="}`;
  expect(() => again.decrypt(broken)).toThrow();
});

test("a key is derived once in a process: a preview and its update share it", async () => {
  const { salt } = await newSalt("shared");
  const derived = vi.mocked(pbkdf2).mock.calls.length;
  await Promise.all([crypterFor("shared", salt), crypterFor("shared", salt)]);
  expect(vi.mocked(pbkdf2).mock.calls.length).toBe(derived);
  await expect(crypterFor("not shared", salt)).rejects.toThrow(WrongPassphrase);
  expect(vi.mocked(pbkdf2).mock.calls.length).toBe(derived + 1);
});

test("each new salt of a passphrase has its own key; those of an empty one share a key, since it protects nothing", async () => {
  const derived = () => vi.mocked(pbkdf2).mock.calls.length;
  const before = derived();
  const [one, other] = [await newSalt("mine"), await newSalt("mine")];
  expect([one.salt === other.salt, derived() - before]).toEqual([false, 2]);
  const [open, again] = [await newSalt(""), await newSalt("")];
  expect([open.salt === again.salt, derived() - before]).toEqual([true, 3]);
  expect((await crypterFor("", open.salt)).decrypt(again.crypter.encrypt("x"))).toBe("x");
});

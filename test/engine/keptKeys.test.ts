import type { pbkdf2 } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test, vi } from "vitest";
import { scratch } from "../scratch";

// Keys that one process derives and the next one reads.

const derived = vi.hoisted(() => ({ times: 0 }));
vi.mock(import("node:crypto"), async (original) => {
  const crypto = await original();
  const counted = (...args: Parameters<typeof pbkdf2>) => {
    derived.times += 1;
    crypto.pbkdf2(...args);
  };
  return { ...crypto, pbkdf2: counted as typeof pbkdf2 };
});

beforeEach(() => {
  derived.times = 0;
});

/** A new process, as far as the keys in its memory go: opens the secrets of a stack, and decrypts one of them. */
async function inNewProcess(stateHome: string, env: NodeJS.ProcessEnv, made?: { salt: string; sealed: string }) {
  vi.resetModules();
  const { openSecretsProvider } = await import("../../src/engine/state/secretsProvider.js");
  const { salt, crypter } = await openSecretsProvider({ stateHome, project: "data", stack: "dev", env }, made?.salt);
  return { salt, sealed: crypter.encrypt("hunter2"), opened: made && crypter.decrypt(made.sealed) };
}

/** The files with derived keys. */
function derivedIn(stateHome: string): string[] {
  const folder = join(stateHome, "keys", "derived");
  return (statSync(folder, { throwIfNoEntry: false }) ? readdirSync(folder) : []).map((name) => join(folder, name));
}

test.each([
  ["of the key file", {}],
  ["of an empty passphrase", { PULUMI_CONFIG_PASSPHRASE: "" }],
])("the key %s is derived once, and only its owner can read it", async (_, env) => {
  const stateHome = scratch();
  const made = await inNewProcess(stateHome, env);
  const [file = ""] = derivedIn(stateHome);
  expect([derived.times, statSync(file).mode & 0o777, statSync(join(file, "..")).mode & 0o777]).toEqual([1, 0o600, 0o700]);
  expect((await inNewProcess(stateHome, env, made)).opened).toBe("hunter2");
  expect(derived.times).toBe(1);
  expect(derivedIn(stateHome)).toEqual([file]);
});

test("what is derived from a passphrase of the user is nowhere on the disk", async () => {
  const stateHome = scratch();
  const env = { PULUMI_CONFIG_PASSPHRASE: "correct horse" };
  const made = await inNewProcess(stateHome, env);
  expect((await inNewProcess(stateHome, env, made)).opened).toBe("hunter2");
  expect([derived.times, readdirSync(stateHome)]).toEqual([2, []]);
  const file = join(stateHome, "passphrase");
  writeFileSync(file, "correct horse\n");
  expect((await inNewProcess(stateHome, { PULUMI_CONFIG_PASSPHRASE_FILE: file }, made)).opened).toBe("hunter2");
  expect(derivedIn(stateHome)).toEqual([]);
});

test.each([
  ["cut off", (bytes: Buffer) => bytes.subarray(0, 40)],
  ["empty", () => Buffer.alloc(0)],
  ["changed", (bytes: Buffer) => Buffer.concat([Buffer.from([(bytes[0] ?? 0) ^ 1]), bytes.subarray(1)])],
])("a kept key that is %s is derived again", async (_, damage) => {
  const stateHome = scratch();
  const made = await inNewProcess(stateHome, {});
  const [file = ""] = derivedIn(stateHome);
  const whole = readFileSync(file);
  writeFileSync(file, damage(whole));
  expect((await inNewProcess(stateHome, {}, made)).opened).toBe("hunter2");
  expect([derived.times, readFileSync(file)]).toEqual([2, whole]);
});

test("where no key can be kept, each process derives it", async () => {
  const stateHome = scratch();
  const env = { PULUMI_CONFIG_PASSPHRASE: "" };
  mkdirSync(join(stateHome, "keys"));
  writeFileSync(join(stateHome, "keys", "derived"), "in the way");
  const made = await inNewProcess(stateHome, env);
  expect((await inNewProcess(stateHome, env, made)).opened).toBe("hunter2");
  expect(derived.times).toBe(2);
});

test("a kept key does not open the secrets of another passphrase", async () => {
  const stateHome = scratch();
  const made = await inNewProcess(stateHome, { PULUMI_CONFIG_PASSPHRASE: "" });
  await expect(inNewProcess(stateHome, { PULUMI_CONFIG_PASSPHRASE: "wrong" }, made)).rejects.toThrow("incorrect passphrase");
});

import { createHmac, randomBytes } from "node:crypto";
import { linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { isJsonObject, type Json, type JsonObject, type Value } from "../json";
import { makeFolder } from "../makeFolder";
import { MASK, Secret, type SecretPart } from "../secret";
import { isObject } from "../template/paths";
import { UserError } from "../userError";
import { aboutPath } from "../writeWhole";

/**
 * How the ledger stores a secret: its place in the manifest, and a keyed digest of its value. The value itself is read again when the run
 * is submitted.
 */
const KEY = "pushpool.dev/secret";
interface StoredSecret {
  parts: SecretPart[];
  digest: string;
}

/** Gets the key of a ledger's digests. A shared ledger has its own key, which must be read from there. */
export type DigestKey = () => Buffer | Promise<Buffer>;

/**
 * Replace every secret by its reference, for the ledger. `digestKey` is called only if there is a secret.
 * @throws {UserError} if a secret's value is not available
 */
export async function withoutSecrets(value: Value, digestKey: DigestKey): Promise<Json> {
  return hasSecret(value) ? stripped(value, await digestKey()) : (value as Json);
}

function stripped(value: Value, key: Buffer): Json {
  if (value instanceof Secret) {
    if (!value.known) throw notReadable(value);
    const stored: StoredSecret = { parts: [...value.parts], digest: digestOf(value, key) };
    return { [KEY]: stored as unknown as Json };
  }
  if (Array.isArray(value)) return value.map((item) => stripped(item, key));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, stripped(inner, key)]));
}

function hasSecret(value: Value): boolean {
  if (value instanceof Secret) return true;
  if (Array.isArray(value)) return value.some(hasSecret);
  return isObject(value) && Object.values(value).some(hasSecret);
}

/** Whether a stored tree has any secret. If not, the manifest need not be read. */
export function holdsSecrets(stored: Json): boolean {
  if (Array.isArray(stored)) return stored.some(holdsSecrets);
  if (!isJsonObject(stored)) return false;
  return isStored(stored) || Object.values(stored).some(holdsSecrets);
}

/**
 * Put the secrets back into a stored tree.
 * @throws {UserError} naming the manifest path of a secret that is missing or has changed
 */
export async function withSecrets(stored: Json, lookUp: (parts: readonly SecretPart[]) => Secret, digestKey: DigestKey): Promise<Value> {
  return holdsSecrets(stored) ? filled(stored, lookUp, await digestKey()) : stored;
}

function filled(stored: Json, lookUp: (parts: readonly SecretPart[]) => Secret, key: Buffer): Value {
  if (Array.isArray(stored)) return stored.map((item) => filled(item, lookUp, key));
  if (!isJsonObject(stored)) return stored;
  if (isStored(stored)) {
    const { parts, digest } = stored[KEY] as unknown as StoredSecret;
    const secret = lookUp(parts);
    if (!secret.known) throw notReadable(secret);
    if (digestOf(secret, key) !== digest) {
      throw new UserError(
        `the secret at ${secret.pointers.join(", ")} of the manifest has changed since this run was created: it was not sent. Cancel it and run the deployment again`,
      );
    }
    return secret;
  }
  return Object.fromEntries(Object.entries(stored).map(([name, inner]) => [name, filled(inner, lookUp, key)]));
}

/** A stored tree with every secret masked, to show it. */
export function masked(stored: Json): Json {
  if (Array.isArray(stored)) return stored.map(masked);
  if (!isJsonObject(stored)) return stored;
  if (isStored(stored)) return MASK;
  return Object.fromEntries(Object.entries(stored).map(([key, inner]) => [key, masked(inner)]));
}

/**
 * The key of the digests in a home's own ledger. It is outside the project, readable by its owner only, and created on first use. Without a key, a short
 * secret could be guessed from its digest in a copied file.
 */
export function readDigestKey(path: string): Buffer {
  try {
    return Buffer.from(readFileSync(path, "utf8"), "hex");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  makeFolder(dirname(path));
  const own = `${path}.${process.pid}`;
  try {
    writeFileSync(own, randomBytes(32).toString("hex"), { mode: 0o600 });
    // The file appears complete or not at all; the second process uses the first one's.
    linkSync(own, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw aboutPath(error, path);
  } finally {
    rmSync(own, { force: true });
  }
  return Buffer.from(readFileSync(path, "utf8"), "hex");
}

function notReadable(secret: Secret): UserError {
  const where = secret.pointers.join(", ");
  return new UserError(
    `the secret at ${where} of the manifest is not readable here: use the stack itself, or \`pushpool manifest pull --with-secrets\``,
  );
}

function digestOf(secret: Secret, key: Buffer): string {
  return createHmac("sha256", key).update(JSON.stringify(secret.reveal())).digest("hex");
}

function isStored(value: JsonObject): boolean {
  return Object.hasOwn(value, KEY);
}

import { createCipheriv, createDecipheriv, pbkdf2, randomBytes } from "node:crypto";
import { promisify } from "node:util";
import type { KeptKeys } from "./keptKeys";

const derive = promisify(pbkdf2);
/** The keys that this process has derived, by passphrase and salt. A preview and the update after it use the same one. */
const keys = new Map<string, Promise<Buffer>>();
/** The salt of this process for an empty passphrase. Its key protects nothing, so all new stacks can have the same one. */
let openSalt: Promise<Salted> | undefined;
// These numbers are the file format of Pulumi's passphrase secrets provider (sdk/go/common/resource/config/crypt.go).
const ROUNDS = 1_000_000;
const KEY_BYTES = 32;
const SALT_BYTES = 8;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Every salt holds this text encrypted, so that a wrong passphrase is detected at once. */
const PROBE = "pulumi";

/** Encrypts and decrypts strings in Pulumi's format: `v1:<nonce>:<ciphertext and tag>`, in base64. */
export interface Crypter {
  encrypt(plaintext: string): string;
  /** @throws {Error} if it was encrypted with another key, or was changed */
  decrypt(ciphertext: string): string;
}

/** A salt in the format of the state and `Pulumi.<stack>.yaml`, and its crypter. */
interface Salted {
  salt: string;
  crypter: Crypter;
}

/** The passphrase does not belong to the salt. */
export class WrongPassphrase extends Error {}

/**
 * Make a new salt for a passphrase. In one process, an empty passphrase always has the same one.
 * @param kept where other processes find the key; absent: they derive it themselves
 */
export function newSalt(passphrase: string, kept?: KeptKeys): Promise<Salted> {
  if (passphrase !== "") return makeSalt(passphrase, kept);
  openSalt ??= makeSalt("", kept);
  return openSalt;
}

async function makeSalt(passphrase: string, kept: KeptKeys | undefined): Promise<Salted> {
  const salt = randomBytes(SALT_BYTES);
  const crypter = crypterOf(await keyOf(passphrase, salt, kept));
  return { salt: `v1:${salt.toString("base64")}:${crypter.encrypt(PROBE)}`, crypter };
}

/**
 * The crypter of a passphrase and a salt. The first time in a process takes 0.2 s of one core, unless the key is kept.
 * @param kept as for {@link newSalt}
 * @throws {WrongPassphrase}
 */
export async function crypterFor(passphrase: string, salt: string, kept?: KeptKeys): Promise<Crypter> {
  const [version, saltText, ...probe] = salt.split(":");
  if (version !== "v1" || saltText === undefined) throw new Error(`invalid salt for Pulumi's passphrase provider: ${salt}`);
  const crypter = crypterOf(await keyOf(passphrase, Buffer.from(saltText, "base64"), kept));
  try {
    if (crypter.decrypt(probe.join(":")) === PROBE) return crypter;
  } catch {
    // The error below replaces GCM's own, which has no details.
  }
  throw new WrongPassphrase();
}

function keyOf(passphrase: string, salt: Buffer, kept: KeptKeys | undefined): Promise<Buffer> {
  const name = `${salt.toString("base64")} ${passphrase}`;
  const key = keys.get(name) ?? keptOrDerived(passphrase, salt, kept);
  keys.set(name, key);
  return key;
}

async function keptOrDerived(passphrase: string, salt: Buffer, kept: KeptKeys | undefined): Promise<Buffer> {
  const known = kept?.read(passphrase, salt);
  if (known) return known;
  const key = await derive(passphrase, salt, ROUNDS, KEY_BYTES, "sha256");
  kept?.keep(passphrase, salt, key);
  return key;
}

function crypterOf(key: Buffer): Crypter {
  return {
    encrypt: (plaintext) => {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv("aes-256-gcm", key, nonce);
      const sealed = Buffer.concat([cipher.update(plaintext, "utf8"), cipher.final(), cipher.getAuthTag()]);
      return `v1:${nonce.toString("base64")}:${sealed.toString("base64")}`;
    },
    decrypt: (ciphertext) => {
      const [version, nonce = "", sealed = ""] = ciphertext.split(":");
      if (version !== "v1") throw new Error("not a Pulumi ciphertext");
      const bytes = Buffer.from(sealed, "base64");
      const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(nonce, "base64"));
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
      return Buffer.concat([decipher.update(bytes.subarray(0, -TAG_BYTES)), decipher.final()]).toString("utf8");
    },
  };
}

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { makeFolder } from "../../makeFolder";

/** The length of a SHA-256 digest, and of a key. */
const BYTES = 32;

/**
 * Keys that were derived from passphrases, in a folder that only the user can read. To derive one takes 0.15 s of processor time, in every
 * process that reads a secret.
 *
 * Only for a passphrase that protects no better than such a folder does: an empty one, or one that pushpool itself keeps in a file.
 */
export class KeptKeys {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** @returns `undefined` if the key is not there, or was not written completely */
  read(passphrase: string, salt: Buffer): Buffer | undefined {
    try {
      const bytes = readFileSync(this.#pathOf(passphrase, salt));
      const key = bytes.subarray(0, BYTES);
      return sha256(key).equals(bytes.subarray(BYTES)) ? key : undefined;
    } catch {
      return undefined;
    }
  }

  keep(passphrase: string, salt: Buffer, key: Buffer): void {
    try {
      const path = this.#pathOf(passphrase, salt);
      makeFolder(dirname(path));
      writeFileSync(path, Buffer.concat([key, sha256(key)]), { mode: 0o600 });
    } catch {
      // Without it, the next process derives the key again.
    }
  }

  #pathOf(passphrase: string, salt: Buffer): string {
    return join(this.#folder, sha256(salt, passphrase).toString("hex"));
  }
}

function sha256(...parts: (Buffer | string)[]): Buffer {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

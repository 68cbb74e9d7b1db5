import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { UserError } from "../../userError";
import { type Crypter, crypterFor, newSalt, WrongPassphrase } from "./passphrase";

/** Which stack's secrets, and where its passphrase may come from. */
export interface SecretsPlace {
  stateHome: string;
  project: string;
  stack: string;
  env: NodeJS.ProcessEnv;
}

/**
 * The passphrase of a stack: `PULUMI_CONFIG_PASSPHRASE` (empty counts, as with Pulumi), `PULUMI_CONFIG_PASSPHRASE_FILE`, else a key file
 * of the stack's own outside the project, made when first needed. Nobody is ever asked.
 */
function passphraseOf({ stateHome, project, stack, env }: SecretsPlace, isNew: boolean): { passphrase: string; from: string } {
  if (env.PULUMI_CONFIG_PASSPHRASE !== undefined) return { passphrase: env.PULUMI_CONFIG_PASSPHRASE, from: "PULUMI_CONFIG_PASSPHRASE" };
  const file = env.PULUMI_CONFIG_PASSPHRASE_FILE;
  if (file) {
    try {
      return { passphrase: readFileSync(file, "utf8").trimEnd(), from: "PULUMI_CONFIG_PASSPHRASE_FILE" };
    } catch (error) {
      throw new UserError(`PULUMI_CONFIG_PASSPHRASE_FILE: cannot read ${file}: ${(error as Error).message}`);
    }
  }
  const path = join(stateHome, "keys", "stacks", encodeURIComponent(project), encodeURIComponent(stack));
  try {
    return { passphrase: readFileSync(path, "utf8").trimEnd(), from: path };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  if (!isNew)
    throw new UserError(
      `the secrets of stack ${project}/${stack} need their passphrase: there is no key file ${path}, and PULUMI_CONFIG_PASSPHRASE is not set`,
    );
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  try {
    writeFileSync(path, randomBytes(32).toString("hex"), { mode: 0o600, flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  return { passphrase: readFileSync(path, "utf8").trimEnd(), from: path };
}

/**
 * The crypter of a stack, with the salt to be kept.
 * @param salt as in state or config; absent: a new one
 * @throws {UserError} if the passphrase is not the one the salt was made with
 */
export async function openSecretsProvider(place: SecretsPlace, salt: string | undefined): Promise<{ salt: string; crypter: Crypter }> {
  const { passphrase, from } = passphraseOf(place, salt === undefined);
  if (salt === undefined) return newSalt(passphrase);
  try {
    return { salt, crypter: await crypterFor(passphrase, salt) };
  } catch (error) {
    if (!(error instanceof WrongPassphrase)) throw error;
    throw new UserError(
      `the passphrase (${from}) is not the one that the secrets of stack ${place.project}/${place.stack} were encrypted with`,
    );
  }
}

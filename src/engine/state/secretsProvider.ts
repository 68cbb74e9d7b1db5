import { randomBytes } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { makeFolder } from "../../makeFolder";
import { UserError } from "../../userError";
import { aboutPath } from "../../writeWhole";
import { type Crypter, crypterFor, newSalt, WrongPassphrase } from "./passphrase";

/** Which stack's secrets, and where its passphrase may come from. */
export interface SecretsPlace {
  stateHome: string;
  project: string;
  stack: string;
  env: NodeJS.ProcessEnv;
}

interface Passphrase {
  text: string;
  /** A variable's name or a file's path, for messages. */
  from: string;
}

/**
 * The crypter of a stack, with the salt to be kept.
 *
 * The passphrase is `PULUMI_CONFIG_PASSPHRASE` (empty counts, as with Pulumi) or what `PULUMI_CONFIG_PASSPHRASE_FILE` names, else a key
 * file of the stack's own outside the project, made when first needed. Nobody is ever asked. A stack that has a key file is opened by it
 * also where a variable is set that does not fit: that may be there for another stack.
 *
 * @param salt as in state or config; absent: a new one
 * @throws {UserError} if there is no passphrase, or none that the salt was made with
 */
export async function openSecretsProvider(place: SecretsPlace, salt: string | undefined): Promise<{ salt: string; crypter: Crypter }> {
  const { project, stack, env } = place;
  const keyFile = join(place.stateHome, "keys", "stacks", encodeURIComponent(project), encodeURIComponent(stack));
  const given = fromEnvironment(env);
  if (salt === undefined) return newSalt((given ?? keyOf(keyFile) ?? makeKey(keyFile)).text);
  const candidates = [given, keyOf(keyFile)].filter((candidate) => candidate !== undefined);
  for (const { text } of candidates) {
    try {
      return { salt, crypter: await crypterFor(text, salt) };
    } catch (error) {
      if (!(error instanceof WrongPassphrase)) throw error;
    }
  }
  if (candidates.length === 0)
    throw new UserError(
      `the secrets of stack ${project}/${stack} need their passphrase: there is no key file ${keyFile}, and PULUMI_CONFIG_PASSPHRASE is not set`,
    );
  throw new UserError(
    `the passphrase (${candidates.map(({ from }) => from).join(", ")}) is not the one that the secrets of stack ${project}/${stack} were encrypted with`,
  );
}

function fromEnvironment({
  PULUMI_CONFIG_PASSPHRASE: text,
  PULUMI_CONFIG_PASSPHRASE_FILE: file,
}: NodeJS.ProcessEnv): Passphrase | undefined {
  if (text !== undefined) return { text, from: "PULUMI_CONFIG_PASSPHRASE" };
  if (!file) return undefined;
  try {
    return { text: readFileSync(file, "utf8").trim(), from: "PULUMI_CONFIG_PASSPHRASE_FILE" };
  } catch (error) {
    throw new UserError(`PULUMI_CONFIG_PASSPHRASE_FILE: cannot read ${file}: ${(error as Error).message}`);
  }
}

function keyOf(path: string): Passphrase | undefined {
  try {
    return { text: readFileSync(path, "utf8").trim(), from: path };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new UserError(`cannot read the key file ${path}: ${(error as Error).message}`, 5);
  }
}

function makeKey(path: string): Passphrase {
  makeFolder(dirname(path));
  const text = randomBytes(32).toString("hex");
  try {
    writeFileSync(path, text, { mode: 0o600, flag: "wx" });
  } catch (error) {
    // Half a key, as a full disk leaves it, would be taken for the whole next time.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") rmSync(path, { force: true });
    throw aboutPath(error, path);
  }
  return { text, from: path };
}

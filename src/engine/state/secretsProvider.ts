import { randomBytes } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { makeFolder } from "../../makeFolder";
import { UserError } from "../../userError";
import { aboutPath } from "../../writeWhole";
import { KeptKeys } from "./keptKeys";
import { type Crypter, crypterFor, newSalt, WrongPassphrase } from "./passphrase";

/** A stack, and the places where its passphrase may be. */
export interface SecretsSource {
  stateHome: string;
  project: string;
  stack: string;
  env: NodeJS.ProcessEnv;
}

interface Passphrase {
  text: string;
  /** The variable or file that it came from, for messages. */
  from: string;
  /** Whether it is in pushpool's own key file. */
  isStored?: true;
}

/**
 * The crypter of a stack, with the salt to store.
 *
 * The passphrase comes from `PULUMI_CONFIG_PASSPHRASE` (an empty value counts, as with Pulumi), else from the file that
 * `PULUMI_CONFIG_PASSPHRASE_FILE` names, else from a key file. The key file lies outside the project and is created when it is first
 * needed.
 * pushpool never prompts for a passphrase.
 *
 * A stack with a key file can be opened even if the variables hold another stack's passphrase: both are tried.
 *
 * @param salt from the state or the configuration; absent: a new one
 * @throws {UserError} if there is no passphrase, or none fits the salt
 */
export async function openSecretsProvider(place: SecretsSource, salt: string | undefined): Promise<{ salt: string; crypter: Crypter }> {
  const { project, stack, env } = place;
  const keyFile = join(place.stateHome, "keys", "stacks", encodeURIComponent(project), encodeURIComponent(stack));
  const given = fromEnvironment(env);
  const derived = new KeptKeys(join(place.stateHome, "keys", "derived"));
  // From a passphrase of the user, nothing on the disk may open the secrets.
  const keptFor = ({ text, isStored }: Passphrase) => (isStored || text === "" ? derived : undefined);
  if (salt === undefined) {
    const chosen = given ?? readKeyFile(keyFile) ?? createKeyFile(keyFile);
    return newSalt(chosen.text, keptFor(chosen));
  }
  const candidates = [given, readKeyFile(keyFile)].filter((candidate) => candidate !== undefined);
  for (const candidate of candidates) {
    try {
      return { salt, crypter: await crypterFor(candidate.text, salt, keptFor(candidate)) };
    } catch (error) {
      if (!(error instanceof WrongPassphrase)) throw error;
    }
  }
  if (candidates.length === 0)
    throw new UserError(
      `the secrets of stack ${project}/${stack} need a passphrase, but there is no key file ${keyFile} and PULUMI_CONFIG_PASSPHRASE is not set: set PULUMI_CONFIG_PASSPHRASE`,
    );
  throw new UserError(
    `incorrect passphrase (${candidates.map(({ from }) => from).join(", ")}): the secrets of stack ${project}/${stack} were encrypted with another one`,
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

function readKeyFile(path: string): Passphrase | undefined {
  try {
    return { text: readFileSync(path, "utf8").trim(), from: path, isStored: true };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new UserError(`cannot read the key file ${path}: ${(error as Error).message}`, 5);
  }
}

function createKeyFile(path: string): Passphrase {
  makeFolder(dirname(path));
  const text = randomBytes(32).toString("hex");
  try {
    writeFileSync(path, text, { mode: 0o600, flag: "wx" });
  } catch (error) {
    // A full disk may leave an incomplete key, which would later be read as the whole key.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") rmSync(path, { force: true });
    throw aboutPath(error, path);
  }
  return { text, from: path, isStored: true };
}

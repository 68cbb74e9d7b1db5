import { statSync } from "node:fs";
import { resolve } from "node:path";
import { describeFileError } from "../fileErrors";
import { isJsonObject, type Json } from "../json";
import { parseJson } from "../jsonText";
import { refuseForeignOwner } from "../ownership";
import { MASK } from "../secret";
import { readTextFile } from "../textFile";
import { UserError } from "../userError";
import type { Workspace } from "../workspace";
import type { ManifestSource } from "./manifestSource";
import { isManifest } from "./parseManifest";
import { pickManifest } from "./pickManifest";
import { readSecretString, splitSecretPaths } from "./secretString";

interface Reading {
  /** The value of `--output`, for a file with all outputs of a stack. */
  output?: string;
  stdin?: () => Promise<string>;
}

/**
 * Read the manifest that `--manifest` or `$PUSHPOOL_MANIFEST` names, if one of them is given.
 * @throws {UserError} if it cannot be read, or the file belongs to another user
 */
export async function readGiven(workspace: Workspace, given: string | undefined, reading: Reading): Promise<ManifestSource | undefined> {
  if (given?.trim() === "") throw new UserError("--manifest is blank: give the file of a manifest, or leave it out");
  if (given === "-") return fromText((await reading.stdin?.()) ?? "", "standard input", reading);
  if (given !== undefined) return fromFile(workspace, given, "--manifest", reading);
  const { PUSHPOOL_MANIFEST: variable } = workspace.env;
  if (variable === undefined) return undefined;
  if (variable.trim() === "") throw new UserError("$PUSHPOOL_MANIFEST is blank: give the file of a manifest, or unset it");
  return /^\s*[{"]/.test(variable)
    ? fromText(variable, "$PUSHPOOL_MANIFEST", reading)
    : fromFile(workspace, variable, "PUSHPOOL_MANIFEST", reading);
}

function fromFile({ cwd }: Workspace, name: string, choose: string, reading: Reading): ManifestSource {
  const path = resolve(cwd, name);
  return fromText(textOf(path, choose), path, reading);
}

function textOf(path: string, choose: string): string {
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (!stats) throw new UserError(`${choose}: there is no file ${path}`);
    // Not `isFile`, because a pipe (`--manifest <(…)`) is allowed.
    if (stats.isDirectory()) throw new UserError(`${choose}: ${path} is a folder: give the file of a manifest`);
    refuseForeignOwner(path, `choose another file with ${choose}`);
    return readTextFile(path, path);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${choose}: cannot read ${path}: ${describeFileError(error)}`);
  }
}

/**
 * Read a manifest: a tree, or one string (`secretString.ts`), as it is or as JSON. It may be among all outputs of a stack. These are the
 * forms that `pulumi stack output` prints.
 */
function fromText(text: string, origin: string, { output }: Reading): ManifestSource {
  const parsed = parseJson(text, origin);
  const whole = readSecretString(parsed, origin);
  if (whole) return { ...whole, origin };
  if (isManifest(parsed)) return { ...splitSecretPaths(parsed, origin), origin };
  const mayBeOne = (value: Json) => value === MASK || isManifest(value) || readSecretString(value, origin) !== undefined;
  const isOutputs = isJsonObject(parsed) && Object.values(parsed).some(mayBeOne);
  if (!isOutputs) return { tree: parsed, secretPaths: [], origin };
  return { ...pickManifest({ outputs: parsed, secretPaths: [] }, origin, output), origin };
}

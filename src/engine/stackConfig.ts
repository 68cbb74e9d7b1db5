import { existsSync } from "node:fs";
import { join } from "node:path";
import { readTextFile } from "../textFile";
import { UserError } from "../userError";
import type { Project } from "./project";
import type { Crypter } from "./state/passphrase";
import type { StackStore } from "./state/stackStore";

/** A stack's configuration as a program gets it: `project:key` to string (structured values as JSON), and which keys are secret. */
export interface StackConfig {
  values: Record<string, string>;
  secretKeys: string[];
}

/** The content of `Pulumi.<stack>.yaml`: a plain value as its source text, a structured one as its tree. */
interface ConfigFile {
  path: string;
  /** The salt of its `secure:` values: `encryptionsalt`. */
  salt?: string;
  config: Record<string, unknown>;
}

/**
 * Read `Pulumi.<stack>.yaml`, if it exists.
 * @throws {UserError} if it is not valid YAML, or `config` is not an object
 */
export function readConfigFile({ dir, stackConfigDir = dir }: Project, stack: string): ConfigFile {
  const path = ["yaml", "yml"].map((ending) => join(stackConfigDir, `Pulumi.${stack}.${ending}`)).find((file) => existsSync(file));
  if (path === undefined) return { path: join(stackConfigDir, `Pulumi.${stack}.yaml`), config: {} };
  const { isScalar, parseDocument } = require("yaml") as typeof import("yaml");
  const document = parseDocument(readTextFile(path, path), { merge: true });
  const [error] = document.errors;
  if (error) throw new UserError(`${path} is not valid YAML: ${error.message.split("\n")[0]}`);
  const tree = (document.toJS() ?? {}) as { config?: unknown; encryptionsalt?: unknown };
  const config = tree.config ?? {};
  if (typeof config !== "object" || Array.isArray(config)) throw new UserError(`${path}: config must be an object`);
  const entries = Object.entries(config).map(([key, value]) => {
    const node = document.getIn(["config", key], true);
    // Pulumi keeps 1.10 and 0x10 as strings, exactly as written.
    return [key, value === null ? "" : typeof value !== "object" && isScalar(node) ? (node.source ?? value) : value];
  });
  const { encryptionsalt: salt } = tree;
  return { path, config: Object.fromEntries(entries), ...(typeof salt === "string" ? { salt } : {}) };
}

/**
 * The values that a program gets. The stack's file, with `secure:` values decrypted, overrides the project file. `extra` overrides both.
 * A key without a namespace belongs to the project.
 * @throws {UserError} naming a key that cannot be decrypted, or that the project file declares but nothing sets
 */
export async function resolveConfig(
  { path, salt, config }: ConfigFile,
  project: Project,
  extra: Record<string, string>,
  store: Pick<StackStore, "configCrypter">,
): Promise<StackConfig> {
  const full = (key: string) => (key.includes(":") ? key : `${project.name}:${key}`);
  const values = new Map<string, string>();
  const secretKeys = new Set<string>();
  const crypter = (at: string) => {
    if (salt === undefined)
      throw new UserError(`${at} is encrypted, but ${path} has no encryptionsalt: set it with \`pulumi config set --secret\``);
    return store.configCrypter(salt);
  };
  for (const [name, raw] of Object.entries(config)) {
    const found = { secret: false };
    const plain = await decrypted(raw, crypter, found, `${path}: config.${name}`);
    values.set(full(name), textOf(plain));
    if (found.secret) secretKeys.add(full(name));
  }
  for (const [name, value] of Object.entries(extra)) values.set(full(name), value);
  for (const [name, declared] of Object.entries(project.config)) {
    const { value, secret, isRequired } = declarationOf(declared);
    if (secret) secretKeys.add(full(name));
    if (values.has(full(name))) continue;
    if (value !== undefined) values.set(full(name), textOf(value));
    else if (isRequired)
      throw new UserError(`${project.file} declares config.${name}, but nothing sets it: set config.${full(name)} in ${path}`);
  }
  return { values: Object.fromEntries(values), secretKeys: [...secretKeys] };
}

/** An entry of Pulumi.yaml's `config`: a value, or a declaration (https://www.pulumi.com/docs/iac/concepts/config/). */
function declarationOf(declared: unknown): { value?: unknown; secret: boolean; isRequired: boolean } {
  if (typeof declared !== "object" || declared === null || Array.isArray(declared))
    return { value: declared ?? undefined, secret: false, isRequired: false };
  const { value, default: fallback, secret } = declared as { value?: unknown; default?: unknown; secret?: unknown };
  return { value: value ?? fallback, secret: secret === true, isRequired: true };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

async function decrypted(
  value: unknown,
  crypter: (at: string) => Promise<Crypter>,
  found: { secret: boolean },
  at: string,
): Promise<unknown> {
  if (Array.isArray(value)) return Promise.all(value.map((item, index) => decrypted(item, crypter, found, `${at}[${index}]`)));
  if (typeof value !== "object" || value === null) return value;
  const { secure, ...others } = value as Record<string, unknown>;
  if (typeof secure === "string" && Object.keys(others).length === 0) {
    found.secret = true;
    const { decrypt } = await crypter(at);
    try {
      return decrypt(secure);
    } catch {
      throw new UserError(`${at} cannot be decrypted: it was encrypted with a different key from this stack's`);
    }
  }
  const entries = Object.entries(value).map(async ([key, inner]) => [key, await decrypted(inner, crypter, found, `${at}.${key}`)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../userError";
import type { Crypter } from "./state/passphrase";

/** A stack's configuration as programs get it: `project:key` to text (structured values as JSON), and which of them are secret. */
export interface StackConfig {
  values: Record<string, string>;
  secretKeys: string[];
}

interface ConfigFile {
  path: string;
  salt?: string;
  config: Record<string, unknown>;
}

/** Read `Pulumi.<stack>.yaml`, if it is there. */
export function readConfigFile(dir: string, stack: string): ConfigFile {
  const path = ["yaml", "yml"].map((ending) => join(dir, `Pulumi.${stack}.${ending}`)).find((file) => existsSync(file));
  if (path === undefined) return { path: join(dir, `Pulumi.${stack}.yaml`), config: {} };
  const { parse } = require("yaml") as typeof import("yaml");
  let tree: { config?: unknown; encryptionsalt?: unknown } | null;
  try {
    tree = parse(readFileSync(path, "utf8")) as typeof tree;
  } catch (error) {
    throw new UserError(`${path} is not YAML: ${(error as Error).message.split("\n")[0]}`);
  }
  const config = tree?.config ?? {};
  if (typeof config !== "object" || Array.isArray(config)) throw new UserError(`${path}: config must be an object`);
  return {
    path,
    config: config as Record<string, unknown>,
    ...(typeof tree?.encryptionsalt === "string" ? { salt: tree.encryptionsalt } : {}),
  };
}

/**
 * The file's values, `secure:` ones decrypted, with `extra` over them. A key without a namespace is the project's.
 * @throws {UserError} naming the key that cannot be decrypted
 */
export async function resolveConfig(
  { path, config }: ConfigFile,
  project: string,
  extra: Record<string, string>,
  crypter: () => Promise<Crypter>,
): Promise<StackConfig> {
  const values: Record<string, string> = {};
  const secretKeys: string[] = [];
  for (const [name, raw] of Object.entries(config)) {
    const key = name.includes(":") ? name : `${project}:${name}`;
    const found = { secret: false };
    const plain = await opened(raw, crypter, found, `${path}: config.${name}`);
    values[key] = typeof plain === "string" ? plain : JSON.stringify(plain);
    if (found.secret) secretKeys.push(key);
  }
  for (const [name, value] of Object.entries(extra)) values[name.includes(":") ? name : `${project}:${name}`] = value;
  return { values, secretKeys };
}

async function opened(value: unknown, crypter: () => Promise<Crypter>, found: { secret: boolean }, path: string): Promise<unknown> {
  if (Array.isArray(value)) return Promise.all(value.map((item, index) => opened(item, crypter, found, `${path}[${index}]`)));
  if (typeof value !== "object" || value === null) return value;
  const { secure, ...others } = value as Record<string, unknown>;
  if (typeof secure === "string" && Object.keys(others).length === 0) {
    found.secret = true;
    try {
      return (await crypter()).decrypt(secure);
    } catch (error) {
      if (error instanceof UserError) throw error;
      throw new UserError(`${path} cannot be decrypted: it was encrypted with another key than this stack's`);
    }
  }
  const entries = Object.entries(value).map(async ([key, inner]) => [key, await opened(inner, crypter, found, `${path}.${key}`)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

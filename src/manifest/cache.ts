import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Json, JsonObject, Value } from "../json";
import { pointerTo } from "../jsonPointer";
import { readJson } from "../jsonText";
import { refuseForeign } from "../ownership";
import { MASK, Secret } from "../secret";
import { isObject } from "../template/paths";
import { UserError } from "../userError";
import type { Workspace } from "../workspace";
import { writeWhole } from "../writeWhole";
import type { Manifest } from "./manifest";
import type { Search } from "./source";

/** A pulled manifest as it is kept. */
interface Cached {
  /** ISO 8601. */
  pulledAt: string;
  /** As Pulumi finds it from anywhere, for pulling it again. */
  organization?: string;
  /** JSON pointers into the manifest. */
  secretPaths: string[];
  manifest: Json;
}

/**
 * Keep a manifest for when its stack is out of reach: masked in the home, and only if asked for with its secrets outside the project.
 * What was kept with secrets before and is not now is removed: it would be older than the rest.
 * @returns the path of the one with secrets if there is one, else of the masked one
 */
export function writeCache(workspace: Workspace, id: string, manifest: Manifest, options: { withSecrets: boolean; now: Date }): string {
  const { organization } = workspace.stack ?? {};
  const write = (path: string, withSecrets: boolean) => {
    const cached: Cached = {
      pulledAt: options.now.toISOString(),
      ...(organization === undefined ? {} : { organization }),
      ...plainForm(manifest, withSecrets),
    };
    writeWhole(path, `${JSON.stringify(cached, null, 2)}\n`);
    return path;
  };
  const secretPath = secretCachePath(workspace, id);
  const path = write(cachePath(workspace, id), false);
  if (options.withSecrets) return write(secretPath, true);
  rmSync(secretPath, { force: true });
  return path;
}

/**
 * Look for a pulled manifest: of the stack that is meant, or the only one if none is.
 * @throws {UserError} if several could be meant, or the file is damaged or another user's
 */
export function searchCache(workspace: Workspace, { secrets, now }: { secrets: boolean; now: Date }): Search & { organization?: string } {
  const folder = join(workspace.home, "manifests");
  const pulled = cachedStacks(folder);
  const id = workspace.stack?.id ?? (workspace.project ? undefined : pulled[0]);
  if (workspace.stack === undefined && workspace.project === undefined && pulled.length > 1) {
    throw new UserError(`more than one manifest was pulled to ${folder}: choose a stack with -s: ${pulled.join(", ")}`);
  }
  if (id === undefined) return { looked: `a manifest pulled earlier (none in ${folder})` };
  const path = [...(secrets ? [secretCachePath(workspace, id)] : []), cachePath(workspace, id)].find((place) => existsSync(place));
  if (path === undefined) return { looked: `a manifest of ${id} pulled earlier (none in ${folder})` };
  refuseForeign(path, "remove it and pull it again");
  const { pulledAt, organization, secretPaths, manifest } = read(path);
  const cachedAt = new Date(pulledAt);
  const origin = `the manifest of ${id} pulled ${age(now.getTime() - cachedAt.getTime())} ago`;
  return { found: { tree: manifest, secretPaths, origin, stack: id, cachedAt }, ...(organization === undefined ? {} : { organization }) };
}

/** How long, in words: the greatest unit that there is at least one of. @param milliseconds of any sign */
function age(milliseconds: number): string {
  const minutes = Math.floor(milliseconds / 60_000);
  if (minutes < 1) return "less than a minute";
  const [count, unit] =
    minutes < 60 ? [minutes, "minute"] : minutes < 48 * 60 ? [Math.floor(minutes / 60), "hour"] : [Math.floor(minutes / 1440), "day"];
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

function plainForm(manifest: Manifest, withSecrets: boolean): { manifest: JsonObject; secretPaths: string[] } {
  const secretPaths: string[] = [];
  const plain = (value: Value, path: string[]): Json => {
    if (value instanceof Secret) {
      secretPaths.push(pointerTo(path));
      return withSecrets && value.known ? value.reveal() : MASK;
    }
    if (Array.isArray(value)) return value.map((item, index) => plain(item, [...path, String(index)]));
    if (!isObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner, [...path, key])]));
  };
  return { manifest: plain(manifest as unknown as Value, []) as JsonObject, secretPaths };
}

function read(path: string): Cached {
  try {
    const cached = readJson(readFileSync(path, "utf8")) as unknown as Cached;
    if (Array.isArray(cached.secretPaths) && !Number.isNaN(Date.parse(cached.pulledAt))) return cached;
  } catch {
    // Said below.
  }
  throw new UserError(`${path} is damaged: remove it and pull it again with \`pushpool manifest pull\``);
}

function cachedStacks(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name: project }) =>
      readdirSync(join(folder, project))
        .filter((file) => file.endsWith(".json"))
        .map((file) => `${project}/${file.slice(0, -".json".length)}`),
    )
    .sort();
}

function cachePath({ home }: Workspace, id: string): string {
  return join(home, "manifests", `${id}.json`);
}

/** Apart for each home: two clones may have stacks of the same name. */
function secretCachePath({ home, stateHome }: Workspace, id: string): string {
  return join(stateHome, "manifests", createHash("sha256").update(home).digest("hex").slice(0, 16), `${id}.json`);
}

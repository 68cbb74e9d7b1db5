import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ageInWords } from "../duration";
import type { Json, JsonObject, Value } from "../json";
import { pointerTo } from "../jsonPointer";
import { readJson } from "../jsonText";
import { refuseForeignOwner } from "../ownership";
import { MASK, Secret } from "../secret";
import { isObject } from "../template/paths";
import { UserError } from "../userError";
import type { Workspace } from "../workspace";
import { writeWhole } from "../writeWhole";
import type { Manifest } from "./manifest";
import type { Search } from "./manifestSource";

/** The stored form of a pulled manifest. */
interface Cached {
  /** ISO 8601. */
  pulledAt: string;
  /** Needed to pull it again: with the organization, Pulumi finds a stack from any folder. */
  organization?: string;
  /** JSON pointers into the manifest. */
  secretPaths: string[];
  manifest: Json;
}

/**
 * Store a manifest for times when its stack cannot be reached. It is stored masked in the home folder. Only on request it is also stored with its
 * secrets, outside the project. Without the request, an older file with secrets is removed, because it would be out of date.
 * @returns the path of the file with secrets if there is one, else of the masked file
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
 * Look for a pulled manifest: that of the given stack, or the only one if no stack is given.
 * @throws {UserError} if there are several to choose from, or the file is damaged or belongs to another user
 */
export function searchCache(workspace: Workspace, { secrets, now }: { secrets: boolean; now: Date }): Search & { organization?: string } {
  const folder = join(workspace.home, "manifests");
  const pulled = cachedStacks(folder);
  const id = workspace.stack?.id ?? (workspace.project ? undefined : pulled[0]);
  if (workspace.stack === undefined && workspace.project === undefined && pulled.length > 1) {
    throw new UserError(`more than one manifest was pulled to ${folder}: choose a stack with -s: ${pulled.join(", ")}`);
  }
  if (id === undefined) return { looked: `a manifest that was pulled earlier (none in ${folder})` };
  const path = [...(secrets ? [secretCachePath(workspace, id)] : []), cachePath(workspace, id)].find((place) => existsSync(place));
  if (path === undefined) return { looked: `a manifest of ${id} that was pulled earlier (none in ${folder})` };
  refuseForeignOwner(path, "remove it and pull it again");
  const { pulledAt, organization, secretPaths, manifest } = read(path);
  const cachedAt = new Date(pulledAt);
  const origin = `the manifest of ${id} pulled ${ageInWords(now.getTime() - cachedAt.getTime())} ago`;
  return { found: { tree: manifest, secretPaths, origin, stack: id, cachedAt }, ...(organization === undefined ? {} : { organization }) };
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
    // The error below covers this too.
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

/** The path differs for each home folder, because two clones may have stacks of the same name. */
function secretCachePath({ home, stateHome }: Workspace, id: string): string {
  return join(stateHome, "manifests", createHash("sha256").update(home).digest("hex").slice(0, 16), `${id}.json`);
}

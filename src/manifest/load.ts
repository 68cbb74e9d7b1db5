import { UserError } from "../userError";
import type { Workspace } from "../workspace";
import { searchCache, writeCache } from "./cache";
import { readGiven } from "./fromFile";
import { searchStack } from "./fromStack";
import type { Manifest } from "./manifest";
import { parseManifest } from "./parse";
import type { Source } from "./source";

/** A manifest and where it was found. */
export interface LoadedManifest {
  manifest: Manifest;
  /** For people: the file, or the stack and who keeps it; for a cached one its age. */
  origin: string;
  /** `<project>/<stack>` */
  stack: string;
  /** When it was pulled; absent unless it is a cached one. */
  cachedAt?: Date;
  /** For a cached one: pull it again. See {@link reloadManifest}. */
  reload?: () => Promise<LoadedManifest>;
}

export interface ManifestOptions {
  /** As `--manifest`: a file, or `-` for standard input. */
  manifest?: string;
  /** As `--output`: the stack output that is the manifest. @default the only one of its kind */
  output?: string;
  /** Whether secret values are needed; without, every one is only its mask. */
  secrets: boolean;
  /** What `-` reads. */
  stdin?: () => Promise<string>;
  now?: Date;
}

/**
 * Find and read the manifest: `--manifest`, `$PUSHPOOL_MANIFEST`, the stack that is meant, one pulled earlier; the first that there is.
 * @throws {UserError} naming what is wrong with it; if there is none, everything that was looked at and the ways on
 */
export async function loadManifest(workspace: Workspace, options: ManifestOptions): Promise<LoadedManifest> {
  const given = await readGiven(workspace, options.manifest, options);
  if (given) return sameStack(workspace, loaded(given));

  const inStack = await searchStack(workspace, options);
  if ("found" in inStack) return loaded(inStack.found);

  const cached = searchCache(workspace, { secrets: options.secrets, now: options.now ?? new Date() });
  if (!("found" in cached)) throw nowhere(workspace, [inStack.looked, cached.looked]);
  const [project = "", stack = ""] = (cached.found.stack ?? "").split("/");
  const { organization } = cached;
  const reference = { project, stack, id: `${project}/${stack}`, given: true, ...(organization === undefined ? {} : { organization }) };
  return {
    ...loaded(cached.found),
    reload: () => pullManifest({ ...workspace, stack: reference }, { ...options, withSecrets: options.secrets }),
  };
}

/**
 * The same manifest, fresh: a cached one is pulled again, for when a name is unknown or its credentials are refused; any other is what it was.
 * @throws {UserError} if its stack is out of reach
 */
export async function reloadManifest(stale: LoadedManifest): Promise<LoadedManifest> {
  return stale.reload ? stale.reload() : stale;
}

/**
 * Keep the stack's manifest in the home, masked, for when the stack is out of reach; `withSecrets` also keeps it whole, outside the project, for
 * its owner only (0600).
 * @returns with the path that it was kept at
 * @throws {UserError} if the stack is out of reach (5), or has no manifest
 */
export async function pullManifest(
  workspace: Workspace,
  options: Omit<ManifestOptions, "secrets"> & { withSecrets: boolean },
): Promise<LoadedManifest & { path: string }> {
  const secrets = options.withSecrets;
  const given = options.manifest === undefined ? undefined : await readGiven(workspace, options.manifest, options);
  const search = given ? { found: given } : await searchStack(workspace, { ...options, secrets });
  if (!("found" in search)) throw new UserError(`cannot pull a manifest. Looked at: ${search.looked}`, workspace.stack ? 5 : 2);
  const fresh = loaded(search.found);
  const path = writeCache(workspace, fresh.stack, fresh.manifest, { withSecrets: options.withSecrets, now: options.now ?? new Date() });
  return { ...fresh, path };
}

function loaded({ tree, secretPaths, origin, stack, cachedAt }: Source): LoadedManifest {
  const manifest = parseManifest(tree, secretPaths, origin);
  const { source } = manifest;
  return { manifest, origin, stack: stack ?? `${source.project}/${source.stack}`, ...(cachedAt ? { cachedAt } : {}) };
}

/** Two answers to "which stack?" are one too many: runs would be recorded under the wrong one. */
function sameStack({ stack }: Workspace, found: LoadedManifest): LoadedManifest {
  if (stack?.given && stack.id !== found.stack) {
    throw new UserError(`${found.origin} is the manifest of stack ${found.stack}, and -s asks for ${stack.id}: leave out one of the two`);
  }
  return found;
}

function nowhere({ project }: Workspace, looked: string[]): UserError {
  const all = ["--manifest (not given)", "$PUSHPOOL_MANIFEST (not set)", ...looked];
  const here = project ? "Run `pushpool up` here" : "Run `pushpool up` in a folder with a Pulumi project (-C DIR goes there)";
  return new UserError(
    `there is no manifest, which says what is provisioned. Looked at: ${all.join("; ")}. ${here}, or give a manifest with --manifest FILE`,
  );
}

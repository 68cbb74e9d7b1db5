import { UserError } from "../userError";
import type { Workspace } from "../workspace";
import { searchCache, writeCache } from "./cache";
import { readGiven } from "./fromFile";
import { searchStack } from "./fromStack";
import type { Manifest } from "./manifest";
import type { ManifestSource } from "./manifestSource";
import { NoManifest } from "./noManifest";
import { parseManifest } from "./parseManifest";

/** A manifest and where it was found. */
export interface LoadedManifest {
  manifest: Manifest;
  /** For messages: the file, or the stack and its engine; for a cached manifest, its age. */
  origin: string;
  /** `<project>/<stack>` */
  stack: string;
  /** When a cached manifest was pulled. */
  cachedAt?: Date;
  /** Pulls a cached manifest again. See {@link reloadManifest}. */
  reload?: () => Promise<LoadedManifest>;
}

export interface ManifestOptions {
  /** The value of `--manifest`: a file, or `-` for standard input. */
  manifest?: string;
  /** The value of `--output`: the stack output with the manifest. @default the only one with the kind of a manifest */
  output?: string;
  /** Whether secret values are needed. Otherwise every secret is masked. */
  secrets: boolean;
  /** Reads standard input for `-`. */
  stdin?: () => Promise<string>;
  now?: Date;
}

/**
 * Find and read the manifest. The first of these that exists: `--manifest`, `$PUSHPOOL_MANIFEST`, the stack, a manifest that was pulled earlier.
 * @throws {UserError} if the manifest is invalid
 * @throws {NoManifest} if there is none, with all places that were searched and what to do
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
 * Pull a cached manifest again, for example after an unknown name or refused credentials. Any other manifest is returned unchanged.
 * @throws {UserError} if its stack cannot be reached
 */
export async function reloadManifest(stale: LoadedManifest): Promise<LoadedManifest> {
  return stale.reload ? stale.reload() : stale;
}

/**
 * Store the manifest of the stack in the home folder, masked, for times when the stack cannot be reached. `withSecrets` also stores it with its
 * secrets, outside the project, with access for its owner only (0600).
 * @returns the manifest and the path of the file
 * @throws {UserError} if the stack cannot be reached (exit code 5), or has no manifest
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

function loaded({ tree, secretPaths, origin, stack, cachedAt }: ManifestSource): LoadedManifest {
  const manifest = parseManifest(tree, secretPaths, origin);
  const { source } = manifest;
  return { manifest, origin, stack: stack ?? `${source.project}/${source.stack}`, ...(cachedAt ? { cachedAt } : {}) };
}

/** Refuse a manifest of another stack than `-s` names. Runs would be recorded under the wrong stack. */
function sameStack({ stack }: Workspace, found: LoadedManifest): LoadedManifest {
  if (stack?.given && stack.id !== found.stack) {
    throw new NoManifest(
      `${found.origin} is the manifest of stack ${found.stack}, but --stack names ${stack.id}: leave out one of the two`,
    );
  }
  return found;
}

function nowhere({ project }: Workspace, looked: string[]): NoManifest {
  const all = ["--manifest (not given)", "$PUSHPOOL_MANIFEST (not set)", ...looked];
  const here = project ? "Run `pushpool up` here" : "Run `pushpool up` in a folder with a Pulumi project (name it with -C DIR)";
  return new NoManifest(
    `there is no manifest, which describes the provisioned work pools. Looked at: ${all.join("; ")}. ${here}, or give a manifest with --manifest FILE`,
  );
}

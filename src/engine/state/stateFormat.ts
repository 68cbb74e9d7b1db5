import { readdirSync } from "node:fs";
import { join } from "node:path";
import { isJsonObject, type Json, type JsonObject } from "../../json";
import { upgradeHint } from "../../origin";
import { UserError } from "../../userError";

/**
 * A resource in the format of Pulumi's state (apitype.ResourceV3), with the fields that this engine uses. Other fields are kept as they
 * are.
 */
export interface ResourceState {
  urn: string;
  custom: boolean;
  /** It was replaced, and must still be deleted. */
  delete?: boolean;
  id?: string;
  type: string;
  inputs?: JsonObject;
  outputs?: JsonObject;
  parent?: string;
  protect?: boolean;
  /** The stack only reads this resource, and never deletes it. */
  external?: boolean;
  dependencies?: string[];
  /** Why its initialization failed. */
  initErrors?: string[];
  /** Reference to its provider: URN and id. */
  provider?: string;
  propertyDependencies?: Record<string, string[] | null>;
  /** It was deleted, and its replacement must still be created. */
  pendingReplacement?: boolean;
  /** The next update replaces it: `pulumi state taint`. */
  taint?: boolean;
  additionalSecretOutputs?: string[];
  /** Seconds. */
  customTimeouts?: { create?: number; update?: number; delete?: number };
  retainOnDelete?: boolean;
  deletedWith?: string;
  /** The id by which it was imported. It is dropped when the program registers the resource without an import. */
  importID?: string;
  ignoreChanges?: string[];
  replaceOnChanges?: string[];
  created?: string;
  modified?: string;
}

/** An operation that was running when the state was written. */
export interface PendingOperation {
  resource: ResourceState;
  type: "creating" | "updating" | "deleting" | "reading" | "importing";
}

/** A stack's state in the format of `pulumi stack export`, version 3. `pulumi stack import` accepts it. */
export interface StackState {
  version: 3;
  deployment: {
    manifest: { time: string; magic: string; version: string };
    secrets_providers?: { type: string; state?: { salt?: string } };
    resources: ResourceState[];
    pending_operations?: PendingOperation[];
  };
}

/** The environment variable in which programs and providers find the path of their stack's state. */
export const STATE_FILE_VARIABLE = "PUSHPOOL_STATE_FILE";

export function statePath(home: string, project: string, stack: string): string {
  return join(home, "stacks", encodeURIComponent(project), `${encodeURIComponent(stack)}.json`);
}

/** The names of a project's stacks that have a state, sorted. */
export function listStacks({ home, project }: { home: string; project: string }): string[] {
  try {
    const files = readdirSync(join(home, "stacks", encodeURIComponent(project)));
    return files.flatMap((file) => (file.endsWith(".json") ? [decodeURIComponent(file.slice(0, -".json".length))] : [])).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/**
 * Parse the text of a state file.
 * @param path of the file, for error messages
 * @throws {UserError} if the state is damaged or has another version
 */
export function parseState(text: string, path: string): StackState {
  let state: Json;
  try {
    state = JSON.parse(text) as Json;
  } catch (error) {
    // The parser's message quotes the text, which may hold a secret. Only the position is shown.
    throw new UserError(`the state ${path} is damaged: invalid JSON (${whereOf(error as Error)}). The file was not changed`);
  }
  const { version, deployment } = (state ?? {}) as { version?: Json; deployment?: JsonObject | null };
  if (typeof version !== "number")
    throw new UserError(`the state ${path} is damaged: it has no version, which \`pulumi stack export\` writes. The file was not changed`);
  if (version !== 3)
    throw new UserError(
      `the state ${path} has version ${version}, but this pushpool reads version 3. To upgrade, ${upgradeHint()}. The file was not changed`,
    );
  // The export of a stack that was never deployed has `deployment: null`.
  const { resources, ...rest } = deployment ?? {};
  const list = resources ?? [];
  if (!Array.isArray(list) || !list.every(isResource))
    throw new UserError(`the state ${path} is damaged: deployment.resources must be a list of resources. The file was not changed`);
  return { version, deployment: { manifest: emptyState().deployment.manifest, ...rest, resources: list } } as unknown as StackState;
}

/** The order of Pulumi's own fields. Other fields follow. */
const FIELDS: readonly string[] = [
  ...[
    "urn",
    "custom",
    "delete",
    "id",
    "type",
    "inputs",
    "outputs",
    "parent",
    "protect",
    "external",
    "dependencies",
    "initErrors",
    "provider",
  ],
  ...[
    "propertyDependencies",
    "pendingReplacement",
    "additionalSecretOutputs",
    "customTimeouts",
    "retainOnDelete",
    "deletedWith",
    "importID",
    "ignoreChanges",
    "replaceOnChanges",
  ],
  ...["created", "modified"],
];

const RANKS = new Map(FIELDS.map((field, rank) => [field, rank]));

/** A resource with its fields in Pulumi's order, so that equal resources always give the same text. */
function orderedResource(resource: ResourceState): ResourceState {
  const rank = (key: string) => RANKS.get(key) ?? FIELDS.length;
  return Object.fromEntries(Object.entries(resource).sort(([a], [b]) => rank(a) - rank(b))) as unknown as ResourceState;
}

/** The text of a state file. */
export function textOfState({
  version,
  deployment: { manifest, secrets_providers, resources, pending_operations, ...others },
}: StackState): string {
  const pending = (pending_operations ?? []).map(({ resource, type }) => ({ resource: orderedResource(resource), type }));
  const deployment = {
    manifest,
    ...(secrets_providers ? { secrets_providers } : {}),
    ...others,
    resources: resources.map(orderedResource),
    ...(pending.length > 0 ? { pending_operations: pending } : {}),
  };
  return `${JSON.stringify({ version, deployment }, null, 2)}\n`;
}

/** The time and Pulumi version in a manifest are only information. If both are empty, its magic is empty too (deploy.Manifest.NewMagic). */
export function emptyState(): StackState {
  return { version: 3, deployment: { manifest: { time: "0001-01-01T00:00:00Z", magic: "", version: "" }, resources: [] } };
}

function isResource(value: Json): boolean {
  return isJsonObject(value) && typeof value.urn === "string" && typeof value.type === "string";
}

function whereOf({ message }: Error): string {
  return /at position \d+( \(line \d+ column \d+\))?/.exec(message)?.[0] ?? "unexpected end of input";
}

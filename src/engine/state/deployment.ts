import { readdirSync } from "node:fs";
import { join } from "node:path";
import { isJsonObject, type Json, type JsonObject } from "../../json";
import { upgradeHint } from "../../origin";
import { UserError } from "../../userError";

/** A resource as Pulumi's state has it (apitype.ResourceV3), as far as the engine makes such. What else one holds is kept. */
export interface ResourceState {
  urn: string;
  custom: boolean;
  /** It has been replaced, and is still to be deleted. */
  delete?: boolean;
  id?: string;
  type: string;
  inputs?: JsonObject;
  outputs?: JsonObject;
  parent?: string;
  protect?: boolean;
  /** Read, not made: it is never deleted. */
  external?: boolean;
  dependencies?: string[];
  /** Why it is there but not well. */
  initErrors?: string[];
  /** Reference to its provider: URN and id. */
  provider?: string;
  propertyDependencies?: Record<string, string[] | null>;
  /** It has been deleted, and its replacement is still to be made. */
  pendingReplacement?: boolean;
  /** It is to be replaced by the next update: `pulumi state taint`. */
  taint?: boolean;
  additionalSecretOutputs?: string[];
  /** Seconds. */
  customTimeouts?: { create?: number; update?: number; delete?: number };
  retainOnDelete?: boolean;
  deletedWith?: string;
  /** By which it was imported, until it is next registered without. */
  importID?: string;
  ignoreChanges?: string[];
  replaceOnChanges?: string[];
  created?: string;
  modified?: string;
}

/** An operation that was under way when the state was written. */
export interface PendingOperation {
  resource: ResourceState;
  type: "creating" | "updating" | "deleting" | "reading" | "importing";
}

/** A stack's state in the form of `pulumi stack export`, version 3: what `pulumi stack import` takes. */
export interface StackState {
  version: 3;
  deployment: {
    manifest: { time: string; magic: string; version: string };
    secrets_providers?: { type: string; state?: { salt?: string } };
    resources: ResourceState[];
    pending_operations?: PendingOperation[];
  };
}

export function statePath(home: string, project: string, stack: string): string {
  return join(home, "stacks", encodeURIComponent(project), `${encodeURIComponent(stack)}.json`);
}

/** The stacks of a project that have a state, by name. */
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
 * A state's text as what it says.
 * @param path of its file, for what is said
 * @throws {UserError} if it is damaged or of another version
 */
export function parseState(text: string, path: string): StackState {
  let state: Json;
  try {
    state = JSON.parse(text) as Json;
  } catch (error) {
    // The parser quotes what it met, which may be anything.
    throw new UserError(`the state ${path} is damaged: it is not JSON (${whereOf(error as Error)}); it was left as it is`);
  }
  const { version, deployment } = (state ?? {}) as { version?: Json; deployment?: JsonObject | null };
  if (typeof version !== "number")
    throw new UserError(`the state ${path} is damaged: it has no version, as \`pulumi stack export\` gives; it was left as it is`);
  if (version !== 3)
    throw new UserError(
      `the state ${path} is of version ${version}, and this pushpool knows 3: to upgrade, ${upgradeHint()}. The state was left as it is`,
    );
  // The export of a stack that was never brought up says null.
  const { resources, ...rest } = deployment ?? {};
  const list = resources ?? [];
  if (!Array.isArray(list) || !list.every(isResource))
    throw new UserError(`the state ${path} is damaged: deployment.resources must be a list of resources; it was left as it is`);
  return { version, deployment: { manifest: emptyState().deployment.manifest, ...rest, resources: list } } as unknown as StackState;
}

/** The order of Pulumi's own fields; what else there is follows. */
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

/** A resource with its fields in Pulumi's order, so that the same resource is always the same text. */
function orderedResource(resource: ResourceState): ResourceState {
  const rank = (key: string) => RANKS.get(key) ?? FIELDS.length;
  return Object.fromEntries(Object.entries(resource).sort(([a], [b]) => rank(a) - rank(b))) as unknown as ResourceState;
}

/** The text of a state's file. */
export function stateText({
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

/** The time and Pulumi version in a manifest are for people; with both empty its magic is empty too (deploy.Manifest.NewMagic). */
export function emptyState(): StackState {
  return { version: 3, deployment: { manifest: { time: "0001-01-01T00:00:00Z", magic: "", version: "" }, resources: [] } };
}

function isResource(value: Json): boolean {
  return isJsonObject(value) && typeof value.urn === "string" && typeof value.type === "string";
}

function whereOf({ message }: Error): string {
  return /at position \d+( \(line \d+ column \d+\))?/.exec(message)?.[0] ?? "it ends too early";
}

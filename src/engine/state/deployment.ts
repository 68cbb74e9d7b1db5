import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Json, JsonObject } from "../../json";
import { UserError } from "../../userError";
import { writeWhole } from "../../writeWhole";

/** A resource as Pulumi's state has it (apitype.ResourceV3), as far as the engine makes such. What else one holds is kept. */
export interface ResourceState {
  urn: string;
  custom: boolean;
  type: string;
  inputs?: JsonObject;
  outputs?: JsonObject;
  parent?: string;
  dependencies?: string[];
  propertyDependencies?: Record<string, string[] | null>;
  protect?: boolean;
  retainOnDelete?: boolean;
  created?: string;
  modified?: string;
}

/** A stack's state in the form of `pulumi stack export`, version 3: what `pulumi stack import` takes. */
export interface StackState {
  version: 3;
  deployment: {
    manifest: { time: string; magic: string; version: string };
    secrets_providers?: { type: string; state?: { salt?: string } };
    resources: ResourceState[];
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
 * Read a stack's state.
 * @returns `undefined` if the stack was never provisioned
 * @throws {UserError} if the file is damaged or of another version: it is left as it is
 */
export function readState(path: string): StackState | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new UserError(`cannot read the state ${path}: ${(error as Error).message}`, 5);
  }
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
      `the state ${path} is of version ${version}, and this pushpool knows 3: upgrade with \`npm install pushpool@latest\`; it was left as it is`,
    );
  // The export of a stack that was never brought up says null.
  const { resources, ...rest } = deployment ?? {};
  const list = resources ?? [];
  if (!Array.isArray(list) || !list.every(isResource))
    throw new UserError(`the state ${path} is damaged: deployment.resources must be a list of resources; it was left as it is`);
  return { version, deployment: { manifest: emptyState().deployment.manifest, ...rest, resources: list } } as unknown as StackState;
}

export function writeState(path: string, state: StackState): void {
  writeWhole(path, `${JSON.stringify(state, null, 2)}\n`);
}

/** The time and Pulumi version in a manifest are for people; with both empty its magic is empty too (deploy.Manifest.NewMagic). */
export function emptyState(): StackState {
  return { version: 3, deployment: { manifest: { time: "0001-01-01T00:00:00Z", magic: "", version: "" }, resources: [] } };
}

function isResource(value: Json): boolean {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && typeof value.urn === "string" && typeof value.type === "string"
  );
}

function whereOf({ message }: Error): string {
  return /at position \d+( \(line \d+ column \d+\))?/.exec(message)?.[0] ?? "it ends too early";
}

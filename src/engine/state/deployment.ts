import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Json, JsonObject } from "../../json";
import { UserError } from "../../userError";
import { writeWhole } from "../../writeWhole";

/** A resource as Pulumi's state has it (apitype.ResourceV3), as far as the engine makes such. */
export interface ResourceState {
  urn: string;
  custom: boolean;
  type: string;
  inputs?: JsonObject;
  outputs?: JsonObject;
  parent?: string;
  dependencies?: string[];
  propertyDependencies?: Record<string, string[]>;
  protect?: boolean;
  retainOnDelete?: boolean;
  aliases?: string[];
  created?: string;
  modified?: string;
}

/** A stack's state in the form of `pulumi stack export`, version 3: what `pulumi stack import` takes. */
export interface StackState {
  version: 3;
  deployment: {
    manifest: { time: string; magic: string; version: string };
    secrets_providers?: { type: "passphrase"; state: { salt: string } };
    resources: ResourceState[];
  };
}

export function statePath(home: string, project: string, stack: string): string {
  return join(home, "stacks", encodeURIComponent(project), `${encodeURIComponent(stack)}.json`);
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
    throw new UserError(`the state ${path} is damaged (${(error as Error).message}); it was left as it is`);
  }
  const { version, deployment } = (state ?? {}) as { version?: number; deployment?: { resources?: unknown } };
  if (version !== 3 || typeof deployment !== "object" || deployment === null) {
    throw new UserError(
      `the state ${path} is of version ${JSON.stringify(version)}, and this pushpool knows 3: upgrade with \`npm install pushpool@latest\`; it was left as it is`,
    );
  }
  deployment.resources ??= [];
  return state as unknown as StackState;
}

export function writeState(path: string, state: StackState): void {
  writeWhole(path, `${JSON.stringify(state, null, 2)}\n`);
}

/** The time and Pulumi version in a manifest are for people; with both empty its magic is empty too (deploy.Manifest.NewMagic). */
export function emptyState(): StackState {
  return { version: 3, deployment: { manifest: { time: "0001-01-01T00:00:00Z", magic: "", version: "" }, resources: [] } };
}

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { isJsonObject, type Json, type JsonObject } from "../json";
import { holdsUnknown, isUnknown, UNKNOWN } from "../unknown";
import { nameOf, typeOf } from "./urn";

/** The key that marks Pulumi's special values on the wire and in the state (sdk/go/common/resource/sig). */
export const SIGNATURE = "4dabf18193072939515e22adb298388d";
export const SECRET_MARK = "1b47061264138c4ac30d75fd1eb44270";
const ASSET_MARK = "c44067f5952c0a294b673a41bacd8c17";
const ARCHIVE_MARK = "0def7320c3a5731c473e5ecbe6d01bc7";
const RESOURCE_MARK = "5cf8f73096256a8f31e491e813e4eb8e";
export const OUTPUT_MARK = "d0e6a833031e9bbcd3f4e8bde6ca49a4";

/** A property value in wire format: JSON, with special values as objects with {@link SIGNATURE}. */
export type Wire = Json;
export type Properties = JsonObject;

export function isSecret(value: Wire | undefined): value is JsonObject {
  return markOf(value) === SECRET_MARK;
}

export function secretOf(value: Wire): JsonObject {
  return isSecret(value) ? value : { [SIGNATURE]: SECRET_MARK, value };
}

/** Whether a tree contains a secret. */
export function holdsSecret(value: Wire | undefined): boolean {
  if (typeof value !== "object" || value === null) return false;
  return isSecret(value) || Object.values(value).some(holdsSecret);
}

/** The values of all secrets in a tree, in plain text. */
export function secretsIn(value: Wire | undefined): Json[] {
  if (typeof value !== "object" || value === null) return [];
  if (isSecret(value)) return [withOpenSecrets((value.value ?? null) as Json)];
  return Object.values(value).flatMap(secretsIn);
}

/** Whether a tree contains a reference to a resource. */
export function holdsReference(value: Wire | undefined): boolean {
  if (typeof value !== "object" || value === null) return false;
  return isReference(value) || Object.values(value).some(holdsReference);
}

/** The tree with every secret in plain text. */
export function withOpenSecrets<T extends Wire>(value: T): T {
  if (isSecret(value)) return withOpenSecrets((value.value ?? null) as T);
  return mapChildren(value, withOpenSecrets) as T;
}

/** For a provider without support for references: a resource becomes its id, a component its URN. */
export function withoutReferences<T extends Wire>(value: T): T {
  if (markOf(value) !== RESOURCE_MARK) return mapChildren(value, withoutReferences) as T;
  const { id, urn } = value as JsonObject;
  if (id === undefined || id === null) return (urn ?? null) as T;
  return (id === "" ? UNKNOWN : id) as T;
}

/** For comparisons by a provider: an asset becomes its hash. */
export function withoutContent<T extends Wire>(value: T): T {
  const mark = markOf(value);
  if (mark !== ASSET_MARK && mark !== ARCHIVE_MARK) return mapChildren(value, withoutContent) as T;
  const { hash } = value as JsonObject;
  return { [SIGNATURE]: mark, ...(hash === undefined ? {} : { hash }) } as Wire as T;
}

/** A reference to a resource in the format of the state. */
export function referenceInState(value: JsonObject): JsonObject {
  const { name: _, type: __, packageVersion = "", ...rest } = value;
  return { ...rest, packageVersion };
}

export function isReference(value: Wire | undefined): value is JsonObject {
  return markOf(value) === RESOURCE_MARK;
}

/** A reference to a resource in wire format, with the name and type from its URN. */
export function referenceOnWire(value: JsonObject): JsonObject {
  const { packageVersion, ...rest } = value;
  const urn = String(value.urn);
  return { ...rest, ...(packageVersion ? { packageVersion } : {}), name: nameOf(urn), type: typeOf(urn) };
}

/**
 * Convert what a program sends to the engine's form. Output values become their content. References get the name and type from their URN.
 * Assets get the hash of their content. Marks that only the SDK reads are removed.
 */
export function fromProgram(value: Wire): Wire {
  switch (markOf(value)) {
    case OUTPUT_MARK: {
      const { value: inner, secret } = value as JsonObject;
      const known = inner === undefined ? UNKNOWN : fromProgram(inner);
      return secret === true ? secretOf(known) : known;
    }
    case RESOURCE_MARK: {
      const { id, ...rest } = value as JsonObject;
      return referenceOnWire({ ...rest, ...(id === undefined ? {} : { id: holdsUnknown(id) ? "" : id }) });
    }
    case ASSET_MARK: {
      const { __pulumiAsset: _, ...asset } = value as JsonObject;
      const content = typeof asset.text === "string" ? asset.text : typeof asset.path === "string" ? readFileSync(asset.path) : undefined;
      return content === undefined || asset.hash ? asset : { ...asset, hash: createHash("sha256").update(content).digest("hex") };
    }
    default:
      return mapChildren(value, fromProgram);
  }
}

/**
 * The tree with each secret and unknown value as an output value, which can name the resources on which it depends. Transforms and remote
 * components get this form. Resources, assets and the rest are as in {@link fromProgram}.
 */
export function asOutputValues(value: Wire): Wire {
  switch (markOf(value)) {
    case OUTPUT_MARK: {
      const { value: inner, ...rest } = value as JsonObject;
      return { ...rest, ...(inner === undefined ? {} : { value: asOutputValues(inner) }) };
    }
    case SECRET_MARK: {
      const inner = asOutputValues((value as JsonObject).value ?? null);
      if (markOf(inner) === OUTPUT_MARK) return { ...(inner as JsonObject), secret: true };
      return { [SIGNATURE]: OUTPUT_MARK, value: inner, secret: true };
    }
    case RESOURCE_MARK:
    case ASSET_MARK:
      return fromProgram(value);
    default:
      if (isUnknown(value)) return { [SIGNATURE]: OUTPUT_MARK };
      return mapChildren(value, asOutputValues);
  }
}

/** The URNs of the resources on which the output values in a tree depend. */
export function dependenciesIn(value: Wire | undefined): string[] {
  if (typeof value !== "object" || value === null) return [];
  const own = markOf(value) === OUTPUT_MARK ? (((value as JsonObject).dependencies ?? []) as string[]) : [];
  return [...new Set([...own, ...Object.values(value).flatMap(dependenciesIn)])];
}

/** Properties as output values that also name these dependencies. A property that names them already stays as it is. */
export function withDependencies(properties: Properties, dependencies: Readonly<Record<string, readonly string[]>>): Properties {
  return Object.fromEntries(
    Object.entries(properties).map(([key, value]) => {
      const known = dependenciesIn(value);
      const missing = (dependencies[key] ?? []).filter((urn) => !known.includes(urn));
      if (missing.length === 0) return [key, value];
      const output = markOf(value) === OUTPUT_MARK ? (value as JsonObject) : { [SIGNATURE]: OUTPUT_MARK, value };
      return [key, { ...output, dependencies: [...((output.dependencies ?? []) as string[]), ...missing] }];
    }),
  );
}

/**
 * Mark outputs as secret if the input at the same key is secret, in nested objects too, whatever the provider says.
 * A list with a secret item becomes secret as a whole, since its items may have moved (pkg/resource/plugin, annotateSecrets).
 */
export function withSecretsLike(outputs: Properties, inputs: Properties): Properties {
  const marked = { ...outputs };
  for (const [key, input] of Object.entries(inputs)) {
    const output = outputs[key];
    if (output === undefined || isSecret(output)) continue;
    if (isSecret(input) || (Array.isArray(input) && Array.isArray(output) && holdsSecret(input)))
      marked[key] = secretOf(withOpenSecrets(output));
    else if (isPlainObject(input) && isPlainObject(output)) marked[key] = withSecretsLike(output, input);
  }
  return marked;
}

/** Mark the outputs of these names as secret. Names without an output are ignored. */
export function withSecretsAt(outputs: Properties, names: readonly string[]): Properties {
  const marked = { ...outputs };
  for (const name of names) {
    const output = outputs[name];
    if (output !== undefined) marked[name] = secretOf(output);
  }
  return marked;
}

export function mapChildren(value: Wire, change: (inner: Wire, key: string) => Wire): Wire {
  if (Array.isArray(value)) return value.map((item, index) => change(item, String(index)));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, change(inner, key)]));
}

/** Whether a value is an object, but not a special value. */
export function isPlainObject(value: Wire | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(SIGNATURE in value);
}

function markOf(value: Wire | undefined): Wire | undefined {
  return isJsonObject(value) ? value[SIGNATURE] : undefined;
}

import { ExactNumber } from "../exactNumber";
import { isJsonObject, type Json, type JsonObject, type Value, type ValueObject } from "../json";
import { pointerTo, segmentsOf, toPath } from "../jsonPointer";
import { suggestion } from "../nearest";
import { upgradeHint } from "../origin";
import { plainNumbers } from "../plainNumbers";
import { MASK, Secret } from "../secret";
import { wholeTemplate } from "../template/storedTemplate";
import { UserError } from "../userError";
import { type DeploymentInManifest, MANIFEST_KIND, MANIFEST_VERSION, type Manifest } from "./manifest";
import { schemaFault } from "./schemaFault";
import { isSecretByMeaning, isSecretText, maySecretStandAt } from "./secretPlaces";

/**
 * Read a manifest and wrap its secrets. These are the values at `secretPaths`, the values `"[secret]"` (which are not available), and the fields
 * that are secret in their block type. It checks only the outer structure of a base job template.
 *
 * @param tree parsed JSON
 * @param secretPaths JSON pointers into it
 * @param origin what messages call the manifest: a file, or a stack and its engine
 * @throws {UserError} with the path of the first error
 */
export function parseManifest(tree: unknown, secretPaths: readonly string[], origin: string): Manifest {
  const refuse = (problem: string) => new UserError(`${origin}: ${problem}`);
  const version = versionFault(tree);
  if (version !== undefined) throw refuse(version);

  const plain = withWholeTemplates(plainNumbers(tree as JsonObject, isData) as JsonObject, refuse);
  const fault = misplacedSecret(plain, secretPaths) ?? schemaFault(plain) ?? credentialsFault(plain);
  if (fault !== undefined) throw refuse(fault);

  const {
    kind: _,
    version: __,
    source,
    pools,
    blocks,
    variables,
    deployments,
    prefect,
    ledger,
  } = wrapped(plain, [], new Set(secretPaths)) as unknown as Manifest;
  return {
    kind: MANIFEST_KIND,
    version: MANIFEST_VERSION,
    source,
    pools: byName(pools),
    blocks: byName(blocks),
    variables: byName(variables),
    deployments: byName(deployments),
    ...(prefect ? { prefect } : {}),
    ...(ledger ? { ledger } : {}),
  };
}

/**
 * Check that the manifest has the work pool of a deployment. A run checks this, because a deployment may be declared before its pool.
 * @throws {UserError} with the path and the most similar pool
 */
export function checkDeploymentPool(manifest: Manifest, name: string, deployment: DeploymentInManifest, origin: string): void {
  const pool = deployment.workPool.name;
  if (Object.hasOwn(manifest.pools, pool)) return;
  const hint = suggestion(pool, Object.keys(manifest.pools)) || "it has none";
  throw new UserError(`deployments.${name}.workPool.name: there is no work pool "${pool}" in ${origin}: ${hint}`);
}

/** Whether the value at a path is the user's data, which pushpool passes on unchanged. */
function isData([section, , field, inner, deeper]: readonly string[]): boolean {
  switch (section) {
    case "pools":
      return field === "baseJobTemplate";
    case "blocks":
      return field === "data" || inner === "externalAccount" || inner === "token";
    case "variables":
      return true;
    case "deployments":
      if (field === "schedules") return deeper === "parameters";
      return field === "parameters" || field === "parameterSchema" || field === "pullSteps" || inner === "jobVariables";
    default:
      return false;
  }
}

/** Whether a value has the `kind` of a manifest. */
export function isManifest(tree: unknown): tree is JsonObject {
  return isJsonObject(tree) && tree.kind === MANIFEST_KIND;
}

function versionFault(tree: unknown): string | undefined {
  if (!isJsonObject(tree)) return `it must be an object of kind "${MANIFEST_KIND}", such as \`pushpool manifest show\` prints`;
  if (tree.kind === undefined) return `kind is missing: it must be "${MANIFEST_KIND}". Is this a manifest?`;
  if (tree.kind !== MANIFEST_KIND) {
    return `kind must be "${MANIFEST_KIND}"${typeof tree.kind === "string" ? `, not "${tree.kind}"` : ""}. Is this a manifest?`;
  }
  const { version } = tree;
  if (version === undefined) return `version is missing: this pushpool reads version ${MANIFEST_VERSION}`;
  if (typeof version !== "number" || !Number.isInteger(version) || version < 1)
    return `version must be ${MANIFEST_VERSION}, the only version that this pushpool reads`;
  if (version > MANIFEST_VERSION) {
    return `version ${version} is newer than this pushpool, which reads up to ${MANIFEST_VERSION}. To upgrade, ${upgradeHint()}`;
  }
  return undefined;
}

/** Restore the templates of which a stack output has only the name and the differences. */
function withWholeTemplates(tree: JsonObject, refuse: (problem: string) => UserError): JsonObject {
  if (!isJsonObject(tree.pools)) return tree;
  const pools = Object.entries(tree.pools).map(([name, pool]): [string, Json] => {
    if (!isJsonObject(pool) || !isJsonObject(pool.baseJobTemplate)) return [name, pool];
    try {
      return [name, { ...pool, baseJobTemplate: wholeTemplate(pool.baseJobTemplate, `pools.${name}.baseJobTemplate`) }];
    } catch (error) {
      throw error instanceof UserError ? refuse(error.message) : error;
    }
  });
  return { ...tree, pools: Object.fromEntries(pools) };
}

/** Find a secret at a place whose values are shown in clear text. */
function misplacedSecret(tree: JsonObject, secretPaths: readonly string[]): string | undefined {
  const marked = secretPaths.map(segmentsOf);
  const [wrong] = [...marked, ...maskedPaths(tree)].filter((segments) => !maySecretStandAt(segments) && !isNothing(tree, segments));
  if (!wrong) return undefined;
  const path = toPath(wrong) || "the manifest";
  const inside = maySecretStandAt([...wrong, "x"]);
  if (inside)
    return `${path} is entirely secret, so pushpool cannot read it: in the Pulumi program, put pulumi.secret() around its secret values only`;
  return `${path} must not be secret. Put secrets into a block, a variable or a job variable (env). If the value is not secret, use pulumi.unsecret()`;
}

/** Whether there is no value at a path. Pulumi marks missing values as secret too, and these need no check. */
function isNothing(tree: Json, segments: readonly string[]): boolean {
  let value: Json | undefined = tree;
  for (const segment of segments) {
    if (value === null || typeof value !== "object" || value instanceof ExactNumber) return true;
    const inside: Record<string, Json> = value as Record<string, Json>;
    value = Object.hasOwn(inside, segment) ? inside[segment] : undefined;
  }
  return value === undefined || value === null;
}

function maskedPaths(value: Json, path: string[] = []): string[][] {
  if (value === MASK) return [path];
  if (value === null || typeof value !== "object" || value instanceof ExactNumber) return [];
  return Object.entries(value).flatMap(([key, inner]) => maskedPaths(inner, [...path, key]));
}

function credentialsFault({ pools, blocks }: JsonObject): string | undefined {
  const known = isJsonObject(blocks) ? Object.keys(blocks) : [];
  for (const [name, pool] of Object.entries(isJsonObject(pools) ? pools : {})) {
    const credentials = isJsonObject(pool) ? pool.credentials : undefined;
    if (typeof credentials !== "string" || known.includes(credentials)) continue;
    const hint = suggestion(credentials, known) || "it has no blocks; leave credentials out for the caller's own cloud login";
    return `pools.${name}.credentials: there is no block "${credentials}" in blocks: ${hint}`;
  }
  return undefined;
}

function wrapped(value: Json, path: string[], secretPaths: ReadonlySet<string>): Value {
  // The mask comes first: it may replace a marked secret whose value was not requested.
  if (value === MASK) return new Secret([{ pointer: pointerTo(path) }]);
  if (value !== null && maySecretStandAt(path) && (isMarked(path, secretPaths) || isSecretByMeaning(path) || isSecretAlone(path, value)))
    return new Secret([{ pointer: pointerTo(path) }], value);
  if (Array.isArray(value)) return value.map((item, index) => wrapped(item, [...path, String(index)], secretPaths));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, wrapped(inner, [...path, key], secretPaths)]));
}

/** A pointer costs more than all the other questions together, and most manifests have no marks. */
function isMarked(path: string[], secretPaths: ReadonlySet<string>): boolean {
  return secretPaths.size > 0 && secretPaths.has(pointerTo(path));
}

function isSecretAlone(path: string[], value: Json): boolean {
  return typeof value === "string" && isSecretText(path, value);
}

/**
 * A base job template of a Prefect server, for a manifest that was not parsed. Strings that are secret without a mark are wrapped, as in a
 * parsed manifest.
 */
export function serverTemplate(pool: string, template: JsonObject): ValueObject {
  const walk = (value: Json, path: string[]): Value => {
    if (isSecretAlone(path, value)) return new Secret([{ pointer: pointerTo(path) }], value);
    if (Array.isArray(value)) return value.map((item, index) => walk(item, [...path, String(index)]));
    if (!isJsonObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, walk(inner, [...path, key])]));
  };
  return walk(template, ["pools", pool, "baseJobTemplate"]) as ValueObject;
}

/** Without a prototype, so that a look-up of "constructor" finds nothing. */
function byName<T>(entries: Record<string, T> | undefined): Record<string, T> {
  return Object.assign(Object.create(null), entries);
}

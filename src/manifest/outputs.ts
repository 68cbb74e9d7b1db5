import { pointerTo } from "../jsonPointer";
import { suggestion } from "../nearest";
import { MASK } from "../secret";
import { quoted } from "../shown";
import { UserError } from "../userError";
import { isManifest } from "./parse";
import type { StackOutputs } from "./source";

/**
 * The manifest among a stack's outputs: the one that is of its kind, or the one that is asked for.
 * @param chosen as `--output`
 * @throws {UserError} if there is none (with what there is), or more than one and none was chosen
 */
export function pickManifest(
  { outputs, secretPaths }: StackOutputs,
  origin: string,
  chosen?: string,
): { tree: unknown; secretPaths: string[] } {
  const names = Object.keys(outputs);
  const name = chosen ?? onlyManifest(outputs, secretPaths, origin);
  if (!Object.hasOwn(outputs, name)) {
    throw new UserError(`--output ${quoted(name)}: ${origin} has no such output: ${suggestion(name, names) || "it has none at all"}`);
  }
  const prefix = pointerTo([name]);
  if (isSecretAsAWhole(outputs, secretPaths, name)) {
    throw new UserError(
      `output "${name}" of ${origin} is secret as a whole: export what manifest() returns as it is, not within pulumi.output() or pulumi.secret()`,
    );
  }
  return {
    tree: outputs[name],
    secretPaths: secretPaths.filter((path) => path.startsWith(`${prefix}/`)).map((path) => path.slice(prefix.length)),
  };
}

function onlyManifest(outputs: StackOutputs["outputs"], secretPaths: readonly string[], origin: string): string {
  const names = Object.keys(outputs);
  const [first, ...others] = names.filter((name) => isManifest(outputs[name]));
  if (first === undefined) {
    const list = names.map((name) => (isSecretAsAWhole(outputs, secretPaths, name) ? `${name} (secret as a whole)` : name)).join(", ");
    const seen = names.length > 0 ? `it has ${list}` : "it has none at all";
    throw new UserError(
      `${origin} has no manifest among its outputs (${seen}). In the Pulumi program: export const pushPools = manifest({ pools: […] }), then \`pushpool up\``,
    );
  }
  if (others.length > 0) {
    throw new UserError(
      `${origin} has ${others.length + 1} manifests among its outputs: choose one with --output: ${[first, ...others].join(", ")}`,
    );
  }
  return first;
}

function isSecretAsAWhole(outputs: StackOutputs["outputs"], secretPaths: readonly string[], name: string): boolean {
  return secretPaths.includes(pointerTo([name])) || outputs[name] === MASK;
}

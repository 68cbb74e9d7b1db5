import { pointerTo } from "../jsonPointer";
import { suggestion } from "../nearest";
import { MASK } from "../secret";
import { quoted } from "../shown";
import { UserError } from "../userError";
import type { StackOutputs } from "./manifestSource";
import { isManifest } from "./parseManifest";

/**
 * Find the manifest among the outputs of a stack, by its kind or by the chosen name.
 * @param chosen the value of `--output`
 * @throws {UserError} if there is no manifest (with the existing outputs), or several and none is chosen
 */
export function pickManifest(
  { outputs, secretPaths }: StackOutputs,
  origin: string,
  chosen?: string,
): { tree: unknown; secretPaths: string[] } {
  const names = Object.keys(outputs);
  const name = chosen ?? onlyManifest(outputs, secretPaths, origin);
  if (!Object.hasOwn(outputs, name)) {
    throw new UserError(`--output ${quoted(name)}: ${origin} has no such output: ${suggestion(name, names) || "it has no outputs"}`);
  }
  const prefix = pointerTo([name]);
  if (isEntirelySecret(outputs, secretPaths, name)) {
    throw new UserError(
      `output "${name}" of ${origin} is entirely secret: export the result of manifest() directly, not inside pulumi.output() or pulumi.secret()`,
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
    const list = names.map((name) => (isEntirelySecret(outputs, secretPaths, name) ? `${name} (entirely secret)` : name)).join(", ");
    const seen = names.length > 0 ? `it has ${list}` : "it has no outputs";
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

function isEntirelySecret(outputs: StackOutputs["outputs"], secretPaths: readonly string[], name: string): boolean {
  return secretPaths.includes(pointerTo([name])) || outputs[name] === MASK;
}

import type { Json } from "../json";
import { pointerTo } from "../jsonPointer";
import { suggestion } from "../nearest";
import { MASK } from "../secret";
import { quoted } from "../shown";
import { UserError } from "../userError";
import type { StackOutputs } from "./manifestSource";
import { NoManifest } from "./noManifest";
import { isManifest } from "./parseManifest";
import { type MarkedTree, readSecretString, splitSecretPaths } from "./secretString";

/**
 * Find the manifest among the outputs of a stack, by its kind or by the chosen name. It is a tree, or one string (`secretString.ts`).
 * @param chosen the value of `--output`
 * @throws {UserError} if there is no manifest (with the existing outputs), or several and none is chosen
 */
export function pickManifest({ outputs, secretPaths }: StackOutputs, origin: string, chosen?: string): MarkedTree {
  const names = Object.keys(outputs);
  const name = chosen ?? onlyManifest(outputs, secretPaths, origin);
  if (!Object.hasOwn(outputs, name)) {
    throw new UserError(`--output ${quoted(name)}: ${origin} has no such output: ${suggestion(name, names) || "it has no outputs"}`);
  }
  const whole = readSecretString(outputs[name], `output "${name}" of ${origin}`);
  if (whole) return whole;
  const prefix = pointerTo([name]);
  if (isEntirelySecret(outputs, secretPaths, name)) {
    throw new UserError(
      `output "${name}" of ${origin} is entirely secret: export the result of manifest() directly, not inside pulumi.output() or pulumi.secret()`,
    );
  }
  const marked = secretPaths.filter((path) => path.startsWith(`${prefix}/`)).map((path) => path.slice(prefix.length));
  const tree = outputs[name] as Json;
  if (!isManifest(tree)) return { tree, secretPaths: marked };
  const own = splitSecretPaths(tree, `output "${name}" of ${origin}`);
  return { tree: own.tree, secretPaths: [...marked, ...own.secretPaths] };
}

/**
 * Whether the manifest may be inside a secret output, so that the secrets must be read to find it.
 * @param chosen the value of `--output`
 */
export function mayBeSecretString({ outputs }: StackOutputs, chosen?: string): boolean {
  if (chosen !== undefined) return outputs[chosen] === MASK;
  const values = Object.values(outputs);
  return values.includes(MASK) && !values.some(isManifest);
}

function onlyManifest(outputs: StackOutputs["outputs"], secretPaths: readonly string[], origin: string): string {
  const names = Object.keys(outputs);
  const [first, ...others] = names.filter(
    (name) => isManifest(outputs[name]) || readSecretString(outputs[name], `output "${name}" of ${origin}`),
  );
  if (first === undefined) {
    const list = names.map((name) => (isEntirelySecret(outputs, secretPaths, name) ? `${name} (entirely secret)` : name)).join(", ");
    const seen = names.length > 0 ? `it has ${list}` : "it has no outputs";
    const masked = names.find((name) => outputs[name] === MASK);
    if (masked !== undefined) {
      throw new UserError(
        `${origin} has no manifest among its outputs (${seen}). If ${quoted(masked)} is the manifest, give its value: \`pulumi stack output ${masked} --show-secrets\` prints it`,
      );
    }
    throw new NoManifest(
      `${origin} has no manifest among its outputs (${seen}). In the Pulumi program: export const pushPools = manifest({ pools: […] }), or in another language than TypeScript the json of a Manifest. Then \`pushpool up\``,
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

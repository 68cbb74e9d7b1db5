import type { Json, JsonObject } from "../../json";
import { pointerTo } from "../../jsonPointer";
import { isSecret } from "../propertyWire";
import { STACK_TYPE } from "../urn";
import { maskSecrets, openSecrets } from "./secretValues";
import { StackStore } from "./stackStore";

/**
 * Read a stack's outputs from its state, with JSON pointers (RFC 6901) to the secrets in them.
 * @param options.secrets false: secrets are masked, and no key is derived
 * @returns `undefined` if the stack was never deployed
 */
export async function readStackOutputs(options: {
  home: string;
  stateHome: string;
  project: string;
  stack: string;
  env: NodeJS.ProcessEnv;
  secrets: boolean;
}): Promise<{ outputs: JsonObject; secretPaths: string[] } | undefined> {
  const { home, secrets, ...place } = options;
  const store = StackStore.open(home, place);
  if (!store.exists) return undefined;
  const stack = store.encryptedResources().find(({ type }) => type === STACK_TYPE);
  const encrypted = stack?.outputs ?? {};
  if (!secrets) return { outputs: maskSecrets(encrypted) as JsonObject, secretPaths: [...secretPointers(encrypted, [])] };
  const { value, secretPaths } = openSecrets((stack && (await store.decrypted(stack)).outputs) ?? {});
  return { outputs: value as JsonObject, secretPaths };
}

function* secretPointers(value: Json, path: string[]): Generator<string> {
  if (isSecret(value)) yield pointerTo(path);
  else if (value !== null && typeof value === "object")
    for (const [key, inner] of Object.entries(value)) yield* secretPointers(inner, [...path, key]);
}

import type { Json, JsonObject } from "../../json";
import { pointerTo } from "../../jsonPointer";
import { isSecret } from "../wire";
import { maskSecrets, openSecrets } from "./secretValues";
import { StackStore } from "./stackStore";

const STACK_TYPE = "pulumi:pulumi:Stack";

/**
 * A stack's outputs, read from its state; with JSON pointers (RFC 6901) to what is secret in them.
 * @param options.secrets false: their values are masked, and no key is derived
 * @returns `undefined` if the stack was never provisioned
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
  const stack = store.sealed().find(({ type }) => type === STACK_TYPE);
  const sealed = stack?.outputs ?? {};
  if (!secrets) return { outputs: maskSecrets(sealed) as JsonObject, secretPaths: [...marked(sealed, [])] };
  const { value, secretPaths } = openSecrets((stack && (await store.open(stack)).outputs) ?? {});
  return { outputs: value as JsonObject, secretPaths };
}

function* marked(value: Json, path: string[]): Generator<string> {
  if (isSecret(value)) yield pointerTo(path);
  else if (value !== null && typeof value === "object")
    for (const [key, inner] of Object.entries(value)) yield* marked(inner, [...path, key]);
}

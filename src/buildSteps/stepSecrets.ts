import { isJsonObject, type Json, type Value } from "../json";
import { credentialsIn, type Redactor } from "../redactor";
import { Secret } from "../secret";
import { placeholdersIn } from "../template/placeholders";
import type { PlannedStep } from "./stepPlan";

/** Names that mark a value as secret. */
const SECRET = /KEY|SECRET|TOKEN|PASS|PWD|CREDENTIAL|AUTH/i;
/** Endings of names whose values everybody may see, and which occur in image names. An environment variable with another name is hidden. */
const PUBLIC =
  /(?:^|_)(?:TAG|VERSION|BRANCH|SHA|COMMIT|REF|REVISION|REGION|ZONE|LOCATION|IMAGE|REPO|REPOSITORY|REGISTRY|NAMESPACE|NAME|PROJECT|ID|ACCOUNT|ENV|ENVIRONMENT|STAGE|PLATFORM|ARCH|HOME|USER|PATH|DIR|NUMBER|DATE|DEBUG|CI)$/i;

/**
 * Teach a redactor what must not be shown of steps and their output. These are the environment variables that contain credentials, the variables
 * that placeholders of the steps name, and inputs with the name of a secret.
 * @param env the environment of the steps
 */
export function learnSecrets(redactor: Redactor, steps: Iterable<PlannedStep>, env: Readonly<Record<string, string | undefined>>): void {
  for (const secret of credentialsIn(env)) redactor.learn(secret);
  for (const { step } of steps) {
    for (const { kind, name } of placeholdersIn(step, "")) {
      const variable = name.replace(/^\$+/, "");
      const value = kind === "environment" || kind === "standard" ? env[variable] : undefined;
      if (value !== undefined && !isPublic(variable)) redactor.learn(value);
    }
    for (const secret of sensitive(step, "")) redactor.learn(secret);
  }
}

/** Whether the value of an environment variable may be shown. */
function isPublic(name: string): boolean {
  return name === "PWD" || (PUBLIC.test(name) && !SECRET.test(name));
}

/** The values of the secrets in a tree. */
export function* secretValues(value: Value): Generator<Json> {
  if (value instanceof Secret) {
    if (value.known) yield value.reveal();
  } else if (typeof value === "object" && value !== null) for (const inner of Object.values(value)) yield* secretValues(inner as Value);
}

/** The strings of a step whose key has the name of a secret, as they are in the file. */
function* sensitive(value: Json, key: string): Generator<string> {
  if (typeof value === "string" && SECRET.test(key) && !value.includes("{{")) yield value;
  if (Array.isArray(value)) for (const inner of value) yield* sensitive(inner, key);
  else if (isJsonObject(value)) for (const [name, inner] of Object.entries(value)) yield* sensitive(inner, name);
}

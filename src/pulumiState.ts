import { SECRET_MARK, SIGNATURE } from "./engine/propertyWire";
import type { Json, JsonObject } from "./json";
import { askPulumi } from "./pulumiCli";
import type { Redactor } from "./redactor";

/** The resources whose creation was interrupted, by URN. */
export interface PendingCreates {
  urns: string[];
}

/** Ask the Pulumi CLI which creations of a stack were interrupted. The list is empty if the CLI fails. */
export async function pendingCreatesOf(stack: string, dir: string, env: NodeJS.ProcessEnv): Promise<PendingCreates> {
  const { pending } = await exportStack(stack, dir, env, []);
  return pending;
}

/** Like {@link pendingCreatesOf}, and also teach the redactor the secrets of the stack's configuration and state. */
export async function learnStack(stack: string, dir: string, env: NodeJS.ProcessEnv, redactor: Redactor): Promise<PendingCreates> {
  const [{ pending, state }, config] = await Promise.all([
    exportStack(stack, dir, env, ["--show-secrets"]),
    askPulumi(["config", "--show-secrets", "--json", "--stack", stack], dir, env),
  ]);
  for (const secret of secretsOfState(state)) redactor.learn(secret);
  const values = config.ok ? parsed(config.stdout) : null;
  for (const entry of Object.values((values ?? {}) as Record<string, { value?: Json; objectValue?: Json; secret?: boolean }>))
    if (entry?.secret) for (const value of [entry.value, entry.objectValue]) redactor.learn(value);
  return pending;
}

async function exportStack(
  stack: string,
  dir: string,
  env: NodeJS.ProcessEnv,
  flags: string[],
): Promise<{ pending: PendingCreates; state: Json }> {
  const reply = await askPulumi(["stack", "export", "--stack", stack, ...flags], dir, env);
  const state = reply.ok ? parsed(reply.stdout) : null;
  const { pending_operations } = ((state as JsonObject | null)?.deployment ?? {}) as {
    pending_operations?: { type: string; resource: { urn: string } }[] | null;
  };
  const urns = (pending_operations ?? []).flatMap(({ type, resource }) => (type === "creating" ? [resource.urn] : []));
  return { pending: { urns }, state };
}

/** The values of a state's secrets, if it was exported with `--show-secrets`. */
function* secretsOfState(value: Json): Generator<Json> {
  if (typeof value !== "object" || value === null) return;
  const { [SIGNATURE]: mark, plaintext } = value as JsonObject;
  if (mark !== SECRET_MARK) for (const inner of Object.values(value)) yield* secretsOfState(inner as Json);
  else if (typeof plaintext === "string") yield parsed(plaintext);
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return null;
  }
}

import { readStackOutputs } from "../engine/state";
import { ExactNumber } from "../exactNumber";
import { findProgram } from "../findProgram";
import type { Json, JsonObject } from "../json";
import { pointerTo } from "../jsonPointer";
import { readJson } from "../jsonText";
import { askPulumi } from "../pulumiCli";
import { MASK } from "../secret";
import { engineOf } from "../stacks";
import { UserError } from "../userError";
import type { Workspace } from "../workspace";
import type { Search, StackOutputs } from "./manifestSource";
import { mayBeSecretString, pickManifest } from "./pickManifest";
import { maskedAt } from "./secretString";

/**
 * Look for the manifest in the stack of a workspace. The state of the offline engine has it if that owns the stack, else the Pulumi CLI.
 * @throws {UserError} if the stack exists but has no manifest
 */
export async function searchStack(workspace: Workspace, { output, secrets }: { output?: string; secrets: boolean }): Promise<Search> {
  const { project, stack, home, stateHome, env, cwd } = workspace;
  if (!stack) {
    if (!project) return { looked: `a Pulumi project (no Pulumi.yaml in ${cwd} or its parents)` };
    return {
      looked: `the Pulumi project ${project.name} in ${project.dir} (no stack is selected: make one with \`pushpool up\`, or name one with -s)`,
    };
  }
  const { id } = stack;
  const origin = (keeper: string) => `stack ${id} (${keeper})`;
  const found = (outputs: StackOutputs, keeper: string): Search => {
    return { found: { ...pickManifest(outputs, origin(keeper), output), origin: origin(keeper), stack: id } };
  };
  /** A manifest that is one secret string is found, and masked, only when the string is read. */
  const foundMasked = (outputs: StackOutputs, keeper: string): Search => {
    return { found: { ...maskedAt(pickManifest(outputs, origin(keeper), output)), origin: origin(keeper), stack: id } };
  };

  if (engineOf(home, stack.project, stack.stack) === "offline") {
    const read = (withSecrets: boolean) =>
      readStackOutputs({ home, stateHome, project: stack.project, stack: stack.stack, env, secrets: withSecrets });
    const outputs = await read(secrets);
    if (!outputs) return { looked: `stack ${id} (there was no \`pushpool up\` of it with the offline engine)` };
    if (secrets || !mayBeSecretString(outputs, output)) return found(outputs, "offline engine");
    return foundMasked((await read(true)) ?? outputs, "offline engine");
  }
  if (!findProgram("pulumi", env))
    return { looked: `stack ${id} (there was no \`pushpool up\` of it here, and \`pulumi\` is not on PATH)` };
  // Pulumi looks up a short name in the project of the folder. Outside a project it needs the full name.
  if (!project && stack.organization === undefined)
    return { looked: `stack ${id} (outside its project, pulumi needs the full name ORG/${id})` };
  const name = stack.organization === undefined ? stack.stack : `${stack.organization}/${id}`;
  const reply = await pulumiOutputs(name, project?.dir ?? cwd, env, (outputs) => secrets || mayBeSecretString(outputs, output));
  if ("message" in reply) return { looked: `stack ${id} (pulumi said: ${reply.message})` };
  return secrets ? found(reply, "pulumi") : foundMasked(reply, "pulumi");
}

/** The values that Pulumi masks are secret. They are requested only if there are any, and `areNeeded`. */
async function pulumiOutputs(
  stack: string,
  dir: string,
  env: NodeJS.ProcessEnv,
  areNeeded: (masked: StackOutputs) => boolean,
): Promise<StackOutputs | { message: string }> {
  const command = ["stack", "output", "--json", "--stack", stack];
  const masked = await askPulumi(command, dir, env);
  if (!masked.ok) return masked;
  const outputs = read(masked.stdout);
  const secretPaths = maskedPaths(outputs);
  if (secretPaths.length === 0 || !areNeeded({ outputs, secretPaths })) return { outputs, secretPaths };
  const shown = await askPulumi([...command, "--show-secrets"], dir, env);
  return shown.ok ? { outputs: read(shown.stdout), secretPaths } : shown;
}

function read(stdout: string): JsonObject {
  try {
    return readJson(stdout) as JsonObject;
  } catch {
    throw new UserError("`pulumi stack output --json` did not print JSON: is the `pulumi` on PATH the Pulumi CLI?", 5);
  }
}

function maskedPaths(value: Json, path: string[] = []): string[] {
  if (value === MASK) return [pointerTo(path)];
  if (value === null || typeof value !== "object" || value instanceof ExactNumber) return [];
  return Object.entries(value).flatMap(([key, inner]) => maskedPaths(inner, [...path, key]));
}

import { readState, statePath } from "../engine/state";
import { findProgram } from "../findProgram";
import { askPulumi, pulumiSelectedStack } from "../pulumiCli";
import { engineOf } from "../stacks";
import type { Workspace } from "../workspace";

/**
 * Whether a resource of the workspace's stack has this id, even one that will be deleted. Reads the offline engine's state, or else asks
 * the Pulumi CLI, which answers during an `up` too.
 * @returns `undefined` if the state cannot be read
 */
export async function isInState(id: string, { stack, home, project, cwd }: Workspace): Promise<boolean | undefined> {
  if (!stack) return undefined;
  const resources =
    engineOf(home, stack.project, stack.stack) === "offline"
      ? offlineResources(home, stack)
      : await pulumiResources(stack.stack, project?.dir ?? cwd);
  return resources?.some((resource) => resource.id === id);
}

type Identified = { id?: string };

function offlineResources(home: string, { project, stack }: { project: string; stack: string }): Identified[] | undefined {
  try {
    return readState(statePath(home, project, stack))?.deployment.resources;
  } catch {
    return undefined;
  }
}

async function pulumiResources(stack: string, dir: string): Promise<Identified[] | undefined> {
  const { env } = process;
  if (!findProgram("pulumi", env)) return undefined;
  // The bare name finds a stack of an organization only if that organization is the default.
  const selected = pulumiSelectedStack(dir, env);
  const name = selected?.split("/").at(-1) === stack ? selected : stack;
  const reply = await askPulumi(["stack", "export", "--stack", name], dir, env);
  if (!reply.ok) return undefined;
  try {
    const { deployment } = JSON.parse(reply.stdout) as { deployment?: { resources?: Identified[] } | null };
    return deployment?.resources ?? [];
  } catch {
    return undefined;
  }
}

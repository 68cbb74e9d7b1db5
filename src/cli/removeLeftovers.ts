import { UserError } from "../userError";
import { openRuns } from "../workspaceRuns";
import type { EngineOperation } from "./engines";
import { note, noteLine } from "./screen";

/** Arguments of `pulumi destroy` that destroy only a part of the stack, or nothing. */
const PARTIAL = /^(--target|-t|--exclude|--preview-only|--exclude-protected)(=|$)/;

/**
 * Remove the resources that the runs of a stack have made in the clouds, and report what stays. This needs the credentials of the work pools, so it
 * must happen before the stack is destroyed.
 * @param args the arguments for pulumi
 * @throws {UserError} if it is interrupted
 */
export async function removeLeftovers({ workspace, project, stack }: EngineOperation, args: string[]): Promise<void> {
  if (args.some((arg) => PARTIAL.test(arg)))
    return note("the resources that runs have made in a cloud stay, because this destroys only a part of the stack");
  const id = `${project.name}/${stack}`;
  const runs = await openRuns({
    workspace: { ...workspace, stack: { ...workspace.stack, project: project.name, stack, id, given: true } },
    warn: note,
  });
  const interrupted = new AbortController();
  const onSignal = () => interrupted.abort();
  process.once("SIGINT", onSignal);
  try {
    const pools = await runs.removeLeftovers(interrupted.signal);
    for (const { pool, removed, kept } of pools) {
      const what = Object.entries(removed).map(([name, number]) => `${number} ${number === 1 ? name.replace(/s( |$)/, "$1") : name}`);
      if (what.length > 0) noteLine(`work pool "${pool}": removed what its runs had made: ${what.join(", ")}`);
      for (const line of kept) noteLine(`work pool "${pool}": ${line}`);
    }
  } catch (error) {
    if (interrupted.signal.aborted)
      throw new UserError("interrupted: the stack is unchanged, but some resources of its runs are removed", 5);
    if (!(error instanceof UserError)) throw error;
    const ran = (await runs.listRuns({ limit: 1 })).length > 0;
    if (ran) note(`could not look for the cloud resources of the runs of stack ${id}: ${error.message}`);
  } finally {
    process.off("SIGINT", onSignal);
    await runs.close();
  }
}

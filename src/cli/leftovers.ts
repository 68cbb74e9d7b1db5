import { UserError } from "../userError";
import { hasLedger, openRuns } from "../workspaceRuns";
import type { Operation } from "./engines";
import { note } from "./screen";

/** Arguments of `pulumi destroy` with which a stack goes only in part, or not at all. */
const IN_PART = /^(--target|-t|--exclude|--preview-only|--exclude-protected)(=|$)/;

/**
 * Remove what the runs of a stack have made in the clouds, and say what stays. It takes the work pools' credentials, so it comes before the stack goes.
 * @param args what is handed to pulumi
 * @throws {UserError} if it is interrupted
 */
export async function removeLeftovers({ workspace, project, stack }: Operation, args: string[]): Promise<void> {
  if (args.some((arg) => IN_PART.test(arg))) return note("what runs have made in a cloud stays: this destroys a part of the stack");
  const id = `${project.name}/${stack}`;
  const runs = openRuns({
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
      if (what.length > 0) note(`work pool "${pool}": removed what its runs had made: ${what.join(", ")}`);
      for (const line of kept) note(`work pool "${pool}": ${line}`);
    }
  } catch (error) {
    if (interrupted.signal.aborted) throw new UserError("interrupted: the stack is as it was; what its runs had made is gone in part", 5);
    if (!(error instanceof UserError)) throw error;
    const ran = hasLedger(workspace) && (await runs.listRuns({ limit: 1 })).length > 0;
    if (ran) note(`what the runs of stack ${id} have made in a cloud was not looked for: ${error.message}`);
  } finally {
    process.off("SIGINT", onSignal);
    await runs.close();
  }
}

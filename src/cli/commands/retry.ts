import { parseDuration } from "../../duration";
import { noteLine } from "../screen";
import { type ManifestFlags, withRun } from "../session";
import { submitAndLeave, watchOnScreen } from "../watch";

/** `pushpool retry RUN` */
export async function action([ref = ""]: string[], flags: ManifestFlags & { timeout?: string; detach?: boolean }): Promise<void> {
  const { json, timeout } = flags;
  if (timeout !== undefined) parseDuration(timeout, "--timeout");
  await withRun(flags, ref, async (runs, { id }) => {
    const run = await runs.retryRun(id);
    if (!json) noteLine(`flow run ${run.name} (${run.id}) of ${run.deployment}, attempt ${run.attempt}, stack ${run.stack}`);
    return flags.detach ? submitAndLeave((watching) => runs.submitRun(run.id, watching), json) : watchOnScreen(runs, run, flags);
  });
}

import { parseDuration } from "../duration";
import { note, print, printJson } from "../screen";
import { type ManifestFlags, withRuns } from "../session";
import { watchOnScreen } from "../watch";

/** `pushpool retry RUN` */
export async function action([ref = ""]: string[], flags: ManifestFlags & { timeout?: string; detach?: boolean }): Promise<void> {
  if (flags.timeout !== undefined) parseDuration(flags.timeout, "--timeout");
  await withRuns(flags, async (runs) => {
    const run = await runs.retryRun((await runs.findRun(ref)).id);
    if (!flags.json) note(`flow run ${run.name} (${run.id}) of ${run.deployment}, attempt ${run.attempt}, stack ${run.stack}`);
    if (!flags.detach) return watchOnScreen(runs, run, flags);
    const submitted = await runs.submitRun(run.id);
    return flags.json ? printJson({ run: submitted }) : print(submitted.id);
  });
}

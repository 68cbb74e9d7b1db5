import { parseDuration } from "../../duration";
import { noteLine } from "../screen";
import { type ManifestFlags, withRun } from "../session";
import { watchOnScreen } from "../watch";

/** `pushpool wait RUN` */
export async function action([ref = ""]: string[], flags: ManifestFlags & { timeout?: string }): Promise<void> {
  if (flags.timeout !== undefined) parseDuration(flags.timeout, "--timeout");
  await withRun(flags, ref, async (runs, run) => {
    if (!flags.json) noteLine(`flow run ${run.name} (${run.id}) of ${run.deployment}, stack ${run.stack}`);
    await watchOnScreen(runs, run, flags);
  });
}

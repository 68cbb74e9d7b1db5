import { type EngineFlags, keep, settle } from "../engines";
import { runOffline } from "../offlineOperation";
import { runPulumi } from "../pulumiOperation";
import { workspaceOf } from "../session";

/** `pushpool up` */
export async function action(args: string[], flags: EngineFlags): Promise<void> {
  const operation = settle(workspaceOf(flags), flags, args);
  if (operation.engine === "pulumi") {
    await runPulumi(operation, "up", flags, args);
    return keep(operation);
  }
  // Before: what a crash leaves behind is still known to be this engine's.
  keep(operation);
  await runOffline(operation, "up", flags.json);
}

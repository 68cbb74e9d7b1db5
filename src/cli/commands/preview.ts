import { type EngineFlags, settle } from "../engines";
import { runOffline } from "../offlineOperation";
import { runPulumi } from "../pulumiOperation";
import { workspaceOf } from "../session";

/** `pushpool preview` */
export async function action(args: string[], flags: EngineFlags): Promise<void> {
  const operation = settle(workspaceOf(flags), flags, args);
  if (operation.engine === "pulumi") return runPulumi(operation, "preview", { ...flags, yes: false }, args);
  await runOffline(operation, "preview", flags.json);
}

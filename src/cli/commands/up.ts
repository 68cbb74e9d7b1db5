import { doubtNamed } from "../../workspaceRuns";
import { type EngineFlags, keep, settle } from "../engines";
import { runOffline } from "../offlineOperation";
import { runPulumi } from "../pulumiOperation";
import { workspaceOf } from "../session";

/** `pushpool up` */
export async function action(args: string[], flags: EngineFlags): Promise<void> {
  const operation = settle(workspaceOf(flags), flags, args);
  const { workspace, project, stack } = operation;
  try {
    if (operation.engine === "pulumi") {
      await runPulumi(operation, "up", flags, args);
      return keep(operation);
    }
    // Record the engine first, so that it is known after a crash.
    keep(operation);
    await runOffline(operation, "up", flags.json);
  } finally {
    // An `up` that failed may have changed the outputs, too.
    doubtNamed(workspace.home, `${project.name}/${stack}`);
  }
}

import { createInterface } from "node:readline/promises";
import { oneLine } from "../../shown";
import { UserError } from "../../userError";
import { openRuns } from "../../workspaceRuns";
import { type EngineFlags, type EngineOperation, settle } from "../engines";
import { runOffline } from "../offlineOperation";
import { runPulumi } from "../pulumiOperation";
import { removeLeftovers } from "../removeLeftovers";
import { note, noteLine } from "../screen";
import { workspaceOf } from "../session";

/** `pushpool destroy` */
export async function action(args: string[], flags: EngineFlags & { force?: boolean }): Promise<void> {
  const operation = settle(workspaceOf(flags), flags, args);
  if (!flags.force) await refuseInFlight(operation);
  if (operation.engine === "pulumi") {
    // Without --yes, pulumi asks after its preview. If the user says no, the next run makes its resources again.
    if (flags.yes || process.stdin.isTTY) await removeLeftovers(operation, args);
    return runPulumi(operation, "destroy", flags, args);
  }
  if (!flags.yes) await confirm(operation);
  await removeLeftovers(operation, args);
  await runOffline(operation, "destroy", flags.json);
}

async function refuseInFlight({ workspace, project, stack }: EngineOperation): Promise<void> {
  const runs = await openRuns({
    workspace: { ...workspace, stack: { project: project.name, stack, id: `${project.name}/${stack}` } },
    warn: noteLine,
  });
  try {
    const found = await runs.inFlight();
    if (found.length === 0) return;
    const names = found.slice(0, 5).map(({ name, state }) => `${oneLine(name)} (${state.type})`);
    const what = found.length === 1 ? "1 run" : `${found.length} runs`;
    throw new UserError(
      `${what} of stack ${project.name}/${stack} in flight: ${names.join(", ")}${found.length > 5 ? ", …" : ""}. Wait, cancel, or use --force`,
    );
  } finally {
    await runs.close();
  }
}

async function confirm({ project, stack }: EngineOperation): Promise<void> {
  if (!process.stdin.isTTY) throw new UserError("destroy needs a confirmation, but there is no terminal: use --yes");
  const question = createInterface({ input: process.stdin, output: process.stderr });
  try {
    // Ctrl-C and Ctrl-D reject the promise and mean no.
    const answer = await question.question(`Delete all resources of stack ${project.name}/${stack}? [y/N] `).catch(() => {
      note("");
      return "";
    });
    if (!/^y(es)?$/i.test(answer.trim())) throw new UserError("nothing was deleted");
  } finally {
    question.close();
  }
}

import { formatDuration } from "../../duration";
import { exitCodeOfCommand } from "../../runs";
import { oneLine } from "../../shown";
import type { GlobalOptions } from "../globalOptions";
import { field, print, printJson, stateText, taken } from "../screen";
import { withRun } from "../session";

/** `pushpool show RUN` */
export async function action([ref = ""]: string[], flags: GlobalOptions): Promise<void> {
  await withRun(flags, ref, async (runs, { id }) => {
    const shown = await runs.showRun(id);
    const { run, transitions, submission } = shown;
    if (flags.json) return printJson({ ...shown, exitCode: exitCodeOfCommand(run) ?? null });
    const facts: [string, string | undefined][] = [
      ["id", run.id],
      ["deployment", run.deployment],
      ["stack", run.stack],
      ["work pool", `${run.workPool} (queue ${run.workQueue})`],
      ["state", `${stateText(run.state)}${run.state.message ? `: ${run.state.message}` : ""}`],
      ["attempt", String(run.attempt)],
      ["exit code", exitCodeOfCommand(run)?.toString()],
      ["took", taken(run) === undefined ? undefined : formatDuration(taken(run) as number)],
      ["parameters", JSON.stringify(run.parameters)],
      ["job variables", JSON.stringify(run.jobVariables)],
      ["tags", run.tags.join(", ") || undefined],
      ["idempotency key", run.idempotencyKey],
      ["infrastructure", run.infrastructureId],
    ];
    print(oneLine(run.name));
    for (const [name, value] of facts) if (value !== undefined) print(field(`${name}:`, oneLine(value), 17));
    print("  states:");
    for (const { attempt, timestamp, ...state } of transitions) {
      print(
        `    ${timestamp}  ${run.attempt > 1 ? `attempt ${attempt}  ` : ""}${stateText({ ...state, timestamp })}${state.message ? `: ${oneLine(state.message)}` : ""}`,
      );
    }
    // The submission of a run from another machine is not known here.
    if (submission !== null) print(`  submission:\n${JSON.stringify(submission, null, 2).replace(/^/gm, "    ")}`);
  });
}

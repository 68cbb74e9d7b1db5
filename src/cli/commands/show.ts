import { formatDuration } from "../../duration";
import { exitCodeOfCommand } from "../../runs";
import { oneLine } from "../../shown";
import type { GlobalOptions } from "../globalOptions";
import { field, jsonField, print, printJson, printPretty, printWhole, stateText, taken } from "../screen";
import { withRun } from "../session";

/** `pushpool show RUN` */
export async function action([ref = ""]: string[], flags: GlobalOptions): Promise<void> {
  await withRun(flags, ref, async (runs, { id }) => {
    const shown = await runs.showRun(id);
    const { run, transitions, submission } = shown;
    if (flags.json) return printJson({ ...shown, exitCode: exitCodeOfCommand(run) ?? null });
    const before: Fact[] = [
      ["id", run.id],
      ["deployment", run.deployment],
      ["stack", run.stack],
      ["work pool", `${run.workPool} (queue ${run.workQueue})`],
      ["host", run.host === undefined ? undefined : (runs.elsewhere(run) ?? "this one")],
      ["state", `${stateText(run.state)}${run.state.message ? `: ${run.state.message}` : ""}`],
      ["attempt", String(run.attempt)],
      ["exit code", exitCodeOfCommand(run)?.toString()],
      ["took", taken(run) === undefined ? undefined : formatDuration(taken(run) as number)],
    ];
    const after: Fact[] = [
      ["tags", run.tags.join(", ") || undefined],
      ["idempotency key", run.idempotencyKey],
      ["infrastructure", run.infrastructureId],
    ];
    print(oneLine(run.name));
    printFacts(before);
    print(jsonField("parameters:", run.parameters, 17));
    print(jsonField("job variables:", run.jobVariables, 17));
    printFacts(after);
    print("  states:");
    for (const { attempt, timestamp, ...state } of transitions) {
      printWhole(
        `    ${timestamp}  ${run.attempt > 1 ? `attempt ${attempt}  ` : ""}${stateText({ ...state, timestamp })}${state.message ? `: ${oneLine(state.message)}` : ""}`,
      );
    }
    // The submission of a run from another machine is not known here.
    if (submission === null) return;
    print("  submission:");
    printPretty(submission, 4);
  });
}

/** What it is called, and its value where there is one. */
type Fact = [string, string | undefined];

function printFacts(facts: readonly Fact[]): void {
  for (const [name, value] of facts) if (value !== undefined) printWhole(field(`${name}:`, oneLine(value), 17));
}

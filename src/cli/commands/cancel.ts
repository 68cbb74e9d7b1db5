import { parseDuration } from "../../duration";
import { DEFAULT_GRACE_SECONDS, exitCodeOf, isTerminal } from "../../runs";
import { noteLine, printJson, printPretty, stateText } from "../screen";
import { type ManifestFlags, withRun } from "../session";

interface CancelFlags extends ManifestFlags {
  detach?: boolean;
  grace?: string;
  dryRun?: boolean;
}

/** `pushpool cancel RUN`. The exit code is 0 if the run is CANCELLED. Otherwise it is the same as that of `run`. */
export async function action([ref = ""]: string[], flags: CancelFlags): Promise<void> {
  const { json, detach = false, dryRun } = flags;
  const asked = flags.grace === undefined ? {} : { graceSeconds: parseDuration(flags.grace, "--grace") / 1000 };
  await withRun(flags, ref, async (runs, found) => {
    if (dryRun) {
      await runs.checkCancel(found.id);
      const [run = found] = await runs.observeRuns([found]);
      const plan = {
        run: run.id,
        name: run.name,
        state: run.state.type,
        infrastructureId: run.infrastructureId ?? null,
        graceSeconds: DEFAULT_GRACE_SECONDS,
        ...asked,
        nothingToDo: isTerminal(run.state),
      };
      return json ? printJson(plan) : printPretty(plan);
    }
    const run = await runs.cancelRun(found.id, {
      detach,
      ...asked,
      onEvent: (event) => {
        if (event.kind === "state" && !json)
          noteLine(`${event.run.name}: ${stateText(event.run.state)}${event.run.state.message ? `: ${event.run.state.message}` : ""}`);
        if (event.kind === "warning") noteLine(`warning: ${event.message}`);
        if (event.kind === "waiting") noteLine(`waiting: ${event.reason}`);
      },
    });
    process.exitCode = run.state.type === "CANCELLED" || detach ? 0 : exitCodeOf(run);
    if (json) printJson({ run });
    else if (!isTerminal(run.state)) noteLine(`asked to stop; \`pushpool wait ${run.id}\` waits until it has stopped`);
  });
}

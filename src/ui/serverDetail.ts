import type { Run, State } from "../model/run";
import { UserError } from "../userError";
import { commandsOf } from "./commandLines";
import { phasesOf } from "./phases";
import { runActions } from "./runDetail";
import { rowOf } from "./runRow";
import type { Ui } from "./ui";
import type { Attempt, RunDetail } from "./wire";

/**
 * A run of a Prefect server: its states are the server's, and what was sent is the ledger's, if this ledger has it. If the server is
 * unreachable, it is as the ledger last saw it.
 * @param kept what the ledger has of it, or what the server's list says
 */
export async function readServerDetail(ui: Ui, kept: RunDetail | Run): Promise<RunDetail> {
  const known = "attempts" in kept ? kept : undefined;
  try {
    const { run, transitions } = await (await ui.stack.runs()).showRun(kept.id);
    const can = runActions(run, await ui.stack.name());
    const attempts = attemptsOf(transitions, known?.attempts ?? []);
    return {
      ...(known ?? emptyDetail(run)),
      ...rowOf(run, "server", ui.prefectUrl(`/runs/flow-run/${run.id}`)),
      parameters: run.parameters as RunDetail["parameters"],
      jobVariables: run.jobVariables as RunDetail["jobVariables"],
      texts: { parameters: JSON.stringify(run.parameters, null, 2), jobVariables: JSON.stringify(run.jobVariables, null, 2) },
      attempts,
      can,
      commands: commandsOf(run, can, undefined),
    };
  } catch (error) {
    if (!(error instanceof UserError) || !known) throw error;
    ui.serverFailed(error.message);
    return known;
  }
}

/** The server's states by attempt, with what the ledger has sent for each. */
function attemptsOf(transitions: readonly (State & { attempt: number })[], sent: readonly Attempt[]): Attempt[] {
  const numbers = [...new Set([...transitions.map(({ attempt }) => Math.max(1, attempt)), ...sent.map(({ number }) => number)])];
  return numbers
    .sort((a, b) => a - b)
    .map((number) => {
      const states = transitions.filter(({ attempt }) => Math.max(1, attempt) === number).map(({ attempt: _, ...state }) => state);
      const own = sent.find((one) => one.number === number);
      const started = own?.phases.find(({ name }) => name === "running" || name === "starting")?.from;
      return {
        ...(own ?? { number, submission: null, requests: [] }),
        states: states.length > 0 ? states : (own?.states ?? []),
        phases: states.length > 0 ? phasesOf(states, started) : (own?.phases ?? []),
      };
    });
}

function emptyDetail(run: Run): Omit<RunDetail, keyof ReturnType<typeof rowOf>> {
  return {
    parameters: {},
    jobVariables: {},
    texts: { parameters: "{}", jobVariables: "{}" },
    ...(run.infrastructureId === undefined ? {} : { infrastructureId: run.infrastructureId }),
    exitCode: null,
    poolType: "",
    entrypoint: null,
    attempts: [],
    commands: { show: "", logs: "", run: "" },
    can: { cancel: false, retry: false, runAgain: false },
  };
}

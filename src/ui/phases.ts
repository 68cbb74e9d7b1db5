import { isTerminal, type State } from "../model/run";
import type { Phase, PhaseName } from "./wire";

/** The state names while a submission is on its way, and nothing exists in the cloud. */
const SUBMITTING = new Set(["Submitting", "Pending"]);

/**
 * The phases of one attempt, from its states.
 *
 * - `queued`: it waits for its turn, or is paused.
 * - `submitted`: it has a slot, and the submission is on its way.
 * - `provisioning`: the cloud accepted it, and its infrastructure does not run yet.
 * - `starting`: the infrastructure runs, and the flow has not reported yet (runs of a Prefect server).
 * - `running`; `stopping`: someone cancelled it, and it has not stopped yet.
 *
 * @param states of one attempt, oldest first
 * @param infrastructureRunsSince when its infrastructure was first seen running; ISO 8601
 */
export function phasesOf(states: readonly State[], infrastructureRunsSince?: string): Phase[] {
  const phases: Phase[] = [];
  for (const [index, state] of states.entries()) {
    if (isTerminal(state)) continue;
    const next = states[index + 1];
    const name = phaseOf(state);
    const waitedFor = name === "queued" && state.name !== "AwaitingRetry" ? state.message : undefined;
    const phase: Phase = { name, from: state.timestamp, to: next?.timestamp ?? null, ...(waitedFor === undefined ? {} : { waitedFor }) };
    const last = phases.at(-1);
    if (last?.name !== name) phases.push(phase);
    else
      phases[phases.length - 1] = {
        ...phase,
        from: last.from,
        ...((phase.waitedFor ?? last.waitedFor) ? { waitedFor: phase.waitedFor ?? last.waitedFor } : {}),
      };
  }
  return infrastructureRunsSince === undefined ? phases : phases.flatMap((phase) => split(phase, infrastructureRunsSince));
}

function phaseOf({ type, name }: State): PhaseName {
  switch (type) {
    case "SCHEDULED":
    case "PAUSED":
      return "queued";
    case "PENDING":
      return SUBMITTING.has(name) ? "submitted" : "provisioning";
    case "CANCELLING":
      return "stopping";
    default:
      return "running";
  }
}

/** From when the infrastructure runs, whatever still waits is the flow's own start. */
function split(phase: Phase, since: string): Phase[] {
  const at = Date.parse(since);
  const isBefore = phase.name === "provisioning" || phase.name === "submitted";
  if (!isBefore || at <= Date.parse(phase.from) || (phase.to !== null && at >= Date.parse(phase.to))) return [phase];
  return [
    { ...phase, to: since },
    { name: "starting", from: since, to: phase.to },
  ];
}

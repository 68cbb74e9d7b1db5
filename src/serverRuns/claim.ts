import { v5 as derived } from "uuid";
import type { Json } from "../json";
import type { RunRecord } from "../ledger";
import { isTerminal, type State } from "../model/run";
import { patchFlowRun, proposeState, readFlowRun, readStates, type ServerState } from "../prefect/api/flowRuns";
import type { Client } from "../prefect/client";

/**
 * Why no flow run starts twice, even if several dispatchers serve it.
 *
 * The server has one lock: it accepts only one PENDING with the name `Pending` for a scheduled run. It has no compare-and-set. There are
 * three ways around the lock, and this file closes them:
 *
 * 1. *An ended run can be claimed.* The server lets COMPLETED, FAILED and CRASHED become PENDING. So a slow dispatcher can claim a run that
 *    was scheduled when it looked, and that another dispatcher has run since. But the server copies `scheduled_time` only from a SCHEDULED
 *    state to the PENDING after it, and from one PENDING to the next. If our claim has no `scheduled_time`, it was written over an end. The
 *    reply shows that at once; after a crash, the state shows it. Then nothing is started, and the end is restored. If a limit refuses a
 *    claim, the server writes its own state over the previous one. Then the history has the previous state.
 * 2. *Other names of PENDING do not lock.* The server accepts them over an end too. So `Submitting` and `InfrastructurePending` are
 *    proposed before any call to the cloud. Each reply is awaited and judged like that of a claim, and no later state has the type PENDING.
 *    The network may still deliver an old request after its own retry. The dispatcher that has run the flow sees this, and restores the end.
 * 3. *A lost reply* does not show whether the server accepted a proposal. Each proposal has an id, which is in the ledger before it is
 *    sent. The reply to a retry, or the state that a later process reads, shows whose proposal it is.
 *
 * A dispatcher may pause between its claim and its start (a stopped process, a sleeping machine). Meanwhile a user may have taken the run
 * away. So the dispatcher reads the state again before it starts anything. One gap remains: the moment between that look and the cloud's
 * reply. Two dispatchers start the run only if, in that moment, a user takes it away and schedules it again, and another dispatcher claims
 * it. These are then two attempts with different numbers, because the number of an attempt counts the claims in the run's history.
 *
 * The processes of one ledger agree by the ledger's compare-and-set. Then it does not matter which of them made the claim.
 */
export type Standing =
  /** Ours: we may start it. */
  | "ours"
  /** Ours, but written over the end of the run. */
  | "revived"
  /** Ours, but someone has postponed the run: if started, it would only wait. */
  | "early"
  /** Not ours. */
  | "other";

/** If a claimed run is due later than this, in milliseconds, someone has postponed it since it was due. */
const PUT_OFF = 20_000;

/**
 * The standing of a state on the server, for the process that proposed these transitions.
 * @param ours the ids of the transitions of one attempt: its claim and the proposals after it
 */
export function standingOf(state: ServerState | null | undefined, ours: readonly string[]): Standing {
  if (state?.type !== "PENDING" || !isOurs(state, ours)) return "other";
  const due = state.state_details?.scheduled_time ?? undefined;
  if (due === undefined) return "revived";
  // Both times are from the server.
  return Date.parse(due) - Date.parse(state.timestamp) > PUT_OFF ? "early" : "ours";
}

/** Whether one of these transitions has written a state. */
export function isOurs({ state_details: details }: ServerState, ours: readonly string[]): boolean {
  return ours.includes(details?.transition_id ?? "");
}

/** The state before our claim: the newest state that is not ours. */
export function stateBefore(history: readonly ServerState[], ours: readonly string[], refusal?: ServerState): ServerState | undefined {
  return history.findLast((state) => !isOurs(state, ours) && state.id !== refusal?.id);
}

/** The server itself writes these states for a waiting run. They do not schedule a run again. */
const WAITING = new Set(["AwaitingConcurrencySlot", "Late"]);

/**
 * The end of a run that is only scheduled because a limit refused a late claim.
 * @param history oldest first
 */
export function endBehind(history: readonly ServerState[]): ServerState | undefined {
  if (history.at(-1)?.type !== "SCHEDULED") return undefined;
  const last = history.findLast(({ type, name }) => type !== "SCHEDULED" || !WAITING.has(name));
  return last && isTerminal(last as State) ? last : undefined;
}

/** How often a run was claimed. This is the number of its attempts, wherever they ran. */
export function claimsIn(history: readonly ServerState[], ours: readonly string[]): number {
  return history.filter((state) => state.type === "PENDING" && state.name === "Pending" && !isOurs(state, ours)).length;
}

/** The names of PENDING during a submission, in order. */
export type PendingName = "Pending" | "Submitting" | "InfrastructurePending";

/** The id of the transition to that state in the current attempt. It is the same after a crash. */
function transitionTo(name: PendingName, record: RunRecord): string {
  const claim = claimOf(record);
  if (claim === undefined) throw new Error(`run ${record.run.id} of the ledger does not belong to a Prefect server`);
  return name === "Pending" ? claim : derived(name, claim);
}

/** The transition ids of the current attempt. */
export function transitionsOf(record: RunRecord): readonly string[] {
  if (claimOf(record) === undefined) return [];
  return [transitionTo("Pending", record), transitionTo("Submitting", record), transitionTo("InfrastructurePending", record)];
}

/** Whether a run of the ledger belongs to a Prefect server. */
export function isServers({ submission }: Pick<RunRecord, "submission">): boolean {
  return submission.prefect !== undefined;
}

function claimOf({ submission }: RunRecord): string | undefined {
  const prefect = submission.prefect as { transition?: Json } | undefined;
  return typeof prefect?.transition === "string" ? prefect.transition : undefined;
}

/** The result of a proposal before the start. */
export type Proposed = { standing: "ours" } | { standing: Exclude<Standing, "ours">; state: ServerState | undefined; reason: string };

/** Propose a state before the start, and judge the reply. Waits as long as the client does. */
export async function proposePending(client: Client, record: RunRecord, name: PendingName): Promise<Proposed> {
  const { id } = record.run;
  const verdict = await proposeState(client, id, { type: "PENDING", name }, transitionTo(name, record));
  const state = "state" in verdict ? verdict.state : undefined;
  const standing = standingOf(state, transitionsOf(record));
  if (standing === "ours") return { standing };
  if (standing === "other" && verdict.kind === "rejected" && state !== undefined) await undoRefusal(client, record, state);
  const reasons = {
    other: "reason" in verdict ? verdict.reason : "another dispatcher has it",
    revived: "it had ended before it could be claimed",
    early: "it was postponed before it could be claimed",
  };
  return { standing, state, reason: reasons[standing] };
}

/** If a limit refuses a claim, the server schedules or cancels the run, even if it has ended. Restore such an end. */
async function undoRefusal(client: Client, record: RunRecord, refusal: ServerState): Promise<void> {
  if (refusal.type !== "SCHEDULED" && refusal.type !== "CANCELLED") return;
  const before = stateBefore(await readStates(client, record.run.id), transitionsOf(record), refusal);
  if (!before || !isTerminal(before as State)) return;
  const present = (await readFlowRun(client, record.run.id))?.state;
  if (present?.id === refusal.id) await writeState(client, record.run.id, before);
}

/**
 * Restore the state before our claim, if the claim is still the current state.
 * @returns whether it was restored
 */
export async function putBack(client: Client, record: RunRecord): Promise<boolean> {
  const { id } = record.run;
  const ours = transitionsOf(record);
  const before = stateBefore(await readStates(client, id), ours);
  const present = (await readFlowRun(client, id))?.state;
  if (!before || !present || !isOurs(present, ours)) return false;
  await writeState(client, id, before);
  return true;
}

/** Make an earlier state of a run its current state again. */
export async function writeState(
  client: Client,
  id: string,
  { type, name, message, data, state_details: details }: ServerState,
): Promise<void> {
  const due = details?.scheduled_time ?? undefined;
  await proposeState(client, id, {
    type,
    name,
    ...(message ? { message } : {}),
    ...(data === undefined || data === null ? {} : { data }),
    ...(type === "SCHEDULED" && due !== undefined ? { scheduledTime: due } : {}),
  });
}

/** Remove the infrastructure of an earlier attempt from the server, so that it is not mistaken for that of this attempt. */
export async function forgetInfrastructure(client: Client, id: string, pid: string | null): Promise<void> {
  if (pid !== null) await patchFlowRun(client, id, { infrastructure_pid: null });
}

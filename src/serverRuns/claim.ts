import { v5 as derived } from "uuid";
import type { Json } from "../json";
import type { RunRecord } from "../ledger";
import { isTerminal, type State } from "../model/flowRun";
import { patchFlowRun, proposeState, readFlowRun, readStates, type ServerState } from "../prefect/api/flowRuns";
import type { Client } from "../prefect/client";

/**
 * Why no flow run is started twice, whoever else dispatches it.
 *
 * The server has one lock: of all who propose PENDING named `Pending` for a scheduled run, it accepts one. It has no compare-and-set. So there are
 * three ways around that lock, and this file closes each of them:
 *
 * 1. *An ended run can be claimed.* The server lets COMPLETED, FAILED and CRASHED become PENDING. So a dispatcher that read "scheduled" and was slow
 *    (a loaded machine, a pause, a request that was repeated for minutes) can claim a run that somebody else has run meanwhile. But the server copies
 *    `scheduled_time` only from a SCHEDULED state into the PENDING that follows, and from one PENDING to the next. A claim of ours without it was
 *    therefore written over an end. The answer shows that at once, and after a crash the state does. Then nothing is started, and the end is put
 *    back. If a limit refuses a claim, the server writes a state of its own over whatever was there; then the history says what that was.
 * 2. *Other names of PENDING are no lock.* The server accepts them over an end too. So `Submitting` and `InfrastructurePending` are proposed before the
 *    cloud is asked for anything. Each is waited for and judged as a claim is, and nothing of type PENDING is proposed after it. The network may
 *    still deliver an old request after its own repeat. The dispatcher that has run the flow hears of that, and puts the end back.
 * 3. *A lost reply* leaves open whether a proposal was accepted. Each proposal carries an id that is in the ledger before it is sent. So the answer to
 *    its repeat, or the state that a later process finds, tells whose it is.
 *
 * A dispatcher may sleep between its claim and its start (a stopped process, a machine put to sleep), and somebody may take the run from it by hand. So
 * it reads the state again before it starts anything. One gap is left: the moment between that look and the cloud's own answer. Both start the run
 * only if in that moment somebody takes it away by hand, schedules it again, and another dispatcher claims it. Then the two are two attempts with
 * different numbers, because an attempt's number counts the claims in the run's history.
 *
 * Within one ledger, processes agree by the ledger's compare-and-set. Which of them made the claim does not matter then.
 */
export type Standing =
  /** Ours to start. */
  | "ours"
  /** Ours, but written over the end of a run. */
  | "revived"
  /** Ours, but somebody has put the run off: it would start and wait. */
  | "early"
  /** We did not write it. */
  | "other";

/** If a claimed run is due later than this, in milliseconds, somebody has put it off since it was seen to be due. */
const PUT_OFF = 20_000;

/**
 * What a state on the server means for who has proposed these transitions.
 * @param ours the ids of the transitions of one attempt: its claim and what follows
 */
export function standingOf(state: ServerState | null | undefined, ours: readonly string[]): Standing {
  if (state?.type !== "PENDING" || !isOurs(state, ours)) return "other";
  const due = state.state_details?.scheduled_time ?? undefined;
  if (due === undefined) return "revived";
  // Both times are the server's.
  return Date.parse(due) - Date.parse(state.timestamp) > PUT_OFF ? "early" : "ours";
}

/** Whether a state was written by one of these transitions. */
export function isOurs({ state_details: details }: ServerState, ours: readonly string[]): boolean {
  return ours.includes(details?.transition_id ?? "");
}

/** The state that a claim of ours was written over: the newest that is not ours. */
export function stateBefore(history: readonly ServerState[], ours: readonly string[], refusal?: ServerState): ServerState | undefined {
  return history.findLast((state) => !isOurs(state, ours) && state.id !== refusal?.id);
}

/** States that the server itself writes for a run that waits. They do not schedule a run again. */
const WAITING = new Set(["AwaitingConcurrencySlot", "Late"]);

/**
 * The end of a run that is scheduled only because a limit refused a claim that came too late.
 * @param history oldest first
 */
export function endBehind(history: readonly ServerState[]): ServerState | undefined {
  if (history.at(-1)?.type !== "SCHEDULED") return undefined;
  const last = history.findLast(({ type, name }) => type !== "SCHEDULED" || !WAITING.has(name));
  return last && isTerminal(last as State) ? last : undefined;
}

/** How often a run was claimed: that is the number of its attempts, wherever they ran. */
export function claimsIn(history: readonly ServerState[], ours: readonly string[]): number {
  return history.filter((state) => state.type === "PENDING" && state.name === "Pending" && !isOurs(state, ours)).length;
}

/** The names of PENDING that a run has while it is submitted, in this order. */
export type PendingName = "Pending" | "Submitting" | "InfrastructurePending";

/** The id of the transition to that state in the present attempt. After a crash it is the same. */
function transitionTo(name: PendingName, record: RunRecord): string {
  const claim = claimOf(record);
  if (claim === undefined) throw new Error(`run ${record.run.id} of the ledger does not belong to a Prefect server`);
  return name === "Pending" ? claim : derived(name, claim);
}

/** The transition ids of the present attempt. */
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

/** What came of a proposal on the way to the start. */
export type Proposed = { standing: "ours" } | { standing: Exclude<Standing, "ours">; state: ServerState | undefined; reason: string };

/** Propose a state on the way to the start, and judge the answer. Waits as long as the client does. */
export async function proposePending(client: Client, record: RunRecord, name: PendingName): Promise<Proposed> {
  const { id } = record.run;
  const verdict = await proposeState(client, id, { type: "PENDING", name }, transitionTo(name, record));
  const state = "state" in verdict ? verdict.state : undefined;
  const standing = standingOf(state, transitionsOf(record));
  if (standing === "ours") return { standing };
  if (standing === "other" && verdict.kind === "rejected" && state !== undefined) await undoRefusal(client, record, state);
  const reasons = {
    other: "reason" in verdict ? verdict.reason : "somebody else has it",
    revived: "it had ended before it could be claimed",
    early: "it was put off before it could be claimed",
  };
  return { standing, state, reason: reasons[standing] };
}

/** If a limit refuses a claim, the server schedules or cancels the run, even one that has ended by then. Put such an end back. */
async function undoRefusal(client: Client, record: RunRecord, refusal: ServerState): Promise<void> {
  if (refusal.type !== "SCHEDULED" && refusal.type !== "CANCELLED") return;
  const before = stateBefore(await readStates(client, record.run.id), transitionsOf(record), refusal);
  if (!before || !isTerminal(before as State)) return;
  const present = (await readFlowRun(client, record.run.id))?.state;
  if (present?.id === refusal.id) await write(client, record.run.id, before);
}

/**
 * Put back what a claim of ours was written over, if the claim still stands.
 * @returns whether it was put back
 */
export async function putBack(client: Client, record: RunRecord): Promise<boolean> {
  const { id } = record.run;
  const ours = transitionsOf(record);
  const before = stateBefore(await readStates(client, id), ours);
  const present = (await readFlowRun(client, id))?.state;
  if (!before || !present || !isOurs(present, ours)) return false;
  await write(client, id, before);
  return true;
}

/** Make an earlier state of a run its present one again. */
export async function write(client: Client, id: string, { type, name, message, data, state_details: details }: ServerState): Promise<void> {
  const due = details?.scheduled_time ?? undefined;
  await proposeState(client, id, {
    type,
    name,
    ...(message ? { message } : {}),
    ...(data === undefined || data === null ? {} : { data }),
    ...(type === "SCHEDULED" && due !== undefined ? { scheduledTime: due } : {}),
  });
}

/** Remove what an earlier attempt left on the server, so that it is not taken for this attempt's. */
export async function forgetInfrastructure(client: Client, id: string, pid: string | null): Promise<void> {
  if (pid !== null) await patchFlowRun(client, id, { infrastructure_pid: null });
}

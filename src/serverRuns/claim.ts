import { v5 as derived } from "uuid";
import type { Json } from "../json";
import type { RunRecord } from "../ledger";
import { isTerminal, type State } from "../model/flowRun";
import { patchFlowRun, proposeState, readFlowRun, readStates, type ServerState } from "../prefect/api/flowRuns";
import type { Client } from "../prefect/client";

/**
 * Why no flow run is started twice, whoever else dispatches it.
 *
 * The server has one lock: of all that propose PENDING named `Pending` for a scheduled run, one is accepted. It has no compare-and-set, so
 * three things get around that lock, and each is answered here:
 *
 * 1. *An ended run can be claimed.* COMPLETED, FAILED and CRASHED go to PENDING without a word, so whoever read "scheduled" and was slow
 *    (a loaded machine, a pause, a request that was repeated for minutes) claims what somebody else has run meanwhile. But the server copies
 *    `scheduled_time` from a SCHEDULED state into the PENDING one that follows, and along PENDING ones, and from nowhere else: a claim of ours
 *    without it was written over an end. That is seen in the very answer, or after a crash in the state as it stands; nothing is started,
 *    and the end is put back. A limit's refusal writes a state of its own over whatever was there: then the history says what that was.
 * 2. *Other names of PENDING are no lock*, and are accepted over an end too. So `Submitting` and `InfrastructurePending` are proposed before
 *    the infrastructure is asked for, each waited for and judged as a claim is, and nothing of type PENDING is proposed after it. A request
 *    that the network delivers after its own repeat can still come late: who has run it hears of that, and puts the end back.
 * 3. *A lost reply* leaves open whether a proposal was accepted. Each carries an id that was written to the ledger before it was sent, so the
 *    answer to its repeat, or the state that a later process finds, tells whose it is.
 *
 * A dispatcher that sleeps between its claim and its start (a stopped process, a machine put to sleep) reads the state again before it starts
 * anything; somebody may have taken the run from it by hand. What is left is the moment between that look and the target's own answer, in
 * which both start it only if the run was also taken away by hand, scheduled anew and claimed in that moment; the two are then two attempts
 * with numbers of their own, since an attempt's number is counted from the claims in the run's history and not from a ledger.
 *
 * Within one ledger, processes agree by the ledger's compare-and-set; which of them claimed does not matter then.
 */
export type Standing =
  /** Ours to start. */
  | "ours"
  /** Ours, but written over the end of a run. */
  | "revived"
  /** Ours, but of a run that has been put off: it would start and wait. */
  | "early"
  /** Whatever it is, we did not write it. */
  | "other";

/** Further ahead than this, in milliseconds, a run was put off since it was seen to be due. */
const PUT_OFF = 20_000;

/**
 * What a state on the server means for who has proposed these transitions.
 * @param ours the ids of the transitions of one attempt: of its claim, and of what follows it
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

/** States that the server itself writes, of a run that waits: they do not schedule one anew. */
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

/** How often a run was claimed: its attempts so far, wherever they ran. */
export function claimsIn(history: readonly ServerState[], ours: readonly string[]): number {
  return history.filter((state) => state.type === "PENDING" && state.name === "Pending" && !isOurs(state, ours)).length;
}

/** The names that a run which is being submitted goes by, in this order. */
export type PendingName = "Pending" | "Submitting" | "InfrastructurePending";

/** The id of the transition to that state in the present attempt: it is known again after a crash. */
function transitionTo(name: PendingName, record: RunRecord): string {
  const claim = claimOf(record);
  if (claim === undefined) throw new Error(`run ${record.run.id} of the ledger is none of a Prefect server`);
  return name === "Pending" ? claim : derived(name, claim);
}

/** The transition ids of the present attempt. */
export function transitionsOf(record: RunRecord): readonly string[] {
  if (claimOf(record) === undefined) return [];
  return [transitionTo("Pending", record), transitionTo("Submitting", record), transitionTo("InfrastructurePending", record)];
}

/** Whether a run of the ledger is a server's. */
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

/** A limit's refusal schedules or cancels; where that hit a run which had ended by then, it has ended. */
async function undoRefusal(client: Client, record: RunRecord, refusal: ServerState): Promise<void> {
  if (refusal.type !== "SCHEDULED" && refusal.type !== "CANCELLED") return;
  const before = stateBefore(await readStates(client, record.run.id), transitionsOf(record), refusal);
  if (!before || !isTerminal(before as State)) return;
  const present = (await readFlowRun(client, record.run.id))?.state;
  if (present?.id === refusal.id) await write(client, record.run.id, before);
}

/**
 * Put back what a claim of ours was written over, if that still stands.
 * @returns whether it did
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

/** What an earlier attempt left on the server is not taken for this one's. */
export async function forgetInfrastructure(client: Client, id: string, pid: string | null): Promise<void> {
  if (pid !== null) await patchFlowRun(client, id, { infrastructure_pid: null });
}

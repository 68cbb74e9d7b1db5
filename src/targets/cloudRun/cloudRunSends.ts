import { randomUUID } from "node:crypto";
import { CALL_TIMEOUT, type CallOptions } from "../cloud/calls";
import { doOnce, type OwnClaim } from "../cloud/claims";
import { CloudFailure, ifThere, isRefusal } from "../cloud/failure";
import { lookFor, whileSettling } from "../cloud/lookFor";
import { inTurn } from "../cloud/notes";
import type { SharedNotes, Started } from "../target";
import type { RunApi } from "./cloudRunApi";
import { markerOf, timeOfRun } from "./cloudRunNames";
import { type SendNote, sendNote, type Whereabouts } from "./cloudRunNotes";
import { asFailure } from "./googleFailures";

/** An attempt of a run. */
export interface Attempt {
  runId: string;
  attempt: number;
}

type Start = (lastStep: NonNullable<CallOptions["lastStep"]>) => Promise<string>;

/** How often to send again after an unclear reply. Before each time it is certain that nothing was started. */
const TRIES = 5;
/** How much the clocks of the run's creator and of Google may differ, in milliseconds. */
const CLOCKS = 3_600_000;

/**
 * `jobs.run` has no token by which Google could recognize a repeated request. Whether one succeeded is found by looking for an execution
 * with the attempt's marker. A note, which all processes share, says what was sent and which process sent it. Only one of several processes
 * sends, and one that was killed in between leaves its note.
 */
export interface Sends {
  /**
   * Start an attempt, unless it was already started.
   * @param how `start` sends it once; `lastStep`: see {@link CallOptions}. `started`: as of `Target.submit`
   * @returns the execution's name
   * @throws {CloudFailure}; `unclear` if it may have been started: {@link Sends.find} finds out
   */
  send(of: Attempt, where: Whereabouts, how: { start: Start; started?: Started }, signal: AbortSignal): Promise<string>;
  /**
   * Find the execution of an attempt whose sender is gone; `undefined` once it certainly does not exist.
   * @param where `planned`: from the ledger's submission; `elsewhere`: where to look for what another ledger's processes may have sent
   */
  find(of: Attempt, where: { planned?: Whereabouts; elsewhere?: Whereabouts }, signal?: AbortSignal): Promise<string | undefined>;
}

/** @param settle how long an execution may be missing in the list, in milliseconds */
export function openSends({ api, notes, settle }: { api: RunApi; notes: SharedNotes; settle: number }): Sends {
  const noteOf = ({ runId, attempt }: Attempt) => sendNote(notes, runId, attempt);

  /** One look at the list. */
  async function look({ runId, attempt }: Attempt, { job, own }: Whereabouts, signal?: AbortSignal): Promise<string | undefined> {
    if (own !== undefined) return (await ifThere(api.getJob(job, signal))) === undefined ? undefined : own;
    const marker = markerOf(runId, attempt);
    const since = (timeOfRun(runId) ?? 0) - CLOCKS;
    let last = Number.POSITIVE_INFINITY;
    let ordered = true;
    let page: string | undefined;
    do {
      // A Job that was never created has no executions.
      const { items: executions, next } = (await ifThere(api.listExecutions(job, "marker", page, signal))) ?? { items: [] };
      const found = executions.find((each) => each.marker === marker);
      if (found) return found.name;
      for (const { createTime } of executions) {
        const at = createTime === undefined ? last : Date.parse(createTime);
        ordered &&= at <= last;
        last = at;
      }
      page = next;
      // Newest first, as observed: what follows is older than the run.
    } while (page !== undefined && !(ordered && last < since));
    return undefined;
  }

  /** Look until it is found, or must have appeared: the window begins now. */
  async function appears(of: Attempt, where: Whereabouts, signal?: AbortSignal): Promise<string | undefined> {
    return lookFor(() => look(of, where, signal), whileSettling(settle, signal));
  }

  /** @returns the execution that counts: another process may have written it first */
  async function record(of: Attempt, claim: SendNote, found: string, started?: Started): Promise<string> {
    let execution = found;
    await inTurn(notes, [
      async () => {
        const known = await noteOf(of).rewrite((now) => (now?.execution === undefined ? { ...claim, execution: found } : now));
        execution = known?.execution ?? found;
      },
      async () => started?.(execution),
    ]);
    return execution;
  }

  /** This process has the claim: send, and find out the result. */
  async function sendOwn(
    of: Attempt,
    claim: OwnClaim<SendNote>,
    { start, started }: { start: Start; started?: Started },
    signal: AbortSignal,
  ): Promise<string> {
    const send = claim.value;
    for (let tries = 1; ; tries++) {
      try {
        return await record(of, send, await start(claim.renew), started);
      } catch (error) {
        const failure = asFailure(error);
        if (isRefusal(failure)) {
          await claim.replace(undefined);
          throw failure;
        }
        const found = await appears(of, send, signal);
        if (found !== undefined) return record(of, send, found);
        if (tries === TRIES || signal.aborted) {
          await claim.replace(undefined);
          throw new CloudFailure("unsent", failure.message);
        }
      }
    }
  }

  return {
    send: (of, where, how, signal) =>
      doOnce<SendNote, string>({
        note: noteOf(of),
        answer: ({ execution }) => execution,
        // Wait until its request can no longer be under way.
        holds: ({ at }, now) => now <= at + CALL_TIMEOUT + settle,
        leftBy: async (send) => {
          const found = await look(of, send, signal);
          return found === undefined ? undefined : record(of, send, found);
        },
        claim: (now) => ({ by: randomUUID(), at: now, ...where }),
        work: (claim) => sendOwn(of, claim, how, signal),
        mayBegin: true,
        pause: 50,
        signal,
      }),

    async find(of, { planned, elsewhere }, signal) {
      const held = await noteOf(of).held();
      const { value: send } = held;
      if (send?.execution !== undefined) return send.execution;
      if (send === undefined) {
        // A run of the ledger may still have been sent: the newest notes may be lost if the machine fails.
        if (planned !== undefined) return appears(of, planned, signal);
        return elsewhere && look(of, elsewhere, signal);
      }
      // The sender may have stopped at this very moment.
      const found = await appears(of, send, signal);
      if (found !== undefined) return record(of, send, found);
      await held.replace(undefined);
      return undefined;
    },
  };
}

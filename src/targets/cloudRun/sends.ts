import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { SharedNotes } from "../target";
import { asFailure, CloudFailure } from "./failures";
import { markerOf, timeOfRun } from "./names";
import { CALL_TIMEOUT, type ExecutionPage, type RunApi } from "./runApi";

/**
 * `jobs.run` has no token by which Google would know a repeated request: whether one was done is found out by looking for an execution that
 * carries the attempt's marker. What was sent, and by whom, stands in the notes that all processes share, so that of several only one sends,
 * and one that was killed in between leaves a sign.
 */
interface Send extends Whereabouts {
  /** Who sends it: one call of `send`. */
  by: string;
  /** When it was last about to be sent, in milliseconds. */
  at: number;
  /** The execution, once it is known. */
  execution?: string;
}

/** Where an attempt is looked for. */
export interface Whereabouts {
  /** Full name of its Job; ends in `/jobs/-` where only the region is known. */
  job: string;
  /** With a Job of its own: the full name of the one execution that this can have. */
  own?: string;
}

/** An attempt of a run. */
export interface Attempt {
  runId: string;
  attempt: number;
}

/** How often a request whose fate stays unclear is sent anew, once it is known not to have been done. */
const TRIES = 5;
/** The clocks of whoever made the run and of Google may differ, in milliseconds. */
const CLOCKS = 3_600_000;

export interface Sends {
  /**
   * Start an attempt, unless it was started already.
   * @param start sends it once
   * @returns the execution's name
   * @throws {CloudFailure}; `unclear` if it may have been started: {@link Sends.find} tells
   */
  send(of: Attempt, where: Whereabouts, start: () => Promise<string>, signal: AbortSignal): Promise<string>;
  /**
   * The execution of an attempt whose sender is gone; `undefined` once it is sure that there is none.
   * @param where `planned`: as the ledger's submission has it; `elsewhere`: where to look for what another ledger's processes may have sent
   */
  find(of: Attempt, where: { planned?: Whereabouts; elsewhere?: Whereabouts }): Promise<string | undefined>;
}

/** @param settle how long an execution may take to show up in the list, in milliseconds */
export function openSends({ api, notes, settle }: { api: RunApi; notes: SharedNotes; settle: number }): Sends {
  const read = async (of: Attempt) => {
    const text = await notes.readNote(keyOf(of));
    return { text, send: text === undefined ? undefined : (JSON.parse(text) as Send) };
  };

  /** One look at the list. */
  async function look({ runId, attempt }: Attempt, { job, own }: Whereabouts, signal?: AbortSignal): Promise<string | undefined> {
    if (own !== undefined) return (await exists(job, signal)) ? own : undefined;
    const marker = markerOf(runId, attempt);
    const since = (timeOfRun(runId) ?? 0) - CLOCKS;
    let last = Number.POSITIVE_INFINITY;
    let ordered = true;
    let page: string | undefined;
    do {
      const { executions, next } = await api.listExecutions(job, "marker", page, signal).catch((error): ExecutionPage => {
        // Nothing of a Job that was never made.
        if (asFailure(error).kind === "missing") return { executions: [] };
        throw error;
      });
      const found = executions.find((each) => each.marker === marker);
      if (found) return found.name;
      for (const { createTime } of executions) {
        const at = createTime === undefined ? last : Date.parse(createTime);
        ordered &&= at <= last;
        last = at;
      }
      page = next;
      // Newest first, as far as was seen: what follows is older than the run.
    } while (page !== undefined && !(ordered && last < since));
    return undefined;
  }

  async function exists(job: string, signal?: AbortSignal): Promise<boolean> {
    try {
      await api.getJob(job, signal);
      return true;
    } catch (error) {
      if (asFailure(error).kind !== "missing") throw error;
      return false;
    }
  }

  /** Look until it is there, or would be. */
  async function lookFor(of: Attempt, where: Whereabouts, until: number, signal?: AbortSignal): Promise<string | undefined> {
    for (let pause = Math.min(250, settle / 4); ; pause = Math.min(pause * 1.5, 2_000)) {
      // Asked before looking: a look that begins after the window sees whatever will ever be seen.
      const last = Date.now() >= until;
      const found = await look(of, where, signal);
      if (found !== undefined || last) return found;
      await sleep(Math.max(1, Math.min(pause, until - Date.now())), undefined, signal ? { signal } : {});
    }
  }

  async function record(of: Attempt, claim: Send, execution: string): Promise<string> {
    const known = JSON.stringify({ ...claim, execution } satisfies Send);
    for (let text: string | undefined = JSON.stringify(claim); ; ) {
      if (await notes.swapNote(keyOf(of), text, known)) return execution;
      const present = await read(of);
      if (present.send?.execution !== undefined) return present.send.execution;
      text = present.text;
    }
  }

  /** We hold the claim: send, and find out what became of it. */
  async function sendOwn(of: Attempt, first: Send, start: () => Promise<string>, signal: AbortSignal): Promise<string> {
    let claim = first;
    const letGo = () => notes.swapNote(keyOf(of), JSON.stringify(claim), undefined);
    for (let tries = 1; ; tries++) {
      try {
        return await record(of, claim, await start());
      } catch (error) {
        const failure = asFailure(error);
        if (failure.kind !== "unclear") {
          await letGo();
          throw failure;
        }
        const found = await lookFor(of, claim, Date.now() + settle, signal);
        if (found !== undefined) return record(of, claim, found);
        if (tries === TRIES || signal.aborted) {
          await letGo();
          throw new CloudFailure("unsent", failure.message);
        }
        const again: Send = { ...claim, at: Date.now() };
        if (!(await notes.swapNote(keyOf(of), JSON.stringify(claim), JSON.stringify(again)))) throw failure;
        claim = again;
      }
    }
  }

  return {
    async send(of, where, start, signal) {
      const by = randomUUID();
      signal.throwIfAborted();
      const first: Send = { by, at: Date.now(), ...where };
      if (await notes.swapNote(keyOf(of), undefined, JSON.stringify(first))) return sendOwn(of, first, start, signal);
      for (;;) {
        signal.throwIfAborted();
        const { text, send } = await read(of);
        if (send?.execution !== undefined) return send.execution;
        if (send !== undefined) {
          // Another process is at it, or was: it is left alone until its request cannot be under way any more.
          if (Date.now() <= send.at + CALL_TIMEOUT + settle) {
            await sleep(50, undefined, { signal });
            continue;
          }
          const found = await look(of, send, signal);
          if (found !== undefined) return record(of, send, found);
        }
        const claim: Send = { by, at: Date.now(), ...where };
        if (await notes.swapNote(keyOf(of), text, JSON.stringify(claim))) return sendOwn(of, claim, start, signal);
      }
    },

    async find(of, { planned, elsewhere }) {
      const { text, send } = await read(of);
      if (send?.execution !== undefined) return send.execution;
      if (send === undefined) {
        // That there is no note says nothing of a run in the ledger: the newest notes may have gone down with the machine.
        if (planned !== undefined) return lookFor(of, planned, Date.now() + settle);
        return elsewhere && look(of, elsewhere);
      }
      // The sender may have been stopped in the very moment: the window begins now.
      const found = await lookFor(of, send, Date.now() + settle);
      if (found !== undefined) return record(of, send, found);
      await notes.swapNote(keyOf(of), text, undefined);
      return undefined;
    },
  };
}

function keyOf({ runId, attempt }: Attempt): string {
  return `cloud-run/send/${runId}/${attempt}`;
}

import { randomUUID } from "node:crypto";
import type { JsonObject } from "../../json";
import { UserError } from "../../userError";
import { CALL_TIMEOUT } from "../cloud/calls";
import { doOnce, type OwnClaim } from "../cloud/claims";
import { CloudFailure } from "../cloud/failure";
import { lookFor, whileSettling } from "../cloud/lookFor";
import { inTurn, timeOf } from "../cloud/notes";
import type { InfrastructureId, SharedNotes, Started } from "../target";
import type { AciApi } from "./aciApi";
import { type RunNote, runNote, type SendNote, sendNote } from "./aciNotes";
import { formatId, type GroupName, RUN_TAG } from "./groupNames";

/** How often to send an unclear request again. Before each time it is certain that nothing was made. */
const TRIES = 5;

/** A container group of an attempt. */
export interface Wanted {
  name: GroupName;
  /** Value of its {@link RUN_TAG}. */
  run: string;
}

/**
 * If a group of that name has ended, Azure makes it again: a repeated PUT would run the command twice. So nobody sends one without having
 * looked, and of the processes of a ledger only one sends.
 */
export interface Sends {
  /**
   * Make a group, unless it was made already.
   * @param remembered what is kept of it
   * @param started as of `Target.submit`
   * @throws {CloudFailure}; `unclear` if it may have been made: {@link Sends.find} finds out
   */
  send(
    wanted: Wanted,
    group: JsonObject,
    remembered: Omit<RunNote, "at">,
    signal: AbortSignal,
    started?: Started,
  ): Promise<InfrastructureId>;
  /**
   * The group of an attempt whose sender is gone; `undefined` once it certainly does not exist.
   * @param remembered what to note about it, if known
   */
  find(wanted: Wanted, remembered: Omit<RunNote, "at"> | undefined, signal?: AbortSignal): Promise<InfrastructureId | undefined>;
}

/** A look before a PUT has found the group. */
class AlreadyThere extends Error {}

/** @param settle how long a new group may be invisible, in milliseconds */
export function openSends({ api, notes, settle }: { api: AciApi; notes: SharedNotes; settle: number }): Sends {
  /** @throws {UserError} if it belongs to somebody else */
  async function isThere({ name, run }: Wanted, signal?: AbortSignal): Promise<boolean> {
    const found = await api.get(name, signal);
    if (!found) return false;
    if (found.tags[RUN_TAG] === run) return true;
    throw new UserError(
      `container group "${name.group}" already exists in resource group "${name.resourceGroup}", and does not belong to this run: delete it`,
      5,
    );
  }

  /** Look until it is there, or would be. */
  async function appears(wanted: Wanted, signal?: AbortSignal): Promise<boolean> {
    const look = async () => (await isThere(wanted, signal)) || undefined;
    return (await lookFor(look, whileSettling(settle, signal))) ?? false;
  }

  async function record(id: InfrastructureId, remembered: Omit<RunNote, "at"> | undefined, started?: Started): Promise<InfrastructureId> {
    await inTurn(notes, [
      async () => remembered && runNote(notes, id).create({ ...remembered, at: timeOf(notes) }),
      () => sendNote(notes, id).rewrite((now) => (now?.taken ? now : { by: "", at: timeOf(notes), ...now, taken: true })),
      async () => started?.(id),
    ]);
    return id;
  }

  async function sendOwn(wanted: Wanted, group: JsonObject, claim: OwnClaim<SendNote>, signal: AbortSignal): Promise<void> {
    const beforeTry = async () => {
      if (await isThere(wanted, signal)) throw new AlreadyThere();
    };
    // The look and the login may take minutes: another process may have sent the request meanwhile.
    const lastStep = claim.renew;
    for (let tries = 1; ; tries++) {
      try {
        return await api.create(wanted.name, group, { signal, beforeTry, lastStep });
      } catch (error) {
        if (error instanceof AlreadyThere) return;
        const failure = error instanceof CloudFailure ? error : undefined;
        if (failure?.kind === "unclear" || failure?.kind === "transitioning") {
          if (await appears(wanted, signal)) return;
          if (tries < TRIES && !signal.aborted) continue;
        }
        // If another process took it over, that one writes the note.
        if (failure || error instanceof UserError) await claim.replace(undefined);
        throw failure?.kind === "unclear" ? new CloudFailure("unsent", failure.message) : error;
      }
    }
  }

  return {
    send: (wanted, group, remembered, signal, started) => {
      const id = formatId(wanted.name);
      return doOnce<SendNote, InfrastructureId>({
        note: sendNote(notes, id),
        answer: ({ taken }) => (taken ? id : undefined),
        // It is left alone until its request cannot be under way any more.
        holds: ({ at }, now) => now <= at + CALL_TIMEOUT + settle,
        leftBy: async () => ((await isThere(wanted, signal)) ? record(id, remembered) : undefined),
        claim: (now) => ({ by: randomUUID(), at: now }),
        work: async (claim) => {
          await sendOwn(wanted, group, claim, signal);
          return record(id, remembered, started);
        },
        mayBegin: true,
        pause: 50,
        signal,
      });
    },
    async find(wanted, remembered, signal) {
      const id = formatId(wanted.name);
      const held = await sendNote(notes, id).held();
      if (held.value?.taken) return id;
      // A run may have been sent without a note: a crash of the machine may lose the newest notes.
      const found = held.value === undefined && !remembered ? await isThere(wanted, signal) : await appears(wanted, signal);
      if (found) return record(id, remembered);
      if (held.value) await held.replace(undefined);
      return undefined;
    },
  };
}

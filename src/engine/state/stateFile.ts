import { readFileSync, rmSync } from "node:fs";
import { UserError } from "../../userError";
import { writeWhole } from "../../writeWhole";
import { parseState, type StackState, stateText } from "./deployment";
import { digestOf, type Journal, journalPath, readJournal } from "./journal";
import { Snapshot } from "./snapshot";

/**
 * Read a stack's state: its file, and what an operation that goes on, or was cut off, has noted beside it.
 * @returns `undefined` if the stack was never provisioned
 * @throws {UserError} if one of them is damaged, or the file of another version: they are left as they are
 */
export function readState(path: string): StackState | undefined {
  return read(path)?.state;
}

/** Bring what an operation that was cut off has noted into the state's own file. For whoever holds the stack's lock. */
export function foldJournal(path: string): void {
  const found = read(path);
  if (found?.journal === "none") return;
  if (found?.journal === "open") writeWhole(path, stateText(found.state));
  // Where there is no state any more, somebody has taken it away: what was noted goes with it.
  rmSync(journalPath(path), { force: true });
}

/** What an interrupted operation was creating, nobody knows of until somebody has looked. The others are settled by doing them again. */
export function unsettled<Operation extends { type: string }>(pending: readonly Operation[]): Operation[] {
  return pending.filter(({ type }) => type === "creating");
}

function read(path: string): { state: StackState; journal: "none" | "open" | "folded" } | undefined {
  const text = textOf(path);
  if (text === undefined) return undefined;
  const state = parseState(text, path);
  const damaged = (why: string) =>
    new UserError(
      `the state ${path} is damaged: ${journalPath(path)}, in which an operation that was cut off has noted what it did, ${why}; both were left as they are`,
    );
  let journal: Journal | undefined;
  try {
    journal = readJournal(path);
  } catch (error) {
    throw damaged(`cannot be read: ${(error as Error).message}`);
  }
  if (!journal) return { state, journal: "none" };
  const digest = digestOf(text);
  if (digest === journal.folded) return { state, journal: "folded" };
  if (digest !== journal.state) {
    // Whoever ended the operation just now has written the state since it was read here.
    if (textOf(path) !== text) return read(path);
    throw damaged("does not belong to what the state holds: it was changed by hand since. Put back what it held, or remove the other file");
  }
  try {
    return { state: replayed(state, journal), journal: "open" };
  } catch (error) {
    throw damaged(`does not fit: ${(error as Error).message}`);
  }
}

function replayed(state: StackState, { salt, edits }: Journal): StackState {
  const { resources, pending_operations = [], ...rest } = state.deployment;
  const snapshot = new Snapshot(resources, unsettled(pending_operations));
  for (const edit of edits) snapshot.apply(edit);
  return {
    ...state,
    deployment: {
      ...rest,
      ...(salt === undefined ? {} : { secrets_providers: { type: "passphrase", state: { salt } } }),
      resources: snapshot.resources(),
      pending_operations: snapshot.pending(),
    },
  };
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new UserError(`cannot read the state ${path}: ${(error as Error).message}`, 5);
  }
}

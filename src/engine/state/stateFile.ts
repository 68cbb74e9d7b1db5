import { readFileSync, rmSync } from "node:fs";
import { UserError } from "../../userError";
import { writeWhole } from "../../writeWhole";
import { type Journal, journalPath, readJournal, stateDigest } from "./journal";
import { Snapshot } from "./snapshot";
import { parseState, type StackState, textOfState } from "./stateFormat";

/**
 * Read a stack's state: its file, and the journal of an operation that is running or was interrupted.
 * @returns `undefined` if the stack was never deployed
 * @throws {UserError} if one of them is damaged, or the file has another version. Both files stay as they are.
 */
export function readState(path: string): StackState | undefined {
  return read(path)?.state;
}

/** Merge the journal of an interrupted operation into the state file. The caller must hold the stack's lock. */
export function mergeJournal(path: string): void {
  const found = read(path);
  if (found?.journal === "none") return;
  if (found?.journal === "open") writeWhole(path, textOfState(found.state));
  // If the state file was removed, its journal is removed too.
  rmSync(journalPath(path), { force: true });
}

/**
 * The creations of an interrupted operation: only the provider knows whether they happened. Other operations are simply repeated.
 */
export function pendingCreations<Operation extends { type: string }>(pending: readonly Operation[]): Operation[] {
  return pending.filter(({ type }) => type === "creating");
}

function read(path: string): { state: StackState; journal: "none" | "open" | "folded" } | undefined {
  const text = readText(path);
  if (text === undefined) return undefined;
  const state = parseState(text, path);
  const damaged = (why: string) =>
    new UserError(
      `the state ${path} is damaged: its journal ${journalPath(path)}, which an interrupted operation wrote, ${why}. Both files were not changed`,
    );
  let journal: Journal | undefined;
  try {
    journal = readJournal(path);
  } catch (error) {
    throw damaged(`cannot be read: ${(error as Error).message}`);
  }
  if (!journal) return { state, journal: "none" };
  const digest = stateDigest(text);
  if (digest === journal.folded) return { state, journal: "folded" };
  if (digest !== journal.state) {
    // The operation may have ended and written the state since it was read here.
    if (readText(path) !== text) return read(path);
    throw damaged("does not belong to this state, which was changed by hand. Restore the state, or remove the journal");
  }
  try {
    return { state: replayed(state, journal), journal: "open" };
  } catch (error) {
    throw damaged(`does not match the state: ${(error as Error).message}`);
  }
}

function replayed(state: StackState, { salt, edits }: Journal): StackState {
  const { resources, pending_operations = [], ...rest } = state.deployment;
  const snapshot = new Snapshot(resources, pendingCreations(pending_operations));
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

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new UserError(`cannot read the state ${path}: ${(error as Error).message}`, 5);
  }
}

import { type Ledger, type LedgerChoice, mayHaveRuns, openChosen } from "../ledger";
import { type LoadedManifest, loadManifest } from "../manifest";
import type { Workspace } from "../workspace";
import { chooseLedger } from "../workspaceRuns";
import { note } from "./screen";
import { type ManifestFlags, readStdin } from "./session";

/** Choose the ledger for a manifest that was read without its secrets. They are read only if the manifest names the ledger. */
function chooseFor(workspace: Workspace, loaded: LoadedManifest, flags: ManifestFlags): Promise<LedgerChoice> {
  const readManifest = async () =>
    loaded.manifest.ledger ? loadManifest(workspace, { ...flags, secrets: true, stdin: readStdin }) : loaded;
  return chooseLedger(workspace, { readManifest });
}

/**
 * Open the ledger for a manifest that was read without its secrets. Close it after use.
 * @param inMemory if the home has no ledger yet, one in memory: a command that only reads must not make one. @default false
 */
export async function openLedgerFor(
  workspace: Workspace,
  loaded: LoadedManifest,
  flags: ManifestFlags,
  { inMemory = false } = {},
): Promise<Ledger> {
  const choice = await chooseFor(workspace, loaded, flags);
  return (await openChosen(choice, { warn: note, inMemory: inMemory && !mayHaveRuns(choice) })).ledger;
}

/** Read from the ledger for a manifest that was read without its secrets. @returns `undefined` if there is no ledger yet */
export async function readLedger<T>(
  workspace: Workspace,
  loaded: LoadedManifest,
  flags: ManifestFlags,
  read: (ledger: Ledger) => Promise<T>,
): Promise<T | undefined> {
  const choice = await chooseFor(workspace, loaded, flags);
  if (!mayHaveRuns(choice)) return undefined;
  const { ledger } = await openChosen(choice, { warn: note });
  try {
    return await read(ledger);
  } finally {
    ledger.close();
  }
}

import type { KeyFacts } from "../keys/keyPlan";
import type { KeyQuestion } from "../keys/keyQuestion";
import { mayHaveRuns, openChosen } from "../ledger";
import type { LoadedManifest } from "../manifest";
import { unfinishedByKey } from "../runs/unfinishedByKey";
import { UserError } from "../userError";
import { openWorkspace, type Workspace } from "../workspace";
// Not the folder's index: its other modules load everything that submits runs, which takes longer than the rest.
import { chooseLedger } from "../workspaceRuns/workspaceLedger";

/**
 * Unfinished runs with the keys that submitted them; `undefined` if the ledger has no runs of the pool, or cannot be read: others may have
 * submitted some.
 */
export async function readUnfinished({ project, stack, workPoolName }: KeyQuestion): Promise<KeyFacts["unfinishedRuns"]> {
  const workspace = openWorkspace({ stack: `${project}/${stack}` });
  const opened = await chooseLedger(workspace, { readManifest: () => readManifest(workspace), needsNoManifest: true })
    .then((choice) => (mayHaveRuns(choice) ? openChosen(choice) : undefined))
    .catch(ifRefused);
  if (!opened) return undefined;
  const { ledger } = opened;
  try {
    const of = { stack: `${project}/${stack}`, workPool: workPoolName };
    if ((await ledger.page(of, { offset: 0, limit: 1 })).length === 0) return undefined;
    return await unfinishedByKey(ledger, workPoolName);
  } catch (error) {
    return ifRefused(error);
  } finally {
    ledger.close();
  }
}

function ifRefused(error: unknown): undefined {
  if (!(error instanceof UserError)) throw error;
}

async function readManifest(workspace: Workspace): Promise<LoadedManifest> {
  const { loadManifest } = await import("../manifest/index.js");
  return loadManifest(workspace, { secrets: true });
}

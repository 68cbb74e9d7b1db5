import { existsSync } from "node:fs";
import { ledgerPath, openSqliteLedger } from "../ledger";
import { suggestion } from "../nearest";
import { quoted } from "../shown";
import { recordedStacks } from "../stacks";
import { UserError } from "../userError";
import type { Workspace } from "../workspace";

/** Names that a command was given to look for. */
export interface Wanted {
  pool?: string;
  deployment?: string;
  /** Of every stack, and not of the workspace's alone. */
  allStacks?: boolean;
}

/**
 * Of what is asked for and has no runs: is there such a name at all? Known are those that have runs, and those of the stack's manifest.
 * @throws {UserError} naming the flag whose value nobody knows, with the nearest names
 */
export async function refuseUnknownNames(workspace: Workspace, { pool, deployment, allStacks = false }: Wanted): Promise<void> {
  const stack = allStacks ? undefined : workspace.stack;
  if (pool === undefined && deployment === undefined && !stack?.given) return;
  const { used, deployed } = await recorded(workspace);
  const manifest = await manifestOf(workspace);
  if (stack?.given && !manifest) {
    const project = recordedStacks(workspace.home, stack.project).map((name) => `${stack.project}/${name}`);
    refuse("-s", "stack", stack.id, [...used.map((each) => each.stack), ...project]);
  }
  const here = used.filter((each) => stack === undefined || each.stack === stack.id);
  refuse("--pool", "work pool", pool, [...here.map(({ workPool }) => workPool), ...Object.keys(manifest?.pools ?? {})]);
  refuse("--deployment", "deployment", deployment, [
    ...here.map((each) => each.deployment),
    ...deployed,
    ...Object.keys(manifest?.deployments ?? {}),
  ]);
}

function refuse(flag: string, what: string, wanted: string | undefined, known: readonly string[]): void {
  if (wanted === undefined || known.includes(wanted)) return;
  const near = suggestion(wanted, new Set(known));
  throw new UserError(`${flag} ${quoted(wanted)}: there is no ${what} of that name${near === "" ? " here" : `: ${near}`}`);
}

async function recorded({ home, stack }: Workspace) {
  const path = ledgerPath(home);
  if (!existsSync(path)) return { used: [], deployed: [] };
  const ledger = openSqliteLedger(path);
  try {
    const deployed = stack ? (await ledger.deployments(stack.id)).map(({ name }) => name) : [];
    return { used: await ledger.used(), deployed };
  } finally {
    ledger.close();
  }
}

/** `undefined` where there is none that can be read: names of runs are enough then. */
async function manifestOf(workspace: Workspace) {
  const { loadManifest } = await import("../manifest/index.js");
  try {
    return (await loadManifest(workspace, { secrets: false })).manifest;
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

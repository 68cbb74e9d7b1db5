import { mayHaveRuns, openChosen } from "../ledger";
import { suggestion } from "../nearest";
import { quoted } from "../shown";
import { recordedStacks } from "../stacks";
import { UserError } from "../userError";
import type { Workspace } from "../workspace";
import { chooseLedger } from "../workspaceRuns";

/** The names by which a command filters runs. */
export interface NameFilter {
  pool?: string;
  deployment?: string;
  /** Whether to include all stacks, not only that of the workspace. */
  allStacks?: boolean;
}

/**
 * Refuse unknown names, for filters that match no runs. The names of recorded runs and of the stack's manifest are known.
 * @throws {UserError} with the flag of an unknown name, and the most similar names
 */
export async function refuseUnknownNames(workspace: Workspace, { pool, deployment, allStacks = false }: NameFilter): Promise<void> {
  const stack = allStacks ? undefined : workspace.stack;
  if (pool === undefined && deployment === undefined && !stack?.given) return;
  const { used, deployed } = await recorded(workspace);
  const manifest = await manifestOf(workspace);
  if (stack?.given && !manifest) {
    const project = recordedStacks(workspace.home, stack.project).map((name) => `${stack.project}/${name}`);
    refuse("--stack", "stack", stack.id, [...used.map((each) => each.stack), ...project]);
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

async function recorded(workspace: Workspace) {
  const { stack } = workspace;
  const choice = await chooseLedger(workspace, { readManifest: () => readManifest(workspace, true), needsNoManifest: true });
  if (!mayHaveRuns(choice)) return { used: [], deployed: [] };
  const { ledger } = await openChosen(choice);
  try {
    const deployed = stack ? (await ledger.deployments(stack.id)).map(({ name }) => name) : [];
    return { used: await ledger.used(), deployed };
  } finally {
    ledger.close();
  }
}

async function readManifest(workspace: Workspace, secrets: boolean) {
  const { loadManifest } = await import("../manifest/index.js");
  return loadManifest(workspace, { secrets });
}

/** The manifest; `undefined` if none can be read. The names of runs must then be enough. */
async function manifestOf(workspace: Workspace) {
  try {
    return (await readManifest(workspace, false)).manifest;
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

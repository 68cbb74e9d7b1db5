import { openRuns, type Runs } from "../runs";
import { openWorkspace, type Workspace } from "../workspace";
import type { GlobalOptions } from "./program";

export interface ManifestFlags extends GlobalOptions {
  manifest?: string;
  output?: string;
}

/** The workspace that the flags name. @param create make the home if it is not there */
export function workspaceOf({ C, stack }: GlobalOptions, create = false): Workspace {
  return openWorkspace({ create, ...(C === undefined ? {} : { cwd: C }), ...(stack === undefined ? {} : { stack }) });
}

/** Work with the runs of a workspace, and let its ledger go whatever happens. */
export async function withRuns<T>(options: ManifestFlags, work: (runs: Runs, workspace: Workspace) => Promise<T>): Promise<T> {
  const workspace = workspaceOf(options, true);
  const { manifest, output } = options;
  const runs = openRuns({
    workspace,
    stdin: readStdin,
    ...(manifest === undefined ? {} : { manifest }),
    ...(output === undefined ? {} : { output }),
  });
  try {
    return await work(runs, workspace);
  } finally {
    await runs.close();
  }
}

export async function readStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

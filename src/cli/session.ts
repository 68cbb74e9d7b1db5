import { existsSync } from "node:fs";
import { openHome } from "../home";
import type { LoadedManifest } from "../manifest";
import type { Run, Runs } from "../runs";
import { quoted } from "../shown";
import { decodeText } from "../textFile";
import { UserError } from "../userError";
import { openWorkspace, type Workspace } from "../workspace";
import { chooseLedger, type OpenRuns, openRuns, openRunsWith } from "../workspaceRuns";
import type { GlobalOptions } from "./globalOptions";
import { note } from "./screen";

export interface ManifestFlags extends GlobalOptions {
  manifest?: string;
  output?: string;
}

/** Open the workspace that the flags name. The home folder is not made here, but by the first command that stores something. */
export function workspaceOf({ C, stack }: GlobalOptions): Workspace {
  return openWorkspace({ ...(C === undefined ? {} : { cwd: C }), ...(stack === undefined ? {} : { stack }) });
}

/**
 * Work with the runs of a workspace, which may have none yet. The ledger is closed in any case.
 *
 * A home folder serves all folders below it. A command in a wrong folder must not make one there, so it is made only if there is a manifest.
 */
export async function withRuns<T>(options: ManifestFlags, work: (runs: Runs, workspace: Workspace) => Promise<T>): Promise<T> {
  const workspace = workspaceOf(options);
  let loaded: LoadedManifest | undefined;
  if (!existsSync(workspace.home)) loaded = await readManifest(workspace, options);
  openHome(workspace.home, { create: true });
  return over(workspace, options, work, loaded ? { loaded } : {});
}

/**
 * The same with a run that the user names.
 * @throws {UserError} if there is no such run
 */
export async function withRun<T>(
  options: ManifestFlags,
  ref: string,
  work: (runs: Runs, run: Run, workspace: Workspace) => Promise<T>,
): Promise<T> {
  const workspace = workspaceOf(options);
  if (!existsSync(workspace.home)) {
    if (!(await sharesLedger(workspace, options)))
      throw new UserError(`there is no run ${quoted(ref)}: no run was ever made here (${workspace.home} does not exist)`);
    openHome(workspace.home, { create: true });
  }
  const { runs, run } = await openRunsWith({ workspace, stdin: readStdin, warn: note, ...given(options) }, ref);
  try {
    return await work(runs, run, workspace);
  } finally {
    await runs.close();
  }
}

/** The same for commands that only read runs. `runs` is `undefined` if no run was ever made. */
export async function withRecorded<T>(
  options: GlobalOptions,
  work: (runs: Runs | undefined, workspace: Workspace) => Promise<T>,
): Promise<T> {
  const workspace = workspaceOf(options);
  const isThere = existsSync(workspace.home) || (await sharesLedger(workspace, options));
  return isThere ? over(workspace, options, work, { needsNoManifest: true }) : work(undefined, workspace);
}

/** Whether a workspace without a home uses a ledger that others write, too. */
async function sharesLedger(workspace: Workspace, options: ManifestFlags): Promise<boolean> {
  return (await chooseLedger(workspace, { readManifest: () => readManifest(workspace, options) })).kind === "postgres";
}

async function readManifest(workspace: Workspace, options: ManifestFlags): Promise<LoadedManifest> {
  const { loadManifest } = await import("../manifest/index.js");
  return loadManifest(workspace, { ...given(options), secrets: true, stdin: readStdin });
}

async function over<T>(
  workspace: Workspace,
  options: ManifestFlags,
  work: (runs: Runs, workspace: Workspace) => Promise<T>,
  how: Pick<OpenRuns, "loaded" | "needsNoManifest">,
): Promise<T> {
  const runs = await openRuns({ workspace, stdin: readStdin, warn: note, ...given(options), ...how });
  try {
    return await work(runs, workspace);
  } finally {
    await runs.close();
  }
}

function given({ manifest, output }: ManifestFlags): ManifestFlags {
  return { ...(manifest === undefined ? {} : { manifest }), ...(output === undefined ? {} : { output }) };
}

let stdinText: Promise<string> | undefined;

/** Read all of standard input. It can be read only once, so the result is kept. */
export function readStdin(): Promise<string> {
  stdinText ??= readAll();
  return stdinText;
}

/** The largest accepted standard input, in MiB. Manifests are much smaller. */
const MAX_STDIN = 64;

async function readAll(): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin) {
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size > MAX_STDIN * 1024 * 1024) throw new UserError(`standard input is too large: the limit is ${MAX_STDIN} MiB`);
  }
  return decodeText(Buffer.concat(chunks), "standard input");
}

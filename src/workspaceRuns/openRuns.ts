import { type OpenedLedger, openChosen } from "../ledger";
import type { LoadedManifest } from "../manifest";
import { NoManifest } from "../manifest/noManifest";
import type { Run } from "../model/run";
import { Listeners } from "../runs/listeners";
import type { RunsParts } from "../runs/openContext";
import { type Runs, runsOver } from "../runs/runs";
import { openTarget } from "../targets/open";
import { UserError } from "../userError";
import type { Workspace } from "../workspace";
import { routedRuns } from "./routedRuns";
import { chooseLedger, digestKeyOf } from "./workspaceLedger";

export interface OpenRuns {
  workspace: Workspace;
  /** The value of `--manifest`: a file, or `-`. */
  manifest?: string;
  /** The value of `--output`: the stack output that is the manifest. */
  output?: string;
  /** Reads the manifest for `-`. */
  stdin?: () => Promise<string>;
  /** The manifest, if the caller has already read it with its secrets: it is not read again. */
  loaded?: LoadedManifest;
  /** How to read the manifest, instead of all these. */
  readManifest?: RunsParts["readManifest"];
  /** Reports problems that no result contains, such as a work pool that cannot be asked. */
  warn?: (message: string) => void;
  /** The ledger. @default the one that {@link chooseLedger} chooses */
  ledger?: OpenedLedger;
  /** Whether the command needs no manifest: see {@link chooseLedger}. @default false */
  needsNoManifest?: boolean;
  /** Check the whole SQLite file when it is opened. @default false */
  whole?: boolean;
}

/** The parts of a workspace's runs. */
export interface WorkspaceParts extends RunsParts {
  /** The ledger's file or URL, for people. */
  ledgerName: string;
}

/**
 * Open the runs of a workspace. The targets are opened on first use, and the manifest too, unless it decides which ledger is used.
 * @throws {UserError} if the ledger cannot be opened
 */
export async function openRuns(options: OpenRuns): Promise<Runs> {
  return runsOf(await runsParts(options));
}

/**
 * Open the runs of a workspace for a command that needs no manifest, and find a run.
 *
 * The home may not know yet that the manifest names a ledger: somebody else has run `pulumi up`. So a run that is not in the home's own
 * ledger leads to a look at the manifest.
 * @param ref see `Runs.findRun`
 * @throws {UserError} if there is no such run
 */
export async function openRunsWith(options: Omit<OpenRuns, "needsNoManifest">, ref: string): Promise<{ runs: Runs; run: Run }> {
  const parts = await runsParts({ ...options, needsNoManifest: true });
  try {
    return await found(runsOf(parts), ref);
  } catch (notHere) {
    if (!(notHere instanceof UserError) || parts.ledger.shared) throw notHere;
    const loaded = await parts.readManifest().catch((unread: Error) => {
      if (unread instanceof NoManifest) return undefined;
      throw new UserError(`${notHere.message}. The manifest may name another ledger, and cannot be read: ${unread.message}`);
    });
    if (!loaded?.manifest.ledger) throw notHere;
    return found(await openRuns({ ...options, loaded }), ref);
  }
}

/** The runs are closed if there is no such run. */
async function found(runs: Runs, ref: string): Promise<{ runs: Runs; run: Run }> {
  try {
    return { runs, run: await runs.findRun(ref) };
  } catch (error) {
    await runs.close();
    throw error;
  }
}

/** The runs over these parts. The manifest decides which API a run uses. */
export function runsOf(parts: RunsParts): Runs {
  return routedRuns(runsOver(parts), parts);
}

/** The parts from which {@link openRuns} opens the runs. */
export async function runsParts(options: OpenRuns): Promise<WorkspaceParts> {
  const { workspace, manifest, output, stdin, loaded, readManifest, warn, needsNoManifest = false, whole = false } = options;
  const { home, env } = workspace;
  let first = loaded && Promise.resolve(loaded);
  const readOnce = () => {
    first ??= read();
    return first;
  };
  const opened =
    options.ledger ??
    (await openChosen(await chooseLedger(workspace, { readManifest: readOnce, needsNoManifest }), { whole, ...(warn ? { warn } : {}) }));
  return {
    ledger: opened.ledger,
    ledgerName: opened.name,
    home,
    ...(workspace.stack ? { stack: workspace.stack.id } : {}),
    readManifest: async (stale) => (stale ? read(stale) : readOnce()),
    openTarget: (type, access) => openTarget(type, { home, env, ...access }),
    digestKey: () => digestKeyOf(workspace, opened),
    env,
    ...(warn ? { warn } : {}),
    listeners: new Listeners(warn),
  };

  async function read(stale?: LoadedManifest): Promise<LoadedManifest> {
    if (readManifest) return readManifest(stale);
    const { loadManifest, reloadManifest } = await import("../manifest/index.js");
    // A stored manifest is pulled again instead of read again.
    if (stale?.reload) return reloadManifest(stale);
    return loadManifest(workspace, {
      secrets: true,
      ...(manifest === undefined ? {} : { manifest }),
      ...(output === undefined ? {} : { output }),
      ...(stdin ? { stdin } : {}),
    });
  }
}

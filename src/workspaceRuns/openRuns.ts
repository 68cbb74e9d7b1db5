import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ledgerPath, openSqliteLedger } from "../ledger";
import type { LoadedManifest } from "../manifest";
import { Listeners } from "../runs/listeners";
import type { RunsParts } from "../runs/openContext";
import { type Runs, runsOver } from "../runs/runs";
import { readDigestKey } from "../runs/storedSecrets";
import { openTarget } from "../targets/open";
import type { Workspace } from "../workspace";
import { routedRuns } from "./routedRuns";

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
  /** If there is no ledger, use one in memory, which nothing keeps. @default false */
  inMemory?: boolean;
}

/** Open the ledger of a workspace. The manifest and the targets are loaded on first use. */
export function openRuns(options: OpenRuns): Runs {
  return runsOf(runsParts(options));
}

/** The runs over these parts. The manifest decides which API a run uses. */
export function runsOf(parts: RunsParts): Runs {
  return routedRuns(runsOver(parts), parts);
}

/** The parts from which {@link openRuns} opens the runs. */
export function runsParts({ workspace, manifest, output, stdin, loaded, readManifest, warn, inMemory = false }: OpenRuns): RunsParts {
  const { home, env } = workspace;
  let first = loaded && Promise.resolve(loaded);
  return {
    ledger: openSqliteLedger(inMemory ? ":memory:" : ledgerPath(workspace.home)),
    ...(workspace.stack ? { stack: workspace.stack.id } : {}),
    readManifest: async (stale) => {
      if (stale) return read(stale);
      first ??= read();
      return first;
    },
    openTarget: (type, access) => openTarget(type, { home, env, ...access }),
    digestKey: () => ledgerDigestKey(workspace),
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

/** Whether a workspace has ever had a ledger. */
export function hasLedger(workspace: Workspace): boolean {
  return existsSync(ledgerPath(workspace.home));
}

/** The key of the digests of a workspace's ledger, created on first use. */
export function ledgerDigestKey(workspace: Workspace): Buffer {
  const name = createHash("sha256").update(ledgerPath(workspace.home)).digest("hex").slice(0, 16);
  return readDigestKey(join(workspace.stateHome, "keys", `ledger-${name}`));
}

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
  /** As `--manifest`: a file, or `-`. */
  manifest?: string;
  /** As `--output`: the stack output that is the manifest. */
  output?: string;
  /** What `-` reads. */
  stdin?: () => Promise<string>;
  /** The manifest, where the caller has read it already with its secrets: it is not read a second time. */
  loaded?: LoadedManifest;
  /** In place of all these: how to read the manifest. */
  readManifest?: RunsParts["readManifest"];
  /** What a reader should hear, beside the results: a pool that cannot be asked. */
  warn?: (message: string) => void;
  /** With a ledger that nothing is kept of, where there is none. @default false */
  inMemory?: boolean;
}

/** Open the ledger of a workspace. The manifest and the targets are loaded when something first needs them. */
export function openRuns(options: OpenRuns): Runs {
  const parts = runsParts(options);
  // Which API a run goes through is known when the manifest is.
  return routedRuns(runsOver(parts), parts);
}

/** What {@link openRuns} is made over. */
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
    // A cached one is not read again but pulled again.
    if (stale?.reload) return reloadManifest(stale);
    return loadManifest(workspace, {
      secrets: true,
      ...(manifest === undefined ? {} : { manifest }),
      ...(output === undefined ? {} : { output }),
      ...(stdin ? { stdin } : {}),
    });
  }
}

/** Whether a ledger was ever made for a workspace. */
export function hasLedger(workspace: Workspace): boolean {
  return existsSync(ledgerPath(workspace.home));
}

/** The key of the digests of a workspace's ledger; made when first needed. */
export function ledgerDigestKey(workspace: Workspace): Buffer {
  const name = createHash("sha256").update(ledgerPath(workspace.home)).digest("hex").slice(0, 16);
  return readDigestKey(join(workspace.stateHome, "keys", `ledger-${name}`));
}

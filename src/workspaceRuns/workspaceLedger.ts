import { createHash } from "node:crypto";
import { join } from "node:path";
import { choiceOf, knownLedger, type LedgerChoice, ledgerPath, mayHaveRuns, type OpenedLedger, rememberLedger } from "../ledger";
import type { LoadedManifest } from "../manifest";
import { NoManifest } from "../manifest/noManifest";
import { readDigestKey } from "../runs/storedSecrets";
import { Secret } from "../secret";
import { UserError } from "../userError";
import type { Workspace } from "../workspace";

/** How the ledger is chosen, if the environment does not name one. */
export interface LedgerSearch {
  /** Reads the manifest with its secrets. */
  readManifest: () => Promise<LoadedManifest>;
  /**
   * Whether the command needs no manifest. Then it is read only if the home does not know whether it names a ledger.
   * @default false: the manifest decides
   */
  needsNoManifest?: boolean;
}

/**
 * Choose the ledger of a workspace: the database that `PUSHPOOL_LEDGER_URL` names, else the one that the stack's manifest names, else the
 * SQLite file of the home. Everything that reads or writes runs gets its ledger here.
 * @throws {UserError} if there is a manifest that cannot be read, or there was one that named it
 */
export async function chooseLedger(workspace: Workspace, { readManifest, needsNoManifest = false }: LedgerSearch): Promise<LedgerChoice> {
  const { env, home, stack } = workspace;
  const here: LedgerChoice = { kind: "sqlite", home };
  const given = choiceOf(env);
  if (given) return given;
  const known = knownLedger(home, stack?.id);
  if (needsNoManifest && known === undefined && mayHaveRuns(here)) return here;
  let loaded: LoadedManifest;
  try {
    loaded = await readManifest();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    // Without a manifest, nothing names another ledger. But runs must not go into another one than before.
    if (known !== "manifest" && error instanceof NoManifest) return here;
    const which = stack ? `the manifest of stack ${stack.id}` : "the manifest";
    const role = known === "manifest" ? `the ledger is named by ${which}, which` : `${which} says which ledger is used, and`;
    throw new UserError(`${role} cannot be read: ${error.message}. Or name a ledger in Postgres with PUSHPOOL_LEDGER_URL`, error.exitCode);
  }
  return namedBy(loaded, home) ?? here;
}

/** Remember in a home whether a manifest names the ledger. */
export function rememberNamed(home: string, { manifest: { ledger }, stack }: LoadedManifest): void {
  rememberLedger(home, stack, ledger && "manifest");
}

/**
 * A stack's manifest has changed, and was not read: the next command reads it before it chooses the ledger. If the home has a record
 * already, it stays: the file of the home must not replace that ledger.
 */
export function doubtNamed(home: string, stack: string): void {
  if (knownLedger(home, stack) === undefined && mayHaveRuns({ kind: "sqlite", home })) rememberLedger(home, stack, "unknown");
}

/** The ledger that a manifest names; the home remembers whether it names one. */
function namedBy(loaded: LoadedManifest, home: string): LedgerChoice | undefined {
  rememberNamed(home, loaded);
  const { origin } = loaded;
  const { ledger } = loaded.manifest;
  if (!ledger) return undefined;
  const { url, schema } = ledger;
  if (!(url instanceof Secret) || !url.known)
    throw new UserError(
      `the URL of the ledger is not readable in ${origin}: use the stack itself, or \`pushpool manifest pull --with-secrets\`, or set PUSHPOOL_LEDGER_URL`,
    );
  return { kind: "postgres", from: "the manifest", url: String(url.reveal()), ...(schema === undefined ? {} : { schema }) };
}

/** Gets the key of a ledger's digests: its own, or that of the home. */
export function digestKeyOf(workspace: Workspace, { digestKey }: OpenedLedger): Buffer | Promise<Buffer> {
  return digestKey ? digestKey() : homeDigestKey(workspace);
}

/** The key of the digests in a home's own ledger, created on first use. */
export function homeDigestKey({ home, stateHome }: Workspace): Buffer {
  const name = createHash("sha256").update(ledgerPath(home)).digest("hex").slice(0, 16);
  return readDigestKey(join(stateHome, "keys", `ledger-${name}`));
}

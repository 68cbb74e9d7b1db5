import { ageInWords } from "../../duration";
import { openHome } from "../../home";
import { type KeyAge, keyAges, keysInWords } from "../../keys/keyAges";
import type { Ledger } from "../../ledger";
import { type LoadedManifest, loadManifest } from "../../manifest";
import type { BlockDefinition, Manifest, PoolDefinition } from "../../manifest/manifest";
import type { KeyUse } from "../../runs/unfinishedByKey";
import { quoted } from "../../shown";
import { TARGET_KINDS } from "../../targets/kinds";
import { UserError } from "../../userError";
import type { Workspace } from "../../workspace";
import { openLedgerFor, readLedger } from "../manifestLedger";
import { note, print, printJson, table } from "../screen";
import { type ManifestFlags, readStdin, workspaceOf } from "../session";

/** `pushpool pools`, and `pushpool pools pause NAME` or `resume NAME` */
export async function action([verb, name]: string[], flags: ManifestFlags): Promise<void> {
  const workspace = workspaceOf(flags);
  if (verb !== undefined && verb !== "pause" && verb !== "resume")
    throw new UserError(`pools ${quoted(verb)}: must be pause or resume, or nothing to list the work pools`);
  if (verb !== undefined && name === undefined)
    throw new UserError(`pools ${verb}: name the work pool, as \`pushpool pools ${verb} NAME\``);
  const loaded = await loadManifest(workspace, { ...flags, secrets: false, stdin: readStdin });
  const { manifest, origin } = loaded;
  if (verb !== undefined) return change(workspace, loaded, name as string, verb === "pause", flags);
  const here = await pausedHere(workspace, loaded, flags);
  const now = Date.now();
  const found = await Promise.all(
    Object.entries(manifest.pools).map(async ([name, pool]) => ({
      name,
      type: pool.type,
      isPaused: (pool.isPaused ?? false) || here.has(name),
      ...(here.has(name) ? { pausedHere: true } : {}),
      concurrencyLimit: pool.concurrencyLimit ?? null,
      timeoutSeconds: pool.timeoutSeconds ?? null,
      queues: pool.queues ?? {},
      credentials: pool.credentials ?? null,
      credentialsCreatedAt: blockOf(manifest, pool)?.createdAt ?? null,
      keys: keyAges(blockOf(manifest, pool) ?? {}),
      ...(await locationOf(manifest, pool, workspace.env)),
    })),
  );
  if (flags.json) return printJson({ origin, pools: found.map(({ words: _, ...pool }) => pool) });
  note(`work pools of ${origin}`);
  print(
    table(
      ["NAME", "TYPE", "REGION", "NETWORK", "CREDENTIALS", "LIMIT", "TIMEOUT", "PAUSED"],
      found.map((pool) => [
        pool.name,
        pool.type,
        pool.region ?? pool.words ?? "unknown",
        pool.network ?? "none",
        credentialsOf(pool, now),
        String(pool.concurrencyLimit ?? "none"),
        pool.timeoutSeconds === null ? "none" : `${pool.timeoutSeconds} s`,
        pool.pausedHere ? "here" : pool.isPaused ? "yes" : "no",
      ]),
    ),
  );
  const changing = found.filter(({ keys }) => keys.some(({ changesAt }) => changesAt !== undefined));
  const unfinished = await unfinishedOf(
    workspace,
    loaded,
    flags,
    changing.flatMap(({ name, keys }) => (keys.length > 1 ? [name] : [])),
  );
  for (const { name, keys } of changing) note(`${name}: ${keysInWords(keys, now, unfinished)}`);
}

async function change(workspace: Workspace, loaded: LoadedManifest, name: string, paused: boolean, flags: ManifestFlags): Promise<void> {
  const { checkPausable, pausePool } = await import("../../runs/poolNotes.js");
  checkPausable(loaded, name);
  openHome(workspace.home, { create: true });
  const ledger = await openLedgerFor(workspace, loaded, flags);
  try {
    await pausePool(ledger, loaded.stack, name, paused, new Date());
  } finally {
    ledger.close();
  }
  if (flags.json) return printJson({ pool: name, stack: loaded.stack, isPaused: paused });
  note(`work pool ${quoted(name)} of stack ${loaded.stack} is ${paused ? "paused: new runs wait, those in flight continue" : "resumed"}`);
}

/** The pools that are paused in the ledger, if there is one. */
async function pausedHere(workspace: Workspace, loaded: LoadedManifest, flags: ManifestFlags): Promise<Set<string>> {
  if (loaded.manifest.prefect !== undefined) return new Set();
  const { pausedPools } = await import("../../runs/poolNotes.js");
  return (await readLedger(workspace, loaded, flags, (ledger) => pausedPools(ledger, loaded.stack))) ?? new Set();
}

/** The unfinished runs that hold a key before the current one. A Prefect server does not say who submitted its runs. */
async function unfinishedOf(workspace: Workspace, loaded: LoadedManifest, flags: ManifestFlags, pools: string[]): Promise<KeyUse[]> {
  if (pools.length === 0 || loaded.manifest.prefect !== undefined) return [];
  const { unfinishedByKey } = await import("../../runs/unfinishedByKey.js");
  const read = (ledger: Ledger) => Promise.all(pools.map((workPool) => unfinishedByKey(ledger, workPool)));
  return ((await readLedger(workspace, loaded, flags, read)) ?? []).flat();
}

function blockOf({ blocks }: Manifest, { credentials }: PoolDefinition): BlockDefinition | undefined {
  return credentials === undefined ? undefined : blocks[credentials];
}

async function locationOf({ blocks }: Manifest, { type, baseJobTemplate, credentials }: PoolDefinition, env: NodeJS.ProcessEnv) {
  const data = (credentials === undefined ? undefined : blocks[credentials]?.data) ?? {};
  return TARGET_KINDS[type].locate({ baseJobTemplate, credentials: data, env });
}

/** The block and its age; without a block, the login of whoever submits. */
function credentialsOf({ type, credentials, keys }: { type: string; credentials: string | null; keys: KeyAge[] }, now: number): string {
  if (credentials === null) return type === "process:push" ? "none needed" : "your own login";
  const [current] = keys;
  return `${credentials}, ${current ? `${ageInWords(now - Date.parse(current.createdAt))} old` : "age unknown"}`;
}

import { ageInWords } from "../../duration";
import { loadManifest } from "../../manifest";
import type { Manifest, PoolDefinition } from "../../manifest/manifest";
import { TARGET_KINDS } from "../../targets/kinds";
import { note, print, printJson, table } from "../screen";
import { type ManifestFlags, readStdin, workspaceOf } from "../session";

/** `pushpool pools` */
export async function action(_: string[], flags: ManifestFlags): Promise<void> {
  const workspace = workspaceOf(flags);
  const { manifest, origin } = await loadManifest(workspace, { ...flags, secrets: false, stdin: readStdin });
  const now = Date.now();
  const found = await Promise.all(
    Object.entries(manifest.pools).map(async ([name, pool]) => ({
      name,
      type: pool.type,
      isPaused: pool.isPaused ?? false,
      concurrencyLimit: pool.concurrencyLimit ?? null,
      timeoutSeconds: pool.timeoutSeconds ?? null,
      queues: pool.queues ?? {},
      credentials: pool.credentials ?? null,
      credentialsCreatedAt: createdAt(manifest, pool),
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
        pool.isPaused ? "yes" : "no",
      ]),
    ),
  );
}

function createdAt({ blocks }: Manifest, { credentials }: PoolDefinition): string | null {
  return (credentials === undefined ? undefined : blocks[credentials]?.createdAt) ?? null;
}

async function locationOf({ blocks }: Manifest, { type, baseJobTemplate, credentials }: PoolDefinition, env: NodeJS.ProcessEnv) {
  const data = (credentials === undefined ? undefined : blocks[credentials]?.data) ?? {};
  return TARGET_KINDS[type].locate({ baseJobTemplate, credentials: data, env });
}

/** The block and its age; without a block, the login of whoever submits. */
function credentialsOf(
  { type, credentials, credentialsCreatedAt: since }: { type: string; credentials: string | null; credentialsCreatedAt: string | null },
  now: number,
): string {
  if (credentials === null) return type === "process:push" ? "none needed" : "your own login";
  return `${credentials}, ${since === null ? "age unknown" : `${ageInWords(now - Date.parse(since))} old`}`;
}

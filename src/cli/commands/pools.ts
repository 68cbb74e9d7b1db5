import { loadManifest } from "../../manifest";
import { note, print, printJson, table } from "../screen";
import { type ManifestFlags, readStdin, workspaceOf } from "../session";

/** `pushpool pools` */
export async function action(_: string[], flags: ManifestFlags): Promise<void> {
  const { manifest, origin } = await loadManifest(workspaceOf(flags), { ...flags, secrets: false, stdin: readStdin });
  const found = Object.entries(manifest.pools).map(([name, pool]) => ({
    name,
    type: pool.type,
    isPaused: pool.isPaused ?? false,
    concurrencyLimit: pool.concurrencyLimit ?? null,
    timeoutSeconds: pool.timeoutSeconds ?? null,
    queues: pool.queues ?? {},
    credentials: pool.credentials ?? null,
  }));
  if (flags.json) return printJson({ origin, pools: found });
  note(`work pools of ${origin}`);
  print(
    table(
      ["NAME", "TYPE", "PAUSED", "LIMIT", "TIMEOUT"],
      found.map((pool) => [
        pool.name,
        pool.type,
        pool.isPaused ? "yes" : "no",
        String(pool.concurrencyLimit ?? "none"),
        pool.timeoutSeconds === null ? "none" : `${pool.timeoutSeconds} s`,
      ]),
    ),
  );
}

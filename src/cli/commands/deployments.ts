import { loadManifest } from "../../manifest";
import { note, print, printJson, table } from "../screen";
import { type ManifestFlags, readStdin, workspaceOf } from "../session";

/** `pushpool deployments` */
export async function action(_: string[], flags: ManifestFlags): Promise<void> {
  const { manifest, origin } = await loadManifest(workspaceOf(flags), { ...flags, secrets: false, stdin: readStdin });
  const found = Object.entries(manifest.deployments).map(([name, deployment]) => ({ name, ...deployment }));
  if (flags.json) return printJson({ origin, deployments: found });
  if (found.length === 0) return note(`no deployments in ${origin}`);
  note(`deployments of ${origin}`);
  print(
    table(
      ["NAME", "WORK POOL", "RUNS"],
      found.map(({ name, workPool, command, entrypoint }) => [name, workPool.name, command ?? entrypoint ?? ""]),
    ),
  );
}

import { relative } from "node:path";
import { loadManifest } from "../../manifest";
import { readLedger } from "../manifestLedger";
import { note, print, printJson, table } from "../screen";
import { type ManifestFlags, readStdin, workspaceOf } from "../session";

/** `pushpool deployments` */
export async function action(_: string[], flags: ManifestFlags): Promise<void> {
  const workspace = workspaceOf(flags);
  const loaded = await loadManifest(workspace, { ...flags, secrets: false, stdin: readStdin });
  const { manifest, origin, stack } = loaded;
  const declared = Object.entries(manifest.deployments).map(([name, deployment]) => ({ name, ...deployment, from: "the Pulumi program" }));
  const deployed = ((await readLedger(workspace, loaded, flags, (ledger) => ledger.deployments(stack))) ?? []).map(
    ({ name, definition, kept, file, deployedAt }) => ({
      name,
      ...definition,
      ...kept,
      from: relative(process.cwd(), file),
      deployedAt,
    }),
  );
  const found = [...declared, ...deployed].sort((a, b) => (a.name < b.name ? -1 : 1));
  if (flags.json) return printJson({ origin, deployments: found });
  if (found.length === 0) return note(`no deployments in ${origin}: \`pushpool deploy\` adds them from a prefect.yaml`);
  note(`deployments of ${origin}`);
  print(
    table(
      ["NAME", "WORK POOL", "RUNS", "FROM"],
      found.map(({ name, workPool, command, entrypoint, from }) => [
        name,
        workPool.name,
        String(workPool.jobVariables?.command ?? command ?? entrypoint ?? ""),
        from,
      ]),
    ),
  );
}

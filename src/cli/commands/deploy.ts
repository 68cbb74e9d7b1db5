import { existsSync } from "node:fs";
import {
  type DeploymentChange,
  type DeploymentRegistry,
  type DeployPlan,
  ledgerRegistry,
  locatePrefectYaml,
  planDeploy,
  writePlan,
} from "../../deployments";
import { openHome } from "../../home";
import type { JsonObject } from "../../json";
import { type Ledger, ledgerPath, openSqliteLedger } from "../../ledger";
import { type LoadedManifest, loadManifest } from "../../manifest";
import { UserError } from "../../userError";
import type { Workspace } from "../../workspace";
import { linesOf, summaryOf } from "../deployView";
import { parsePairs } from "../parameters";
import { note, print, printJson } from "../screen";
import { type ManifestFlags, readStdin, workspaceOf } from "../session";

interface Flags extends ManifestFlags {
  all?: boolean;
  file?: string;
  remove?: string[];
  stepOutput?: string[];
  allOrNothing?: boolean;
  dryRun?: boolean;
}

/** `pushpool deploy` */
export async function action(names: string[], flags: Flags): Promise<void> {
  if (flags.all && names.length > 0) throw new UserError(`--all and ${names.join(", ")} cannot be combined: give one of the two`);
  if (flags.remove && (flags.all || names.length > 0 || flags.file !== undefined))
    throw new UserError("--remove cannot be combined with --all, --file or names: deploy and remove with two commands");
  const workspace = workspaceOf(flags);
  const place = flags.remove ? undefined : locatePrefectYaml(workspace.cwd, flags.file);
  const loaded = await loadManifest(workspace, { ...flags, secrets: false, stdin: readStdin });

  await withRegistry(workspace, loaded, flags, async (registry) => {
    if (!place) {
      const changes = await registry.planRemoval(flags.remove ?? []);
      if (!flags.dryRun) await registry.remove(changes.map(({ name }) => name));
      return show(changes, flags, registry);
    }
    const planned = await planDeploy({
      ...place,
      names,
      all: flags.all ?? false,
      stepOutputs: nested(parsePairs(flags.stepOutput ?? [], "--step-output", (text) => text)),
      env: workspace.env,
      registry,
    });
    const allOrNothing = flags.allOrNothing === true;
    const isRefused = allOrNothing && planned.problems.length > 0;
    const plan = flags.dryRun || isRefused ? { ...planned, exitCode: 2 as const } : await writePlan(planned, registry, allOrNothing);
    report(plan, flags, allOrNothing && plan.problems.length > 0, registry);
  });
}

function report(plan: DeployPlan & { exitCode: 2 | 5 }, flags: Flags, refused: boolean, registry: DeploymentRegistry): void {
  const { stack, file, problems, notes, records, gone, exitCode } = plan;
  const deployments = refused ? [] : plan.deployments;
  if (!flags.json) {
    for (const { name, warnings } of deployments) for (const warning of warnings) note(`warning: ${name}: ${warning}`);
    for (const text of notes) note(text);
    for (const name of gone)
      note(`"${name}" came from ${file} and is no longer in it; it stays, with its schedules. To remove it: \`${removal(name, flags)}\``);
  }
  // A dry run shows the complete records that would be stored or sent.
  const recorded = flags.dryRun ? { records: records.map((record) => registry.shown(record)) } : {};
  if (flags.json) printJson({ stack, file, deployments, problems, notes, gone, dryRun: flags.dryRun ?? false, ...recorded });
  else if (!refused) show(deployments, flags, registry);
  if (flags.dryRun && !flags.json) for (const record of recorded.records ?? []) print(JSON.stringify(record, null, 2));
  if (problems.length === 0) return;
  const bad = new Set(problems.map(({ line, name }) => `${name} ${line}`)).size;
  const lines = problems.map(({ line, name, message }) => `  ${file}:${line}: ${name === undefined ? "" : `${name}: `}${message}`);
  const what = refused
    ? "nothing was deployed"
    : flags.dryRun
      ? "it would be left out"
      : bad === 1
        ? "it was left out"
        : "they were left out";
  throw new UserError([`${bad} invalid ${bad === 1 ? "deployment" : "deployments"} in ${file}; ${what}:`, ...lines].join("\n"), exitCode);
}

/** The command that removes a deployment, quoted for a shell. */
function removal(name: string, { stack, manifest }: Flags): string {
  const word = (text: string) => (/^[\w./:@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
  const where = [
    ...(stack === undefined ? [] : ["--stack", word(stack)]),
    ...(manifest === undefined ? [] : ["--manifest", word(manifest)]),
  ];
  return ["pushpool deploy --remove", word(name), ...where].join(" ");
}

function show(deployments: DeploymentChange[], { json, dryRun = false }: Flags, { stack, name }: DeploymentRegistry): void {
  if (json) {
    printJson({ stack, deployments, dryRun });
    return;
  }
  for (const line of linesOf(deployments)) print(line);
  note(`${name}: ${summaryOf(deployments, dryRun)}`);
}

/** Open the registry of deployments: the Prefect API of the manifest, or else the ledger. */
async function withRegistry(
  workspace: Workspace,
  loaded: LoadedManifest,
  flags: Flags,
  work: (registry: DeploymentRegistry) => Promise<void>,
): Promise<void> {
  if (!loaded.manifest.prefect) return withLedger(workspace, flags.dryRun ?? false, (ledger) => work(ledgerRegistry(loaded, ledger)));
  const [{ openClient }, { serverRegistry }] = await Promise.all([
    import("../../prefect/openClient.js"),
    import("../../deployments/serverRegistry.js"),
  ]);
  // Load the manifest with secrets, because the API key is one.
  const open = await loadManifest(workspace, { ...flags, secrets: true, stdin: readStdin });
  const client = await openClient(open, workspace.env, { tell: note });
  const ledger = openNotes(workspace, flags.dryRun ?? false);
  try {
    await work(serverRegistry(open, client, ledger, workspace.env));
  } finally {
    ledger?.close();
  }
}

/** Open the ledger to record what was deployed to a server. This is optional. */
function openNotes(workspace: Workspace, dryRun: boolean): Ledger | undefined {
  try {
    return openLedger(workspace, dryRun);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    note(`cannot record the deployments here: ${error.message}`);
    return undefined;
  }
}

function openLedger({ home }: Workspace, dryRun: boolean): Ledger {
  const path = ledgerPath(home);
  if (!dryRun) openHome(home, { create: true });
  // A dry run must not leave an empty ledger behind.
  return openSqliteLedger(dryRun && !existsSync(path) ? ":memory:" : path);
}

async function withLedger<T>(workspace: Workspace, dryRun: boolean, work: (ledger: Ledger) => Promise<T>): Promise<T> {
  const ledger = openLedger(workspace, dryRun);
  try {
    return await work(ledger);
  } finally {
    ledger.close();
  }
}

/** Convert `build-image.image=x` to `{ "build-image": { image: "x" } }`, because placeholders are paths. */
function nested(outputs: JsonObject): JsonObject {
  const bare = (): JsonObject => Object.create(null) as JsonObject;
  const tree = bare();
  for (const [path, value] of Object.entries(outputs)) {
    const keys = path.split(".");
    const last = keys.pop() as string;
    let at = tree;
    for (const key of keys) {
      if (typeof at[key] !== "object") at[key] = bare();
      at = at[key] as JsonObject;
    }
    at[last] = value;
  }
  return tree;
}

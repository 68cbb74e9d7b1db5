import { constants } from "node:os";
import type { StepMode } from "../../deployments";
import {
  type DeploymentChange,
  type DeploymentRegistry,
  type DeployPlan,
  exitCodeOfPlan,
  ledgerRegistry,
  locatePrefectYaml,
  planDeploy,
  writePlan,
} from "../../deployments";
import { openHome } from "../../home";
import { isJsonObject, type JsonObject } from "../../json";
import type { Ledger } from "../../ledger";
import { type LoadedManifest, loadManifest } from "../../manifest";
import { UserError } from "../../userError";
import type { Workspace } from "../../workspace";
import { linesOf, stepLine, summaryOf } from "../deployView";
import { openLedgerFor } from "../manifestLedger";
import { notesOnRepeats, parsePairs } from "../parameters";
import { note, print, printJson, printLog } from "../screen";
import { type ManifestFlags, readStdin, workspaceOf } from "../session";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

interface Flags extends ManifestFlags {
  all?: boolean;
  file?: string;
  remove?: string[];
  stepOutput?: string[];
  skipBuild?: boolean;
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

  const stepOutputs = nested(parsePairs(flags.stepOutput ?? [], "--step-output", (text) => text));
  for (const line of notesOnRepeats(flags.stepOutput ?? [], "--step-output")) note(line);

  const allOrNothing = flags.allOrNothing === true;
  await withRegistry(workspace, loaded, flags, async (registry) => {
    if (!place) {
      const changes = await registry.planRemoval(flags.remove ?? []);
      if (!flags.dryRun) await registry.remove(changes.map(({ name }) => name));
      return show(changes, flags, registry);
    }
    const planning = (steps: StepMode) =>
      planDeploy({
        ...place,
        names,
        all: flags.all ?? false,
        stepOutputs,
        env: workspace.env,
        registry,
        steps,
        allOrNothing,
      });
    const planned = await withSteps(workspace, loaded, flags, planning);
    if (!planned) return;
    const isRefused = allOrNothing && planned.problems.length > 0;
    const isWritten = !flags.dryRun && !isRefused;
    const plan = isWritten ? await writePlan(planned, registry, allOrNothing) : { ...planned, exitCode: exitCodeOfPlan(planned) };
    report(plan, flags, allOrNothing && plan.problems.length > 0, registry);
  });
}

/**
 * Plan with the build and push steps. Ctrl-C stops the step that runs, and everything that it has started.
 * @returns `undefined` if it was interrupted; then nothing was written
 */
async function withSteps<T>(
  workspace: Workspace,
  loaded: LoadedManifest,
  flags: Flags,
  plan: (steps: StepMode) => Promise<T>,
): Promise<T | undefined> {
  if (flags.skipBuild) return plan({ kind: "skip" });
  if (flags.dryRun) return plan({ kind: "list" });
  const { Interrupted } = await import("../../buildSteps/index.js");
  const stopping = new AbortController();
  const onSignal = (signal: NodeJS.Signals) => {
    if (!stopping.signal.aborted) note("interrupted: stopping the step");
    stopping.abort(signal);
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    return await plan({
      kind: "run",
      listener: { tell: note, output: (text) => printLog({ stream: "stderr", text }) },
      interrupted: stopping.signal,
      // A Prefect server gives its blocks with their secrets.
      ...(loaded.manifest.prefect
        ? {}
        : { secrets: async () => (await loadManifest(workspace, { ...flags, secrets: true, stdin: readStdin })).manifest }),
    });
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    note("interrupted: the step has stopped, and nothing was deployed");
    process.exitCode = 128 + constants.signals[stopping.signal.reason as NodeJS.Signals];
    return undefined;
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
}

function report(plan: DeployPlan & { exitCode: 2 | 5 }, flags: Flags, refused: boolean, registry: DeploymentRegistry): void {
  const { stack, file, problems, steps, notes, records, gone, exitCode } = plan;
  const deployments = refused ? [] : plan.deployments;
  if (!flags.json) {
    if (flags.dryRun) for (const step of steps) note(`would run ${stepLine(step)}`);
    for (const { name, warnings } of deployments) for (const warning of warnings) note(`warning: ${name}: ${warning}`);
    for (const text of notes) note(text);
    for (const name of gone)
      note(`"${name}" came from ${file} and is no longer in it; it stays, with its schedules. To remove it: \`${removal(name, flags)}\``);
  }
  // A dry run shows the complete records that would be stored or sent.
  const recorded = flags.dryRun ? { records: records.map((record) => registry.shown(record)) } : {};
  if (flags.json) printJson({ stack, file, steps, deployments, problems, notes, gone, dryRun: flags.dryRun ?? false, ...recorded });
  else if (!refused) show(deployments, flags, registry);
  if (flags.dryRun && !flags.json) for (const record of recorded.records ?? []) print(JSON.stringify(record, null, 2));
  if (problems.length === 0) return;
  const lines = problems.map(({ line, name, message }) => `  ${file}:${line}: ${name === undefined ? "" : `${name}: `}${message}`);
  const count = (some: typeof problems) => new Set(some.map(({ line, name }) => `${name} ${line}`)).size;
  const all = count(problems);
  const failed = count(problems.filter(({ stepFailed }) => stepFailed));
  const counted = [
    ...(all > failed ? [`${all - failed} invalid ${all - failed === 1 ? "deployment" : "deployments"}`] : []),
    ...(failed > 0 ? [`${failed} ${failed === 1 ? "deployment" : "deployments"} with a failed step`] : []),
  ].join(" and ");
  const left = all === 1 ? "it was left out" : "they were left out";
  const what = refused ? "nothing was deployed" : flags.dryRun ? "it would be left out" : left;
  throw new UserError([`${counted} in ${file}; ${what}:`, ...lines].join("\n"), exitCode);
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
  if (!loaded.manifest.prefect) {
    const ledger = await openLedger(workspace, loaded, flags);
    try {
      return await work(ledgerRegistry(loaded, ledger));
    } finally {
      ledger.close();
    }
  }
  const [{ openClient }, { serverRegistry }] = await Promise.all([
    import("../../prefect/openClient.js"),
    import("../../deployments/serverRegistry.js"),
  ]);
  // Load the manifest with secrets, because the API key is one.
  const open = await loadManifest(workspace, { ...flags, secrets: true, stdin: readStdin });
  const client = await openClient(open, workspace.env, { tell: note });
  const ledger = await openNotes(workspace, open, flags);
  try {
    await work(serverRegistry(open, client, ledger, workspace.env));
  } finally {
    ledger?.close();
  }
}

/** Open the ledger to record what was deployed to a server. This is optional. */
async function openNotes(workspace: Workspace, loaded: LoadedManifest, flags: Flags): Promise<Ledger | undefined> {
  try {
    return await openLedger(workspace, loaded, flags);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    note(`cannot record the deployments here: ${error.message}`);
    return undefined;
  }
}

async function openLedger(workspace: Workspace, loaded: LoadedManifest, flags: Flags): Promise<Ledger> {
  const dryRun = flags.dryRun ?? false;
  if (!dryRun) openHome(workspace.home, { create: true });
  // A dry run must not leave an empty ledger behind.
  return openLedgerFor(workspace, loaded, flags, { inMemory: dryRun });
}

/** Convert `build-image.image=x` to `{ "build-image": { image: "x" } }`, because placeholders are paths. */
function nested(outputs: JsonObject): JsonObject {
  const bare = (): JsonObject => Object.create(null) as JsonObject;
  const tree = bare();
  const refusal = (value: string, parts: string) =>
    new UserError(`--step-output ${value} is a value, but --step-output ${parts} gives a part of it: give only one of them`);
  for (const [path, value] of Object.entries(outputs)) {
    const keys = path.split(".");
    const last = keys.pop() as string;
    let at = tree;
    for (const [index, key] of keys.entries()) {
      const inner = at[key] ?? bare();
      if (!isJsonObject(inner)) throw refusal(keys.slice(0, index + 1).join("."), path);
      at[key] = inner;
      at = inner;
    }
    const parts = at[last];
    if (isJsonObject(parts)) throw refusal(path, `${path}.${Object.keys(parts)[0]}`);
    at[last] = value;
  }
  return tree;
}

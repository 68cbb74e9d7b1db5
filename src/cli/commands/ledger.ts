import { setTimeout as sleep } from "node:timers/promises";
import { parseAge } from "../../duration";
import { cancelMove, choiceOf, type LedgerChoice, moveLedger, openUpkeep, readMoved, unfinishedIn } from "../../ledger";
import { loadManifest } from "../../manifest";
import { suggestion } from "../../nearest";
import { quoted } from "../../shown";
import { UserError } from "../../userError";
import type { Workspace } from "../../workspace";
import { chooseLedger, homeDigestKey } from "../../workspaceRuns";
import { note, print, printJson } from "../screen";
import { type ManifestFlags, readStdin, workspaceOf } from "../session";

interface LedgerFlags extends ManifestFlags {
  to?: string;
  wait?: boolean;
  cancel?: boolean;
  olderThan?: string;
  withKeys?: boolean;
  dryRun?: boolean;
}

/** The options of each action. */
const OPTIONS: Record<string, readonly (keyof LedgerFlags)[]> = {
  show: [],
  migrate: [],
  move: ["to", "wait", "cancel"],
  prune: ["olderThan", "withKeys", "dryRun"],
};

/** How often to look whether the runs have ended, in milliseconds. */
const LOOK = 500;

/** `pushpool ledger [show|migrate|move|prune]` */
export async function action([what = "show"]: string[], flags: LedgerFlags): Promise<void> {
  const allowed = OPTIONS[what];
  if (!allowed) throw new UserError(`ledger ${quoted(what)}: ${suggestion(what, Object.keys(OPTIONS))}`);
  for (const [name, options] of Object.entries(OPTIONS)) {
    const wrong = options.find((option) => flags[option] !== undefined && !allowed.includes(option));
    if (wrong !== undefined) throw new UserError(`--${dashed(wrong)} belongs to \`pushpool ledger ${name}\`, not to ${what}`);
  }
  const workspace = workspaceOf(flags);
  if (what === "move") return move(workspace, flags);
  const choice = await choose(workspace, flags);
  if (what === "migrate") return migrate(choice, flags);
  return what === "prune" ? prune(choice, flags) : show(workspace, choice, flags);
}

const dashed = (option: string) => option.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

function choose(workspace: Workspace, flags: ManifestFlags): Promise<LedgerChoice> {
  const readManifest = () => loadManifest(workspace, { ...flags, secrets: true, stdin: readStdin });
  return chooseLedger(workspace, { readManifest });
}

async function show(workspace: Workspace, choice: LedgerChoice, { json }: LedgerFlags): Promise<void> {
  const moved = choice.kind === "sqlite" ? readMoved(workspace.home) : undefined;
  if (moved) {
    if (json) return printJson({ engine: "sqlite", home: workspace.home, movedTo: moved.to, movedAt: moved.at ?? null });
    return note(`the ledger of ${workspace.home} ${moved.at === undefined ? "is being moved" : "was moved"} to ${moved.to}`);
  }
  const upkeep = await openUpkeep(choice, note);
  try {
    const { version, newest, size, counts } = await upkeep.facts();
    const engine = choice.kind;
    const from = choice.kind === "postgres" ? choice.from : "the home";
    if (json) return printJson({ engine, ledger: upkeep.name, from, version, newestVersion: newest, bytes: size, ...counts });
    print(`ledger    ${upkeep.name}`);
    print(`named by  ${from}`);
    print(`version   ${version}${version === newest ? "" : ` (this pushpool needs ${newest}: run \`pushpool ledger migrate\`)`}`);
    print(`size      ${(size / 1024 / 1024).toFixed(1)} MiB`);
    if (counts)
      print(
        `contains  ${counts.runs} runs of ${counts.stacks} stacks, ${counts.unfinished} of them not ended; ${counts.deployments} deployments`,
      );
  } finally {
    upkeep.close();
  }
}

async function migrate(choice: LedgerChoice, { json }: LedgerFlags): Promise<void> {
  const upkeep = await openUpkeep(choice, note);
  try {
    const before = await upkeep.migrate();
    const { version } = await upkeep.facts();
    if (json) return printJson({ ledger: upkeep.name, before, version });
    note(before === version ? `${upkeep.name} has version ${version} already` : `${upkeep.name}: version ${before} to ${version}`);
  } finally {
    upkeep.close();
  }
}

async function prune(choice: LedgerChoice, { olderThan, withKeys = false, dryRun = false, json }: LedgerFlags): Promise<void> {
  if (olderThan === undefined) throw new UserError("ledger prune: give the age of the runs to remove, such as --older-than 90d");
  const before = new Date(Date.now() - parseAge(olderThan, "--older-than")).toISOString();
  const upkeep = await openUpkeep(choice, note);
  try {
    const { runs, keptForKey } = await upkeep.prune({ before, withKeys, dryRun });
    if (json) return printJson({ ledger: upkeep.name, before, dryRun, runs, keptForKey });
    note(
      `${upkeep.name}: ${dryRun ? "would remove" : "removed"} ${runs} runs that ended before ${before}, with their states and submissions`,
    );
    if (keptForKey > 0)
      note(
        `${keptForKey} more were kept because of their idempotency keys: a request with such a key still gets its run. --with-keys removes them too`,
      );
  } finally {
    upkeep.close();
  }
}

async function move(workspace: Workspace, { to, wait = false, cancel = false, json }: LedgerFlags): Promise<void> {
  const { home, env } = workspace;
  if (cancel) {
    cancelMove(home);
    return json ? printJson({ home, moved: false }) : note(`the ledger of ${home} stays where it is`);
  }
  const named = choiceOf(env);
  const address = to === undefined ? (named?.kind === "postgres" ? named : undefined) : { url: to, from: "--to" as const };
  if (!address) throw new UserError("ledger move: name the database with --to URL, or with PUSHPOOL_LEDGER_URL");
  if (to !== undefined && /:\/\/[^/?#@]*:[^/?#@]+@/.test(to))
    note("warning: others on this machine can read the password in --to: give the URL in PUSHPOOL_LEDGER_URL, and leave out --to");
  let isTold = false;
  while (wait && unfinishedIn(home) > 0) {
    if (!isTold) note(`waiting for ${unfinishedIn(home)} runs to end: they end only while somebody watches them`);
    isTold = true;
    await sleep(LOOK);
  }
  const report = await moveLedger(home, address, { digestKey: () => homeDigestKey(workspace), warn: note });
  if (json) return printJson({ home, ...report });
  const { runs = 0, deployments = 0, notes = 0 } = report.rows;
  note(`moved ${runs} runs, ${deployments} deployments and ${notes} notes of ${home} to ${report.to}`);
  if (report.withoutKey > 0) note(`${report.withoutKey} of them lost their idempotency key, because another run there has it`);
  if (report.otherDigestKey)
    note(
      `${report.to} already has its own digest key. Moved runs need none. But if an \`up\` was interrupted during a FlowRun with secrets, the next \`up\` runs it again`,
    );
  note("from now on, name that ledger with PUSHPOOL_LEDGER_URL, or in the Pulumi program with manifest({ ledger: { url } })");
}

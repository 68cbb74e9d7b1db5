import { setTimeout as sleep } from "node:timers/promises";
import type { JsonObject, ValueObject } from "../json";
import type { RunRecord, StoredAttempt } from "../ledger/ledger";
import type { LoadedManifest } from "../manifest";
import { isTerminal, type Run, type State } from "../model/run";
import { exitCodeOfCommand } from "../runs";
import { masked } from "../runs/storedSecrets";
import { TARGET_KINDS } from "../targets/kinds";
import type { TargetView } from "../targets/targetView";
import { commandsOf } from "./commandLines";
import { phasesOf } from "./phases";
import { rowOf } from "./runRow";
import type { Ui } from "./ui";
import type { Attempt, Json, RunActions, RunDetail } from "./wire";

/** How long a run's page may wait for the manifest, in milliseconds: it only adds links and the flow's place. */
const MANIFEST_PATIENCE = 400;

/**
 * All of one run of the ledger.
 * @returns `undefined` if the ledger does not have it
 */
export async function readDetail(ui: Ui, id: string): Promise<RunDetail | undefined> {
  const { ledger } = ui.stack;
  const record = await ledger.read(id);
  if (!record) return undefined;
  const [transitions, attempts, loaded, name] = await Promise.all([
    ledger.transitions(id),
    ledger.attempts(id),
    soon(ui.stack.manifest()),
    soon(ui.stack.name()),
  ]);
  const isOnServer = record.submission.prefect !== undefined;
  const entrypoint = loaded?.manifest.deployments[record.run.deployment]?.entrypoint ?? (await deployedEntrypoint(ui, record.run));
  return detailOf(record, {
    transitions,
    attempts,
    view: await TARGET_KINDS[record.poolType].view?.(),
    credentials: credentialsOf(loaded, record.run.workPool),
    can: runActions(record.run, name),
    on: isOnServer ? "server" : "ledger",
    ...(entrypoint === undefined ? {} : { entrypoint }),
    waitingFor: ui.follower.waitingFor(id),
    prefectUrl: isOnServer ? ui.prefectUrl(`/runs/flow-run/${id}`) : undefined,
  });
}

interface Facts {
  transitions: readonly (State & { attempt: number })[];
  attempts: readonly StoredAttempt[];
  view: TargetView | undefined;
  credentials: ValueObject;
  can: RunActions;
  on: "ledger" | "server";
  entrypoint?: string;
  waitingFor: string | undefined;
  prefectUrl: string | undefined;
}

/** Pure. */
function detailOf({ run, poolType, submission }: RunRecord, facts: Facts): RunDetail {
  const consoleUrl = (id: string | undefined) => (id === undefined ? undefined : linkTo(facts, id));
  const attempts = facts.attempts.map((stored): Attempt => {
    const states = facts.transitions.filter(({ attempt }) => attempt === stored.attempt).map(({ attempt: _, ...state }) => state);
    const shown = masked(stored.submission) as JsonObject;
    const request = (shown.request ?? {}) as JsonObject;
    const link = consoleUrl(stored.infrastructureId);
    return {
      number: stored.attempt,
      states,
      phases: phasesOf(states, facts.on === "server" ? stored.startedAt : undefined),
      submission: shown as Json,
      requests: (facts.view?.requests(request) ?? [{ call: "submit", body: request }]) as Attempt["requests"],
      ...(stored.infrastructureId === undefined ? {} : { infrastructureId: stored.infrastructureId }),
      ...(link === undefined ? {} : { consoleUrl: link }),
    };
  });
  const link = consoleUrl(run.infrastructureId);
  const waitingFor = facts.waitingFor ?? (run.state.type === "SCHEDULED" ? run.state.message : undefined);
  return {
    ...rowOf(run, facts.on, facts.prefectUrl),
    parameters: run.parameters as RunDetail["parameters"],
    jobVariables: run.jobVariables as RunDetail["jobVariables"],
    texts: { parameters: JSON.stringify(run.parameters, null, 2), jobVariables: JSON.stringify(run.jobVariables, null, 2) },
    ...(run.idempotencyKey === undefined ? {} : { idempotencyKey: run.idempotencyKey }),
    ...(run.infrastructureId === undefined ? {} : { infrastructureId: run.infrastructureId }),
    ...(link === undefined ? {} : { consoleUrl: link }),
    exitCode: exitCodeOfCommand(run) ?? null,
    poolType,
    entrypoint: facts.entrypoint ?? null,
    attempts,
    commands: commandsOf(run, facts.can, typeof submission.workPool === "string" ? submission.workPool : undefined),
    can: facts.can,
    ...(waitingFor === undefined || isTerminal(run.state) ? {} : { waitingFor }),
  };
}

/** What the page may do with a run: nothing with one of another stack, whose pools it does not have. */
export function runActions(run: Run, stack: string | undefined): RunActions {
  const isOurs = run.stack === stack;
  const ended = isTerminal(run.state);
  return {
    cancel: isOurs && !ended && run.state.type !== "CANCELLING",
    retry: isOurs && ended && run.state.type !== "COMPLETED",
    runAgain: isOurs,
  };
}

export function credentialsOf(loaded: LoadedManifest | undefined, pool: string): ValueObject {
  const block = loaded?.manifest.pools[pool]?.credentials;
  return (block === undefined ? undefined : loaded?.manifest.blocks[block]?.data) ?? {};
}

function linkTo({ view, credentials }: Facts, id: string): string | undefined {
  try {
    return view?.consoleUrl(id, { credentials });
  } catch {
    // A damaged id has no page.
    return undefined;
  }
}

async function deployedEntrypoint(ui: Ui, { stack, deployment }: Run): Promise<string | undefined> {
  const [record] = await ui.stack.ledger.deployments(stack, [deployment]);
  return record?.definition.entrypoint;
}

async function soon<T>(work: Promise<T>): Promise<T | undefined> {
  work.catch(() => {});
  const late = new AbortController();
  try {
    return await Promise.race([
      work.catch(() => undefined),
      sleep(MANIFEST_PATIENCE, undefined, { signal: late.signal }).catch(() => undefined),
    ]);
  } finally {
    late.abort();
  }
}

import { setTimeout as sleep } from "node:timers/promises";
import type { DeploymentRecord } from "../../ledger";
import type { ChangeFeed } from "../../ledger/ledger";
import type { LoadedManifest } from "../../manifest";
import type { Run } from "../../model/run";
import { suggestion } from "../../nearest";
import type { RunsParts } from "../../runs";
import { openContext } from "../../runs/openContext";
import type { RunsContext } from "../../runs/runsContext";
import type { MissedPolicy } from "../../schedules";
import { UserError } from "../../userError";
import type { Dispatcher } from "../dispatcher";
import type { RunSource } from "../runSource";
import { LedgerRuns } from "./ledgerRuns";
import { type DeploymentWithSchedules, Schedules } from "./scheduledRuns";

/** How often to look at the ledger, in milliseconds. */
const PASS = 250;
/**
 * The same on a server that several machines share: without notices of its changes, and with them. A look takes at most a fifth of the time,
 * but no rest is longer than `rest`: a look that took a minute was stopped or cut off, and says nothing about the server.
 */
const SHARED_PASS = { polling: 2_000, listening: 30_000, share: 4, rest: 5_000 };
/**
 * How old the known deployments may be, also where notices tell that they have changed, and the manifest, which takes a Pulumi command to
 * read; in milliseconds.
 */
const DEPLOYMENTS_AGE = 2_000;
const DEPLOYMENTS_AGE_LISTENING = 60_000;
const MANIFEST_AGE = 15_000;
/** After how long a server of the ledger counts as away that does not answer, in milliseconds. */
const SILENT = 10_000;
/** After how long without a successful look the source counts as unhealthy, in milliseconds. */
const UNHEALTHY = 90_000;

export interface LedgerSourceParts {
  loaded: LoadedManifest;
  runs: RunsParts;
  dispatcher: Dispatcher;
  /** Names of work pools; empty for all of the manifest's. */
  pools: readonly string[];
  missed: MissedPolicy;
  graceSeconds: number;
}

/**
 * The source for stacks without a Prefect API: it creates the runs of schedules, and dispatches the runs of the ledger.
 *
 * All its state is in the ledger. Several dispatchers of one ledger therefore do not disturb each other, and a new one takes up the runs of
 * a killed one.
 * @throws {UserError} if a work pool is not in the manifest
 */
export function ledgerSource({ loaded, runs, dispatcher, missed, graceSeconds, ...asked }: LedgerSourceParts): RunSource {
  const { stack } = loaded;
  const pools = poolsOf(loaded, asked.pools);
  const ofPools = new Set(pools);
  const context = openContext({ ...runs, stack });
  const ledgerRuns = new LedgerRuns({ context, dispatcher, stack, pools: ofPools, graceSeconds });
  const schedules = new Schedules(context, stack, missed, dispatcher.tell);
  const { shared } = context.ledger;
  let feed: ChangeFeed | undefined;
  let ledgerFault: string | undefined;
  let lookingSince: number | undefined;
  let took = 0;
  let inHand = countOf([]);
  let passedAt = Date.now();
  let deployments = new Map<string, DeploymentWithSchedules>();
  const read = { deployments: 0, manifest: Date.now() };

  const refresh = async () => {
    if (Date.now() - read.manifest > MANIFEST_AGE) {
      read.manifest = Date.now();
      await context.manifest({ fresh: true }).catch((error: Error) => dispatcher.tell({ kind: "trouble", message: error.message }));
    }
    if (Date.now() - read.deployments <= (feed?.isLive() ? DEPLOYMENTS_AGE_LISTENING : DEPLOYMENTS_AGE)) return;
    deployments = await readDeployments(context, stack);
    await schedules.refresh(new Map([...deployments].filter(([, { definition }]) => ofPools.has(definition.workPool.name))));
    read.deployments = Date.now();
  };
  const pass = async () => {
    await refresh();
    const next = await schedules.fire();
    const seen = await ledgerRuns.pass(new Map([...deployments].map(([name, { definition }]) => [name, definition])));
    inHand = countOf(seen.filter(({ workPool }) => ofPools.has(workPool)));
    // The schedules count by the ledger's clock.
    return next === undefined ? Number.POSITIVE_INFINITY : next - context.now().getTime();
  };
  const rest = () => Math.min(took * SHARED_PASS.share, SHARED_PASS.rest);
  const pause = () => {
    if (!shared) return PASS;
    return Math.max(feed?.isLive() ? SHARED_PASS.listening : SHARED_PASS.polling, rest());
  };
  const silence = () => {
    const silent = shared && lookingSince !== undefined ? Date.now() - lookingSince : 0;
    return silent > SILENT ? `it has not answered for ${Math.round(silent / 1000)} s` : undefined;
  };
  return {
    pools,
    of: `stack ${stack}`,
    start: async () => {
      feed = shared?.watch((changed) => {
        // An empty notice does not say which stack it is about.
        if (changed && changed !== stack) return;
        read.deployments = 0;
        dispatcher.wake();
      });
    },
    look: async () => {
      // Every change of every process wakes it.
      const early = shared ? passedAt + rest() - Date.now() : 0;
      if (early > 0) await sleep(early, undefined, { signal: dispatcher.signal }).catch(() => {});
      const began = Date.now();
      lookingSince = began;
      try {
        const due = await pass();
        passedAt = Date.now();
        took = passedAt - began;
        ledgerFault = undefined;
        return passedAt + Math.min(pause(), due);
      } catch (error) {
        // It need not restart because a file is locked for a moment.
        if (shared) ledgerFault = (error as Error).message;
        throw error;
      } finally {
        lookingSince = undefined;
      }
    },
    close: async () => feed?.close(),
    inHand: () => inHand,
    health: () => {
      const fault = ledgerFault ?? silence();
      return {
        healthy: Date.now() - passedAt < UNHEALTHY && fault === undefined,
        stack,
        workPools: pools,
        reaches: { ledger: fault ?? "ok", ...context.listeners.reaches() },
        ...inHand,
      };
    },
  };
}

/** Deployed deployments and those that the program declares; the program's win. */
async function readDeployments({ ledger, manifest }: RunsContext, stack: string): Promise<Map<string, DeploymentWithSchedules>> {
  const deployed = await ledger.deployments(stack);
  const declared = Object.entries((await manifest()).manifest.deployments);
  return new Map<string, DeploymentWithSchedules>([
    ...deployed.map((record) => [record.name, scheduledOf(record)] as const),
    ...declared.map(([name, definition]) => [name, { definition }] as const),
  ]);
}

/** A deployed deployment with the schedules that run: none while it is paused, as on a Prefect server. */
export function scheduledOf({ definition, kept, deployedAt }: DeploymentRecord): DeploymentWithSchedules {
  const { schedules: _, ...rest } = definition;
  return { definition: kept.paused === true ? rest : definition, deployedAt: Date.parse(deployedAt) };
}

function poolsOf({ manifest, origin }: LoadedManifest, asked: readonly string[]): string[] {
  const known = Object.keys(manifest.pools);
  const unknown = asked.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new UserError(`--pool "${unknown}": ${origin} has no such work pool: ${suggestion(unknown, known)}`);
  if (known.length === 0) throw new UserError(`${origin} has no work pools: there is nothing to serve`);
  return asked.length > 0 ? [...new Set(asked)] : known;
}

function countOf(runs: readonly Run[]): Record<string, number> {
  const counts: Record<string, number> = { SCHEDULED: 0, PENDING: 0, RUNNING: 0, CANCELLING: 0 };
  for (const { state } of runs) counts[state.type] = (counts[state.type] ?? 0) + 1;
  return counts;
}

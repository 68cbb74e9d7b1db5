import type { DeploymentRecord } from "../../ledger";
import type { LoadedManifest } from "../../manifest";
import type { FlowRun } from "../../model/flowRun";
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
/** How old the known deployments may be, and the manifest, which takes a Pulumi command to read; in milliseconds. */
const DEPLOYMENTS_AGE = 2_000;
const MANIFEST_AGE = 15_000;
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
  let inHand = countOf([]);
  let passedAt = Date.now();
  let deployments = new Map<string, DeploymentWithSchedules>();
  const read = { deployments: 0, manifest: Date.now() };

  const refresh = async () => {
    if (Date.now() - read.manifest > MANIFEST_AGE) {
      read.manifest = Date.now();
      await context.manifest({ fresh: true }).catch((error: Error) => dispatcher.tell({ kind: "trouble", message: error.message }));
    }
    if (Date.now() - read.deployments <= DEPLOYMENTS_AGE) return;
    deployments = await readDeployments(context, stack);
    await schedules.refresh(new Map([...deployments].filter(([, { definition }]) => ofPools.has(definition.workPool.name))));
    read.deployments = Date.now();
  };
  return {
    pools,
    of: `stack ${stack}`,
    start: async () => {},
    look: async () => {
      await refresh();
      const next = await schedules.fire();
      const seen = await ledgerRuns.pass(new Map([...deployments].map(([name, { definition }]) => [name, definition])));
      inHand = countOf(seen.filter(({ workPool }) => ofPools.has(workPool)));
      passedAt = Date.now();
      return Math.min(passedAt + PASS, next ?? Number.POSITIVE_INFINITY);
    },
    close: async () => {},
    inHand: () => inHand,
    health: () => ({ healthy: Date.now() - passedAt < UNHEALTHY, stack, workPools: pools, ...inHand }),
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

function countOf(runs: readonly FlowRun[]): Record<string, number> {
  const counts: Record<string, number> = { SCHEDULED: 0, PENDING: 0, RUNNING: 0, CANCELLING: 0 };
  for (const { state } of runs) counts[state.type] = (counts[state.type] ?? 0) + 1;
  return counts;
}

import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import type { LoadedManifest } from "../../manifest";
import { suggestion } from "../../nearest";
import type { FlowRun, RunsParts } from "../../runs";
import type { RunsContext } from "../../runs/context";
import { openContext } from "../../runs/openContext";
import type { MissedPolicy } from "../../schedules";
import { UserError } from "../../userError";
import { type EndpointPlace, openEndpoint } from "../endpoint";
import { createMetrics } from "../metrics";
import { type DispatchEvent, Dispatcher } from "./dispatch";
import { Report } from "./report";
import { type DeploymentWithSchedules, type ScheduleEvent, Schedules } from "./schedules";

/** How often the ledger is looked at, in milliseconds. */
const PASS = 250;
/** How old what is known of deployments may be, and of the manifest, which takes a Pulumi command to read; in milliseconds. */
const DEPLOYMENTS_AGE = 2_000;
const MANIFEST_AGE = 15_000;
/** How long nothing may have come of looking, in milliseconds, before it counts as unhealthy. */
const UNHEALTHY = 90_000;

export type ServeEvent = DispatchEvent | ScheduleEvent | { kind: "trouble"; run?: FlowRun; message: string };

export interface ServingLedger {
  loaded: LoadedManifest;
  parts: RunsParts;
  /** Names of work pools; none for all that the manifest has. */
  pools: readonly string[];
  missed: MissedPolicy;
  graceSeconds: number;
  endpoint: EndpointPlace;
  log: Logger;
  /** Ends it: nothing more is begun, what runs goes on and is taken up by the next one. */
  signal: AbortSignal;
  /** It is under way. @param url of the endpoint */
  onServing: (what: { pools: readonly string[]; url: string }) => void;
}

/**
 * Where there is no Prefect API: fire the schedules of the stack's deployments, submit the runs of the ledger that wait, and follow to its
 * end what has begun, until `signal` fires.
 *
 * Everything that counts is in the ledger, so that several of these do not disturb each other, and one that was killed is taken up.
 * @throws {UserError} if a work pool is not in the manifest, or the endpoint's port is taken
 */
export async function serveLedger({ loaded, parts, missed, graceSeconds, endpoint, log, signal, onServing, ...asked }: ServingLedger) {
  const pools = poolsOf(loaded, asked.pools);
  const context = openContext({ ...parts, stack: loaded.stack });
  let inHand: Record<string, number> = countOf([]);
  let passedAt = Date.now();
  const metrics = createMetrics({ inHand: () => inHand });
  const report = new Report(log, metrics);
  const tell = (event: ServeEvent) => report.tell(event);
  const open = await openEndpoint({
    ...endpoint,
    metrics: () => metrics.text(),
    health: () => ({ healthy: Date.now() - passedAt < UNHEALTHY, stack: loaded.stack, workPools: pools, ...inHand }),
  });
  let wake = new AbortController();
  const ofPools = new Set(pools);
  const dispatcher = new Dispatcher({
    context,
    stack: loaded.stack,
    pools: ofPools,
    graceSeconds,
    signal,
    tell,
    onRoom: () => wake.abort(),
  });
  const schedules = new Schedules(context, loaded.stack, missed, tell);
  let deployments = new Map<string, DeploymentWithSchedules>();
  const read = { deployments: 0, manifest: Date.now() };
  onServing({ pools, url: open.url });
  try {
    while (!signal.aborted) {
      wake = new AbortController();
      let next: number | undefined;
      try {
        if (Date.now() - read.manifest > MANIFEST_AGE) {
          read.manifest = Date.now();
          await context.manifest({ fresh: true }).catch((error: Error) => tell({ kind: "trouble", message: error.message }));
        }
        if (Date.now() - read.deployments > DEPLOYMENTS_AGE) {
          deployments = await readDeployments(context, loaded.stack);
          await schedules.refresh(new Map([...deployments].filter(([, { definition }]) => ofPools.has(definition.workPool.name))));
          read.deployments = Date.now();
        }
        next = await schedules.fire();
        const runs = await dispatcher.pass(new Map([...deployments].map(([name, { definition }]) => [name, definition])));
        inHand = countOf(runs.filter(({ workPool }) => ofPools.has(workPool)));
        passedAt = Date.now();
      } catch (error) {
        // A ledger that is locked, a disk that is full: as long as it lasts.
        tell({ kind: "trouble", message: (error as Error).message });
      }
      const pause = Math.max(1, Math.min(PASS, (next ?? Number.POSITIVE_INFINITY) - Date.now()));
      await sleep(pause, undefined, { signal: AbortSignal.any([signal, wake.signal]) }).catch(() => {});
    }
    await dispatcher.settled();
  } finally {
    await open.close();
  }
}

/** What is deployed and what the program declares; a name in both means the program's. */
async function readDeployments({ ledger, manifest }: RunsContext, stack: string): Promise<Map<string, DeploymentWithSchedules>> {
  const deployed = await ledger.deployments(stack);
  const declared = Object.entries((await manifest()).manifest.deployments);
  return new Map<string, DeploymentWithSchedules>([
    ...deployed.map(({ name, definition, deployedAt }) => [name, { definition, deployedAt: Date.parse(deployedAt) }] as const),
    ...declared.map(([name, definition]) => [name, { definition }] as const),
  ]);
}

function poolsOf({ manifest, origin }: LoadedManifest, asked: readonly string[]): string[] {
  const known = Object.keys(manifest.pools);
  const unknown = asked.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new UserError(`--pool "${unknown}": there is no such work pool in ${origin}: ${suggestion(unknown, known)}`);
  if (known.length === 0) throw new UserError(`${origin} has no work pools: there is nothing to serve`);
  return asked.length > 0 ? [...new Set(asked)] : known;
}

function countOf(runs: readonly FlowRun[]): Record<string, number> {
  const counts: Record<string, number> = { SCHEDULED: 0, PENDING: 0, RUNNING: 0, CANCELLING: 0 };
  for (const { state } of runs) counts[state.type] = (counts[state.type] ?? 0) + 1;
  return counts;
}

import { setTimeout as sleep } from "node:timers/promises";
import type { SlotsTaken } from "../ledger/ledger";
import type { LoadedManifest } from "../manifest";
import type { PoolDefinition } from "../manifest/manifest";
import { checkPausable, pausedInProgram, pausedPools, pausePool, readPoolError } from "../runs/poolNotes";
import { TARGET_KINDS } from "../targets/kinds";
import { prefectOf } from "./deploymentList";
import { Refused } from "./problem";
import { credentialsOf } from "./runDetail";
import type { Ui } from "./ui";
import type { PoolCredentials, PoolList, PoolRow, QueueRow } from "./wire";

/** How long the list may wait for a look at the runs that hold slots, in milliseconds. */
const PATIENCE = 3_000;
/** How many of them to look at. */
const MAX_HOLDERS = 500;

/** `GET /api/pools` */
export async function poolList(ui: Ui): Promise<PoolList> {
  const loaded = await ui.stack.manifest();
  const { ledger } = ui.stack;
  if (loaded.manifest.prefect === undefined) await observeHolders(ui, loaded.stack);
  const [taken, paused] = await Promise.all([ledger.slotsTaken(loaded.stack), pausedPools(ledger, loaded.stack)]);
  const now = Date.now();
  const pools = Object.entries(loaded.manifest.pools).map(async ([name, pool]): Promise<PoolRow> => {
    const { locate } = TARGET_KINDS[pool.type];
    const place = await locate({ baseJobTemplate: pool.baseJobTemplate, credentials: credentialsOf(loaded, name), env: ui.env });
    const error = await readPoolError(ledger, loaded.stack, name);
    return {
      ...poolRow({ loaded, name, pool, taken, isPausedHere: paused.has(name), now }),
      region: place.region ?? place.words ?? null,
      network: place.network,
      ...(error === undefined ? {} : { lastError: error }),
    };
  });
  const rows = await Promise.all(pools);
  const prefect = await prefectOf(ui, loaded);
  if (!prefect.server) return { pools: rows, ...(prefect.notice === undefined ? {} : { notice: prefect.notice }) };
  const { asOnServer } = await import("./serverPools.js");
  return { pools: await asOnServer(prefect.server.client, rows, (path) => ui.prefectUrl(path)) };
}

/** Look at the runs that hold slots: one that has ended, and that nobody watches, holds none. A slow cloud does not hold up the list. */
async function observeHolders(ui: Ui, stack: string): Promise<void> {
  const holders = await ui.stack.ledger.list({ stack, states: ["PENDING", "RUNNING", "CANCELLING"], limit: MAX_HOLDERS });
  if (holders.length === 0) return;
  const looked = ui.observe(holders.map(({ run }) => run.id)).catch(() => {});
  await Promise.race([looked, sleep(PATIENCE, undefined, { ref: false })]);
}

/**
 * `POST /api/pools/NAME/pause` and `resume`
 * @throws {Refused} if there is no such pool
 * @throws {UserError} if it is paused where the ledger cannot resume it
 */
export async function changePool(ui: Ui, name: string, paused: boolean): Promise<PoolRow> {
  const loaded = await ui.stack.manifest();
  if (!Object.hasOwn(loaded.manifest.pools, name))
    throw new Refused(404, `there is no work pool ${JSON.stringify(name)} in ${loaded.origin}`);
  checkPausable(loaded, name);
  await pausePool(ui.stack.ledger, loaded.stack, name, paused, new Date());
  return (await poolList(ui)).pools.find((row) => row.name === name) as PoolRow;
}

interface PoolFacts {
  loaded: LoadedManifest;
  name: string;
  pool: PoolDefinition;
  taken: readonly SlotsTaken[];
  isPausedHere: boolean;
  now: number;
}

/** Pure: a pool without what must be read elsewhere. */
function poolRow({ loaded, name, pool, taken, isPausedHere, now }: PoolFacts): PoolRow {
  const ofServer = loaded.manifest.prefect !== undefined;
  const here = isPausedHere && !ofServer;
  const inProgram = pool.isPaused === true;
  const ofPool = taken.filter(({ workPool }) => workPool === name);
  return {
    name,
    type: pool.type,
    region: null,
    network: null,
    paused: inProgram || here,
    ...(inProgram ? { pausedBy: pausedInProgram(name) } : here ? { pausedBy: "paused here (`pushpool pools resume`)" } : {}),
    pausable: !ofServer && !inProgram,
    slots: { used: sum(ofPool), limit: pool.concurrencyLimit ?? null },
    queues: queuesOf(pool, ofPool, inProgram || here),
    credentials: credentialsRow(loaded, pool, now),
  };
}

function queuesOf({ queues = {} }: PoolDefinition, taken: readonly SlotsTaken[], paused: boolean): QueueRow[] {
  const names = new Set(["default", ...Object.keys(queues), ...taken.map(({ workQueue }) => workQueue)]);
  return [...names].map((name) => {
    const { priority, concurrencyLimit } = queues[name] ?? {};
    const used = sum(taken.filter(({ workQueue }) => workQueue === name));
    return { name, ...(priority === undefined ? {} : { priority }), paused, used, limit: concurrencyLimit ?? null };
  });
}

function sum(taken: readonly SlotsTaken[]): number {
  return taken.reduce((total, { count }) => total + count, 0);
}

function credentialsRow({ manifest }: LoadedManifest, { type, credentials: block }: PoolDefinition, now: number): PoolCredentials | null {
  if (block === undefined) return type === "process:push" ? null : { kind: "ambient" };
  const createdAt = manifest.blocks[block]?.createdAt;
  const age = createdAt === undefined ? undefined : Math.max(0, Math.floor((now - Date.parse(createdAt)) / 1000));
  return { kind: block.split("/")[0] ?? block, block, ...(createdAt === undefined ? {} : { createdAt, age }) };
}

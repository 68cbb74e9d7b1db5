import type { Ledger } from "../ledger";
import { hostOf, machineName } from "../machineName";
import type { PoolDefinition } from "../manifest/manifest";
import type { PoolType } from "../model/poolType";
import { openLease } from "../runs/lease";
import { Listeners } from "../runs/listeners";
import { poolAccess } from "../runs/pool";
import { Tidying } from "../runs/poolLeftovers";
import { type OpenTarget, renewingTarget } from "../runs/renewingTarget";
import type { RunsContext } from "../runs/runsContext";
import type { DigestKey } from "../runs/storedSecrets";
import type { Target, TargetAccess } from "../targets/target";
import type { PoolsBeside, ServerJob } from "./job";

/** The parts that all runs of a server share: the ledger, the targets, the key for the digests of secrets. */
export interface Shared {
  ledger: Ledger;
  /** See `RunsParts.home`. */
  home?: string;
  stack: string;
  openTarget: (type: PoolType, access: TargetAccess) => Promise<Target>;
  digestKey: DigestKey;
  /** The environment that `{{ $NAME }}` reads, and that commands inherit. */
  env: NodeJS.ProcessEnv;
  poolsBeside?: PoolsBeside;
  /** @default no listener */
  warn?: (message: string) => void;
  /** Listener for retries of cloud calls. @default the listener of {@link warn} */
  listeners?: Listeners;
}

/**
 * Make the context of `src/runs` for one job. Its manifest has the values of the server. With `again`, which reads the job again, a run
 * outlives the key that has submitted it: if the cloud refuses the key, the block's current one is used.
 */
export function contextMaker({
  ledger,
  home = "",
  stack,
  openTarget,
  digestKey,
  env,
  warn = () => {},
  listeners = new Listeners(warn),
}: Shared): (job: ServerJob, again?: () => Promise<ServerJob>) => RunsContext {
  const planned: RunsContext["planned"] = new Map();
  const stopAsked: RunsContext["stopAsked"] = new Set();
  const notCleaned: RunsContext["notCleaned"] = new Set();
  const watched: RunsContext["watched"] = new Map();
  const tidying = new Tidying();
  const targets = new Map<string, Promise<Target>>();
  const lease = openLease(ledger, () => machineName(env));
  return (job, again) => {
    let { loaded } = job;
    const context: RunsContext = {
      ledger,
      lease,
      host: () => hostOf(home, env),
      stack,
      target: (of) => {
        const { workPool } = of.run;
        // A changed key or another block needs a new target.
        const blockOf = () => {
          const { credentials } = loaded.manifest.pools[workPool] as PoolDefinition;
          return JSON.stringify([credentials, credentials === undefined ? undefined : loaded.manifest.blocks[credentials]?.createdAt]);
        };
        const key = JSON.stringify([workPool, of.poolType, blockOf()]);
        const warn = (message: string) => listeners.tell(message, workPool);
        const answered = (fault?: string) => listeners.answered(workPool, fault);
        const open = () => {
          const used = blockOf();
          const isReplaced = async () => {
            if (again) ({ loaded } = await again());
            return blockOf() !== used;
          };
          return openTarget(of.poolType, { pool: () => poolAccess(context, of), notes: ledger, digestKey, warn, answered, isReplaced });
        };
        const renewing = async (): Promise<Target> => {
          if (!again) return open();
          const opened = async (): Promise<OpenTarget> => ({ target: await open(), credentials: blockOf() });
          return renewingTarget(await opened(), async () => {
            ({ loaded } = await again());
            return opened();
          });
        };
        const target = targets.get(key) ?? renewing();
        targets.set(key, target);
        // Opening the target may succeed later.
        target.catch(() => targets.delete(key));
        return target;
      },
      digestKey,
      env,
      planned,
      created: new Map(),
      watched,
      tidying,
      stopAsked,
      notCleaned,
      warn,
      listeners,
      manifest: async () => loaded,
      now: () => ledger.shared?.now() ?? new Date(),
    };
    return context;
  };
}

import type { Ledger } from "../ledger";
import type { LoadedManifest } from "../manifest";
import type { PoolType } from "../model/poolType";
import type { Target, TargetAccess } from "../targets/target";
import { type RunsContext, targetKey } from "./context";
import { Tidying } from "./leftovers";
import { Listeners } from "./listeners";
import { poolAccess } from "./pool";

/** What a {@link RunsContext} is made of. */
export interface RunsParts {
  ledger: Ledger;
  stack?: string;
  /** @param stale what was read before, where it may no longer be true */
  readManifest: (stale?: LoadedManifest) => Promise<LoadedManifest>;
  /** The target of one work pool; asked for once a pool. */
  openTarget: (type: PoolType, access: TargetAccess) => Promise<Target>;
  digestKey: () => Buffer;
  env: NodeJS.ProcessEnv;
  /** What `{{ $NAME }}` in a template reads. @default env. */
  templateEnv?: NodeJS.ProcessEnv;
  now?: () => Date;
  /** @default nobody hears it */
  warn?: (message: string) => void;
  /** Who hears that a cloud or a server is asked again. @default whoever {@link warn} tells */
  listeners?: Listeners;
}

/** What everything under `runs/` works with, over given parts. */
export function openContext({
  ledger,
  stack,
  readManifest,
  openTarget,
  digestKey,
  env,
  templateEnv = env,
  now = () => new Date(),
  warn = () => {},
  listeners = new Listeners(warn),
}: RunsParts): RunsContext {
  let manifest: Promise<LoadedManifest> | undefined;
  let key: Buffer | undefined;
  const targets = new Map<string, Promise<Target>>();
  const context: RunsContext = {
    ledger,
    ...(stack === undefined ? {} : { stack }),
    manifest: ({ fresh = false } = {}) => {
      if (!manifest) manifest = readManifest();
      else if (fresh) {
        const before = manifest;
        const again = before.then(readManifest);
        manifest = again;
        // What cannot be read anew is as it was, for everyone but who asked.
        again.catch(() => {
          if (manifest === again) manifest = before;
        });
      }
      return manifest;
    },
    target: (of) => {
      const key = targetKey(of);
      const { workPool } = of.run;
      const warn = (message: string) => listeners.tell(message, workPool);
      const target =
        targets.get(key) ??
        openTarget(of.poolType, { pool: () => poolAccess(context, of), notes: ledger, digestKey: context.digestKey, warn });
      targets.set(key, target);
      // What could not be opened now may be later.
      target.catch(() => targets.delete(key));
      return target;
    },
    digestKey: () => {
      key ??= digestKey();
      return key;
    },
    env,
    templateEnv,
    now,
    warn,
    listeners,
    tidying: new Tidying(),
    planned: new Map(),
    stopAsked: new Set(),
  };
  return context;
}

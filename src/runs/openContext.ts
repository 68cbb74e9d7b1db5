import type { LoadedManifest } from "../manifest";
import type { Target } from "../targets/target";
import { type RunsContext, targetKey } from "./context";
import { Tidying } from "./leftovers";
import { Listeners } from "./listeners";
import { poolAccess } from "./pool";
import type { RunsParts } from "./runs";

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

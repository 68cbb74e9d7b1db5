import type { Ledger } from "../ledger";
import { hostOf, machineName } from "../machineName";
import type { LoadedManifest } from "../manifest";
import type { PoolType } from "../model/poolType";
import type { Target, TargetAccess } from "../targets/target";
import { openLease } from "./lease";
import { Listeners } from "./listeners";
import { poolAccess } from "./pool";
import { Tidying } from "./poolLeftovers";
import { type OpenTarget, renewingTarget } from "./renewingTarget";
import { type OnPool, type RunsContext, targetKey } from "./runsContext";
import type { DigestKey } from "./storedSecrets";

/** How long a lease stays when nothing needs it any more, in milliseconds. */
const LINGERS = 250;

/** The parts of a {@link RunsContext}. */
export interface RunsParts {
  ledger: Ledger;
  /** How long the lease of a {@link Ledger.shared} ledger lasts, in seconds. @default 30 */
  leaseSeconds?: number;
  /** The folder with the files of `process:push` runs. Needed only for a ledger that several machines share. */
  home?: string;
  stack?: string;
  /** @param stale the manifest read before, if it may be outdated */
  readManifest: (stale?: LoadedManifest) => Promise<LoadedManifest>;
  /** Open the target of a work pool; called once for each pool. */
  openTarget: (type: PoolType, access: TargetAccess) => Promise<Target>;
  /** Called once. */
  digestKey: DigestKey;
  env: NodeJS.ProcessEnv;
  /** The variables for `{{ $NAME }}` in a template. @default `env` */
  templateEnv?: NodeJS.ProcessEnv;
  now?: () => Date;
  /** @default nothing */
  warn?: (message: string) => void;
  /** Who gets the notices about retried requests. @default {@link warn} */
  listeners?: Listeners;
}

/** Create the context of `runs/` from its parts. */
export function openContext({
  ledger,
  leaseSeconds,
  home = "",
  stack,
  readManifest,
  openTarget,
  digestKey,
  env,
  templateEnv = env,
  now = () => ledger.shared?.now() ?? new Date(),
  warn = () => {},
  listeners = new Listeners(warn),
}: RunsParts): RunsContext {
  let manifest: Promise<LoadedManifest> | undefined;
  let key: ReturnType<DigestKey> | undefined;
  let host: string | undefined;
  const targets = new Map<string, Promise<Target>>();
  const credentialsOf = async ({ run, submission }: OnPool) => {
    const { blocks, pools } = (await context.manifest()).manifest;
    const block = submission?.credentials === "ambient" ? undefined : blocks[pools[run.workPool]?.credentials ?? ""];
    return JSON.stringify([block?.keyId, block?.createdAt]);
  };
  const context: RunsContext = {
    ledger,
    lease: openLease(ledger, () => machineName(env), { seconds: leaseSeconds, lingers: LINGERS }),
    host: () => {
      host ??= hostOf(home, env);
      return host;
    },
    ...(stack === undefined ? {} : { stack }),
    manifest: ({ fresh = false } = {}) => {
      if (!manifest) manifest = readManifest();
      else if (fresh) {
        const before = manifest;
        const again = before.then(readManifest);
        manifest = again;
        // If reading again fails, everyone but the caller keeps the old manifest.
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
      const answered = (fault?: string) => listeners.answered(workPool, fault);
      const open = async (): Promise<OpenTarget> => {
        let credentials: string | undefined;
        // A target that does not read its pool needs no manifest.
        const pool = async () => {
          const access = await poolAccess(context, of);
          credentials = await credentialsOf(of);
          return access;
        };
        const isReplaced = async () => {
          await context.manifest({ fresh: true });
          return credentials !== undefined && (await credentialsOf(of)) !== credentials;
        };
        const target = await openTarget(of.poolType, { pool, notes: ledger, digestKey: context.digestKey, warn, answered, isReplaced });
        return { target, credentials };
      };
      const reopen = async () => {
        await context.manifest({ fresh: true });
        return open();
      };
      const target = targets.get(key) ?? open().then((opened) => renewingTarget(opened, reopen));
      targets.set(key, target);
      // Opening it may succeed later.
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
    created: new Map(),
    watched: new Map(),
    stopAsked: new Set(),
    notCleaned: new Set(),
  };
  return context;
}

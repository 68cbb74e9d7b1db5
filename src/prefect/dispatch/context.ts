import type { Ledger } from "../../ledger";
import type { RunsContext } from "../../runs/context";
import type { PoolType, Target } from "../../targets/target";
import type { Job } from "./job";

/** What runs from a server share: the ledger, the targets, the key of the secrets' digests. */
export interface Shared {
  ledger: Ledger;
  stack: string;
  target: (type: PoolType) => Promise<Target>;
  digestKey: () => Buffer;
  /** For `{{ $NAME }}`, and what commands inherit. */
  env: NodeJS.ProcessEnv;
}

/** What `runs/` works with, for one job: its manifest is what the server says. */
export function contextMaker({ ledger, stack, target, digestKey, env }: Shared): (job: Job) => RunsContext {
  const planned: RunsContext["planned"] = new Map();
  const stopAsked: RunsContext["stopAsked"] = new Set();
  return ({ loaded }) => ({
    ledger,
    stack,
    target,
    digestKey,
    env,
    planned,
    stopAsked,
    manifest: async () => loaded,
    now: () => new Date(),
  });
}

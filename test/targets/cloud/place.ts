import { onTestFinished } from "vitest";
import { openSqliteLedger } from "../../../src/ledger";
import type { PoolAccess, RunToPlan, Target, TargetPlace } from "../../../src/targets/target";
import { scratch } from "../../scratch";

// What the tests of all cloud targets need.

export const never = new AbortController().signal;

export function runOf(id: string, over: Partial<RunToPlan> = {}): RunToPlan {
  return { id, attempt: 1, pool: "etl", timeoutSeconds: null, ...over };
}

/** A command that runs a POSIX shell script. */
export function shell(script: string): string {
  return `sh -c '${script.replaceAll("'", `'"'"'`)}'`;
}

/** The messages of a target, without the notices of retries: how many of these come depends on the machine's speed. */
export function withoutRetryNotices(told: readonly string[]): string[] {
  return told.filter((message) => !/: trying again, \d+ (try|tries) in .* so far|: still waiting after /.test(message));
}

/** Targets over one ledger: each is what another process would have. */
export function openerOver(
  create: (place: Omit<TargetPlace, "home">) => Promise<Target>,
  pool: PoolAccess,
  env: NodeJS.ProcessEnv,
): { open: () => Promise<Target>; ledgerPath: string; told: string[] } {
  const ledgerPath = `${scratch()}/ledger.db`;
  const told: string[] = [];
  return {
    ledgerPath,
    told,
    open: () => {
      const notes = openSqliteLedger(ledgerPath);
      onTestFinished(() => notes.close());
      const digestKey = () => Buffer.from("key of this home");
      return create({ env, notes, digestKey, pool: async () => pool, warn: (message) => told.push(message) });
    },
  };
}

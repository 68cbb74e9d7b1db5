import { join } from "node:path";
import { expect, test } from "vitest";
import { openSqliteLedger } from "../../src/ledger";
import type { OnPool } from "../../src/runs/runsContext";
import { contextMaker } from "../../src/serverRuns/contextMaker";
import type { ServerJob } from "../../src/serverRuns/job";
import type { Target } from "../../src/targets/target";
import { UserError } from "../../src/userError";
import { scratch } from "../scratch";

// A run of a server outlives the key that has submitted it.

/** A job whose block has one key, made at one time. */
function jobWith(key: string): ServerJob {
  const pools = { etl: { type: "ecs:push", baseJobTemplate: {}, credentials: "aws-credentials/etl" } };
  const blocks = { "aws-credentials/etl": { data: { aws_access_key_id: key }, createdAt: `made with ${key}` } };
  return { loaded: { stack: "data/dev", origin: "a server", manifest: { pools, blocks } } } as unknown as ServerJob;
}

const RUN = { run: { workPool: "etl", stack: "data/dev" }, poolType: "ecs:push" } as unknown as OnPool;

test("the cloud refuses the key of a job: the server's block is read again, once, and the look succeeds", async () => {
  const ledger = openSqliteLedger(join(scratch(), "ledger.db"));
  const dead = new Set<string>();
  const opened: string[] = [];
  const openTarget = async (_: unknown, { pool }: { pool(): Promise<{ credentials?: { data: Record<string, unknown> } }> }) => {
    const key = String((await pool()).credentials?.data.aws_access_key_id);
    opened.push(key);
    const observe = async () => {
      if (dead.has(key)) throw Object.assign(new UserError("refused", 5), { cause: { kind: "unauthenticated" } });
      return new Map([["task", key]]);
    };
    return { observe } as unknown as Target;
  };
  const contextOf = contextMaker({
    ledger,
    stack: "data/dev",
    openTarget: openTarget as never,
    digestKey: () => Buffer.alloc(32),
    env: {},
  });
  let current = "first";
  let read = 0;
  const context = contextOf(jobWith("first"), async () => {
    read += 1;
    return jobWith(current);
  });
  const target = await context.target(RUN);
  const look = () => target.observe(["task"]) as unknown as Promise<Map<string, string>>;
  expect(await look()).toEqual(new Map([["task", "first"]]));
  dead.add("first");
  await expect(look()).rejects.toThrow("refused");
  current = "second";
  expect(await look()).toEqual(new Map([["task", "second"]]));
  expect(await look()).toEqual(new Map([["task", "second"]]));
  expect([read, opened]).toEqual([2, ["first", "first", "second"]]);
  ledger.close();
});

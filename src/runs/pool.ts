import type { RunRecord } from "../ledger";
import type { LoadedManifest } from "../manifest";
import type { Manifest, PoolDefinition } from "../manifest/manifest";
import type { Run } from "../model/run";
import { oneLine, quoted } from "../shown";
import type { PoolAccess } from "../targets/target";
import { UserError } from "../userError";
import type { OnPool, RunsContext } from "./runsContext";

/**
 * The definition of a run's work pool in the current manifest.
 * @throws {UserError} if the manifest belongs to another stack, or no longer has that pool
 */
export async function poolOf(
  context: RunsContext,
  { run }: { run: Pick<Run, "stack" | "workPool"> & Partial<Run> },
): Promise<PoolDefinition> {
  const loaded = await context.manifest();
  const { manifest, origin } = loaded;
  const whose = run.name === undefined ? "" : ` of run ${oneLine(run.name)}`;
  checkStack(loaded, run, `work pool ${quoted(run.workPool)}${whose}`);
  const pool = manifest.pools[run.workPool];
  if (!pool) {
    // Only a run that was never sent can be cancelled without its pool.
    const instead = run.state?.type === "SCHEDULED" ? `, or \`pushpool cancel ${run.id}\`` : "";
    throw new UserError(`work pool ${quoted(run.workPool)}${whose} is no longer in ${origin}: provision it again${instead}`);
  }
  return pool;
}

/**
 * @param what begins the message: the run, or its pool
 * @throws {UserError} if the manifest belongs to another stack than the run
 */
export function checkStack({ origin, stack }: LoadedManifest, run: Pick<Run, "stack">, what: string): void {
  if (stack !== run.stack)
    throw new UserError(`${what} belongs to stack ${run.stack}, but ${origin} is of ${stack}: choose it with --stack`);
}

/**
 * A run of a Prefect server can be submitted or ended only by its own stack, which knows that server.
 * @throws {UserError} if the manifest belongs to another stack
 */
export async function checkServersStack(context: RunsContext, { run, submission }: RunRecord): Promise<void> {
  if (submission.prefect !== undefined) checkStack(await context.manifest(), run, `run ${oneLine(run.name)}`);
}

/** What a target needs to know about a run's pool. */
export async function poolAccess(context: RunsContext, of: OnPool): Promise<PoolAccess> {
  await poolOf(context, of);
  const access = accessTo((await context.manifest()).manifest, of.run.workPool);
  return of.submission?.credentials === "ambient" ? { ...access, ambient: true } : access;
}

/** The id of the key with which a pool's runs are submitted, for their submissions. */
export function keyOf({ pools, blocks }: Manifest, name: string, login: "ambient" | undefined): { keyId?: string } {
  const { credentials } = pools[name] as PoolDefinition;
  const keyId = credentials === undefined || login === "ambient" ? undefined : blocks[credentials]?.keyId;
  return keyId === undefined ? {} : { keyId };
}

/** Where a work pool's cloud is, and whose credentials to use there. */
function accessTo({ source, pools, blocks }: Manifest, name: string): PoolAccess {
  const { endpoints = {}, credentials, baseJobTemplate } = pools[name] as PoolDefinition;
  const block = credentials === undefined ? undefined : blocks[credentials];
  return {
    name,
    source,
    endpoints,
    baseJobTemplate,
    ...(credentials === undefined || !block
      ? {}
      : {
          credentials: {
            block: credentials,
            ...(block.createdAt === undefined ? {} : { createdAt: block.createdAt }),
            data: block.data,
            ...(block.federation === undefined ? {} : { federation: block.federation }),
          },
        }),
  };
}

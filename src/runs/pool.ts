import type { Manifest, PoolDefinition } from "../manifest/manifest";
import type { FlowRun } from "../model/flowRun";
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
  { run }: { run: Pick<FlowRun, "stack" | "workPool"> & Partial<FlowRun> },
): Promise<PoolDefinition> {
  const { manifest, origin, stack } = await context.manifest();
  const whose = run.name === undefined ? "" : ` of run ${oneLine(run.name)}`;
  if (stack !== run.stack)
    throw new UserError(
      `work pool ${quoted(run.workPool)}${whose} belongs to stack ${run.stack}, but ${origin} is of ${stack}: choose it with --stack`,
    );
  const pool = manifest.pools[run.workPool];
  if (!pool) {
    const instead = run.id === undefined ? "" : `, or \`pushpool cancel ${run.id}\``;
    throw new UserError(`work pool ${quoted(run.workPool)}${whose} is no longer in ${origin}: provision it again${instead}`);
  }
  return pool;
}

/** What a target needs to know about a run's pool. */
export async function poolAccess(context: RunsContext, of: OnPool): Promise<PoolAccess> {
  await poolOf(context, of);
  const access = accessTo((await context.manifest()).manifest, of.run.workPool);
  return of.submission?.credentials === "ambient" ? { ...access, ambient: true } : access;
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
          credentials: { block: credentials, ...(block.createdAt === undefined ? {} : { createdAt: block.createdAt }), data: block.data },
        }),
  };
}

import type { RunRecord } from "../ledger";
import type { PoolType } from "../targets/target";
import type { RunsContext } from "./context";
import { isTerminal } from "./flowRun";
import { changeBy } from "./states";

/**
 * Look at the infrastructure of these runs, one batch a target, and record what was seen. Submits and stops nothing.
 * @returns the same runs, in the same order, as they are now
 */
export async function observe(context: RunsContext, records: RunRecord[]): Promise<RunRecord[]> {
  const byType = new Map<PoolType, RunRecord[]>();
  for (const record of records) {
    if (isTerminal(record.run.state) || record.run.infrastructureId === undefined) continue;
    const batch = byType.get(record.poolType) ?? [];
    byType.set(record.poolType, [...batch, record]);
  }
  const now = new Map(records.map((record) => [record.run.id, record]));
  for (const [type, batch] of byType) {
    const target = await context.target(type);
    const seen = await target.observe(batch.map(({ run }) => run.infrastructureId as string));
    for (const record of batch) {
      const observation = seen.get(record.run.infrastructureId as string);
      if (!observation) throw new Error(`target ${type} gave no answer for ${record.run.infrastructureId}`);
      const change = changeBy(observation, record.run);
      if (!change) continue;
      // Lost to another watcher: it saw the same infrastructure, so what it wrote is as good.
      const changed =
        (await context.ledger.change(record.run.id, record.run.version, change)) ?? (await context.ledger.read(record.run.id));
      if (changed) now.set(record.run.id, await cleanUp(context, changed));
    }
  }
  return records.map((record) => now.get(record.run.id) ?? record);
}

/** Clean up after an ended attempt, once. A failure to do so is the next watcher's to repeat, and changes no outcome. */
export async function cleanUp(context: RunsContext, record: RunRecord): Promise<RunRecord> {
  const { run } = record;
  if (!isTerminal(run.state) || run.infrastructureId === undefined || record.cleanedAt !== undefined) return record;
  try {
    await (await context.target(record.poolType)).cleanup(run.infrastructureId);
  } catch {
    return record;
  }
  return (await context.ledger.change(run.id, run.version, { cleanedAt: context.now().toISOString() })) ?? record;
}

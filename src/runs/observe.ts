import type { RunRecord } from "../ledger";
import { isTerminal } from "../model/flowRun";
import type { Observation } from "../targets/target";
import { UserError } from "../userError";
import { type RunsContext, targetKey } from "./context";
import { changeBy } from "./states";

/**
 * Look at the infrastructure of these runs, one batch a work pool, and record what was seen. Submits and stops nothing.
 * @returns the same runs, in the same order, as they are now
 * @throws {UserError} if a pool's cloud cannot be asked
 */
export async function observe(context: RunsContext, records: RunRecord[]): Promise<RunRecord[]> {
  return look(context, records, rethrow);
}

/** The same for a run that this process stops, a Prefect server's too: the server has deleted it, so nobody else records its end. */
export async function observeStopping(context: RunsContext, record: RunRecord): Promise<RunRecord> {
  const [seen = record] = await look(context, [record], rethrow, true);
  return seen;
}

/** The same for those who list: runs of a pool whose cloud cannot be asked stay as they were last seen, with a warning. */
export async function observeWherePossible(context: RunsContext, records: RunRecord[]): Promise<RunRecord[]> {
  return look(context, records, (error, pool) => {
    if (!(error instanceof UserError)) throw error;
    context.warn(`the runs on work pool "${pool}" are as they were last seen: ${error.message}`);
  });
}

function rethrow(error: unknown): never {
  throw error;
}

async function look(
  context: RunsContext,
  records: RunRecord[],
  onFailure: (error: unknown, pool: string) => void,
  serversToo = false,
): Promise<RunRecord[]> {
  const byTarget = new Map<string, RunRecord[]>();
  for (const record of records) {
    if (isTerminal(record.run.state) || record.run.infrastructureId === undefined) continue;
    // A Prefect server owns its run's state; what ends here without its word is told there by who dispatched it.
    if (!serversToo && record.submission.prefect !== undefined) continue;
    const key = targetKey(record);
    const batch = byTarget.get(key);
    if (batch) batch.push(record);
    else byTarget.set(key, [record]);
  }
  const now = new Map(records.map((record) => [record.run.id, record]));
  for (const batch of byTarget.values()) {
    const [first] = batch as [RunRecord];
    const ids = batch.map(({ run }) => run.infrastructureId as string);
    const seen = await context
      .target(first)
      .then((target) => target.observe(ids))
      .catch((error) => onFailure(error, first.run.workPool));
    if (!seen) continue;
    for (const record of batch) {
      const observation = seen.get(record.run.infrastructureId as string);
      if (!observation) throw new Error(`the target of ${record.poolType} gave no answer for ${record.run.infrastructureId}`);
      now.set(record.run.id, await recordSeen(context, record, observation));
    }
  }
  return records.map((record) => now.get(record.run.id) ?? record);
}

/** Write down what a look at a run's infrastructure has shown. @returns the run as it is now */
export async function recordSeen(context: RunsContext, record: RunRecord, observation: Observation): Promise<RunRecord> {
  const { run } = record;
  const change = changeBy(observation, run);
  if (!change) return record;
  // Lost to another watcher: it saw the same infrastructure, so what it wrote is as good.
  const changed =
    (await context.ledger.change(run.id, run.version, change, observation.phase === "ended" ? "now" : "soon")) ??
    (await context.ledger.read(run.id));
  return changed ? cleanUp(context, changed) : record;
}

/** Clean up after an ended attempt, once. A failure to do so is the next watcher's to repeat, and changes no outcome. */
export async function cleanUp(context: RunsContext, record: RunRecord): Promise<RunRecord> {
  const { run } = record;
  if (!isTerminal(run.state) || run.infrastructureId === undefined || record.cleanedAt !== undefined) return record;
  try {
    await (await context.target(record)).cleanup(run.infrastructureId);
  } catch (error) {
    if (error instanceof UserError) context.warn(error.message);
    return record;
  }
  return (await context.ledger.change(run.id, run.version, { cleanedAt: context.now().toISOString() })) ?? record;
}

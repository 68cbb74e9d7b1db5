import type { RunRecord } from "../ledger";
import { isTerminal } from "../model/flowRun";
import type { Observation } from "../targets/target";
import { UserError } from "../userError";
import { type RunsContext, targetKey } from "./context";
import { changeBy } from "./states";

/**
 * Look at the infrastructure of these runs, one batch a work pool, and record what was seen. Submits and stops nothing.
 * A Prefect server owns the states of its runs, and its dispatcher reports their ends there: such runs are left out.
 * @returns the same runs, in the same order, as they are now
 * @throws {UserError} if a pool's cloud cannot be asked
 */
export async function observe(context: RunsContext, records: RunRecord[]): Promise<RunRecord[]> {
  return recorded(context, records, await look(context, records.filter(isLedgers), rethrow));
}

/** The same for those who list: runs of a pool whose cloud cannot be asked stay as they were last seen, with a warning. */
export async function observeWherePossible(context: RunsContext, records: RunRecord[]): Promise<RunRecord[]> {
  return recorded(context, records, await look(context, records.filter(isLedgers), warnOfPool(context)));
}

/** Look at the infrastructure of a run that this process stops, whoever owns its state, and record what was seen. */
export async function observeStopping(context: RunsContext, record: RunRecord): Promise<RunRecord> {
  const [seen = record] = await recorded(context, [record], await look(context, [record], rethrow));
  return seen;
}

/** Those of these runs whose infrastructure is not seen to have ended. Records nothing. */
export async function notSeenToEnd(context: RunsContext, records: RunRecord[]): Promise<RunRecord[]> {
  const seen = await look(context, records, warnOfPool(context));
  return records.filter(({ run }) => seen.get(run.id)?.phase !== "ended");
}

const isLedgers = ({ submission }: RunRecord) => submission.prefect === undefined;

function rethrow(error: unknown): never {
  throw error;
}

function warnOfPool(context: RunsContext): (error: unknown, pool: string) => void {
  return (error, pool) => {
    if (!(error instanceof UserError)) throw error;
    context.warn(`the runs on work pool "${pool}" are as they were last seen: ${error.message}`);
  };
}

/** What is seen of the infrastructure of these runs, by their ids. */
async function look(
  context: RunsContext,
  records: RunRecord[],
  onFailure: (error: unknown, pool: string) => void,
): Promise<Map<string, Observation>> {
  const byTarget = Map.groupBy(
    records.filter(({ run }) => !isTerminal(run.state) && run.infrastructureId !== undefined),
    targetKey,
  );
  const observations = new Map<string, Observation>();
  for (const batch of byTarget.values()) {
    const [first] = batch as [RunRecord];
    const ids = batch.map(({ run }) => run.infrastructureId as string);
    const seen = await context
      .target(first)
      .then((target) => target.observe(ids))
      .catch((error) => onFailure(error, first.run.workPool));
    if (!seen) continue;
    for (const { run, poolType } of batch) {
      const observation = seen.get(run.infrastructureId as string);
      if (!observation) throw new Error(`the target of ${poolType} gave no answer for ${run.infrastructureId}`);
      observations.set(run.id, observation);
    }
  }
  return observations;
}

async function recorded(context: RunsContext, records: RunRecord[], seen: ReadonlyMap<string, Observation>): Promise<RunRecord[]> {
  const now: RunRecord[] = [];
  for (const record of records) {
    const observation = seen.get(record.run.id);
    now.push(observation ? await recordSeen(context, record, observation) : record);
  }
  return now;
}

/** Write down what a look at a run's infrastructure has shown. @returns the run as it is now */
export async function recordSeen(context: RunsContext, record: RunRecord, observation: Observation): Promise<RunRecord> {
  const { run } = record;
  const change = changeBy(isLedgers(record) ? observation : asStopped(observation), run);
  if (!change) return record;
  // Lost to another watcher: it saw the same infrastructure, so what it wrote is as good.
  const changed =
    (await context.ledger.change(run.id, run.version, change, observation.phase === "ended" ? "now" : "soon")) ??
    (await context.ledger.read(run.id));
  return changed ? cleanUp(context, changed) : record;
}

/**
 * The end of a Prefect server's run that is being stopped here, since the server does not have it. The exit code of its process does not say how
 * the flow ended: only the server could.
 */
function asStopped(observation: Observation): Observation {
  return observation.phase === "ended" ? { ...observation, outcome: { kind: "cancelled", by: "us" } } : observation;
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

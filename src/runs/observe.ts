import type { RunRecord } from "../ledger";
import { isTerminal } from "../model/run";
import type { Observation } from "../targets/target";
import { UserError } from "../userError";
import { elsewhere } from "./elsewhere";
import { type RunsContext, targetKey } from "./runsContext";
import { changeBy } from "./states";

/**
 * Look at the infrastructure of these runs, one batch for each work pool, and record what it shows. It submits and stops nothing. A Prefect
 * server owns the states of its runs, and its dispatcher reports their ends there: such runs are skipped.
 * @returns the same runs, in the same order, as they are now
 * @throws {UserError} if a pool's cloud cannot be asked
 */
export async function observe(context: RunsContext, records: RunRecord[], signal?: AbortSignal): Promise<RunRecord[]> {
  return recorded(context, records, await look(context, records.filter(isLedgers), rethrow, signal), signal);
}

/** The same for lists. If a pool's cloud cannot be asked, its runs stay as they are, with a warning. */
export async function observeWherePossible(context: RunsContext, records: RunRecord[]): Promise<RunRecord[]> {
  return recorded(context, records, await look(context, records.filter(isLedgers), warnOfPool(context)));
}

/** Look at the infrastructure of a run that this process stops, whoever owns its state, and record what it shows. */
export async function observeStopping(context: RunsContext, record: RunRecord, signal?: AbortSignal): Promise<RunRecord> {
  const [seen = record] = await recorded(context, [record], await look(context, [record], rethrow, signal), signal);
  return seen;
}

/** The runs whose infrastructure is not known to have ended. It records nothing. */
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

/** Observations of these runs' infrastructure, by run id. */
async function look(
  context: RunsContext,
  records: RunRecord[],
  onFailure: (error: unknown, pool: string) => void,
  signal?: AbortSignal,
): Promise<Map<string, Observation>> {
  const byTarget = Map.groupBy(
    records.filter(({ run }) => !isTerminal(run.state) && run.infrastructureId !== undefined && elsewhere(context, run) === undefined),
    targetKey,
  );
  const observations = new Map<string, Observation>();
  for (const batch of byTarget.values()) {
    const [first] = batch as [RunRecord];
    const ids = batch.map(({ run }) => run.infrastructureId as string);
    const seen = await context
      .target(first)
      .then((target) => target.observe(ids, signal))
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

async function recorded(
  context: RunsContext,
  records: RunRecord[],
  seen: ReadonlyMap<string, Observation>,
  signal?: AbortSignal,
): Promise<RunRecord[]> {
  const now: RunRecord[] = [];
  for (const record of records) {
    const observation = seen.get(record.run.id);
    now.push(observation ? await recordSeen(context, record, observation, signal) : record);
  }
  return now;
}

/** Record an observation of a run's infrastructure. @returns the run as it is now */
export async function recordSeen(
  context: RunsContext,
  record: RunRecord,
  observation: Observation,
  signal?: AbortSignal,
): Promise<RunRecord> {
  const { run } = record;
  const change = changeBy(isLedgers(record) ? observation : asStopped(observation), run);
  if (!change) return record;
  // Another watcher was faster. It saw the same infrastructure, so its record is as good.
  const changed =
    (await context.ledger.change(run.id, run.version, change, observation.phase === "ended" ? "now" : "soon")) ??
    (await context.ledger.read(run.id));
  return changed ? cleanUp(context, changed, signal) : record;
}

/**
 * The end of a run that is stopped here because its Prefect server no longer has it. Its process's exit code does not show how the flow
 * ended: only the server could.
 */
function asStopped(observation: Observation): Observation {
  return observation.phase === "ended" ? { ...observation, outcome: { kind: "cancelled", by: "us" } } : observation;
}

/** Clean up after an ended attempt, once. If it fails, the next watcher repeats it; the outcome does not change. */
export async function cleanUp(context: RunsContext, record: RunRecord, signal?: AbortSignal): Promise<RunRecord> {
  const { run } = record;
  if (!isTerminal(run.state) || run.infrastructureId === undefined || record.cleanedAt !== undefined) return record;
  if (elsewhere(context, run) !== undefined) return record;
  try {
    await (await context.target(record)).cleanup(run.infrastructureId, signal);
  } catch (error) {
    if (error instanceof UserError && !context.notCleaned.has(run.infrastructureId)) {
      context.notCleaned.add(run.infrastructureId);
      context.warn(error.message);
    }
    return record;
  }
  context.notCleaned.delete(run.infrastructureId);
  return (await context.ledger.change(run.id, run.version, { cleanedAt: context.now().toISOString() })) ?? record;
}

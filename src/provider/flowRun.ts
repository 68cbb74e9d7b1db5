import type { JsonObject } from "../json";
import type { PoolType } from "../model/poolType";
import { type FlowRun, isTerminal, type Runs } from "../runs";
import { childEnvironment } from "../targets/childEnvironment";
import { UserError } from "../userError";
import { openWorkspace, type Workspace } from "../workspace";
import { hasLedger, ledgerDigestKey, openRuns } from "../workspaceRuns";
import { again, carryOut, StillGoing, startOrAdopt } from "./carryOut";
import { faultsOf, watchingTime } from "./flowRunCheck";
import { askedOf, type FlowRunInputs, idempotencyKey, whereItRuns } from "./flowRunInputs";
import { differenceOf, hasEnded, isAwaited, outsOf, type RunOutputs, runOutputs, storedInputs, storedRun } from "./flowRunState";
import { hideSecrets, secretTexts } from "./hideSecrets";
import type { Operations, Outs } from "./operations";
import { tell } from "./tell";

/**
 * A flow run as a resource: created when it has COMPLETED, replaced when it is to run again, deleted when nothing of it runs any more. Its id is
 * the run's.
 *
 * It lives in the ledger of the Pulumi project, as any run does: `pushpool ls`, `logs` and `cancel` know it.
 */
export const operations: Operations = {
  check: async (_olds, news) => ({ inputs: news, failures: faultsOf(news).map((reason) => ({ property: "", reason })) }),

  diff: async (id, olds, news) => {
    await noteOwned(id, olds);
    // A run that has not ended is cancelled before its replacement starts: the two would compete for one concurrency slot.
    return { ...differenceOf(olds, news), deleteBeforeReplace: !hasEnded(storedRun(olds)) };
  },

  create: async (properties) => {
    const inputs = properties as unknown as FlowRunInputs;
    const place = placeOf(inputs, { create: true });
    const request = { ...askedOf(inputs).request, idempotencyKey: idempotencyKey(inputs, () => ledgerDigestKey(place)) };
    return withRuns(place, inputs, async (runs) => {
      const started = await startOrAdopt(runs, request, {
        warn: tell,
        // The state decides. Where it cannot be read: what was handed over is almost certainly in it.
        isOwned: async ({ id }) => {
          const { isInState } = await import("./stackState.js");
          return (await isInState(id, place)) ?? runs.isHandedOver(id);
        },
        stop: (found) => stop(runs, found),
      });
      const run = await toItsEnd(runs, started, inputs);
      await runs.handOver(run.id);
      return { id: run.id, outs: outsOf(inputs, runOutputs(run)) };
    });
  },

  read: async (id, props) => {
    await noteOwned(id, props);
    const inputs = storedInputs(props);
    const seen = await ifRecorded(id, inputs, async (runs, run) => (await runs.observeRuns([run]))[0] ?? run);
    return { id, props: seen ? { ...props, ...cleared(props), ...runOutputs(seen) } : props };
  },

  // Stores, and runs nothing; but an `up` that had stopped watching is finished by the next one, as if it had been killed.
  update: async (id, olds, news) => {
    const inputs = news as unknown as FlowRunInputs;
    const stored = storedRun(olds);
    if (!isAwaited(olds) || inputs.wait === false) return { outs: outsOf(inputs, stored) };
    const run = await ifRecorded(id, inputs, async (runs, found) => {
      const going = await again(runs, found, askedOf(inputs).request);
      if (!going) throw new UserError(`flow run ${id} has failed, and its deployment is another one by now: give triggers a new value`);
      return toItsEnd(runs, going, inputs);
    });
    return { outs: outsOf(inputs, run ? runOutputs(run) : stored) };
  },

  delete: async (id, props) => {
    const inputs = storedInputs(props);
    const recorded = await ifRecorded(id, inputs, async (runs, run) => {
      await stop(runs, run);
      // What has been deleted is not found again by whoever declares the same anew.
      await runs.releaseKey(id);
      return run;
    });
    if (!recorded) await stopElsewhere(id, inputs, storedRun(props));
  },
};

async function toItsEnd(runs: Runs, run: FlowRun, inputs: FlowRunInputs): Promise<FlowRun> {
  const timeoutMs = watchingTime(inputs);
  const hide = (lines: string[]) => {
    const secrets = secretTexts(askedOf(inputs).manifest);
    return hideSecrets(lines, secrets);
  };
  try {
    return await carryOut(runs, run, { wait: inputs.wait ?? true, ...(timeoutMs === undefined ? {} : { timeoutMs }), tell, hide });
  } catch (error) {
    throw error instanceof StillGoing ? thereButNotReady(error, inputs) : error;
  }
}

/** The longest `properties` that an error can carry: they travel in a header, of which HTTP/2 peers take 64 KiB. */
const MOST_IN_ERROR = 32 * 1024;

/** With an id the run is in the state, so that `destroy` stops it; without (there is too much to tell), only the ledger knows it. */
function thereButNotReady(error: StillGoing, inputs: FlowRunInputs): Error {
  // Pulumi puts `__provider` into everything but this.
  const { __provider } = inputs as unknown as JsonObject;
  const properties: Outs = { ...outsOf(inputs, runOutputs(error.run)), __provider };
  if (JSON.stringify(properties).length > MOST_IN_ERROR) return error;
  return Object.assign(error, { id: error.run.id, properties, reasons: [error.message] });
}

async function stop(runs: Runs, found: FlowRun): Promise<void> {
  const [run = found] = await runs.observeRuns([found]);
  if (isTerminal(run.state)) return;
  try {
    await runs.cancelRun(run.id);
  } catch (error) {
    const present = await runs.readRun(run.id);
    if (!present || !isTerminal(present.state)) throw error;
  }
}

/** On another machine than the one that ran it: what is to be stopped is asked for by the run's id. */
async function stopElsewhere(id: string, inputs: FlowRunInputs, last: RunOutputs): Promise<void> {
  if (hasEnded(last)) return;
  const place = placeOf(inputs);
  const run = { id, attempt: last.attempt, stack: place.stack?.id ?? "", workPool: inputs.pool.name };
  const poolType = inputs.pool.pool.type as PoolType;
  const seen = `flow run ${id} was ${last.state} when last seen from here`;
  try {
    const { found, unseen } = await withRuns(place, whereItRuns(inputs), (runs) => runs.stopUnrecorded({ poolType, run }), {
      inMemory: true,
    });
    if (unseen !== undefined)
      tell(
        `warning: ${seen}, and whether it still runs could not be looked at: ${unseen}. If it does, \`pushpool cancel ${id}\` stops it there`,
      );
    else if (!found) tell(`${seen}, and nothing of it is to be found where it ran: there is nothing to stop`);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(`${seen}, and whether it still runs could not be looked at: ${error.message}`, error.exitCode);
  }
}

/**
 * The workspace that the run belongs to: that of the program's folder, which a provider is started in.
 *
 * Of the environment the runs get what a command would: Pulumi hands the stack's passphrase to its providers.
 */
function placeOf({ source }: FlowRunInputs, { create = false } = {}): Workspace {
  const place = openWorkspace({ stack: `${source.project}/${source.stack}`, create });
  return { ...place, env: childEnvironment(place.env, {}) };
}

async function withRuns<T>(
  workspace: Workspace,
  inputs: FlowRunInputs,
  work: (runs: Runs) => Promise<T>,
  { inMemory = false } = {},
): Promise<T> {
  const runs = openRuns({ workspace, readManifest: async () => askedOf(inputs), inMemory });
  try {
    return await work(runs);
  } finally {
    await runs.close();
  }
}

/** Work with a run that the ledger here knows; `undefined` where it does not, as on a CI machine that keeps none. */
async function ifRecorded<T>(id: string, inputs: FlowRunInputs, work: (runs: Runs, run: FlowRun) => Promise<T>): Promise<T | undefined> {
  const place = placeOf(inputs);
  if (!hasLedger(place)) return undefined;
  return withRuns(place, inputs, async (runs) => {
    const run = await runs.readRun(id);
    return run && work(runs, run);
  });
}

/**
 * A run that `diff` or `read` is asked about is in the state. So its key has done its work: who asks by it from now on wants a new run.
 * A ledger that cannot be written to is no reason to fail a preview.
 */
async function noteOwned(id: string, outs: JsonObject): Promise<void> {
  await ifRecorded(id, storedInputs(outs), (runs) => runs.releaseKey(id)).catch(() => {});
}

/** What a run no longer has (an end, after a retry) is not to be left over from before. */
function cleared(props: JsonObject): Outs {
  return Object.fromEntries(Object.keys(storedRun(props)).map((name) => [name, undefined]));
}

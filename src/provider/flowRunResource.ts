import type { JsonObject } from "../json";
import { choiceOf, knownLedger, LEDGER_URL, type LedgerChoice, mayHaveRuns, type OpeningOptions, openChosen } from "../ledger";
import type { PoolType } from "../model/poolType";
import { isTerminal, type Run, type Runs } from "../runs";
import { childEnvironment } from "../targets/childEnvironment";
import { UserError } from "../userError";
import { openWorkspace, type Workspace } from "../workspace";
import { digestKeyOf, openRuns } from "../workspaceRuns";
import { flowRunProblems, timeoutOf } from "./flowRunCheck";
import { type FlowRunInputs, idempotencyKey, toManifestAndRequest, withRunsPlace } from "./flowRunInputs";
import { compareWithState, hasEnded, isAwaited, outsOf, type RunOutputs, runOutputs, storedInputs, storedRun } from "./flowRunState";
import { hideSecrets, secretStrings } from "./hideSecrets";
import type { Operations, Outs } from "./operations";
import { printLine } from "./printLine";
import { retryIfFailed, StillRunning, startOrAdopt, submitAndWatch } from "./startAndWatch";

/**
 * A flow run as a resource. It is created when the run has COMPLETED, replaced to run again, and deleted when nothing of the run is left
 * running. Its id is the run's id.
 *
 * The ledger of the Pulumi project keeps the run like any other: `pushpool ls`, `logs` and `cancel` find it.
 */
export const operations: Operations = {
  check: async (_olds, news) => ({ inputs: news, failures: flowRunProblems(news).map((reason) => ({ property: "", reason })) }),

  diff: async (id, olds, news) => {
    await releaseKeyOf(id, olds);
    // A run that has not ended is cancelled before its replacement starts. Otherwise both would compete for one concurrency slot.
    return { ...compareWithState(olds, news), deleteBeforeReplace: !hasEnded(storedRun(olds)) };
  },

  create: async (properties) => {
    const inputs = properties as unknown as FlowRunInputs;
    const place = workspaceOf(inputs, { create: true });
    warnOfOtherLedger(place, inputs);
    return withRuns(place, inputs, async (runs, digestKey) => {
      const request = { ...toManifestAndRequest(inputs).request, idempotencyKey: await idempotencyKey(inputs, digestKey) };
      const started = await startOrAdopt(runs, request, {
        warn: printLine,
        // The state decides. If it cannot be read, a run that was handed over is almost certainly in it.
        isOwned: async ({ id }) => {
          const { isInState } = await import("./stackState.js");
          return (await isInState(id, place)) ?? runs.isHandedOver(id);
        },
        stop: (found) => stop(runs, found),
      });
      const run = await runToEnd(runs, started, inputs);
      await runs.handOver(run.id);
      return { id: run.id, outs: outsOf(inputs, runOutputs(run)) };
    });
  },

  read: async (id, props) => {
    await releaseKeyOf(id, props);
    const inputs = storedInputs(props);
    const seen = await withRecordedRun(id, inputs, async (runs, run) => (await runs.observeRuns([run]))[0] ?? run);
    return { id, props: seen ? { ...props, ...clearedOutputs(props), ...runOutputs(seen) } : props };
  },

  // Only stores the new inputs. But if an earlier `up` stopped watching the run, this one continues, as after a killed `up`.
  update: async (id, olds, news) => {
    const inputs = news as unknown as FlowRunInputs;
    const stored = storedRun(olds);
    if (!isAwaited(olds) || inputs.wait === false) return { outs: outsOf(inputs, stored) };
    const run = await withRecordedRun(id, inputs, async (runs, found) => {
      const going = await retryIfFailed(runs, found, toManifestAndRequest(inputs).request);
      if (!going)
        throw new UserError(`flow run ${id} has failed, and its deployment has changed since: give triggers a new value to run it again`);
      return runToEnd(runs, going, inputs);
    });
    return { outs: outsOf(inputs, run ? runOutputs(run) : stored) };
  },

  delete: async (id, props) => {
    const inputs = storedInputs(props);
    const recorded = await withRecordedRun(id, inputs, async (runs, run) => {
      await stop(runs, run);
      // A later resource with the same inputs must not find the deleted run.
      await runs.releaseKey(id);
      return run;
    });
    if (!recorded) await stopUnrecorded(id, inputs, storedRun(props));
  },
};

async function runToEnd(runs: Runs, run: Run, inputs: FlowRunInputs): Promise<Run> {
  const timeoutMs = timeoutOf(inputs);
  const hide = (lines: string[]) => {
    const secrets = secretStrings(toManifestAndRequest(inputs).manifest);
    return hideSecrets(lines, secrets);
  };
  try {
    return await submitAndWatch(runs, run, {
      wait: inputs.wait ?? true,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      tell: printLine,
      hide,
    });
  } catch (error) {
    throw error instanceof StillRunning ? withPartialState(error, inputs) : error;
  }
}

/** The longest `properties` that an error can contain, in characters. They travel in a header, and HTTP/2 peers accept 64 KiB. */
const MAX_PROPERTIES_IN_ERROR = 32 * 1024;

/**
 * Add the id and properties to an error, so that the run is in the state and `destroy` stops it. If they are too long, only the ledger
 * knows the run.
 */
function withPartialState(error: StillRunning, inputs: FlowRunInputs): Error {
  // Pulumi adds `__provider` to all outputs, except to those of an error.
  const { __provider } = inputs as unknown as JsonObject;
  const properties: Outs = { ...outsOf(inputs, runOutputs(error.run)), __provider };
  if (JSON.stringify(properties).length > MAX_PROPERTIES_IN_ERROR) return error;
  return Object.assign(error, { id: error.run.id, properties, reasons: [error.message] });
}

async function stop(runs: Runs, found: Run): Promise<void> {
  const [run = found] = await runs.observeRuns([found]);
  if (isTerminal(run.state)) return;
  try {
    await runs.cancelRun(run.id);
  } catch (error) {
    const present = await runs.readRun(run.id);
    if (!present || !isTerminal(present.state)) throw error;
  }
}

/** Stop a run that another machine submitted: the target looks for it by its id. */
async function stopUnrecorded(id: string, inputs: FlowRunInputs, last: RunOutputs): Promise<void> {
  if (hasEnded(last)) return;
  const place = workspaceOf(inputs);
  const run = { id, attempt: last.attempt, stack: place.stack?.id ?? "", workPool: inputs.pool.name };
  const poolType = inputs.pool.pool.type as PoolType;
  const seen = `flow run ${id} was ${last.state} when last seen from here`;
  try {
    const { found, unseen } = await withRuns(place, withRunsPlace(inputs), (runs) => runs.stopUnrecorded({ poolType, run }), {
      inMemory: true,
    });
    if (unseen !== undefined)
      printLine(
        `warning: ${seen}. Cannot check whether it still runs: ${unseen}. If it does, run \`pushpool cancel ${id}\` there to stop it`,
      );
    else if (!found) printLine(`${seen}. It is not found where it ran, so there is nothing to stop`);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(`${seen}. Cannot check whether it still runs: ${error.message}`, error.exitCode);
  }
}

/**
 * The workspace of the run: the one of the program's folder, in which Pulumi starts the provider.
 *
 * A run gets the same environment as from a command. Pulumi's own variables are removed, because the provider has the stack's passphrase.
 */
function workspaceOf({ source }: FlowRunInputs, { create = false } = {}): Workspace {
  const place = openWorkspace({ stack: `${source.project}/${source.stack}`, create });
  const url = place.env[LEDGER_URL];
  return { ...place, env: { ...childEnvironment(place.env, {}), ...(url === undefined ? {} : { [LEDGER_URL]: url }) } };
}

async function withRuns<T>(
  workspace: Workspace,
  inputs: FlowRunInputs,
  work: (runs: Runs, digestKey: () => Buffer | Promise<Buffer>) => Promise<T>,
  options: OpeningOptions = {},
): Promise<T> {
  const ledger = await openChosen(ledgerOf(workspace, inputs), { warn: printLine, ...options });
  const runs = await openRuns({ workspace, readManifest: async () => toManifestAndRequest(inputs), ledger });
  try {
    return await work(runs, () => digestKeyOf(workspace, ledger));
  } finally {
    await runs.close();
  }
}

/** The stack's manifest exists only at the end of an update, so a run gets the ledger itself. */
function ledgerOf({ env, home }: Workspace, { ledger }: FlowRunInputs): LedgerChoice {
  return choiceOf(env) ?? (ledger ? { kind: "postgres", from: "the manifest", ...ledger } : { kind: "sqlite", home });
}

/** The manifest of an earlier `up` named a ledger, but the run does not: nobody else would see it. */
function warnOfOtherLedger(workspace: Workspace, inputs: FlowRunInputs): void {
  if (ledgerOf(workspace, inputs).kind === "postgres" || knownLedger(workspace.home, workspace.stack?.id) !== "manifest") return;
  printLine(
    `warning: the manifest of this stack names a ledger, but FlowRun "${inputs.source.name}" does not: only this machine sees its runs. Give it the same \`ledger\``,
  );
}

/** Work with a run that this ledger knows. `undefined` if it does not, as on a CI machine without a ledger. */
async function withRecordedRun<T>(id: string, inputs: FlowRunInputs, work: (runs: Runs, run: Run) => Promise<T>): Promise<T | undefined> {
  const place = workspaceOf(inputs);
  if (!mayHaveRuns(ledgerOf(place, inputs))) return undefined;
  return withRuns(place, inputs, async (runs) => {
    const run = await runs.readRun(id);
    return run && work(runs, run);
  });
}

/**
 * Release the key of a run that is in the state, as `diff` and `read` prove. A request with the key then creates a new run.
 * A preview must not fail because the ledger cannot be written.
 */
async function releaseKeyOf(id: string, outs: JsonObject): Promise<void> {
  await withRecordedRun(id, storedInputs(outs), (runs) => runs.releaseKey(id)).catch(() => {});
}

/** Clears all outputs of a run, so that none is left over from before a retry, such as its end. */
function clearedOutputs(props: JsonObject): Outs {
  return Object.fromEntries(Object.keys(storedRun(props)).map((name) => [name, undefined]));
}

import type { EngineResult } from "./engineEvents";
import type { EngineOptions } from "./engineOptions";
import { Executor } from "./execute/executor";
import { refreshResources } from "./execute/refreshResources";
import { createContext, hidingSecrets, isStack, projectOf, withLock } from "./operationContext";
import { Planner } from "./plan/planner";
import { refreshFirst } from "./refreshFirst";
import { Snapshot } from "./state/snapshot";
import { pendingCreations } from "./state/stateFile";
import { StateWriter } from "./state/stateWriter";
import { withoutProgram } from "./withoutProgram";
import { deploy } from "./withProgram";

/** Show what `up` would do. Nothing is written, and a running update is not waited for. */
export async function preview(options: EngineOptions): Promise<EngineResult> {
  const project = projectOf(options);
  return hidingSecrets(createContext(options, project), (context) => deploy(context, true));
}

/**
 * Run the program and make the stack match it.
 * @throws {OperationFailed} if the program or a provider fails: changes so far are kept, and nothing is deleted
 * @throws {UserError} if the stack is locked, its state is damaged, or the program needs a feature that this engine does not support
 */
export function up(options: EngineOptions): Promise<EngineResult> {
  return withLock(options, (context) => deploy(context, false));
}

/**
 * Delete all resources of the stack. The program does not run.
 * @throws {OperationFailed} if a resource cannot be deleted, or is protected
 * @throws {UserError} if the stack is locked, or its state is damaged
 */
export function destroy(options: EngineOptions): Promise<EngineResult> {
  const dryRun = options.preview ?? false;
  return withLock(options, (context) =>
    withoutProgram(context, async (operation) => {
      const { options, onEvent, project, store, learn } = context;
      const { registry, parallel, fail, watchSignal } = operation;
      const before = options.refresh ? await refreshFirst(context, operation) : operation.before;
      const planner = new Planner({
        project: project.name,
        stack: options.stack,
        preview: dryRun,
        before: before.resources,
        providers: registry,
        ...(options.selection ? { selection: options.selection } : {}),
        onError: fail,
      });
      const writer = new StateWriter(new Snapshot(before.resources, pendingCreations(before.pending)), store, dryRun);
      const onFailure = (urn: string, error: Error) => fail(urn, error.message);
      const continueOnError = options.continueOnError ?? false;
      const executor = new Executor({ registry, writer, preview: dryRun, parallel, continueOnError, onEvent, onFailure, learn });
      watchSignal(() => executor.stop());
      const layers = await planner.planDeletions();
      for (const step of await planner.planUntargeted()) await executor.run([step]);
      await executor.runLayers(layers);
      await writer.writeWholeState();
      return { changes: executor.changes, steps: executor.steps, outputs: {} };
    }),
  );
}

/**
 * Update the state to match the real resources, as the providers report them. The program does not run, and only the state changes.
 * @throws {OperationFailed} if a resource cannot be read; the others are refreshed
 * @throws {UserError} if the stack is locked, or its state is damaged
 */
export function refresh(options: EngineOptions): Promise<EngineResult> {
  return withLock(options, (context) =>
    withoutProgram(context, async ({ before, registry, parallel, fail }) => {
      const { onEvent, store, learn } = context;
      const onFailure = (urn: string, error: Error) => fail(urn, error.message);
      const { resources, changes, steps } = await refreshResources(before.resources, {
        ...(context.options.selection ? { selection: context.options.selection } : {}),
        registry,
        parallel,
        onEvent,
        onFailure,
        learn,
        ...(options.signal ? { signal: options.signal } : {}),
      });
      if (!options.preview) await store.write(resources, pendingCreations(before.pending));
      return { changes, steps, outputs: resources.find(isStack)?.outputs ?? {} };
    }),
  );
}

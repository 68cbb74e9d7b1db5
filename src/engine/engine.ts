import type { EngineResult } from "./events";
import { Executor } from "./execute/executor";
import { refresh as refreshResources } from "./execute/refresh";
import type { EngineOptions } from "./options";
import { Planner } from "./plan/planner";
import { refreshFirst } from "./refreshFirst";
import { hidden, isStack, locked, projectOf, sceneOf } from "./scene";
import { Snapshot } from "./state/snapshot";
import { unsettled } from "./state/stateFile";
import { StateWriter } from "./state/stateWriter";
import { withoutProgram } from "./withoutProgram";
import { deploy } from "./withProgram";

/** What `up` would do. Nothing is written, and an update that goes on meanwhile is not waited for. */
export async function preview(options: EngineOptions): Promise<EngineResult> {
  const project = projectOf(options);
  return hidden(sceneOf(options, project), (scene) => deploy(scene, true));
}

/**
 * Run the program and make the stack what it declares.
 * @throws {OperationFailed} if the program or a provider fails: what was done until then is kept, nothing is deleted
 * @throws {UserError} if the stack is locked, its state damaged, or the program needs what this engine does not do
 */
export function up(options: EngineOptions): Promise<EngineResult> {
  return locked(options, (scene) => deploy(scene, false));
}

/**
 * Delete everything that the stack has. The program is not run.
 * @throws {OperationFailed} if something cannot be deleted, or is protected
 * @throws {UserError} if the stack is locked, or its state damaged
 */
export function destroy(options: EngineOptions): Promise<EngineResult> {
  const dryRun = options.preview ?? false;
  return locked(options, (scene) =>
    withoutProgram(scene, async (offstage) => {
      const { options, onEvent, project, store, learn } = scene;
      const { registry, parallel, fail, watchSignal } = offstage;
      const before = options.refresh ? await refreshFirst(scene, offstage) : offstage.before;
      const planner = new Planner({
        project: project.name,
        stack: options.stack,
        preview: dryRun,
        before: before.resources,
        providers: registry,
        onError: fail,
      });
      const writer = new StateWriter(new Snapshot(before.resources, unsettled(before.pending)), store, dryRun);
      const onFailure = (urn: string, error: Error) => fail(urn, error.message);
      const continueOnError = options.continueOnError ?? false;
      const executor = new Executor({ registry, writer, preview: dryRun, parallel, continueOnError, onEvent, onFailure, learn });
      watchSignal(() => executor.stop());
      await executor.runLayers(await planner.planDeletions());
      await writer.settle();
      return { changes: executor.changes, steps: executor.steps, outputs: {} };
    }),
  );
}

/**
 * Make the state what the providers say there is. The program is not run, and nothing is changed but the state.
 * @throws {OperationFailed} if something cannot be read: the rest is refreshed
 * @throws {UserError} if the stack is locked, or its state damaged
 */
export function refresh(options: EngineOptions): Promise<EngineResult> {
  return locked(options, (scene) =>
    withoutProgram(scene, async ({ before, registry, parallel, fail }) => {
      const { onEvent, store, learn } = scene;
      const onFailure = (urn: string, error: Error) => fail(urn, error.message);
      const { resources, changes, steps } = await refreshResources(before.resources, {
        registry,
        parallel,
        onEvent,
        onFailure,
        learn,
        ...(options.signal ? { signal: options.signal } : {}),
      });
      if (!options.preview) await store.write(resources, unsettled(before.pending));
      return { changes, steps, outputs: resources.find(isStack)?.outputs ?? {} };
    }),
  );
}

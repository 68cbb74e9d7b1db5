import type { EngineEvent } from "./engineEvents";
import { StepRefused } from "./execute/apply";
import { Executor } from "./execute/executor";
import { Planner } from "./plan/planner";
import type { Selection } from "./plan/targets";
import type { Properties } from "./propertyWire";
import type { LoadedProvider } from "./providers/providerHost";
import { Registry } from "./providers/providerRegistry";
import type { StackConfig } from "./stackConfig";
import { Snapshot } from "./state/snapshot";
import type { Resource, StackStore } from "./state/stackStore";
import { pendingCreations } from "./state/stateFile";
import type { PendingOperation } from "./state/stateFormat";
import { StateWriter } from "./state/stateWriter";

/** The stack's state before an operation, secrets decrypted. */
export interface Before {
  resources: readonly Resource[];
  pending: readonly PendingOperation[];
  /** Providers that were started already. */
  registry?: Registry;
}

export interface DeploymentOptions {
  project: string;
  stack: string;
  config: StackConfig;
  parallel: number;
  /** Preview: nothing is written. */
  dryRun: boolean;
  continueOnError: boolean;
  /** URNs of the resources to replace even if nothing differs. */
  replace: ReadonlySet<string>;
  selection: Selection;
  store: StackStore;
  before: Promise<Before>;
  /** Starts a provider, or attaches to a running one. */
  load(packageName: string): Promise<LoadedProvider>;
  onEvent: (event: EngineEvent) => void;
  /** Records secrets to redact. */
  learn: (properties: Properties | undefined) => void;
  /** Called when the program can stop: something failed, and all running steps have finished. */
  onFailure: () => void;
}

/** The parts of a deployment: what plans, executes and stores. */
export interface Parts {
  planner: Planner;
  registry: Registry;
  executor: Executor;
  writer: StateWriter;
}

/**
 * Connect the parts.
 * @param listeners hear of an error that does not stop the rest, and of a failure that does
 */
export function assembled(
  options: DeploymentOptions,
  { resources, pending, registry: started }: Before,
  { onError, onFailure }: { onError(message: string, urn: string): void; onFailure(error: Error, urn: string): void },
): Parts {
  const { project, stack, dryRun: preview, store, parallel, continueOnError, onEvent, learn, replace, selection, load } = options;
  const registry = started ?? new Registry({ load, preview, before: resources });
  const planner = new Planner({
    project,
    stack,
    preview,
    before: resources,
    providers: registry,
    replace,
    selection,
    onError: (urn, message) => onError(message, urn),
    onWarning: (urn, message) => onEvent({ kind: "diagnostic", severity: "warning", message, urn }),
  });
  const writer = new StateWriter(new Snapshot(resources, pendingCreations(pending)), store, preview);
  const executor = new Executor({
    registry,
    writer,
    preview,
    parallel,
    continueOnError,
    onEvent,
    onFailure: (urn, error) => (error instanceof StepRefused ? onError(error.message, urn) : onFailure(error, urn)),
    learn,
  });
  return { planner, registry, executor, writer };
}

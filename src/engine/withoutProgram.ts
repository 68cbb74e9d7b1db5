import { UserError } from "../userError";
import { conclude } from "./conclude";
import type { Before } from "./deploymentParts";
import type { EngineResult, StepEvent } from "./engineEvents";
import { PARALLEL } from "./engineOptions";
import { engineService } from "./grpc/engineService";
import { startGrpcServer } from "./grpc/grpcServer";
import { findSdk } from "./grpc/protocol";
import { programOf } from "./languageHost";
import { createProviderHost, loadStackConfig, type OperationContext, readBefore } from "./operationContext";
import type { Project } from "./project";
import type { Properties } from "./propertyWire";
import type { ProviderHost } from "./providers/providerHost";
import { Registry } from "./providers/providerRegistry";
import type { Changes } from "./state/step";

interface StateOperation {
  before: Before;
  registry: Registry;
  parallel: number;
  fail: (urn: string, message: string) => void;
  watchSignal: (stop: () => void) => void;
}

/** Run an operation that needs only the state and its providers. */
export async function withoutProgram(
  context: OperationContext,
  work: (operation: StateOperation) => Promise<{ changes: Changes; steps: StepEvent[]; outputs: Properties }>,
): Promise<EngineResult> {
  const { options, project, onEvent } = context;
  const before = await readBefore(context);
  const config = await loadStackConfig(context).catch((error: Error) => {
    // Existing resources can be deleted and read even if the program's configuration is incomplete.
    if (error instanceof UserError) return { values: {}, secretKeys: [] };
    throw error;
  });
  onEvent({ kind: "prelude", config: {} });
  const folder = folderOf(project);
  const sdk = findSdk(folder);
  const protocol = sdk.load();
  const server = await startGrpcServer([engineService(protocol, onEvent)]);
  const errors: string[] = [];
  const fail = (urn: string, message: string) => {
    errors.push(message);
    onEvent({ kind: "diagnostic", severity: "error", message, ...(urn ? { urn } : {}) });
  };
  const stops: (() => void)[] = [];
  let host: ProviderHost | undefined;
  let registry: Registry | undefined;
  const onAbort = () => {
    for (const stop of stops) stop();
    void registry?.cancel();
  };
  options.signal?.addEventListener("abort", onAbort);
  try {
    const started = createProviderHost(context, { sdk, protocol, folder, config, engineAddress: server.address });
    host = started;
    registry = new Registry({ load: (name) => started.load(name), preview: options.preview ?? false, before: before.resources });
    const done = await work({ before, registry, parallel: options.parallel ?? PARALLEL, fail, watchSignal: (stop) => stops.push(stop) });
    return conclude(context, { ...done, errors, preview: options.preview ?? false, oldOutputs: done.outputs });
  } finally {
    options.signal?.removeEventListener("abort", onAbort);
    await registry?.close();
    host?.close();
    server.close();
  }
}

/** The program's folder. The project folder is enough if the program does not exist. */
function folderOf(project: Project): string {
  try {
    return programOf(project).folder;
  } catch {
    return project.dir;
  }
}

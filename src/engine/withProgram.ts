import { suggestion } from "../nearest";
import { UserError } from "../userError";
import { conclude } from "./conclude";
import type { EngineEvent, EngineResult } from "./engineEvents";
import { PARALLEL } from "./engineOptions";
import { engineService } from "./grpc/engineService";
import { startGrpcServer } from "./grpc/grpcServer";
import { monitorService } from "./grpc/monitorService";
import { findSdk } from "./grpc/protocol";
import { startInline } from "./inlineProgram";
import { type ProgramEnd, programOf, startProgram } from "./languageHost";
import {
  compileCacheOf,
  createProviderHost,
  isStack,
  loadStackConfig,
  type OperationContext,
  placeVariables,
  readBefore,
} from "./operationContext";
import type { ProviderHost } from "./providers/providerHost";
import { Registry } from "./providers/providerRegistry";
import { refreshFirst } from "./refreshFirst";
import type { StackConfig } from "./stackConfig";
import { StackDeployment } from "./stackDeployment";
import type { Resource } from "./state/stackStore";

/** Run the program and make the stack match it. With `dryRun` only show what would be done. */
export async function deploy(context: OperationContext, dryRun: boolean): Promise<EngineResult> {
  const { options, project, store, onEvent, learn } = context;
  const { stack, env, signal, parallel = PARALLEL, continueOnError = false } = options;
  const { folder } = options.inline ? { folder: project.dir } : programOf(project);
  const sdk = findSdk(folder);
  const config = await loadStackConfig(context);
  onEvent({ kind: "prelude", config: shownConfig(config) });
  let killed = false;
  let kill = () => {
    killed = true;
  };
  const protocol = sdk.load();
  const host = Promise.withResolvers<ProviderHost>();
  const load = async (name: string) => (await host.promise).load(name);
  // Decrypting the state may need a key derivation, so it runs while the program starts.
  const before = readBefore(context).then(async (found) => {
    refuseUnknown(options.replace ?? [], found.resources);
    if (!options.refresh) return found;
    const registry = new Registry({ load, preview: dryRun, before: found.resources });
    try {
      return { ...(await refreshFirst(context, { before: found, registry, parallel }, dryRun)), registry };
    } catch (error) {
      await registry.close();
      throw error;
    }
  });
  before.catch(() => kill());
  const compileCache = compileCacheOf(options);
  const deployment = new StackDeployment({
    project: project.name,
    stack,
    config,
    parallel,
    dryRun,
    continueOnError,
    replace: new Set(options.replace),
    selection: options.selection ?? {},
    store,
    before,
    load,
    onEvent,
    learn,
    onFailure: () => kill(),
  });

  const loggedErrors: string[] = [];
  const onLog = (event: EngineEvent & { kind: "diagnostic" }) => {
    // What a program says about the making of a resource that is not made would be wrong.
    if (event.severity === "info" && event.urn !== undefined && deployment.leavesOut(event.urn)) return;
    if (event.severity === "error") loggedErrors.push(event.message);
    onEvent(event);
  };
  const server = await startGrpcServer([monitorService(protocol, deployment), engineService(protocol, onLog)]);
  deployment.monitor = server.address;
  let providers: ProviderHost | undefined;
  const schemaOf = async (name: string) => (await host.promise).schema(name);
  const onAbort = () => void deployment.interrupt().finally(() => kill());
  let end: ProgramEnd;
  try {
    providers = createProviderHost(context, { sdk, protocol, folder, config, engineAddress: server.address });
    host.resolve(providers);
    providers.startNamed();
    const addresses = { monitor: server.address, engine: server.address };
    const run = { project, stack, config, dryRun, parallel, ...addresses, runner: sdk.runner };
    const place = placeVariables(options, project.name);
    const program = options.inline
      ? startInline(options.inline.program, run, place)
      : await startProgram({ ...run, env: { ...env, ...place }, compileCache, onEvent, schemaOf });
    kill = program.kill;
    signal?.addEventListener("abort", onAbort);
    if (killed || signal?.aborted) kill();
    end = await program.ended;
    const oldOutputs = (await before).resources.find(isStack)?.outputs ?? {};
    const ended = () => end.kind === "ok" && deployment.errors.length === 0 && !signal?.aborted;
    if (ended()) await deployment.programIsDone();
    const { outputs, changes, steps } = await deployment.finish(ended());
    const errors = [
      ...deployment.errors,
      ...(end.kind === "ok" || deployment.errors.length > 0 || signal?.aborted ? [] : [programError(end, loggedErrors)]),
    ];
    context.refused ||= deployment.refused;
    return conclude(context, { outputs, changes, steps, errors, preview: dryRun, oldOutputs });
  } finally {
    signal?.removeEventListener("abort", onAbort);
    kill();
    providers?.close();
    server.close();
  }
}

/** Refuse to replace a resource that the stack does not contain. */
function refuseUnknown(replace: readonly string[], before: readonly Resource[]): void {
  const urns = before.map(({ urn }) => urn);
  const unknown = replace.find((urn) => !urns.includes(urn));
  if (unknown !== undefined) throw new UserError(`--replace "${unknown}": the stack has no such resource (${suggestion(unknown, urns)})`);
}

function shownConfig({ values, secretKeys }: StackConfig): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, secretKeys.includes(key) ? "[secret]" : value]));
}

/**
 * The error message, in Pulumi's own wording. A program that ended without a message is described by its exit code. Its output was shown
 * already.
 */
function programError(end: ProgramEnd, errors: string[]): string {
  if (end.kind === "failed") return errors.join("\n").trimEnd() || end.message;
  if (end.kind !== "exit") return errors.join("\n").trimEnd() || "the program failed";
  const how = end.signal ? `was ended by ${end.signal}` : `exited with non-zero exit code: ${end.code}`;
  return [...errors, `an unhandled error occurred: Program ${how}`].join("\n");
}

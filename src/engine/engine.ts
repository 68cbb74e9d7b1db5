import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Json, JsonObject } from "../json";
import { UserError } from "../userError";
import { type Before, RunningDeployment, STACK_TYPE } from "./deployment";
import type { EngineEvent, EngineResult, StepEvent } from "./events";
import { Executor } from "./execute/executor";
import { refresh as refreshResources } from "./execute/refresh";
import { engineService } from "./grpc/engineService";
import { monitorService } from "./grpc/monitorService";
import { findSdk, type Protocol, type PulumiSdk } from "./grpc/protocol";
import { serve } from "./grpc/server";
import { type InlineProgram, startInline } from "./inlineProgram";
import { type ProgramEnd, programOf, startProgram } from "./languageHost";
import { Planner } from "./plan/planner";
import type { Changes } from "./plan/step";
import { type Project, readProject } from "./project";
import { type Intercept, ProviderHost } from "./providers/host";
import { Registry } from "./providers/registry";
import { readConfigFile, resolveConfig, type StackConfig } from "./stackConfig";
import { statePath } from "./state/deployment";
import { lockStack } from "./state/lock";
import { maskSecrets } from "./state/secretValues";
import { Snapshot } from "./state/snapshot";
import { type Resource, StackStore } from "./state/stackStore";
import { foldJournal, unsettled } from "./state/stateFile";
import { StateWriter } from "./state/stateWriter";
import { mapChildren, type Properties, UNKNOWN } from "./wire";

/** How many operations may be under way at a time, by default: what Pulumi takes on this kind of machine. */
const PARALLEL = 16;

export interface EngineOptions {
  /** Folder of the Pulumi.yaml. */
  projectDir: string;
  stack: string;
  /** A program of this process in place of the folder's, and the name of its project. */
  inline?: { program: InlineProgram; project: string };
  /** The `.pushpool` folder; the state lies in it. */
  home: string;
  /** Where keys and caches lie. */
  stateHome: string;
  /** Where the compiled code of programs and providers is kept between runs. @default below `stateHome` */
  compileCache?: string;
  env: NodeJS.ProcessEnv;
  /** Over the configuration files'; structured values as JSON. A key without a namespace is the project's. */
  config?: Record<string, string>;
  /** Providers that run already: package to port. Others are started, as Pulumi does. */
  providers?: Record<string, number>;
  /** How many operations may be under way at a time. @default 16 */
  parallel?: number;
  /** `up`, `preview`, `destroy`: ask the providers first what there really is. @default false */
  refresh?: boolean;
  /** `destroy`, `refresh`: only say what would be done. @default false */
  preview?: boolean;
  /** Go on with what does not hang on a failed resource. @default false */
  continueOnError?: boolean;
  onEvent?: (event: EngineEvent) => void;
  /** Sees, delays or fails what providers are asked; secrets are in plain there. For tests. */
  intercept?: Intercept;
  /** Breaks the operation off: nothing more is begun, what is under way is finished, and the state is sound. */
  signal?: AbortSignal;
}

/** An operation failed. What had been done until then is in the state, and in `result`. */
export class OperationFailed extends UserError {
  constructor(
    message: string,
    readonly result: EngineResult,
    exitCode: 2 | 5 = 2,
  ) {
    super(message, exitCode);
  }
}

/** What an operation works on. */
interface Scene {
  options: EngineOptions;
  project: Project;
  store: StackStore;
  start: number;
  onEvent: (event: EngineEvent) => void;
  /** A provider was asked to do something, and could not. */
  refused: boolean;
}

/** What `up` would do. Nothing is written, and an update that goes on meanwhile is not waited for. */
export async function preview(options: EngineOptions): Promise<EngineResult> {
  const project = projectOf(options);
  return deploy(sceneOf(options, project), true);
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
      const { options, onEvent, project, store } = scene;
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
      const executor = new Executor({ registry, writer, preview: dryRun, parallel, continueOnError, onEvent, onFailure });
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
      const { onEvent, store } = scene;
      const onFailure = (urn: string, error: Error) => fail(urn, error.message);
      const { resources, changes, steps } = await refreshResources(before.resources, { registry, parallel, onEvent, onFailure });
      if (!options.preview) await store.write(resources, unsettled(before.pending));
      return { changes, steps, outputs: resources.find(isStack)?.outputs ?? {} };
    }),
  );
}

/** Ask what there really is before anything else is done. What cannot be read ends the operation. */
async function refreshFirst(
  { onEvent, store, options }: Scene,
  { before, registry, parallel }: Pick<Offstage, "before" | "registry" | "parallel">,
  dryRun = options.preview ?? false,
): Promise<Before> {
  const errors: string[] = [];
  const heard = (event: EngineEvent) => {
    // Here it is not what the operation does, but what it begins with.
    const told = event.kind === "outputs" ? { ...event, step: { ...event.step, op: "refresh" as const } } : event;
    onEvent(told);
  };
  const onFailure = (urn: string, { message }: Error) => {
    errors.push(message);
    onEvent({ kind: "diagnostic", severity: "error", message, urn });
  };
  const { resources } = await refreshResources(before.resources, { registry, parallel, onEvent: heard, onFailure });
  if (errors.length > 0) throw new UserError(errors.join("\n"));
  if (!dryRun) await store.write(resources, unsettled(before.pending));
  // What was interrupted while it changed or went is settled by now.
  return { resources, pending: unsettled(before.pending) };
}

interface Offstage {
  before: Before;
  registry: Registry;
  parallel: number;
  fail: (urn: string, message: string) => void;
  watchSignal: (stop: () => void) => void;
}

/** An operation on the state and its providers alone. */
async function withoutProgram(
  scene: Scene,
  work: (offstage: Offstage) => Promise<{ changes: Changes; steps: StepEvent[]; outputs: Properties }>,
): Promise<EngineResult> {
  const { options, project, onEvent } = scene;
  const before = await readBefore(scene);
  const config = await configOf(scene).catch((error: Error) => {
    // What there is can be deleted and looked at though the program's configuration is incomplete.
    if (error instanceof UserError) return { values: {}, secretKeys: [] };
    throw error;
  });
  onEvent({ kind: "prelude", config: {} });
  const folder = folderOf(project);
  const sdk = findSdk(folder);
  const protocol = sdk.load();
  const server = await serve([engineService(protocol, onEvent)]);
  const host = hostOf(scene, { sdk, protocol, folder, config, engineAddress: server.address });
  const registry = new Registry({ load: (name) => host.load(name), preview: options.preview ?? false, before: before.resources });
  const errors: string[] = [];
  const fail = (urn: string, message: string) => {
    errors.push(message);
    onEvent({ kind: "diagnostic", severity: "error", message, ...(urn ? { urn } : {}) });
  };
  const stops: (() => void)[] = [];
  const onAbort = () => {
    for (const stop of stops) stop();
    void registry.cancel();
  };
  options.signal?.addEventListener("abort", onAbort);
  try {
    const done = await work({ before, registry, parallel: options.parallel ?? PARALLEL, fail, watchSignal: (stop) => stops.push(stop) });
    return conclude(scene, { ...done, errors, preview: options.preview ?? false, oldOutputs: done.outputs });
  } finally {
    options.signal?.removeEventListener("abort", onAbort);
    await registry.close();
    server.close();
  }
}

async function deploy(scene: Scene, dryRun: boolean): Promise<EngineResult> {
  const { options, project, store, onEvent } = scene;
  const { stack, env, signal, parallel = PARALLEL, continueOnError = false } = options;
  const { folder } = options.inline ? { folder: project.dir } : programOf(project);
  const sdk = findSdk(folder);
  const config = await configOf(scene);
  onEvent({ kind: "prelude", config: shownConfig(config) });
  let kill = () => {};
  const protocol = sdk.load();
  let engineAddress = "";
  const load = (name: string) => hostOf(scene, { sdk, protocol, folder, config, engineAddress }).load(name);
  // Opening the state may take a key: beside the program's start.
  const before = readBefore(scene).then(async (found) => {
    if (!options.refresh) return found;
    const registry = new Registry({ load, preview: dryRun, before: found.resources });
    try {
      return { ...(await refreshFirst(scene, { before: found, registry, parallel }, dryRun)), registry };
    } catch (error) {
      await registry.close();
      throw error;
    }
  });
  before.catch(() => kill());
  const compileCache = compileCacheOf(options);
  const deployment = new RunningDeployment({
    project: project.name,
    stack,
    config,
    parallel,
    dryRun,
    continueOnError,
    store,
    before,
    load,
    onEvent,
    onFailure: () => kill(),
  });

  const said: string[] = [];
  const onLog = (event: EngineEvent & { kind: "diagnostic" }) => {
    if (event.severity === "error") said.push(event.message);
    onEvent(event);
  };
  const server = await serve([monitorService(protocol, deployment), engineService(protocol, onLog)]);
  engineAddress = server.address;
  const onAbort = () => void deployment.interrupt().finally(() => kill());
  let end: ProgramEnd;
  try {
    const addresses = { monitor: server.address, engine: server.address };
    const run = { project, stack, config, dryRun, parallel, ...addresses, runner: sdk.runner };
    const program = options.inline ? startInline(options.inline.program, run) : startProgram({ ...run, env, compileCache, onEvent });
    kill = program.kill;
    signal?.addEventListener("abort", onAbort);
    if (signal?.aborted) kill();
    end = await program.ended;
    const oldOutputs = (await before).resources.find(isStack)?.outputs ?? {};
    const ended = () => end.kind === "ok" && deployment.errors.length === 0 && !signal?.aborted;
    if (ended()) await deployment.programIsDone();
    const { outputs, changes, steps } = await deployment.finish(ended());
    const errors = [
      ...deployment.errors,
      ...(end.kind === "ok" || deployment.errors.length > 0 || signal?.aborted ? [] : [whyItFailed(end, said)]),
    ];
    return conclude(scene, { outputs, changes, steps, errors, preview: dryRun, oldOutputs });
  } finally {
    signal?.removeEventListener("abort", onAbort);
    server.close();
  }
}

function conclude(
  { options, project, start, onEvent, refused }: Scene,
  done: { changes: Changes; steps: StepEvent[]; outputs: Properties; oldOutputs: Properties; errors: string[]; preview: boolean },
): EngineResult {
  const { changes, steps, outputs, oldOutputs, errors, preview } = done;
  const { stack, signal } = options;
  const { same: _, ...changed } = changes;
  const unchanged = Object.keys(changed).length === 0 && isDeepStrictEqual(oldOutputs, outputs);
  const durationMs = Date.now() - start;
  const succeeded = errors.length === 0 && !signal?.aborted;
  onEvent({ kind: "summary", changes, durationMs, preview, succeeded });
  const result = { project: project.name, stack, changes, outputs: shownOutputs(outputs), unchanged, steps, durationMs };
  if (signal?.aborted)
    throw new OperationFailed(`interrupted: what had been done until then is in the state of stack ${project.name}/${stack}`, result, 5);
  // A mistake in the program, or something outside that would not: the shell is told which.
  if (!succeeded) throw new OperationFailed(errors.join("\n"), result, refused ? 5 : 2);
  return result;
}

/** What is not known before an update is said to be so. */
function shownOutputs(outputs: Properties): JsonObject {
  const known = (value: Json): Json => (value === UNKNOWN ? "[unknown]" : mapChildren(value, known));
  return known(maskSecrets(outputs)) as JsonObject;
}

async function readBefore({ store, onEvent }: Scene): Promise<Before> {
  const [resources, pending] = await Promise.all([store.read(), store.readPending()]);
  if (pending.length > 0) onEvent({ kind: "diagnostic", severity: "warning", message: interruptedWarning(pending) });
  return { resources, pending };
}

function interruptedWarning(pending: Before["pending"]): string {
  const lines = pending.map(({ resource, type }) => `  * ${resource.urn}, interrupted while ${type}`);
  return [
    "an earlier operation was cut off while these were under way, and nobody knows whether they came about:",
    ...lines,
    "Look at the provider. `refresh` settles what exists; one that was being created is told of until it is removed from pending_operations.",
  ].join("\n");
}

function configOf({ options, project, store }: Scene): Promise<StackConfig> {
  return resolveConfig(readConfigFile(project, options.stack), project, options.config ?? {}, store);
}

function shownConfig({ values, secretKeys }: StackConfig): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, secretKeys.includes(key) ? "[secret]" : value]));
}

function hostOf(
  { options, project, onEvent }: Scene,
  rest: { sdk: PulumiSdk; protocol: Protocol; folder: string; config: StackConfig; engineAddress: string },
): ProviderHost {
  const { providers: attached = {}, intercept } = options;
  const { name, runtimeOptions } = project;
  // A flow run that is a resource lies where the stack does.
  const env = { ...options.env, PUSHPOOL_HOME: options.home };
  return new ProviderHost({
    ...rest,
    project: name,
    runtimeOptions,
    env,
    attached,
    compileCache: compileCacheOf(options),
    outputsOf: (name) => outputsOf(name, options, project),
    ...(intercept ? { intercept } : {}),
    onEvent,
  });
}

/** Of a stack that lies where this one does; its project is this one's where the name has none. */
async function outputsOf(name: string, { home, stateHome, env }: EngineOptions, own: Project): Promise<Properties | undefined> {
  const [stack = "", project = own.name] = name.split("/").reverse();
  if (![stack, project].every((part) => /^[A-Za-z0-9_-][A-Za-z0-9_.-]*$/.test(part))) return undefined;
  const store = StackStore.open(home, { stateHome, project, stack, env });
  if (!store.exists) return undefined;
  const sealed = store.sealed().find(isStack);
  return (sealed && (await store.open(sealed)).outputs) ?? {};
}

/** What needs no program needs none that is there. */
function folderOf(project: Project): string {
  try {
    return programOf(project).folder;
  } catch {
    return project.dir;
  }
}

function compileCacheOf({ stateHome, compileCache = join(stateHome, "cache", "node") }: EngineOptions): string {
  return compileCache;
}

function projectOf({ projectDir, stack, inline }: EngineOptions): Project {
  if (!/^[A-Za-z0-9_.-]{1,100}$/.test(stack))
    throw new UserError(`--stack "${stack}": a stack name has letters, digits, "-", "_" and ".", at most 100`);
  if (!inline) return readProject(projectDir);
  return { name: inline.project, dir: projectDir, file: "the test's project", runtime: "nodejs", runtimeOptions: {}, config: {} };
}

function sceneOf(options: EngineOptions, project: Project): Scene {
  const { home, stateHome, stack, env, onEvent = () => {} } = options;
  const store = StackStore.open(home, { stateHome, project: project.name, stack, env });
  const scene: Scene = {
    options,
    project,
    store,
    start: Date.now(),
    onEvent: (event) => {
      if (event.kind === "failed") scene.refused = true;
      onEvent(event);
    },
    refused: false,
  };
  return scene;
}

async function locked(options: EngineOptions, work: (scene: Scene) => Promise<EngineResult>): Promise<EngineResult> {
  const { home, stack } = options;
  const project = projectOf(options);
  const path = statePath(home, project.name, stack);
  const unlock = lockStack(`${path}.lock`, `${project.name}/${stack}`);
  try {
    foldJournal(path);
    // Read under the lock: what another process wrote before it let go counts.
    return await work(sceneOf(options, project));
  } finally {
    unlock();
  }
}

function isStack({ type }: Resource): boolean {
  return type === STACK_TYPE;
}

/** Pulumi's words. A program that ended without a word of its own is told by its exit code alone; what it printed was heard. */
function whyItFailed(end: ProgramEnd, errors: string[]): string {
  if (end.kind === "failed") return errors.join("\n").trimEnd() || end.message;
  if (end.kind !== "exit") return errors.join("\n").trimEnd() || "the program failed";
  const how = end.signal ? `was ended by ${end.signal}` : `exited with non-zero exit code: ${end.code}`;
  return [...errors, `an unhandled error occurred: Program ${how}`].join("\n");
}

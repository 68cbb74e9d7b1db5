import { join } from "node:path";
import { credentialsIn, Redactor } from "../redactor";
import { UserError } from "../userError";
import { type Before, STACK_TYPE } from "./deployment";
import { type EngineEvent, type EngineResult, hideInEvent } from "./events";
import type { Protocol, PulumiSdk } from "./grpc/protocol";
import type { EngineOptions } from "./options";
import { type Project, readProject } from "./project";
import { ProviderHost } from "./providers/host";
import { readConfigFile, resolveConfig, type StackConfig } from "./stackConfig";
import { statePath } from "./state/deployment";
import { lockStack } from "./state/lock";
import { type Resource, StackStore } from "./state/stackStore";
import { foldJournal } from "./state/stateFile";
import { type Properties, secretsIn } from "./wire";

/** What an operation works on. */
export interface Scene {
  options: EngineOptions;
  project: Project;
  store: StackStore;
  start: number;
  onEvent: (event: EngineEvent) => void;
  /** A provider was asked to do something, and could not. */
  refused: boolean;
  redactor: Redactor;
  /** Take note of the secrets in properties, so that no event and no error shows them. */
  learn: (properties: Properties | undefined) => void;
}

export async function locked(options: EngineOptions, work: (scene: Scene) => Promise<EngineResult>): Promise<EngineResult> {
  const { home, stack } = options;
  const project = projectOf(options);
  const path = statePath(home, project.name, stack);
  const unlock = lockStack(`${path}.lock`, `${project.name}/${stack}`);
  process.once("exit", unlock);
  try {
    foldJournal(path);
    // Read under the lock: what another process wrote before it let go counts.
    return await hidden(sceneOf(options, project), work);
  } finally {
    process.off("exit", unlock);
    unlock();
  }
}

/** Do the work; what it throws shows no secret. */
export async function hidden(scene: Scene, work: (scene: Scene) => Promise<EngineResult>): Promise<EngineResult> {
  try {
    return await work(scene);
  } catch (error) {
    if (error instanceof Error) {
      const { stack } = error;
      error.message = scene.redactor.hide(error.message);
      if (stack !== undefined) error.stack = scene.redactor.hide(stack);
    }
    throw error;
  }
}

/** What an operation that takes no lock works on. */
export function sceneOf(options: EngineOptions, project: Project): Scene {
  const { home, stateHome, stack, env, onEvent = () => {}, redactor = new Redactor() } = options;
  for (const secret of credentialsIn(env)) redactor.learn(secret);
  const store = StackStore.open(home, { stateHome, project: project.name, stack, env });
  const scene: Scene = {
    options,
    project,
    store,
    start: Date.now(),
    onEvent: (event) => {
      if (event.kind === "failed") scene.refused = true;
      // The SDK's debug messages hold whole requests and answers, secrets too.
      if (event.kind !== "diagnostic" || event.severity !== "debug") onEvent(hideInEvent(event, redactor));
    },
    refused: false,
    redactor,
    learn: (properties) => {
      for (const secret of secretsIn(properties)) redactor.learn(secret);
    },
  };
  return scene;
}

export function projectOf({ projectDir, stack, inline }: EngineOptions): Project {
  if (!/^[A-Za-z0-9_.-]{1,100}$/.test(stack))
    throw new UserError(`--stack "${stack}": a stack name has letters, digits, "-", "_" and ".", at most 100`);
  if (!inline) return readProject(projectDir);
  return { name: inline.project, dir: projectDir, file: "the test's project", runtime: "nodejs", runtimeOptions: {}, config: {} };
}

export async function readBefore({ store, onEvent, learn }: Scene): Promise<Before> {
  const [resources, pending] = await Promise.all([store.read(), store.readPending()]);
  for (const { inputs, outputs } of [...resources, ...pending.map(({ resource }) => resource)]) {
    learn(inputs);
    learn(outputs);
  }
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

export async function configOf({ options, project, store, redactor }: Scene): Promise<StackConfig> {
  const config = await resolveConfig(readConfigFile(project, options.stack), project, options.config ?? {}, store);
  for (const key of config.secretKeys) redactor.learn(config.values[key]);
  return config;
}

export function hostOf(
  { options, project, onEvent, learn }: Scene,
  rest: { sdk: PulumiSdk; protocol: Protocol; folder: string; config: StackConfig; engineAddress: string },
): ProviderHost {
  const { providers: attached = {}, intercept, signal } = options;
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
    ...(signal ? { signal } : {}),
    learn,
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

export function compileCacheOf({ stateHome, env, compileCache }: EngineOptions): string {
  return compileCache ?? (env.NODE_COMPILE_CACHE || join(stateHome, "cache", "node"));
}

export function isStack({ type }: Resource): boolean {
  return type === STACK_TYPE;
}

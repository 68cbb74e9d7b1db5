import { join } from "node:path";
import { credentialsIn, Redactor } from "../redactor";
import { UserError } from "../userError";
import type { Before } from "./deploymentParts";
import { type EngineEvent, type EngineResult, hideInEvent } from "./engineEvents";
import type { EngineOptions } from "./engineOptions";
import type { Protocol, PulumiSdk } from "./grpc/protocol";
import { namedSecrets } from "./namedSecrets";
import { type Project, readProject } from "./project";
import { type Properties, secretsIn } from "./propertyWire";
import { ProviderHost } from "./providers/providerHost";
import { readConfigFile, resolveConfig, type StackConfig } from "./stackConfig";
import { lockStack } from "./state/lock";
import { type Resource, StackStore } from "./state/stackStore";
import { mergeJournal } from "./state/stateFile";
import { STATE_FILE_VARIABLE, statePath } from "./state/stateFormat";
import { STACK_TYPE } from "./urn";

/** What an operation works with. */
export interface OperationContext {
  options: EngineOptions;
  project: Project;
  store: StackStore;
  start: number;
  onEvent: (event: EngineEvent) => void;
  /** A provider failed to do a step. */
  refused: boolean;
  redactor: Redactor;
  /** Records the secrets in properties, so that no event and no error shows them. */
  learn: (properties: Properties | undefined) => void;
}

export async function withLock(options: EngineOptions, work: (context: OperationContext) => Promise<EngineResult>): Promise<EngineResult> {
  const { home, stack } = options;
  const project = projectOf(options);
  const path = statePath(home, project.name, stack);
  const unlock = lockStack(`${path}.lock`, `${project.name}/${stack}`);
  process.once("exit", unlock);
  try {
    mergeJournal(path);
    // Read only under the lock, so that the last writes of another process are seen.
    return await hidingSecrets(createContext(options, project), work);
  } finally {
    process.off("exit", unlock);
    unlock();
  }
}

/** Do the work. Errors that it throws show no secrets. */
export async function hidingSecrets(
  context: OperationContext,
  work: (context: OperationContext) => Promise<EngineResult>,
): Promise<EngineResult> {
  try {
    return await work(context);
  } catch (error) {
    if (error instanceof Error) {
      const { stack } = error;
      error.message = context.redactor.hide(error.message);
      if (stack !== undefined) error.stack = context.redactor.hide(stack);
    }
    throw error;
  }
}

/** The context of an operation, without a lock. */
export function createContext(options: EngineOptions, project: Project): OperationContext {
  const { home, stateHome, stack, env, onEvent = () => {}, redactor = new Redactor() } = options;
  for (const secret of credentialsIn(env)) redactor.learn(secret);
  const store = StackStore.open(home, { stateHome, project: project.name, stack, env });
  const context: OperationContext = {
    options,
    project,
    store,
    start: Date.now(),
    onEvent: (event) => {
      if (event.kind === "failed") context.refused = true;
      // The SDK's debug messages contain whole requests and answers, with secrets.
      if (event.kind !== "diagnostic" || event.severity !== "debug") onEvent(hideInEvent(event, redactor));
    },
    refused: false,
    redactor,
    learn: (properties) => {
      for (const secret of secretsIn(properties).flatMap(namedSecrets)) redactor.learn(secret);
    },
  };
  return context;
}

export function projectOf({ projectDir, stack, inline }: EngineOptions): Project {
  if (!/^[A-Za-z0-9_.-]{1,100}$/.test(stack))
    throw new UserError(`--stack "${stack}": a stack name must consist of 1 to 100 letters, digits, "-", "_" and "."`);
  if (!inline) return readProject(projectDir);
  return {
    name: inline.project,
    dir: projectDir,
    file: "the test's project",
    runtime: "nodejs",
    runtimeOptions: {},
    config: {},
    packages: {},
  };
}

export async function readBefore({ store, onEvent, learn }: OperationContext): Promise<Before> {
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
    "an earlier operation was interrupted during the following steps, and their result is unknown:",
    ...lines,
    "Check the provider. `refresh` updates the resources that exist. An interrupted creation is reported until you remove it from pending_operations.",
  ].join("\n");
}

export async function loadStackConfig({ options, project, store, redactor }: OperationContext): Promise<StackConfig> {
  const config = await resolveConfig(readConfigFile(project, options.stack), project, options.config ?? {}, store);
  for (const key of config.secretKeys) redactor.learn(config.values[key]);
  return config;
}

export function createProviderHost(
  { options, project, onEvent, learn }: OperationContext,
  rest: { sdk: PulumiSdk; protocol: Protocol; folder: string; config: StackConfig; engineAddress: string },
): ProviderHost {
  const { providers: attached = {}, intercept, signal } = options;
  // A FlowRun resource keeps its run in the same folder as the stack.
  const env = { ...options.env, ...placeVariables(options, project.name) };
  return new ProviderHost({
    ...rest,
    project,
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

/** The outputs of another stack in the same folder. A name without a project means a stack of this project. */
async function outputsOf(name: string, { home, stateHome, env }: EngineOptions, own: Project): Promise<Properties | undefined> {
  const [stack = "", project = own.name] = name.split("/").reverse();
  if (![stack, project].every((part) => /^[A-Za-z0-9_-][A-Za-z0-9_.-]*$/.test(part))) return undefined;
  const store = StackStore.open(home, { stateHome, project, stack, env });
  if (!store.exists) return undefined;
  const sealed = store.encryptedResources().find(isStack);
  return (sealed && (await store.decrypted(sealed)).outputs) ?? {};
}

/** Where programs and providers find the files of the stack. */
export function placeVariables({ home, stack }: Pick<EngineOptions, "home" | "stack">, project: string): Record<string, string> {
  return { PUSHPOOL_HOME: home, [STATE_FILE_VARIABLE]: statePath(home, project, stack) };
}

export function compileCacheOf({ stateHome, env, compileCache }: EngineOptions): string {
  return compileCache ?? (env.NODE_COMPILE_CACHE || join(stateHome, "cache", "node"));
}

export function isStack({ type }: Resource): boolean {
  return type === STACK_TYPE;
}

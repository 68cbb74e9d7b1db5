import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { JsonObject } from "../json";
import { UserError } from "../userError";
import { RunningDeployment } from "./deployment";
import type { EngineEvent, EngineResult } from "./events";
import { engineService } from "./grpc/engineService";
import { monitorService } from "./grpc/monitorService";
import { findSdk } from "./grpc/protocol";
import { serve } from "./grpc/server";
import { type ProgramEnd, programOf, startProgram } from "./languageHost";
import { type Project, readProject } from "./project";
import { readConfigFile, resolveConfig } from "./stackConfig";
import { statePath } from "./state/deployment";
import { lockStack } from "./state/lock";
import { maskSecrets } from "./state/secretValues";
import { type Resource, StackStore } from "./state/stackStore";

/** How many operations the program may have under way: what Pulumi takes on this kind of machine. */
const PARALLEL = 16;

export interface EngineOptions {
  /** Folder of the Pulumi.yaml. */
  projectDir: string;
  stack: string;
  /** The `.pushpool` folder; the state lies in it. */
  home: string;
  /** Where keys and caches lie. */
  stateHome: string;
  env: NodeJS.ProcessEnv;
  /** Over the configuration files'; structured values as JSON. A key without a namespace is the project's. */
  config?: Record<string, string>;
  onEvent?: (event: EngineEvent) => void;
  /** Cuts the program off; what had been done until then is kept. */
  signal?: AbortSignal;
}

/** The program failed; the message is what it said, its own stack and no other. */
class ProgramFailed extends UserError {}

/** What `up` would do. Nothing is written, and an update that goes on meanwhile is not waited for. */
export async function preview(options: EngineOptions): Promise<EngineResult> {
  const project = projectOf(options);
  return deploy(options, project, openStore(options, project), true);
}

/**
 * Run the program and make the stack what it declares.
 * @throws {ProgramFailed} if the program fails: what it had registered until then is kept, nothing is deleted
 * @throws {UserError} if the stack is locked, its state damaged, or the program needs what this engine does not do
 */
export function up(options: EngineOptions): Promise<EngineResult> {
  return locked(options, (project, store) => deploy(options, project, store, false));
}

/**
 * Delete everything that the stack has. The program is not run.
 * @throws {UserError} if the stack is locked, its state damaged, or something in it is protected or is a provider's
 */
export function destroy(options: EngineOptions): Promise<EngineResult> {
  const { stack, onEvent = () => {} } = options;
  return locked(options, async ({ name: project }, store) => {
    const start = Date.now();
    const before = store.read();
    const nothing = { config: { values: {}, secretKeys: [] }, parallel: 1, dryRun: false, onFailure: () => {} };
    const deployment = new RunningDeployment({ project, stack, store, before, onEvent, ...nothing });
    await deployment.deleteAll();
    const { changes } = deployment;
    return { project, stack, changes, outputs: {}, unchanged: Object.keys(changes).length === 0, durationMs: Date.now() - start };
  });
}

async function deploy(options: EngineOptions, project: Project, store: StackStore, dryRun: boolean): Promise<EngineResult> {
  const { stack, env, stateHome, signal, onEvent = () => {} } = options;
  const start = Date.now();
  const sdk = findSdk(programOf(project).folder);
  const config = await resolveConfig(readConfigFile(project, stack), project, options.config ?? {}, store);
  let kill = () => {};
  // Opening the state may take a key: beside the program's start.
  const before = store.read();
  before.catch(() => kill());
  const onFailure = () => kill();
  const deployment = new RunningDeployment({
    project: project.name,
    stack,
    config,
    parallel: PARALLEL,
    dryRun,
    store,
    before,
    onEvent,
    onFailure,
  });

  const errors: string[] = [];
  const onLog = (event: EngineEvent & { kind: "diagnostic" }) => {
    if (event.severity === "error") errors.push(event.message);
    onEvent(event);
  };
  const protocol = sdk.load();
  const server = await serve([monitorService(protocol, deployment), engineService(protocol, onLog)]);
  const onAbort = () => kill();
  let end: ProgramEnd;
  try {
    const compileCache = join(stateHome, "cache", "node");
    const addresses = { monitor: server.address, engine: server.address };
    const program = startProgram({
      project,
      stack,
      config,
      dryRun,
      parallel: PARALLEL,
      ...addresses,
      runner: sdk.runner,
      env,
      compileCache,
      onEvent,
    });
    kill = program.kill;
    signal?.addEventListener("abort", onAbort);
    if (signal?.aborted) kill();
    end = await program.ended;
  } finally {
    signal?.removeEventListener("abort", onAbort);
    server.close();
  }

  const oldOutputs = (await before).find(isStack)?.outputs ?? {};
  const succeeded = end.kind === "ok" && !deployment.failure && !signal?.aborted;
  if (succeeded) await deployment.programIsDone();
  const outputs = await deployment.finish(succeeded);
  if (deployment.failure) throw deployment.failure;
  if (signal?.aborted)
    throw new UserError(`interrupted: what had been done until then is in the state of stack ${project.name}/${stack}`, 5);
  if (!succeeded) throw new ProgramFailed(whyItFailed(end, errors));
  const { changes } = deployment;
  const { same: _, ...changed } = changes;
  const unchanged = Object.keys(changed).length === 0 && isDeepStrictEqual(oldOutputs, outputs);
  return { project: project.name, stack, changes, outputs: maskSecrets(outputs) as JsonObject, unchanged, durationMs: Date.now() - start };
}

function projectOf({ projectDir, stack }: EngineOptions): Project {
  if (!/^[A-Za-z0-9_.-]{1,100}$/.test(stack))
    throw new UserError(`--stack "${stack}": a stack name has letters, digits, "-", "_" and ".", at most 100`);
  return readProject(projectDir);
}

function openStore({ home, stateHome, stack, env }: EngineOptions, { name: project }: Project): StackStore {
  return StackStore.open(home, { stateHome, project, stack, env });
}

async function locked(options: EngineOptions, work: (project: Project, store: StackStore) => Promise<EngineResult>): Promise<EngineResult> {
  const { home, stack } = options;
  const project = projectOf(options);
  const unlock = lockStack(`${statePath(home, project.name, stack)}.lock`, `${project.name}/${stack}`);
  try {
    // Read under the lock: what another process wrote before it let go counts.
    return await work(project, openStore(options, project));
  } finally {
    unlock();
  }
}

function isStack({ type }: Resource): boolean {
  return type === "pulumi:pulumi:Stack";
}

/** Pulumi's words. A program that ended without a word of its own is told by its exit code alone; what it printed was heard. */
function whyItFailed(end: ProgramEnd, errors: string[]): string {
  if (end.kind !== "exit") return errors.join("\n").trimEnd() || "the program failed";
  const how = end.signal ? `was ended by ${end.signal}` : `exited with non-zero exit code: ${end.code}`;
  return [...errors, `an unhandled error occurred: Program ${how}`].join("\n");
}

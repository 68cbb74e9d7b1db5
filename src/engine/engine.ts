import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { JsonObject } from "../json";
import { UserError } from "../userError";
import { RunningDeployment } from "./deployment";
import type { EngineEvent, EngineResult } from "./events";
import { engineService } from "./grpc/engineService";
import { monitorService } from "./grpc/monitorService";
import { serve } from "./grpc/server";
import { type ProgramEnd, startProgram } from "./languageHost";
import { type Project, readProject } from "./project";
import { readConfigFile, resolveConfig } from "./stackConfig";
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
  /** Over the configuration file's; structured values as JSON. */
  config?: Record<string, string>;
  onEvent?: (event: EngineEvent) => void;
  signal?: AbortSignal;
}

/** The program failed; the message is what it said, its own stack and no other. */
class ProgramFailed extends UserError {}

/** What `up` would do. Nothing is written. */
export function preview(options: EngineOptions): Promise<EngineResult> {
  return deploy(options, true);
}

/**
 * Run the program and make the stack what it declares.
 * @throws {ProgramFailed} if the program fails: what it had registered until then is kept, nothing is deleted
 * @throws {UserError} if the stack is locked, its state damaged, or the program needs what this engine does not do
 */
export function up(options: EngineOptions): Promise<EngineResult> {
  return deploy(options, false);
}

/** Delete everything that the stack has. The program is not run. */
export async function destroy(options: EngineOptions): Promise<EngineResult> {
  return withStack(options, async (project, store) => {
    const start = Date.now();
    const deployment = new RunningDeployment(
      project.name,
      options.stack,
      { values: {}, secretKeys: [] },
      1,
      false,
      store,
      await store.read(),
      options.onEvent ?? (() => {}),
      () => {},
    );
    await deployment.deleteAll();
    const { changes } = deployment;
    return {
      project: project.name,
      stack: options.stack,
      changes,
      outputs: {},
      unchanged: Object.keys(changes).length === 0,
      durationMs: Date.now() - start,
    };
  });
}

async function deploy(options: EngineOptions, dryRun: boolean): Promise<EngineResult> {
  const { stack, env, onEvent = () => {} } = options;
  return withStack(options, async (project, store) => {
    const start = Date.now();
    const file = readConfigFile(project.dir, stack);
    store.warm(file.salt);
    const config = await resolveConfig(file, project.name, options.config ?? {}, () => store.crypter(file.salt));
    // Beside the program's start: opening the state may take a key.
    const reading = store.read();
    reading.catch(() => {});

    let end: ProgramEnd | undefined;
    let kill = () => {};
    const errors: string[] = [];
    const deployment = await deploymentOver(await reading);
    const server = await serve([
      monitorService(deployment),
      engineService((event) => {
        if (event.severity === "error") errors.push(event.message);
        onEvent(event);
      }),
    ]);
    try {
      const { address } = server;
      const program = startProgram({
        project,
        stack,
        config,
        dryRun,
        parallel: PARALLEL,
        monitor: address,
        engine: address,
        env,
        compileCache: join(options.stateHome, "cache", "node"),
        onEvent,
      });
      kill = program.kill;
      options.signal?.addEventListener("abort", kill);
      end = await program.ended;
    } finally {
      options.signal?.removeEventListener("abort", kill);
      server.close();
    }
    const before = (await reading).find(isStack)?.outputs ?? {};
    const succeeded = end.kind === "ok" && !deployment.failure;
    if (succeeded) await deployment.programIsDone();
    const outputs = await deployment.finish(succeeded);
    if (deployment.failure) throw deployment.failure;
    if (options.signal?.aborted) throw new UserError(`interrupted: what had been done until then is in the state of stack ${stack}`, 5);
    if (!succeeded) throw new ProgramFailed(whyItFailed(end, errors));
    const { same: _, ...changed } = deployment.changes;
    return {
      project: project.name,
      stack,
      changes: deployment.changes,
      outputs: maskSecrets(outputs) as JsonObject,
      unchanged: Object.keys(changed).length === 0 && isDeepStrictEqual(before, outputs),
      durationMs: Date.now() - start,
    };

    async function deploymentOver(resources: Resource[]): Promise<RunningDeployment> {
      // A refused registration is never answered in the real engine; here the program is cut off as well.
      return new RunningDeployment(project.name, stack, config, PARALLEL, dryRun, store, resources, onEvent, () => kill());
    }
  });
}

async function withStack(
  options: EngineOptions,
  work: (project: Project, store: StackStore) => Promise<EngineResult>,
): Promise<EngineResult> {
  const { projectDir, stack, home, stateHome, env } = options;
  if (!/^[A-Za-z0-9_.-]{1,100}$/.test(stack))
    throw new UserError(`--stack "${stack}": a stack name has letters, digits, "-", "_" and ".", at most 100`);
  const project = readProject(projectDir);
  const store = StackStore.open(home, { stateHome, project: project.name, stack, env });
  const unlock = lockStack(`${store.path}.lock`, `${project.name}/${stack}`);
  try {
    // What another process wrote before it let the lock go.
    return await work(project, StackStore.open(home, { stateHome, project: project.name, stack, env }));
  } finally {
    unlock();
  }
}

function isStack({ type }: Resource): boolean {
  return type === "pulumi:pulumi:Stack";
}

function whyItFailed(end: ProgramEnd, errors: string[]): string {
  if (errors.length > 0) return errors.join("\n");
  if (end.kind === "exit")
    return `the program ended with ${end.signal ? `signal ${end.signal}` : `exit code ${end.code}`} before it was done`;
  return "the program failed";
}

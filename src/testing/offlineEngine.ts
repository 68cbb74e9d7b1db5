import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { destroy, type EngineEvent, type EngineOptions, type EngineResult, preview, refresh, up } from "../engine";
import { diffText } from "../engine/diffText";
import type { InlineProgram } from "../engine/inlineProgram";
import { readProjectName } from "../engine/project";
import type { Intercept } from "../engine/providers/providerHost";
import { readStackOutputs } from "../engine/state";
import { maskSecrets } from "../engine/state/secretValues";
import { StackStore } from "../engine/state/stackStore";
import type { JsonObject } from "../json";
import { type ServedProvider, type StandInProvider, serveProvider } from "./providers";

/** What the engine runs, and its settings. */
export interface OfflineEngineOptions {
  /** Folder of a Pulumi project. Its SDK runs the program in another process. Give this or `program`. */
  projectDir?: string;
  /** A program as a function of the test. The stack's outputs are what it resolves with. */
  program?: InlineProgram;
  /** The project's name, for `program`. @default "test" */
  project?: string;
  /** @default "dev" */
  stack?: string;
  /**
   * Configuration in addition to the stack's file, which it overrides. Structured values are JSON. A key without a namespace is the
   * project's.
   */
  config?: Record<string, string>;
  /** Providers by package: a stand-in, or the port of a running provider. Those of `PULUMI_DEBUG_PROVIDERS` are attached too. */
  providers?: Record<string, StandInProvider | number>;
  /** @default `process.env` with an empty passphrase */
  env?: NodeJS.ProcessEnv;
  /** How many operations may run at the same time. @default 16 */
  parallel?: number;
  /** Called for each request to a provider. It can observe, delay or fail it. */
  intercept?: Intercept;
  /** Called for each event of the engine. */
  onEvent?: (event: EngineEvent) => void;
}

/** The result of an operation. */
export interface OfflineResult extends EngineResult {
  /** The steps as lines, in Pulumi's form: `+ aws:s3/bucket:Bucket logs`, with the changed properties below. Secrets are "[secret]". */
  diff: string;
}

/** A resource of the stack. */
export interface SeenInState {
  urn: string;
  type: string;
  name: string;
  id?: string;
  /** Secrets are "[secret]". */
  inputs: JsonObject;
  outputs: JsonObject;
  parent?: string;
  dependencies: string[];
  protect: boolean;
}

/**
 * Runs a complete, unmodified Pulumi program through real previews, updates, refreshes and destroys, without a CLI and a cloud.
 *
 * It is a model of Pulumi's engine, and is tested against recordings of the real one. It refuses what it does not support.
 *
 * ```ts
 * const engine = new OfflineEngine({ projectDir: "infra", providers: { acme } });
 * expect((await engine.up()).changes).toEqual({ create: 2 });
 * expect((await engine.up()).unchanged).toBe(true);
 * engine.close();
 * ```
 */
export class OfflineEngine {
  readonly #options: OfflineEngineOptions;
  readonly #home = mkdtempSync(join(tmpdir(), "pushpool-engine-"));
  #served: Promise<Record<string, ServedProvider>> | undefined;

  constructor(options: OfflineEngineOptions) {
    this.#options = options;
  }

  /** Show what `up` would do, without changing anything. */
  preview(): Promise<OfflineResult> {
    return this.#run(preview);
  }

  /** @throws {OperationFailed} with the program's or provider's message; its `result` has what was done before */
  up(options: { refresh?: boolean; continueOnError?: boolean } = {}): Promise<OfflineResult> {
    return this.#run(up, options);
  }

  /** Update the state to match the real resources, as the providers report them. */
  refresh(): Promise<OfflineResult> {
    return this.#run(refresh);
  }

  /** Delete all resources of the stack. */
  destroy(): Promise<OfflineResult> {
    return this.#run(destroy);
  }

  /** The outputs of the stack. With `secrets`, secret values instead of "[secret]". */
  async outputs({ secrets = false } = {}): Promise<JsonObject> {
    const options = await this.#engineOptions({});
    return (await readStackOutputs({ ...options, project: this.#project(options), secrets }))?.outputs ?? {};
  }

  /** The stack's resources, in the order of its state, without the stack itself and the providers. */
  async resources(): Promise<SeenInState[]> {
    const options = await this.#engineOptions({});
    const { home, stateHome, stack, env } = options;
    const store = StackStore.open(home, { stateHome, project: this.#project(options), stack, env });
    return store
      .encryptedResources()
      .filter(({ type }) => !type.startsWith("pulumi:providers:") && type !== "pulumi:pulumi:Stack")
      .map(({ urn, type, id, inputs = {}, outputs = {}, parent, dependencies = [], protect = false }) => ({
        urn,
        type,
        name: urn.split("::").slice(3).join("::"),
        ...(id === undefined ? {} : { id }),
        inputs: maskSecrets(inputs) as JsonObject,
        outputs: maskSecrets(outputs) as JsonObject,
        ...(parent === undefined ? {} : { parent }),
        dependencies,
        protect,
      }));
  }

  /** The only resource with this name. @throws {Error} if there is none, or more than one */
  async resource(name: string): Promise<SeenInState> {
    const found = (await this.resources()).filter((resource) => resource.name === name);
    const [one] = found;
    if (!one || found.length > 1) throw new Error(`the stack has ${found.length} resources named "${name}"`);
    return one;
  }

  /** Stop the stand-in providers, and forget the stack. */
  close(): void {
    void this.#served?.then((served) => {
      for (const { stop } of Object.values(served)) stop();
    });
    rmSync(this.#home, { recursive: true, force: true });
  }

  async #run(operation: (options: EngineOptions) => Promise<EngineResult>, more: Partial<EngineOptions> = {}): Promise<OfflineResult> {
    const result = await operation(await this.#engineOptions(more));
    return { ...result, diff: diffText(result.steps) };
  }

  async #engineOptions(more: Partial<EngineOptions>): Promise<EngineOptions> {
    const { projectDir, program, project = "test", stack = "dev", config, env, parallel, intercept, onEvent } = this.#options;
    this.#served ??= this.#serve();
    const served = await this.#served;
    return {
      projectDir: resolve(projectDir ?? "."),
      stack,
      home: this.#home,
      stateHome: join(this.#home, "state"),
      // Node's own folder for it: an engine lives for one test, and the next one starts its program as fast.
      compileCache: join(tmpdir(), "node-compile-cache"),
      env: env ?? { ...process.env, PULUMI_CONFIG_PASSPHRASE: "" },
      providers: Object.fromEntries(Object.entries(served).map(([name, { port }]) => [name, port])),
      ...(program ? { inline: { program, project } } : {}),
      ...(config ? { config } : {}),
      ...(parallel ? { parallel } : {}),
      ...(intercept ? { intercept } : {}),
      ...(onEvent ? { onEvent } : {}),
      ...more,
    };
  }

  #project({ projectDir }: EngineOptions): string {
    if (this.#options.program) return this.#options.project ?? "test";
    return readProjectName(projectDir);
  }

  async #serve(): Promise<Record<string, ServedProvider>> {
    const entries = Object.entries(this.#options.providers ?? {}).map(async ([name, provider]) => {
      return [name, typeof provider === "number" ? { port: provider, stop: () => {} } : await serveProvider(provider)] as const;
    });
    return Object.fromEntries(await Promise.all(entries));
  }
}

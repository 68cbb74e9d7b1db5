import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { destroy, type EngineEvent, type EngineOptions, type EngineResult, preview, refresh, up } from "../engine";
import { readProject } from "../engine/project";
import { readStackOutputs } from "../engine/state";
import { readState } from "../engine/state/stateFile";
import { emptyState, statePath } from "../engine/state/stateFormat";
import type { Json, JsonObject } from "../json";

/** The stack's program and settings, and where it is stored. */
export interface OfflineStackOptions {
  /** Folder of the Pulumi.yaml. */
  projectDir: string;
  /** @default "dev" */
  stack?: string;
  /** Folder of the state. Give it to find the stack again. @default a new temporary folder, which you have to remove */
  home?: string;
  /** Configuration in addition to the stack's file, which it overrides. Structured values are JSON. */
  config?: Record<string, string>;
  /** @default `process.env` with an empty passphrase */
  env?: NodeJS.ProcessEnv;
  /** Running providers: package to port. Those of `PULUMI_DEBUG_PROVIDERS` are attached too. */
  providers?: Record<string, number>;
  /** How many operations may run at the same time. @default 16 */
  parallel?: number;
  /** Called for each event of the engine. */
  onEvent?: (event: EngineEvent) => void;
}

/** A stack of an unmodified Pulumi program, run through real previews and updates without a CLI and a cloud. */
export interface OfflineStack {
  /** Show what `up` would do. */
  preview(): Promise<EngineResult>;
  /** @throws {Error} with the program's own message and stack if it fails */
  up(): Promise<EngineResult>;
  /** Update the state to match the real resources, as the providers report them. */
  refresh(): Promise<EngineResult>;
  /** Delete all resources of the stack. */
  destroy(): Promise<EngineResult>;
  /** The outputs of the stack. With `secrets`, secret values instead of "[secret]". */
  outputs(options?: { secrets?: boolean }): Promise<JsonObject>;
  /** The output of `pulumi stack export`; secrets are encrypted. Before the first `up` it has no resources. */
  exportState(): Json;
}

/**
 * Test a Pulumi program on the offline engine.
 *
 * The engine is a model of Pulumi's own. It refuses what it does not support.
 *
 * ```ts
 * const stack = offlineStack({ projectDir: "infra" });
 * await stack.up();
 * expect((await stack.up()).unchanged).toBe(true);
 * ```
 */
export function offlineStack({
  projectDir,
  stack = "dev",
  home,
  config,
  env,
  providers,
  parallel,
  onEvent,
}: OfflineStackOptions): OfflineStack {
  const dir = resolve(projectDir);
  const place = home ?? mkdtempSync(join(tmpdir(), "pushpool-stack-"));
  const options: EngineOptions = {
    projectDir: dir,
    stack,
    home: place,
    stateHome: join(place, "state"),
    env: env ?? { ...process.env, PULUMI_CONFIG_PASSPHRASE: "" },
    ...(config ? { config } : {}),
    ...(providers ? { providers } : {}),
    ...(parallel ? { parallel } : {}),
    ...(onEvent ? { onEvent } : {}),
  };
  const { name: project } = readProject(dir);
  return {
    preview: () => preview(options),
    up: () => up(options),
    refresh: () => refresh(options),
    destroy: () => destroy(options),
    outputs: async ({ secrets = false } = {}) => (await readStackOutputs({ ...options, project, secrets }))?.outputs ?? {},
    exportState: () => (readState(statePath(place, project, stack)) ?? emptyState()) as unknown as Json,
  };
}

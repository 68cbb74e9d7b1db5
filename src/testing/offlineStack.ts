import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { destroy, type EngineEvent, type EngineOptions, type EngineResult, preview, refresh, up } from "../engine";
import { readProject } from "../engine/project";
import { readStackOutputs } from "../engine/state";
import { readState } from "../engine/state/stateFile";
import { emptyState, statePath } from "../engine/state/stateFormat";
import type { Json, JsonObject } from "../json";

/** What the stack is made of, and where it is kept. */
export interface OfflineStackOptions {
  /** Folder of the Pulumi.yaml. */
  projectDir: string;
  /** @default "dev" */
  stack?: string;
  /** Where the state lies: name it to find the stack again. @default a temporary folder of its own, which is left to you to remove */
  home?: string;
  /** Over the stack's configuration file; structured values as JSON. */
  config?: Record<string, string>;
  /** @default `process.env` with an empty passphrase */
  env?: NodeJS.ProcessEnv;
  /** Providers that run already: package to port. Those of `PULUMI_DEBUG_PROVIDERS` are attached too. */
  providers?: Record<string, number>;
  /** How many operations may be under way at a time. @default 16 */
  parallel?: number;
  /** Gets what the engine does, as it happens. */
  onEvent?: (event: EngineEvent) => void;
}

/** A stack of an unmodified Pulumi program, run through real previews and updates with no CLI and no cloud. */
export interface OfflineStack {
  /** What `up` would do. */
  preview(): Promise<EngineResult>;
  /** @throws with the program's own message and stack if it fails */
  up(): Promise<EngineResult>;
  /** Make the state what the providers say there is. */
  refresh(): Promise<EngineResult>;
  /** Delete everything that the stack has. */
  destroy(): Promise<EngineResult>;
  /** The outputs of the stack. With `secrets`, their values instead of "[secret]". */
  outputs(options?: { secrets?: boolean }): Promise<JsonObject>;
  /** As `pulumi stack export` gives it; secrets are ciphertexts. Before the first `up` it has no resources. */
  exportState(): Json;
}

/**
 * Test a Pulumi program on the offline engine.
 *
 * It is our model of Pulumi's engine, and says so where it ends.
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

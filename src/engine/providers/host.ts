import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { secondsIn } from "../../duration";
import type { JsonObject } from "../../json";
import { UserError } from "../../userError";
import type { EngineEvent } from "../events";
import type { Protocol, PulumiSdk } from "../grpc/protocol";
import type { HostedProvider } from "../provider";
import type { StackConfig } from "../stackConfig";
import type { Properties } from "../wire";
import { BUILTIN, builtinProvider } from "./builtin";
import { Connection } from "./connection";
import { endedEarly, type ProviderProcess, startProvider } from "./process";
import { RemoteProvider } from "./remoteProvider";

/** The package of dynamic resources, whose provider is in the Node SDK. */
const DYNAMIC = "pulumi-nodejs";

interface HostOptions {
  sdk: PulumiSdk;
  protocol: Protocol;
  /** Where the engine listens. */
  engineAddress: string;
  project: string;
  runtimeOptions: Record<string, unknown>;
  config: StackConfig;
  /** Folder of the program: a dynamic provider finds its packages from there. */
  folder: string;
  env: NodeJS.ProcessEnv;
  /** Providers that run already: package to port. Over those of `PULUMI_DEBUG_PROVIDERS`. */
  attached: Readonly<Record<string, number>>;
  /** Where the compiled code of children is kept between runs. */
  compileCache: string;
  intercept?: Intercept;
  /** The outputs of another stack by its name, secrets marked. */
  outputsOf(stack: string): Promise<JsonObject | undefined>;
  onEvent: (event: EngineEvent) => void;
  /** Takes note of secrets in what providers answer. */
  learn: (properties: Properties) => void;
  /** Breaks the operation off: a provider that is being started is ended, and none is started any more. */
  signal?: AbortSignal;
}

/** How long a provider may take from its start to its first answers, in seconds, unless `PUSHPOOL_PROVIDER_START_SECONDS` says otherwise. */
const START_SECONDS = 60;
/** How long to look for a provider that is said to run already, in milliseconds. */
const ATTACH_MS = 30_000;

/** One call of a provider's gRPC service; `request` as it went over the wire. */
export interface ProviderCall {
  package: string;
  method: string;
  request: JsonObject;
}

/**
 * Stands between the engine and its providers. What it resolves with has to be what `proceed` did; it may wait before and after, and what it
 * throws the engine takes for the provider's own error.
 */
export type Intercept = (call: ProviderCall, proceed: () => Promise<unknown>) => Promise<unknown>;

/** A provider that can be asked, and how to let it go. */
export interface LoadedProvider {
  provider: HostedProvider;
  /** Tell it that this is the end, then end its process if it is ours. */
  close(): Promise<void>;
}

/** Finds and starts the providers of a deployment: one process for each provider resource, as Pulumi has it. */
export class ProviderHost {
  readonly #options: HostOptions;
  readonly #attached: Readonly<Record<string, number>>;
  readonly #startMs: number;
  readonly #closed = new AbortController();
  /** Every process that was started: none outlives the operation, whatever went wrong before it could be asked. */
  readonly #processes = new Set<ProviderProcess>();

  constructor(options: HostOptions) {
    this.#options = options;
    this.#attached = { ...debugProviders(options.env.PULUMI_DEBUG_PROVIDERS), ...options.attached };
    this.#startMs = secondsIn(options.env, "PUSHPOOL_PROVIDER_START_SECONDS", START_SECONDS);
  }

  /**
   * Start a provider, or attach to one, and greet it.
   * @throws {UserError} if there is no provider for the package, with how to give one; if it does not answer; if the operation is broken off
   */
  async load(packageName: string): Promise<LoadedProvider> {
    const { engineAddress, outputsOf, protocol, folder, intercept, learn } = this.#options;
    if (packageName === BUILTIN) return { provider: builtinProvider(outputsOf), close: async () => {} };
    const port = this.#attached[packageName];
    const signal = this.#startSignal(packageName);
    const started = port === undefined ? await this.#start(packageName, signal) : undefined;
    if (started) this.#processes.add(started);
    const end = () => {
      if (started) this.#processes.delete(started);
      started?.kill();
    };
    let connection: Connection | undefined;
    try {
      const reached = new Connection(protocol, {
        name: packageName,
        address: `127.0.0.1:${started?.port ?? port}`,
        ...(started ? { ended: started.ended } : {}),
        ...(intercept ? { intercept: (method, request, proceed) => intercept({ package: packageName, method, request }, proceed) } : {}),
      });
      connection = reached;
      const provider = new RemoteProvider(reached, engineAddress, learn);
      const limitMs = started ? this.#startMs : Math.min(this.#startMs, ATTACH_MS);
      const greeted = reached.ready(limitMs).then(() => provider.greet(folder, port !== undefined));
      await Promise.race([greeted, rejected(signal), ...(started ? [endOf(started, packageName)] : [])]);
      const close = async () => {
        await provider.cancel().catch(() => {});
        reached.close();
        end();
      };
      return { provider, close };
    } catch (error) {
      connection?.close();
      end();
      if (port === undefined || this.#options.signal?.aborted) throw error;
      throw new UserError(
        `the provider ${packageName} does not answer at port ${port}, where it is said to be attached: ${(error as Error).message}`,
        5,
      );
    }
  }

  /** End every process that is left, and start none any more. */
  close(): void {
    this.#closed.abort(new UserError("the operation has ended"));
    for (const { kill } of this.#processes) kill();
    this.#processes.clear();
  }

  /** Fires when the start of a provider is to be given up; its reason says why. */
  #startSignal(packageName: string): AbortSignal {
    const { signal } = this.#options;
    const starting = new AbortController();
    const interrupted = () => starting.abort(new UserError(`interrupted before the provider ${packageName} could be reached`, 5));
    if (signal?.aborted) interrupted();
    else signal?.addEventListener("abort", interrupted, { once: true, signal: this.#closed.signal });
    const late = setTimeout(() => {
      const limit = `${this.#startMs / 1000} s (PUSHPOOL_PROVIDER_START_SECONDS)`;
      starting.abort(new UserError(`the provider ${packageName} did not answer within ${limit} of its start`, 5));
    }, this.#startMs);
    late.unref();
    return AbortSignal.any([starting.signal, this.#closed.signal]);
  }

  #start(packageName: string, signal: AbortSignal): Promise<ProviderProcess> {
    const { sdk, engineAddress, folder, onEvent } = this.#options;
    const options = { cwd: folder, env: this.#environment(packageName), onEvent, signal };
    if (packageName === DYNAMIC) return startProvider(packageName, process.execPath, [sdk.dynamicProvider, engineAddress], options);
    const plugin = onPath(`pulumi-resource-${packageName}`, this.#options.env);
    if (plugin === undefined)
      throw new UserError(
        `the offline engine has no provider for the package ${packageName}: attach one (PULUMI_DEBUG_PROVIDERS=${packageName}:PORT, or ` +
          `\`providers\` of pushpool/testing), put pulumi-resource-${packageName} on PATH, or use --engine pulumi`,
      );
    return startProvider(packageName, plugin, [engineAddress], options);
  }

  /** What a plugin finds in its environment under Pulumi (sdk/go/common/resource/plugin/provider_plugin.go). */
  #environment(packageName: string): NodeJS.ProcessEnv {
    const { env, project, runtimeOptions, config, compileCache } = this.#options;
    const own = Object.entries(runtimeOptions).map(([key, value]) => [`PULUMI_RUNTIME_${key.toUpperCase()}`, String(value)]);
    return {
      ...env,
      ...Object.fromEntries(own),
      NODE_COMPILE_CACHE: compileCache,
      PULUMI_PROJECT: project,
      PULUMI_CONFIG: JSON.stringify(ofPackage(config, packageName).values),
      ...(packageName === DYNAMIC ? { PULUMI_NODEJS_PROJECT: project } : {}),
    };
  }
}

/** Rejects with a signal's reason once it fires. */
function rejected(signal: AbortSignal): Promise<never> {
  return new Promise((_, fail) => {
    if (signal.aborted) fail(signal.reason);
    signal.addEventListener("abort", () => fail(signal.reason), { once: true });
  });
}

/** Rejects once the process has ended. */
async function endOf({ ended }: ProviderProcess, packageName: string): Promise<never> {
  throw endedEarly(packageName, await ended);
}

/** The part of the configuration that a package's provider gets: its own keys; the dynamic one gets all. */
export function ofPackage({ values, secretKeys }: StackConfig, packageName: string): StackConfig {
  if (packageName === DYNAMIC) return { values, secretKeys };
  const own = (key: string) => key.startsWith(`${packageName}:`);
  return { values: Object.fromEntries(Object.entries(values).filter(([key]) => own(key))), secretKeys: secretKeys.filter(own) };
}

/** `PULUMI_DEBUG_PROVIDERS=gcp:1234,aws:1235`. */
function debugProviders(text = ""): Record<string, number> {
  const entries = text.split(",").filter((entry) => entry.trim() !== "");
  return Object.fromEntries(
    entries.map((entry) => {
      const [, name, port] = /^\s*([^:]+):(\d+)\s*$/.exec(entry) ?? [];
      if (name === undefined) throw new UserError(`PULUMI_DEBUG_PROVIDERS: "${entry}" must be PACKAGE:PORT`);
      return [name, Number(port)];
    }),
  );
}

function onPath(command: string, env: NodeJS.ProcessEnv): string | undefined {
  const folders = (env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.map((folder) => join(folder, command)).find((path) => existsSync(path));
}

import { secondsIn } from "../../duration";
import type { JsonObject } from "../../json";
import { UserError } from "../../userError";
import type { EngineEvent } from "../engineEvents";
import type { Protocol, PulumiSdk } from "../grpc/protocol";
import type { HostedProvider } from "../hostedProvider";
import type { Project } from "../project";
import type { Properties } from "../propertyWire";
import type { StackConfig } from "../stackConfig";
import { BUILTIN, builtinProvider } from "./builtin";
import { findPlugin, NODE_DYNAMIC, PYTHON_DYNAMIC } from "./plugin";
import { earlyExitError, type ProviderProcess, startProvider } from "./process";
import { ProviderConnection } from "./providerConnection";
import { RemoteProvider } from "./remoteProvider";

interface HostOptions {
  sdk: PulumiSdk;
  protocol: Protocol;
  /** The address of the engine's gRPC server. */
  engineAddress: string;
  project: Project;
  config: StackConfig;
  /** The folder of the program, from which a dynamic provider resolves its packages. */
  folder: string;
  env: NodeJS.ProcessEnv;
  /** Running providers: package to port. These override `PULUMI_DEBUG_PROVIDERS`. */
  attached: Readonly<Record<string, number>>;
  /** The folder for the compile cache of child processes. */
  compileCache: string;
  intercept?: Intercept;
  /** Gives the outputs of another stack by its name, secrets marked. */
  outputsOf(stack: string): Promise<JsonObject | undefined>;
  onEvent: (event: EngineEvent) => void;
  /** Records the secrets in providers' answers, to redact them. */
  learn: (properties: Properties) => void;
  /** Interrupts the operation: a provider that is starting is ended, and no other is started. */
  signal?: AbortSignal;
}

/** How long a provider may take from its start to its first answers, in seconds. `PUSHPOOL_PROVIDER_START_SECONDS` overrides it. */
const START_SECONDS = 60;
/** How long to wait for a running provider to answer, in milliseconds. */
const ATTACH_MS = 30_000;

/** One call of a provider's gRPC service. `request` is in wire format. */
export interface ProviderCall {
  package: string;
  method: string;
  request: JsonObject;
}

/**
 * Intercepts the calls of the engine to its providers. It must resolve with the result of `proceed`, and may wait before and after it.
 * The engine treats an error that it throws as the provider's own error.
 */
export type Intercept = (call: ProviderCall, proceed: () => Promise<unknown>) => Promise<unknown>;

/** A running provider, and how to close it. */
export interface LoadedProvider {
  provider: HostedProvider;
  /** Cancel its work, then end its process if pushpool started it. */
  close(): Promise<void>;
}

/** Finds and starts the providers of an operation: one process for each provider resource, as Pulumi does. */
export class ProviderHost {
  readonly #options: HostOptions;
  readonly #attached: Readonly<Record<string, number>>;
  readonly #startMs: number;
  readonly #closed = new AbortController();
  /** Providers that were started before the program needs them, by package. */
  readonly #ahead = new Map<string, Promise<LoadedProvider>>();
  /** Every process that was started. All of them end with the operation, even if their start failed. */
  readonly #processes = new Set<ProviderProcess>();

  constructor(options: HostOptions) {
    this.#options = options;
    this.#attached = { ...debugProviders(options.env.PULUMI_DEBUG_PROVIDERS), ...options.attached };
    this.#startMs = secondsIn(options.env, "PUSHPOOL_PROVIDER_START_SECONDS", START_SECONDS);
  }

  /**
   * Start the providers that the project file names, so that they load while the program does. If one cannot be started, only a program that
   * uses the package hears of it.
   */
  startNamed(): void {
    for (const packageName of Object.keys(this.#options.project.packages)) this.#startAhead(packageName);
  }

  /**
   * Start a provider or attach to a running one, and do the handshake. Takes the one that was started ahead, if it is not in use.
   * @throws {UserError} if the package has no provider, if the provider does not answer, or if the operation is interrupted
   */
  async load(packageName: string): Promise<LoadedProvider> {
    const ahead = this.#ahead.get(packageName);
    this.#ahead.delete(packageName);
    return ahead ?? this.#load(packageName);
  }

  /**
   * The schema of a package, as JSON; `undefined` if its provider serves none. The provider keeps running: the program uses it.
   * @throws {UserError} as {@link load}
   */
  async schema(packageName: string): Promise<string | undefined> {
    return (await this.#startAhead(packageName)).provider.schema();
  }

  #startAhead(packageName: string): Promise<LoadedProvider> {
    const loading = this.#ahead.get(packageName) ?? this.#load(packageName);
    loading.catch(() => {});
    this.#ahead.set(packageName, loading);
    return loading;
  }

  async #load(packageName: string): Promise<LoadedProvider> {
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
    let connection: ProviderConnection | undefined;
    try {
      const connected = new ProviderConnection(protocol, {
        name: packageName,
        address: `127.0.0.1:${started?.port ?? port}`,
        ...(started ? { ended: started.ended } : {}),
        ...(intercept ? { intercept: (method, request, proceed) => intercept({ package: packageName, method, request }, proceed) } : {}),
      });
      connection = connected;
      const provider = new RemoteProvider(connected, engineAddress, learn);
      // The signal gives up on a provider that was started.
      const limitMs = started ? Number.POSITIVE_INFINITY : Math.min(this.#startMs, ATTACH_MS);
      const handshaken = connected.ready(limitMs).then(() => provider.handshake(folder, port !== undefined));
      await Promise.race([handshaken, rejectOnAbort(signal), ...(started ? [rejectOnExit(started, packageName)] : [])]);
      const close = async () => {
        await provider.cancel().catch(() => {});
        connected.close();
        end();
      };
      return { provider, close };
    } catch (error) {
      connection?.close();
      end();
      if (port === undefined || this.#options.signal?.aborted) throw error;
      throw new UserError(
        `the provider ${packageName} does not answer at port ${port}, where it should be running: ${(error as Error).message}`,
        5,
      );
    }
  }

  /** End every process that is left, and start no others. */
  close(): void {
    this.#closed.abort(new UserError("the operation has ended"));
    for (const loading of this.#ahead.values())
      void loading.then(
        ({ close }) => close(),
        () => {},
      );
    this.#ahead.clear();
    for (const { kill } of this.#processes) kill();
    this.#processes.clear();
  }

  /** Fires when pushpool must give up on the start of a provider. Its reason says why. */
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

  async #start(packageName: string, signal: AbortSignal): Promise<ProviderProcess> {
    const { sdk, engineAddress, folder, project, onEvent } = this.#options;
    const { command, args, env } = await findPlugin(packageName, { project, folder, sdk, env: this.#environment(packageName) });
    return startProvider(packageName, command, [...args, engineAddress], { cwd: folder, env, onEvent, signal });
  }

  /** The environment that Pulumi gives to a plugin (sdk/go/common/resource/plugin/provider_plugin.go). */
  #environment(packageName: string): NodeJS.ProcessEnv {
    const { env, project, config, compileCache } = this.#options;
    const own = Object.entries(project.runtimeOptions).map(([key, value]) => [`PULUMI_RUNTIME_${key.toUpperCase()}`, String(value)]);
    return {
      ...env,
      ...Object.fromEntries(own),
      NODE_COMPILE_CACHE: compileCache,
      PULUMI_PROJECT: project.name,
      PULUMI_CONFIG: JSON.stringify(configOfPackage(config, packageName).values),
      ...(packageName === NODE_DYNAMIC ? { PULUMI_NODEJS_PROJECT: project.name } : {}),
    };
  }
}

/** Rejects with the signal's reason when it fires. */
function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, fail) => {
    if (signal.aborted) fail(signal.reason);
    signal.addEventListener("abort", () => fail(signal.reason), { once: true });
  });
}

/** Rejects when the process ends. */
async function rejectOnExit({ ended }: ProviderProcess, packageName: string): Promise<never> {
  throw earlyExitError(packageName, await ended);
}

/** The configuration for a package's provider: the package's own keys. A dynamic provider gets all keys. */
export function configOfPackage({ values, secretKeys }: StackConfig, packageName: string): StackConfig {
  if (packageName === NODE_DYNAMIC || packageName === PYTHON_DYNAMIC) return { values, secretKeys };
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

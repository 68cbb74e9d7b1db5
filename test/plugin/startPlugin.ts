// The provider for other languages as Pulumi's CLI starts and calls it: its program, over gRPC, with a monitor that records what is
// registered.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import * as grpc from "@grpc/grpc-js";
import type * as provider from "@pulumi/pulumi/proto/provider_pb";
import type * as resource from "@pulumi/pulumi/proto/resource_pb";
import type { JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import { engineService } from "../../src/engine/grpc/engineService";
import { startGrpcServer, unary } from "../../src/engine/grpc/grpcServer";
import { findSdk } from "../../src/engine/grpc/protocol";
import type { JsonObject } from "../../src/json";

const root = join(__dirname, "..", "..");
export const protocol = findSdk(root).load();

/** A resource that a construct registered. */
export interface Registered {
  type: string;
  name: string;
  parent: string;
  custom: boolean;
  inputs: JsonObject;
  provider: string;
  providers: Record<string, string>;
  dependencies: string[];
  protect: boolean;
  ignoreChanges: string[];
  aliases: string[];
}

/** What an answer of the provider is: an error's text, or the response. */
export type Answer<Response> =
  | { error: string; metadata?: grpc.Metadata; response?: undefined }
  | { error?: undefined; response: Response };

export interface Plugin {
  call<Response>(method: string, request: unknown): Promise<Answer<Response>>;
  construct(options: ConstructOptions): Promise<Constructed>;
  output: string[];
  stop(): Promise<void>;
}

export interface ConstructOptions {
  type: string;
  name: string;
  inputs: JsonObject;
  inputDependencies?: Record<string, string[]>;
  dryRun?: boolean;
  config?: Record<string, string>;
  set?: (request: provider.ConstructRequest) => void;
  /** The outputs of a registered resource. By default its inputs, and `<type>-<name>` for its id. */
  outputs?: (registered: Registered) => JsonObject;
  /** Called when the provider asks what the engine supports. */
  onFeatures?: () => void;
}

export interface Constructed {
  error?: string;
  urn: string;
  state: JsonObject;
  dependencies: Record<string, string[]>;
  registered: Registered[];
  registeredOutputs: Record<string, JsonObject>;
}

export function structOf(properties: JsonObject): Struct {
  return protocol.struct.Struct.fromJavaScript(properties as { [key: string]: JavaScriptValue });
}

/** How Pulumi's CLI starts a plugin from its folder: by the program in it, if there is one of the name it expects; else by the SDK. */
const STARTS = {
  program: [join(root, "pulumi-resource-pushpool")],
  runPlugin: [process.execPath, join(root, "node_modules", "@pulumi", "pulumi", "cmd", "run-plugin", "index.js"), root],
} as const;

interface StartOptions {
  /** The folder of the user's project. */
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  by?: keyof typeof STARTS;
  /** Flags that Pulumi passes before the engine's address. */
  flags?: string[];
}

/** Start the built provider. */
export async function startPlugin({ cwd = root, env = {}, by = "program", flags = [] }: StartOptions = {}): Promise<Plugin> {
  const engine = await startGrpcServer([engineService(protocol, () => {})]);
  const [command, ...args] = STARTS[by];
  const child = spawn(command, [...args, ...flags, engine.address], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => output.push(line));
  const lines = createInterface({ input: child.stdout });
  const port = await new Promise<string>((done, fail) => {
    lines.once("line", (line) => done(line));
    child.once("exit", (code) => fail(new Error(`the provider ended with ${code}:\n${output.join("\n")}`)));
  });
  lines.on("line", (line) => output.push(line));
  const Client = grpc.makeGenericClientConstructor(protocol.providerService, "ResourceProvider");
  const client = new Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure()) as grpc.Client & Record<string, unknown>;

  const call = <Response>(method: string, request: unknown): Promise<Answer<Response>> =>
    new Promise((done) => {
      const invoke = client[method] as (request: unknown, reply: (error: grpc.ServiceError | null, response: Response) => void) => void;
      invoke.call(client, request, (error, response) => done(error ? { error: error.details, metadata: error.metadata } : { response }));
    });

  return {
    call,
    output,
    construct: (options) => constructOn(call, options),
    stop: async () => {
      client.close();
      engine.close();
      const ended = once(child, "exit");
      if (child.exitCode === null && child.kill()) await ended;
    },
  };
}

async function constructOn(call: Plugin["call"], options: ConstructOptions): Promise<Constructed> {
  const { type, name, inputs, inputDependencies = {}, dryRun = false, config = {}, set } = options;
  const registered: Registered[] = [];
  const registeredOutputs: Record<string, JsonObject> = {};
  const monitor = await startMonitor(registered, registeredOutputs, options);
  try {
    const request = new protocol.provider.ConstructRequest();
    request.setProject("proj").setStack("dev").setOrganization("organization").setDryrun(dryRun).setParallel(16);
    request.setMonitorendpoint(monitor.address).setType(type).setName(name).setInputs(structOf(inputs)).setAcceptsOutputValues(true);
    for (const [key, value] of Object.entries(config)) request.getConfigMap().set(key, value);
    for (const [key, urns] of Object.entries(inputDependencies))
      request.getInputdependenciesMap().set(key, new protocol.provider.ConstructRequest.PropertyDependencies().setUrnsList(urns));
    set?.(request);
    const { error, response } = await call<provider.ConstructResponse>("construct", request);
    const dependencies: Record<string, string[]> = {};
    response?.getStatedependenciesMap().forEach((on, key) => {
      dependencies[key] = on.getUrnsList();
    });
    const state = (response?.getState()?.toJavaScript() ?? {}) as JsonObject;
    return { ...(error === undefined ? {} : { error }), urn: response?.getUrn() ?? "", state, dependencies, registered, registeredOutputs };
  } finally {
    monitor.close();
  }
}

export async function startMonitor(
  registered: Registered[],
  registeredOutputs: Record<string, JsonObject>,
  { dryRun, outputs, onFeatures }: Pick<ConstructOptions, "dryRun" | "outputs" | "onFeatures">,
) {
  const { resource: messages, empty } = protocol;
  const features = Object.values(messages.ResourceMonitorFeature as unknown as Record<string, number>);
  return startGrpcServer([
    [
      protocol.monitorService,
      {
        getDeploymentInfo: unary(() => {
          onFeatures?.();
          return new messages.DeploymentInfo().setSupportedfeaturesList(features as never);
        }),
        supportsFeature: unary(() => new messages.SupportsFeatureResponse().setHassupport(true)),
        registerResource: unary((request: resource.RegisterResourceRequest) => {
          const seen = registrationOf(request);
          registered.push(seen);
          const response = new messages.RegisterResourceResponse();
          response.setUrn(`urn:pulumi:dev::proj::${seen.type}::${seen.name}`);
          if (seen.custom && !dryRun) response.setId(`${seen.type}-${seen.name}`);
          response.setObject(structOf({ ...seen.inputs, ...outputs?.(seen) }));
          return response;
        }),
        registerResourceOutputs: unary((request: resource.RegisterResourceOutputsRequest) => {
          registeredOutputs[request.getUrn()] = (request.getOutputs()?.toJavaScript() ?? {}) as JsonObject;
          return new empty.Empty();
        }),
        invoke: unary(() => new messages.ResourceInvokeResponse().setReturn(structOf({}))),
      },
    ],
  ]);
}

function registrationOf(request: resource.RegisterResourceRequest): Registered {
  const providers: Record<string, string> = {};
  request.getProvidersMap().forEach((reference, name) => {
    providers[name] = reference;
  });
  return {
    type: request.getType(),
    name: request.getName(),
    parent: request.getParent(),
    custom: request.getCustom(),
    inputs: (request.getObject()?.toJavaScript() ?? {}) as JsonObject,
    provider: request.getProvider(),
    providers,
    dependencies: request.getDependenciesList(),
    protect: request.getProtect() ?? false,
    ignoreChanges: request.getIgnorechangesList(),
    aliases: request.getAliasesList().map((alias) => alias.getUrn() || JSON.stringify(alias.getSpec()?.toObject())),
  };
}

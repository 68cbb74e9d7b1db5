import * as grpc from "@grpc/grpc-js";
import type * as callback from "@pulumi/pulumi/proto/callback_pb";
import type { JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";
import { asOutputValues, dependenciesIn, type Properties, withDependencies } from "../propertyWire";
import { MAX_MESSAGE_BYTES } from "./grpcServer";
import type { Protocol } from "./protocol";
import { type PackageRequest, type Registration, rawProperties } from "./registration";

type Invoke = (request: unknown, done: (error: grpc.ServiceError | null, response: callback.CallbackInvokeResponse) => void) => void;

/**
 * The transforms of a program: functions that may change the inputs and options of a resource before it is registered. They run in the
 * program, which serves them over gRPC (pulumi/callback.proto). First those of the resource run, then those of its parents from the inside
 * out, then the stack's.
 */
export class Transforms {
  readonly #protocol: Protocol;
  readonly #clients = new Map<string, grpc.Client>();
  readonly #ofStack: callback.Callback[] = [];
  readonly #ofInvokes: callback.Callback[] = [];
  readonly #ofResource = new Map<string, callback.Callback[]>();
  /** Those of remote components, until their provider registers them. */
  readonly #ofConstruction = new Map<string, callback.Callback[]>();

  constructor(protocol: Protocol) {
    this.#protocol = protocol;
  }

  addToStack(transform: callback.Callback): void {
    this.#ofStack.push(transform);
  }

  addToInvokes(transform: callback.Callback): void {
    this.#ofInvokes.push(transform);
  }

  /** The transforms of a resource itself. Those of a remote component wait for the registration by its provider. */
  own({ parent, type, name }: Registration, given: callback.Callback[], remote: boolean): callback.Callback[] {
    const key = `${parent}::${type}::${name}`;
    const waiting = this.#ofConstruction.get(key);
    this.#ofConstruction.delete(key);
    if (waiting) return waiting;
    if (remote && given.length > 0) this.#ofConstruction.set(key, given);
    return given;
  }

  /** Keep a resource's transforms for its children. */
  keep(urn: string, own: callback.Callback[]): void {
    this.#ofResource.set(urn, own);
  }

  /**
   * Run all transforms of a registration.
   * @param given the transforms that the registration itself names: then dependencies are read from the result
   * @param parents the resource's parents, from the inside out
   */
  async transform(
    registration: Registration,
    own: callback.Callback[],
    given: callback.Callback[],
    parents: string[],
  ): Promise<Registration> {
    const transforms = [...own, ...parents.flatMap((urn) => this.#ofResource.get(urn) ?? []), ...this.#ofStack];
    if (transforms.length === 0) return registration;
    const inputs = asOutputValues(registration.inputs) as Properties;
    const tracked = given.length > 0 ? withDependencies(inputs, registration.propertyDependencies) : inputs;
    let transformed: Registration = { ...registration, inputs: tracked };
    for (const transform of transforms) transformed = await this.#transform(transformed, transform);
    if (given.length === 0) return transformed;
    const propertyDependencies = Object.fromEntries(
      Object.keys(transformed.inputs).map((key) => [key, dependenciesIn(transformed.inputs[key])]),
    );
    const dependencies = [...transformed.options.getDependsOnList(), ...Object.values(propertyDependencies).flat()];
    return { ...transformed, dependencies: [...new Set(dependencies)], propertyDependencies };
  }

  async #transform(registration: Registration, transform: callback.Callback): Promise<Registration> {
    const { resource, struct } = this.#protocol;
    const { type, name, custom, parent, inputs, options } = registration;
    const request = new resource.TransformRequest();
    request.setType(type).setName(name).setCustom(custom).setParent(parent).setOptions(options);
    request.setProperties(struct.Struct.fromJavaScript(inputs as { [key: string]: JavaScriptValue }));
    const answer = resource.TransformResponse.deserializeBinary(await this.#call(transform, request.serializeBinary()));
    const properties = answer.getProperties();
    return { ...registration, options: answer.getOptions() ?? options, inputs: properties ? rawProperties(properties) : inputs };
  }

  /** Run the transforms of function calls. */
  async transformInvoke(
    token: string,
    invocation: { args: Properties; provider: string; plugin: PackageRequest },
  ): Promise<{ args: Properties; provider: string; plugin: PackageRequest }> {
    const { resource, struct } = this.#protocol;
    let { args, provider, plugin } = invocation;
    for (const transform of this.#ofInvokes) {
      const options = new resource.TransformInvokeOptions();
      options.setProvider(provider).setVersion(plugin.version).setPluginDownloadUrl(plugin.downloadUrl);
      const request = new resource.TransformInvokeRequest().setToken(token).setOptions(options);
      request.setArgs(struct.Struct.fromJavaScript(args as { [key: string]: JavaScriptValue }));
      const answer = resource.TransformInvokeResponse.deserializeBinary(await this.#call(transform, request.serializeBinary()));
      const changed = answer.getOptions();
      if (answer.getArgs()) args = rawProperties(answer.getArgs());
      if (!changed) continue;
      provider = changed.getProvider();
      plugin = { ...plugin, version: changed.getVersion(), downloadUrl: changed.getPluginDownloadUrl() };
    }
    return { args, provider, plugin };
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
  }

  #call(transform: callback.Callback, bytes: Uint8Array): Promise<Uint8Array> {
    const { callback } = this.#protocol;
    const request = new callback.CallbackInvokeRequest().setToken(transform.getToken()).setRequest(bytes);
    const client = this.#clientOf(transform.getTarget());
    return new Promise((done, fail) => {
      (client as grpc.Client & { invoke: Invoke }).invoke(request, (error, response) => {
        if (error) fail(new Error(`a transform failed: ${error.details || error.message}`));
        else done(response.getResponse_asU8());
      });
    });
  }

  #clientOf(target: string): grpc.Client {
    const known = this.#clients.get(target);
    if (known) return known;
    const CallbacksClient = grpc.makeGenericClientConstructor(this.#protocol.callbackService, "Callbacks");
    const client = new CallbacksClient(target, grpc.credentials.createInsecure(), {
      "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
      "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
      "grpc.enable_http_proxy": 0,
    });
    this.#clients.set(target, client);
    return client;
  }
}

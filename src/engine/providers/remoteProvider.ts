import type {
  CallResponse,
  CheckResponse,
  ConfigureResponse,
  ConstructResponse,
  CreateResponse,
  DiffResponse,
  GetSchemaResponse,
  InvokeResponse,
  ReadResponse,
  UpdateResponse,
} from "@pulumi/pulumi/proto/provider_pb";
import type { JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import { holdsUnknown } from "../../unknown";
import type { Construction, HostedProvider, Identity, InvokeResult, MethodCall, Surroundings, WithDependencies } from "../hostedProvider";
import { type Properties, withOpenSecrets, withoutContent, withoutReferences, withSecretsLike } from "../propertyWire";
import { type CheckFailure, type Diff, PartialFailure, type Provider, ProviderError, type ReadResult } from "../provider";
import { nameOf, typeOf } from "../urn";
import { callRequest, constructRequest, withDependenciesOf } from "./componentRequests";
import { type Features, handshaken } from "./handshake";
import { type ProviderConnection, propertiesFrom } from "./providerConnection";
import { diffOf, failuresOf, rethrowUnlessUnimplemented, UNKNOWN_DIFF } from "./replies";

interface AboutResource {
  setUrn(urn: string): this;
  setName(name: string): this;
  setType(type: string): this;
}

/** A request that says which resource it is about. */
function about<Request extends AboutResource>(request: Request, urn: string): Request {
  return request.setUrn(urn).setName(nameOf(urn)).setType(typeOf(urn));
}

/**
 * A provider behind gRPC. Its requests are the same as those of Pulumi's engine (recorded).
 *
 * In a preview the configuration may hold unknown values. Then the engine neither configures nor calls the provider: it
 * accepts all inputs unchanged, and knows no outputs.
 */
export class RemoteProvider implements HostedProvider {
  #features: Features = { secrets: false, resources: false, outputs: false, preview: false };
  #configured = false;

  constructor(
    readonly connection: ProviderConnection,
    /** The engine's address, to which the provider sends its log. */
    readonly engineAddress: string,
    /** Records the secrets in its answers, to redact them. */
    readonly learn: (properties: Properties) => void,
  ) {}

  /**
   * Do the handshake.
   * @param attached the provider was running already, so it must be given the engine's address
   */
  async handshake(root: string, attached: boolean): Promise<void> {
    this.#features = (await handshaken(this.connection, { root, attached, engineAddress: this.engineAddress })) ?? this.#features;
  }

  /** CheckConfig. A provider without it accepts any configuration. Secrets are sent in plain text, and marked again in the answer. */
  async checkConfig({
    urn,
    olds,
    news,
  }: {
    urn: string;
    olds: Properties;
    news: Properties;
  }): Promise<{ inputs: Properties; failures: CheckFailure[] }> {
    const request = about(new this.connection.protocol.provider.CheckRequest(), urn);
    request.setOlds(this.#struct(withOpenSecrets(olds))).setNews(this.#struct(withOpenSecrets(news)));
    try {
      const response = await this.connection.call<CheckResponse>("checkConfig", request);
      return { inputs: withSecretsLike(propertiesFrom(response.getInputs()), news), failures: failuresOf(response) };
    } catch (error) {
      rethrowUnlessUnimplemented(error);
      return { inputs: news, failures: [] };
    }
  }

  /** DiffConfig. A provider without it is never replaced because of its configuration. */
  async diffConfig({
    urn,
    oldInputs,
    oldOutputs,
    inputs,
  }: {
    urn: string;
    oldInputs: Properties;
    oldOutputs: Properties;
    inputs: Properties;
  }): Promise<Diff> {
    const request = about(new this.connection.protocol.provider.DiffRequest(), urn);
    request
      .setOlds(this.#struct(withOpenSecrets(oldOutputs)))
      .setNews(this.#struct(withOpenSecrets(inputs)))
      .setOldInputs(this.#struct(withOpenSecrets(oldInputs)));
    try {
      return diffOf(await this.connection.call<DiffResponse>("diffConfig", request));
    } catch (error) {
      rethrowUnlessUnimplemented(error);
      return UNKNOWN_DIFF;
    }
  }

  /** Configure it, unless its configuration holds unknown values. */
  async configure({ urn, id }: Identity, inputs: Properties): Promise<void> {
    if (holdsUnknown(inputs)) return;
    const request = new this.connection.protocol.provider.ConfigureRequest();
    const name = typeOf(urn).split(":").at(-1);
    for (const [key, value] of Object.entries(withOpenSecrets(inputs)))
      request.getVariablesMap().set(`${name}:config:${key}`, typeof value === "string" ? value : JSON.stringify(value));
    request
      .setArgs(this.#struct(inputs))
      .setAcceptsecrets(true)
      .setAcceptresources(true)
      .setSendsOldInputs(true)
      .setSendsOldInputsToDelete(true);
    about(request, urn).setId(id);
    const response = await this.connection.call<ConfigureResponse>("configure", request);
    const { secrets, resources, outputs, preview } = this.#features;
    this.#features = {
      secrets: secrets || response.getAcceptsecrets(),
      resources: resources || response.getAcceptresources(),
      outputs: outputs || response.getAcceptoutputs(),
      preview: preview || response.getSupportspreview(),
    };
    this.#configured = true;
  }

  async check({ urn, olds, news, seed }: Parameters<Provider["check"]>[0]): Promise<{ inputs: Properties; failures: CheckFailure[] }> {
    if (!this.#configured) return { inputs: news, failures: [] };
    const request = about(new this.connection.protocol.provider.CheckRequest(), urn);
    request.setRandomseed(seed);
    request.setOlds(this.#outgoing(olds)).setNews(this.#outgoing(news));
    const response = await this.connection.call<CheckResponse>("check", request);
    return { inputs: this.#incoming(propertiesFrom(response.getInputs()), news), failures: failuresOf(response) };
  }

  async diff({ urn, id, oldInputs, oldOutputs, inputs, ignoreChanges }: Parameters<Provider["diff"]>[0]): Promise<Diff> {
    if (!this.#configured) return UNKNOWN_DIFF;
    const request = about(new this.connection.protocol.provider.DiffRequest(), urn);
    request.setId(id).setIgnorechangesList(ignoreChanges);
    request
      .setOlds(this.#outgoingForComparison(oldOutputs))
      .setNews(this.#outgoingForComparison(inputs))
      .setOldInputs(this.#outgoingForComparison(oldInputs));
    return diffOf(await this.connection.call<DiffResponse>("diff", request));
  }

  async create({ urn, inputs, timeout, preview }: Parameters<Provider["create"]>[0]): Promise<{ id: string; outputs: Properties }> {
    if (!this.#configured) return { id: "", outputs: {} };
    if (preview && !this.#features.preview) return { id: "", outputs: inputs };
    const request = about(new this.connection.protocol.provider.CreateRequest(), urn);
    request.setProperties(this.#outgoing(inputs)).setTimeout(timeout).setPreview(preview);
    const response = await this.#markingPartialFailure(inputs, () => this.connection.call<CreateResponse>("create", request));
    const id = response.getId();
    if (id === "" && !preview) throw new ProviderError("provider returned empty ID from create", false);
    return { id, outputs: this.#incoming(propertiesFrom(response.getProperties()), inputs) };
  }

  async update({
    urn,
    id,
    oldInputs,
    oldOutputs,
    inputs,
    timeout,
    ignoreChanges,
    preview,
  }: Parameters<Provider["update"]>[0]): Promise<{ outputs: Properties }> {
    if (!this.#configured) return { outputs: {} };
    if (preview && !this.#features.preview) return { outputs: inputs };
    const request = about(new this.connection.protocol.provider.UpdateRequest(), urn);
    request.setId(id).setTimeout(timeout).setIgnorechangesList(ignoreChanges).setPreview(preview);
    request
      .setOlds(this.#outgoingForComparison(oldOutputs))
      .setNews(this.#outgoing(inputs))
      .setOldInputs(this.#outgoingForComparison(oldInputs));
    const response = await this.#markingPartialFailure(inputs, () => this.connection.call<UpdateResponse>("update", request));
    return { outputs: this.#incoming(propertiesFrom(response.getProperties()), inputs) };
  }

  async read({ urn, id, inputs, outputs }: Parameters<Provider["read"]>[0]): Promise<ReadResult> {
    if (!this.#configured) return { id, outputs: {}, initErrors: [] };
    const request = about(new this.connection.protocol.provider.ReadRequest(), urn);
    request.setId(id).setProperties(this.#outgoingForComparison(outputs)).setInputs(this.#outgoingForComparison(inputs));
    try {
      const response = await this.connection.call<ReadResponse>("read", request);
      const read = response.getInputs();
      return {
        id: response.getId(),
        outputs: this.#incoming(propertiesFrom(response.getProperties()), outputs),
        ...(read ? { inputs: this.#incoming(propertiesFrom(read), inputs) } : {}),
        initErrors: [],
      };
    } catch (error) {
      if (!(error instanceof PartialFailure)) throw error;
      const found = { id: error.id || id, outputs: this.#incoming(error.outputs, outputs), initErrors: error.reasons };
      return error.inputs ? { ...found, inputs: this.#incoming(error.inputs, inputs) } : found;
    }
  }

  async delete({ urn, id, inputs, outputs, timeout }: Parameters<Provider["delete"]>[0]): Promise<void> {
    const request = about(new this.connection.protocol.provider.DeleteRequest(), urn);
    request.setId(id).setTimeout(timeout);
    request.setProperties(this.#outgoingForComparison(outputs)).setOldInputs(this.#outgoingForComparison(inputs));
    await this.connection.call("delete", request);
  }

  async invoke(token: string, args: Properties, preview: boolean): Promise<InvokeResult> {
    if (!this.#configured) return { kind: "returned", value: {}, failures: [] };
    const request = new this.connection.protocol.provider.InvokeRequest();
    request.setTok(token).setArgs(this.#outgoing(args)).setPreview(preview);
    const response = await this.connection.call<InvokeResponse>("invoke", request);
    const value = propertiesFrom(response.getReturn());
    this.learn(value);
    return { kind: "returned", value, failures: failuresOf(response) };
  }

  async construct(construction: Construction, surroundings: Surroundings): Promise<({ urn: string } & WithDependencies) | undefined> {
    if (!this.#configured) return undefined;
    const request = constructRequest(this.connection.protocol, construction, surroundings, this.#features.outputs);
    const response = await this.connection.call<ConstructResponse>("construct", request);
    return { urn: response.getUrn(), ...this.#learned(withDependenciesOf(response.getState(), response.getStatedependenciesMap())) };
  }

  async call(call: MethodCall, surroundings: Surroundings): Promise<{ failures: CheckFailure[] } & WithDependencies> {
    if (!this.#configured) return { values: {}, dependencies: {}, failures: [] };
    const request = callRequest(this.connection.protocol, call, surroundings, this.#features.outputs);
    const response = await this.connection.call<CallResponse>("call", request);
    const returned = this.#learned(withDependenciesOf(response.getReturn(), response.getReturndependenciesMap()));
    return { ...returned, failures: failuresOf(response) };
  }

  #learned(answer: WithDependencies): WithDependencies {
    this.learn(answer.values);
    return answer;
  }

  async schema(): Promise<string | undefined> {
    try {
      const response = await this.connection.call<GetSchemaResponse>("getSchema", new this.connection.protocol.provider.GetSchemaRequest());
      return response.getSchema() || undefined;
    } catch (error) {
      rethrowUnlessUnimplemented(error);
      return undefined;
    }
  }

  async cancel(): Promise<void> {
    await this.connection.call("cancel", new this.connection.protocol.empty.Empty());
  }

  #outgoing(properties: Properties): Struct {
    const open = this.#features.secrets ? properties : withOpenSecrets(properties);
    return this.#struct(this.#features.resources ? open : withoutReferences(open));
  }

  /** Properties for comparison only: assets are sent as hashes. */
  #outgoingForComparison(properties: Properties): Struct {
    return this.#outgoing(withoutContent(properties));
  }

  #struct(properties: Properties): Struct {
    return this.connection.protocol.struct.Struct.fromJavaScript(properties as { [key: string]: JavaScriptValue });
  }

  /**
   * The answer with its secrets marked. For a provider without support for secrets, an output is secret if the input at the same place is.
   */
  #incoming(answer: Properties, given: Properties): Properties {
    const answered = this.#features.secrets ? answer : withSecretsLike(answer, given);
    this.learn(answered);
    return answered;
  }

  async #markingPartialFailure<T>(given: Properties, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof PartialFailure)) throw error;
      throw new PartialFailure(
        error.id,
        this.#incoming(error.outputs, given),
        error.reasons,
        error.inputs && this.#incoming(error.inputs, given),
      );
    }
  }
}

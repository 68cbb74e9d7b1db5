import type {
  CheckResponse,
  ConfigureResponse,
  CreateResponse,
  DiffResponse,
  InvokeResponse,
  ReadResponse,
  UpdateResponse,
} from "@pulumi/pulumi/proto/provider_pb";
import type { JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import {
  type CheckFailure,
  type Diff,
  type HostedProvider,
  type Identity,
  type InvokeResult,
  PartialFailure,
  PROPERTY_CHANGES,
  type Provider,
  ProviderError,
  type ReadResult,
} from "../provider";
import { nameOf, typeOf } from "../urn";
import { holdsUnknown, type Properties, secretLike, withoutContent, withoutReferences, withoutSecrets } from "../wire";
import { type Connection, plain } from "./connection";

/** What a provider said that it can take. */
interface Accepts {
  secrets: boolean;
  resources: boolean;
  /** It answers create and update in a preview too. */
  preview: boolean;
}

/**
 * One configured provider behind gRPC: each request as Pulumi's engine words it (recorded), and its answers as {@link Provider} has them.
 *
 * Where its configuration is not known yet (in a preview), it is not configured and not asked: resources are then what they were given.
 */
export class RemoteProvider implements HostedProvider {
  #accepts: Accepts = { secrets: false, resources: false, preview: false };
  #configured = false;

  constructor(
    readonly connection: Connection,
    /** Where the engine listens for what the provider has to say. */
    readonly engineAddress: string,
    /** Takes note of secrets in what it answers. */
    readonly learn: (properties: Properties) => void,
  ) {}

  /** @param attached it ran before us: it is told where the engine is, as one that we start is by its argument */
  async greet(root: string, attached: boolean): Promise<void> {
    const { provider, plugin, empty } = this.connection.protocol;
    const request = new provider.ProviderHandshakeRequest();
    request.setEngineAddress(this.engineAddress);
    if (!attached) request.setRootDirectory(root).setProgramDirectory(root);
    request.setConfigureWithUrn(true).setSupportsViews(true).setSupportsRefreshBeforeUpdate(true).setInvokeWithPreview(true);
    try {
      const response = await this.connection.call<InstanceType<typeof provider.ProviderHandshakeResponse>>("handshake", request);
      this.#accepts = { secrets: response.getAcceptSecrets(), resources: response.getAcceptResources(), preview: true };
    } catch (error) {
      if (!(error instanceof ProviderError && error.unimplemented)) throw error;
    }
    if (attached) {
      const request = new plugin.PluginAttach();
      request.setAddress(this.engineAddress);
      await this.connection.call("attach", request).catch(orUnimplemented);
    }
    await this.connection.call("getPluginInfo", new empty.Empty()).catch(orUnimplemented);
  }

  /** CheckConfig; a provider without it takes what it gets. Secrets go in plain, and come back marked. */
  async checkConfig({
    urn,
    olds,
    news,
  }: {
    urn: string;
    olds: Properties;
    news: Properties;
  }): Promise<{ inputs: Properties; failures: CheckFailure[] }> {
    const request = new this.connection.protocol.provider.CheckRequest();
    request.setUrn(urn).setName(nameOf(urn)).setType(typeOf(urn));
    request.setOlds(this.#struct(withoutSecrets(olds))).setNews(this.#struct(withoutSecrets(news)));
    try {
      const response = await this.connection.call<CheckResponse>("checkConfig", request);
      return { inputs: secretLike(plain(response.getInputs()), news), failures: failuresOf(response) };
    } catch (error) {
      orUnimplemented(error);
      return { inputs: news, failures: [] };
    }
  }

  /** DiffConfig; with one that has none, a provider is never replaced for its configuration. */
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
    const request = new this.connection.protocol.provider.DiffRequest();
    request.setUrn(urn).setName(nameOf(urn)).setType(typeOf(urn));
    request
      .setOlds(this.#struct(withoutSecrets(oldOutputs)))
      .setNews(this.#struct(withoutSecrets(inputs)))
      .setOldInputs(this.#struct(withoutSecrets(oldInputs)));
    try {
      return diffOf(await this.connection.call<DiffResponse>("diffConfig", request));
    } catch (error) {
      orUnimplemented(error);
      return { changes: "unknown", replaces: [], diffs: [], deleteBeforeReplace: false };
    }
  }

  /** Configure it, unless something in its configuration is not known yet. */
  async configure({ urn, id }: Identity, inputs: Properties): Promise<void> {
    if (holdsUnknown(inputs)) return;
    const request = new this.connection.protocol.provider.ConfigureRequest();
    const name = typeOf(urn).split(":").at(-1);
    for (const [key, value] of Object.entries(withoutSecrets(inputs)))
      request.getVariablesMap().set(`${name}:config:${key}`, typeof value === "string" ? value : JSON.stringify(value));
    request
      .setArgs(this.#struct(inputs))
      .setAcceptsecrets(true)
      .setAcceptresources(true)
      .setSendsOldInputs(true)
      .setSendsOldInputsToDelete(true);
    request.setUrn(urn).setId(id).setName(nameOf(urn)).setType(typeOf(urn));
    const response = await this.connection.call<ConfigureResponse>("configure", request);
    const { secrets, resources, preview } = this.#accepts;
    this.#accepts = {
      secrets: secrets || response.getAcceptsecrets(),
      resources: resources || response.getAcceptresources(),
      preview: preview || response.getSupportspreview(),
    };
    this.#configured = true;
  }

  async check({ urn, olds, news, seed }: Parameters<Provider["check"]>[0]): Promise<{ inputs: Properties; failures: CheckFailure[] }> {
    if (!this.#configured) return { inputs: news, failures: [] };
    const request = new this.connection.protocol.provider.CheckRequest();
    request.setUrn(urn).setName(nameOf(urn)).setType(typeOf(urn)).setRandomseed(seed);
    request.setOlds(this.#sent(olds)).setNews(this.#sent(news));
    const response = await this.connection.call<CheckResponse>("check", request);
    return { inputs: this.#answered(plain(response.getInputs()), news), failures: failuresOf(response) };
  }

  async diff({ urn, id, oldInputs, oldOutputs, inputs, ignoreChanges }: Parameters<Provider["diff"]>[0]): Promise<Diff> {
    if (!this.#configured) return { changes: "unknown", replaces: [], diffs: [], deleteBeforeReplace: false };
    const request = new this.connection.protocol.provider.DiffRequest();
    request.setId(id).setUrn(urn).setName(nameOf(urn)).setType(typeOf(urn)).setIgnorechangesList(ignoreChanges);
    request.setOlds(this.#told(oldOutputs)).setNews(this.#told(inputs)).setOldInputs(this.#told(oldInputs));
    return diffOf(await this.connection.call<DiffResponse>("diff", request));
  }

  async create({ urn, inputs, timeout, preview }: Parameters<Provider["create"]>[0]): Promise<{ id: string; outputs: Properties }> {
    if (!this.#configured) return { id: "", outputs: {} };
    if (preview && !this.#accepts.preview) return { id: "", outputs: inputs };
    const request = new this.connection.protocol.provider.CreateRequest();
    request.setUrn(urn).setName(nameOf(urn)).setType(typeOf(urn)).setProperties(this.#sent(inputs)).setTimeout(timeout).setPreview(preview);
    const response = await this.#marking(inputs, () => this.connection.call<CreateResponse>("create", request));
    const id = response.getId();
    if (id === "" && !preview) throw new ProviderError("provider returned empty ID from create", false);
    return { id, outputs: this.#answered(plain(response.getProperties()), inputs) };
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
    if (preview && !this.#accepts.preview) return { outputs: inputs };
    const request = new this.connection.protocol.provider.UpdateRequest();
    request
      .setId(id)
      .setUrn(urn)
      .setName(nameOf(urn))
      .setType(typeOf(urn))
      .setTimeout(timeout)
      .setIgnorechangesList(ignoreChanges)
      .setPreview(preview);
    request.setOlds(this.#told(oldOutputs)).setNews(this.#sent(inputs)).setOldInputs(this.#told(oldInputs));
    const response = await this.#marking(inputs, () => this.connection.call<UpdateResponse>("update", request));
    return { outputs: this.#answered(plain(response.getProperties()), inputs) };
  }

  async read({ urn, id, inputs, outputs }: Parameters<Provider["read"]>[0]): Promise<ReadResult> {
    if (!this.#configured) return { id, outputs: {}, initErrors: [] };
    const request = new this.connection.protocol.provider.ReadRequest();
    request
      .setId(id)
      .setUrn(urn)
      .setName(nameOf(urn))
      .setType(typeOf(urn))
      .setProperties(this.#told(outputs))
      .setInputs(this.#told(inputs));
    try {
      const response = await this.connection.call<ReadResponse>("read", request);
      const read = response.getInputs();
      return {
        id: response.getId(),
        outputs: this.#answered(plain(response.getProperties()), outputs),
        ...(read ? { inputs: this.#answered(plain(read), inputs) } : {}),
        initErrors: [],
      };
    } catch (error) {
      if (!(error instanceof PartialFailure)) throw error;
      const found = { id: error.id || id, outputs: this.#answered(error.outputs, outputs), initErrors: error.reasons };
      return error.inputs ? { ...found, inputs: this.#answered(error.inputs, inputs) } : found;
    }
  }

  async delete({ urn, id, inputs, outputs, timeout }: Parameters<Provider["delete"]>[0]): Promise<void> {
    const request = new this.connection.protocol.provider.DeleteRequest();
    request.setId(id).setUrn(urn).setName(nameOf(urn)).setType(typeOf(urn)).setTimeout(timeout);
    request.setProperties(this.#told(outputs)).setOldInputs(this.#told(inputs));
    await this.connection.call("delete", request);
  }

  async invoke(token: string, args: Properties, preview: boolean): Promise<InvokeResult> {
    if (!this.#configured) return { kind: "returned", value: {}, failures: [] };
    const request = new this.connection.protocol.provider.InvokeRequest();
    request.setTok(token).setArgs(this.#sent(args)).setPreview(preview);
    const response = await this.connection.call<InvokeResponse>("invoke", request);
    const value = plain(response.getReturn());
    this.learn(value);
    return { kind: "returned", value, failures: failuresOf(response) };
  }

  async cancel(): Promise<void> {
    await this.connection.call("cancel", new this.connection.protocol.empty.Empty());
  }

  #sent(properties: Properties): Struct {
    const open = this.#accepts.secrets ? properties : withoutSecrets(properties);
    return this.#struct(this.#accepts.resources ? open : withoutReferences(open));
  }

  /** What there was before, or is only looked at: of assets the hash alone. */
  #told(properties: Properties): Struct {
    return this.#sent(withoutContent(properties));
  }

  #struct(properties: Properties): Struct {
    return this.connection.protocol.struct.Struct.fromJavaScript(properties as { [key: string]: JavaScriptValue });
  }

  /** What a provider that knows no secrets answers is as secret as what it was given. */
  #answered(answer: Properties, given: Properties): Properties {
    const answered = this.#accepts.secrets ? answer : secretLike(answer, given);
    this.learn(answered);
    return answered;
  }

  async #marking<T>(given: Properties, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof PartialFailure)) throw error;
      throw new PartialFailure(
        error.id,
        this.#answered(error.outputs, given),
        error.reasons,
        error.inputs && this.#answered(error.inputs, given),
      );
    }
  }
}

function orUnimplemented(error: unknown): void {
  if (!(error instanceof ProviderError && error.unimplemented)) throw error;
}

function failuresOf(response: CheckResponse | InvokeResponse): CheckFailure[] {
  return response.getFailuresList().map((failure) => ({ property: failure.getProperty(), reason: failure.getReason() }));
}

const CHANGES = ["unknown", "none", "some"] as const;

function diffOf(response: DiffResponse): Diff {
  const detailed: NonNullable<Diff["detailed"]> = {};
  response.getDetaileddiffMap().forEach((entry, path) => {
    detailed[path] = { kind: PROPERTY_CHANGES[entry.getKind()] ?? "update", input: entry.getInputdiff() };
  });
  return {
    changes: CHANGES[response.getChanges()] ?? "unknown",
    replaces: response.getReplacesList(),
    diffs: response.getDiffsList(),
    ...(response.getHasdetaileddiff() ? { detailed } : {}),
    deleteBeforeReplace: response.getDeletebeforereplace(),
  };
}

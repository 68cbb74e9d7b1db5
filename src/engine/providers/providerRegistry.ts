import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { UNKNOWN } from "../../unknown";
import { UserError } from "../../userError";
import type { HostedProvider } from "../hostedProvider";
import type { Providers } from "../plan/questions";
import type { Provider } from "../provider";
import type { Resource } from "../state/stackStore";
import { isDefaultProvider, isProviderType, packageOf, providerReference, splitReference, typeOf } from "../urn";
import type { LoadedProvider } from "./providerHost";

interface RegistryOptions {
  /** Starts, or attaches to, a provider of a package. */
  load(packageName: string): Promise<LoadedProvider>;
  preview: boolean;
  /** The resources in the state. Providers that the program has not registered (yet) come from there. */
  before: readonly Resource[];
}

/**
 * The providers of one operation, by their provider resources.
 * For provider resources the registry itself is the provider: their check and diff are the provider's CheckConfig and DiffConfig.
 * To create, update or keep a provider resource is to configure its provider. A process is started when it is first needed.
 */
export class Registry implements Providers, Provider {
  readonly #options: RegistryOptions;
  /** Started for a registration in progress, by URN. Not configured yet. */
  readonly #fresh = new Map<string, LoadedProvider>();
  /** Providers whose Configure call has not returned yet. */
  readonly #configuring = new Set<LoadedProvider>();
  /** The operation was interrupted: no more providers are configured. */
  #interrupted = false;
  /** Configured providers by reference. */
  readonly #configured = new Map<string, Promise<LoadedProvider>>();
  readonly #loaded = new Set<LoadedProvider>();

  constructor(options: RegistryOptions) {
    this.#options = options;
  }

  async providerOf({ type, provider: reference, urn }: Pick<Resource, "type" | "provider" | "urn">): Promise<Provider> {
    if (isProviderType(type)) return this;
    if (!reference) throw new UserError(`the resource ${urn} has no provider: the state is damaged`);
    return this.configured(reference);
  }

  /**
   * The configured provider of a reference. It comes from the state if the program has not registered it.
   * @throws {UserError} if there is no such provider
   */
  async configured(reference: string): Promise<HostedProvider> {
    const found = this.#configured.get(reference) ?? this.#fromState(reference);
    return (await found).provider;
  }

  async mustReplace(oldReference: string, reference: string): Promise<boolean> {
    const [old, now] = [splitReference(oldReference), splitReference(reference)];
    if (old.urn !== now.urn && !(isDefaultProvider(old.urn) && isDefaultProvider(now.urn))) return true;
    const before = this.#options.before.find(({ urn, id }) => urn === old.urn && id === old.id);
    const inputs = this.#inputs.get(now.urn);
    if (!before || !inputs) return true;
    const provider = await this.configured(reference);
    const { inputs: oldInputs = {}, outputs: oldOutputs = {} } = before;
    const diff = await provider.diffConfig({ urn: now.urn, oldInputs, oldOutputs, inputs });
    return diff.replaces.length > 0;
  }

  /** Inputs of the registered providers, by URN. */
  readonly #inputs = new Map<string, NonNullable<Resource["inputs"]>>();

  async check({ urn, olds, news }: Parameters<Provider["check"]>[0]) {
    await this.#drop(urn);
    const loaded = await this.#load(packageOf(typeOf(urn)));
    this.#fresh.set(urn, loaded);
    return loaded.provider.checkConfig({ urn, olds, news });
  }

  async diff({ urn, oldInputs, oldOutputs, inputs }: Parameters<Provider["diff"]>[0]) {
    const loaded = this.#fresh.get(urn) ?? (await this.#load(packageOf(typeOf(urn))));
    this.#fresh.set(urn, loaded);
    const diff = await loaded.provider.diffConfig({ urn, oldInputs, oldOutputs, inputs });
    if (diff.changes !== "unknown") return diff;
    return { ...diff, changes: isDeepStrictEqual(oldInputs, inputs) ? ("none" as const) : ("some" as const) };
  }

  async create({ urn, inputs }: Parameters<Provider["create"]>[0]) {
    const id = this.#options.preview ? UNKNOWN : randomUUID();
    await this.#configure({ urn, id }, inputs);
    return { id, outputs: inputs };
  }

  async update({ urn, id, inputs }: Parameters<Provider["update"]>[0]) {
    await this.#configure({ urn, id }, inputs);
    return { outputs: inputs };
  }

  /** Configure a provider that did not change. If it is configured already, the process that was started for its check is closed. */
  async keep({ urn, id = "", inputs = {} }: Resource): Promise<void> {
    if (this.#configured.has(providerReference({ urn, id }))) {
      this.#inputs.set(urn, inputs);
      return this.#drop(urn);
    }
    await this.#configure({ urn, id }, inputs);
  }

  async read({ id, inputs, outputs }: Parameters<Provider["read"]>[0]) {
    return { id, inputs, outputs, initErrors: [] };
  }

  /** Does nothing: the provider ends with the operation. */
  async delete(): Promise<void> {}

  /**
   * Cancel the work of every provider, as Pulumi does after Ctrl-C. A provider that is still being configured has no work in progress: it
   * is closed, so that nobody waits for its answer.
   */
  async cancel(): Promise<void> {
    this.#interrupted = true;
    const cancelled = [...this.#loaded].map((loaded) =>
      this.#configuring.has(loaded) ? loaded.close() : loaded.provider.cancel().catch(() => {}),
    );
    await Promise.all(cancelled);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#loaded].map(({ close }) => close()));
  }

  async #configure({ urn, id }: { urn: string; id: string }, inputs: NonNullable<Resource["inputs"]>): Promise<void> {
    const loaded = this.#fresh.get(urn) ?? (await this.#load(packageOf(typeOf(urn))));
    this.#fresh.delete(urn);
    this.#inputs.set(urn, inputs);
    const configured = this.#configuredWith(loaded, { urn, id }, inputs);
    configured.catch(() => {});
    this.#configured.set(providerReference({ urn, id }), configured);
    await configured;
  }

  #fromState(reference: string): Promise<LoadedProvider> {
    const { urn, id } = splitReference(reference);
    const resource = this.#options.before.find((resource) => resource.urn === urn && resource.id === id);
    if (!resource) throw new UserError(`unknown provider ${reference}: neither the program nor the state contains it`);
    const loading = this.#load(packageOf(resource.type)).then((loaded) => this.#configuredWith(loaded, { urn, id }, resource.inputs ?? {}));
    loading.catch(() => {});
    this.#configured.set(reference, loading);
    return loading;
  }

  async #configuredWith(
    loaded: LoadedProvider,
    identity: { urn: string; id: string },
    inputs: NonNullable<Resource["inputs"]>,
  ): Promise<LoadedProvider> {
    if (this.#interrupted) throw new UserError(`interrupted before the provider ${packageOf(typeOf(identity.urn))} was configured`, 5);
    this.#configuring.add(loaded);
    try {
      await loaded.provider.configure(identity, inputs);
      return loaded;
    } finally {
      this.#configuring.delete(loaded);
    }
  }

  async #load(packageName: string): Promise<LoadedProvider> {
    const loaded = await this.#options.load(packageName);
    this.#loaded.add(loaded);
    return loaded;
  }

  async #drop(urn: string): Promise<void> {
    const fresh = this.#fresh.get(urn);
    if (!fresh) return;
    this.#fresh.delete(urn);
    this.#loaded.delete(fresh);
    await fresh.close();
  }
}

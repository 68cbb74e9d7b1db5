import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { UserError } from "../../userError";
import type { Providers } from "../plan/planner";
import type { HostedProvider, Provider } from "../provider";
import type { Resource } from "../state/stackStore";
import { isDefaultProvider, isProviderType, packageOf, providerReference, splitReference, typeOf } from "../urn";
import { UNKNOWN } from "../wire";
import type { LoadedProvider } from "./host";

interface RegistryOptions {
  /** Starts, or attaches to, a provider of a package. */
  load(packageName: string): Promise<LoadedProvider>;
  preview: boolean;
  /** What the stack has: providers that the program has not registered (yet) come from there. */
  before: readonly Resource[];
}

/**
 * The providers of one deployment, by the provider resources that stand for them. To those it is itself the provider: their check and diff are
 * the provider's CheckConfig and DiffConfig, and to create, update or keep one is to configure it. A process is started when first needed.
 */
export class Registry implements Providers, Provider {
  readonly #options: RegistryOptions;
  /** Started for a registration that is under way, by URN: not configured. */
  readonly #fresh = new Map<string, LoadedProvider>();
  /** Asked to configure themselves, and without an answer yet. */
  readonly #configuring = new Set<LoadedProvider>();
  /** The operation is broken off: no provider is configured any more. */
  #brokenOff = false;
  /** By reference. */
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
   * The provider behind a reference, configured; from the state if the program has not registered it.
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

  /** Inputs of the providers that were registered, by URN. */
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

  /** Configure one that stays as it is, unless it is at work already: then the one that was started to ask about it goes. */
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

  /** Nothing: it ends with the deployment. */
  async delete(): Promise<void> {}

  /**
   * Tell every provider that the operation is to be broken off, as Pulumi does at a Ctrl-C. One that is still being configured has nothing under
   * way: it is ended, so that nobody waits for its answer.
   */
  async cancel(): Promise<void> {
    this.#brokenOff = true;
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
    if (!resource) throw new UserError(`there is no provider ${reference}: neither the program nor the state has it`);
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
    if (this.#brokenOff) throw new UserError(`interrupted before the provider ${packageOf(typeOf(identity.urn))} was configured`, 5);
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

import type { Json, JsonObject } from "../../json";
import { emptyState, type ResourceState, readState, type StackState, statePath, writeState } from "./deployment";
import type { Crypter } from "./passphrase";
import { openSecretsProvider, type SecretsPlace } from "./secretsProvider";
import { fromState, holdsSecret, toState } from "./secretValues";

/** A resource with its properties as they go over the wire: secrets open, but marked. */
export type Resource = ResourceState;

/**
 * One stack's state during one operation: its resources, opened, and every change written whole before the next step.
 * The key is derived only where there is a secret.
 */
export class StackStore {
  readonly path: string;
  readonly #place: SecretsPlace;
  readonly #state: StackState;
  /** Ciphertexts by place and plaintext: what has not changed is written as it was. */
  readonly #known = new Map<string, string>();
  #provider: Promise<{ salt: string; crypter: Crypter }> | undefined;
  #written: string | undefined;

  private constructor(path: string, place: SecretsPlace, state: StackState | undefined) {
    this.path = path;
    this.#place = place;
    this.#state = state ?? emptyState();
    this.#written = state && JSON.stringify(state);
  }

  static open(home: string, place: SecretsPlace): StackStore {
    const path = statePath(home, place.project, place.stack);
    return new StackStore(path, place, readState(path));
  }

  /** Whether the stack was ever written. */
  get exists(): boolean {
    return this.#written !== undefined;
  }

  /** Begin to derive the key, where it will be needed, beside whatever else goes on. */
  warm(configSalt?: string): void {
    if (configSalt !== undefined || holdsSecret(this.#state.deployment.resources as unknown as Json))
      this.crypter(configSalt).catch(() => {});
  }

  /** @param configSalt the salt of `Pulumi.<stack>.yaml`, which a stack without state goes by */
  async crypter(configSalt?: string): Promise<Crypter> {
    this.#provider ??= openSecretsProvider(this.#place, this.#state.deployment.secrets_providers?.state.salt ?? configSalt);
    return (await this.#provider).crypter;
  }

  /** The resources as they were read, secrets sealed. */
  sealed(): readonly ResourceState[] {
    return this.#state.deployment.resources;
  }

  /** The resources as they were read, secrets opened. */
  async read(): Promise<Resource[]> {
    const { resources } = this.#state.deployment;
    return Promise.all(
      resources.map(async (resource) => ({
        ...resource,
        ...(resource.inputs ? { inputs: await this.#open(resource.urn, "inputs", resource.inputs) } : {}),
        ...(resource.outputs ? { outputs: await this.#open(resource.urn, "outputs", resource.outputs) } : {}),
      })),
    );
  }

  /** Write the resources, whole, if anything in them has changed. */
  async write(resources: Resource[]): Promise<void> {
    const sealed: ResourceState[] = [];
    for (const resource of resources) {
      sealed.push({
        ...resource,
        ...(resource.inputs ? { inputs: await this.#seal(resource.urn, "inputs", resource.inputs) } : {}),
        ...(resource.outputs ? { outputs: await this.#seal(resource.urn, "outputs", resource.outputs) } : {}),
      });
    }
    const { deployment } = this.#state;
    const salt = this.#provider ? (await this.#provider).salt : deployment.secrets_providers?.state.salt;
    const next: StackState = {
      version: 3,
      deployment: {
        manifest: deployment.manifest,
        ...(salt === undefined ? {} : { secrets_providers: { type: "passphrase", state: { salt } } }),
        resources: sealed,
      },
    };
    const text = JSON.stringify(next);
    if (text === this.#written) return;
    writeState(this.path, next);
    this.#written = text;
  }

  async #open(urn: string, section: string, properties: JsonObject): Promise<JsonObject> {
    if (!holdsSecret(properties)) return properties;
    const note = (path: string, plaintext: string, ciphertext: string) =>
      this.#known.set(`${urn} ${section}${path} ${plaintext}`, ciphertext);
    return fromState(properties, await this.crypter(), note) as JsonObject;
  }

  async #seal(urn: string, section: string, properties: JsonObject): Promise<JsonObject> {
    if (!holdsSecret(properties)) return properties;
    const crypter = await this.crypter();
    return toState(properties, (path, plaintext) => {
      const key = `${urn} ${section}${path} ${plaintext}`;
      const ciphertext = this.#known.get(key) ?? crypter.encrypt(plaintext);
      this.#known.set(key, ciphertext);
      return ciphertext;
    }) as JsonObject;
  }
}

import type { JsonObject } from "../../json";
import { UserError } from "../../userError";
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

  /**
   * What the state's secrets are encrypted with.
   * @param configSalt the salt of `Pulumi.<stack>.yaml`, which a stack without secrets in its state goes by from now on
   * @throws {UserError} if they are not encrypted with a passphrase, or not with this one
   */
  async crypter(configSalt?: string): Promise<Crypter> {
    this.#provider ??= openSecretsProvider(this.#place, this.#salt() ?? configSalt);
    return (await this.#provider).crypter;
  }

  /** What `secure:` values of `Pulumi.<stack>.yaml` are encrypted with. Its salt and the state's differ if each was made on its own. */
  async configCrypter(salt: string): Promise<Crypter> {
    if ((this.#salt() ?? salt) === salt) return this.crypter(salt);
    return (await openSecretsProvider(this.#place, salt)).crypter;
  }

  #salt(): string | undefined {
    const provider = this.#state.deployment.secrets_providers;
    if (!provider?.type) return undefined;
    if (provider.type === "passphrase") return provider.state?.salt;
    throw new UserError(
      `the state ${this.path} keeps its secrets with "${provider.type}", and the offline engine knows passphrase: run \`pulumi stack change-secrets-provider passphrase\` before you export it, or use --engine pulumi`,
    );
  }

  /** The resources as they were read, secrets sealed. */
  sealed(): readonly ResourceState[] {
    return this.#state.deployment.resources;
  }

  /** The resources as they were read, secrets opened. */
  async read(): Promise<Resource[]> {
    return Promise.all(this.#state.deployment.resources.map((resource) => this.open(resource)));
  }

  /** One resource with its secrets opened. */
  async open(resource: ResourceState): Promise<Resource> {
    const { urn, inputs, outputs } = resource;
    return {
      ...resource,
      ...(inputs ? { inputs: await this.#open(urn, "inputs", inputs) } : {}),
      ...(outputs ? { outputs: await this.#open(urn, "outputs", outputs) } : {}),
    };
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
    // What else an imported state holds stays in it.
    const { manifest, secrets_providers: found, resources: _, ...others } = this.#state.deployment;
    const provider = this.#provider ? { type: "passphrase", state: { salt: (await this.#provider).salt } } : found;
    const next: StackState = {
      ...this.#state,
      deployment: { manifest, ...(provider ? { secrets_providers: provider } : {}), ...others, resources: sealed },
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
    const crypter = await this.crypter();
    try {
      return fromState(properties, crypter, note) as JsonObject;
    } catch {
      // What the parts of a secret looked like is nobody's business.
      throw new UserError(
        `the state ${this.path} is damaged: a secret in the ${section} of ${urn} cannot be decrypted; it was left as it is`,
      );
    }
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

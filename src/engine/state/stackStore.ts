import type { JsonObject } from "../../json";
import { UserError } from "../../userError";
import { writeWhole } from "../../writeWhole";
import { holdsReference, holdsSecret } from "../wire";
import {
  emptyState,
  type PendingOperation,
  type ResourceState,
  readState,
  resourceText,
  type StackState,
  statePath,
  stateText,
} from "./deployment";
import type { Crypter } from "./passphrase";
import { openSecretsProvider, type SecretsPlace } from "./secretsProvider";
import { fromState, toState } from "./secretValues";

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
  /** The sealed form of each resource, as text: of a large stack only what has changed is made anew. */
  readonly #sealed = new WeakMap<Resource, string>();
  #written: string | undefined;
  /** Whether what is written is on the disk itself. */
  #settled = true;

  private constructor(path: string, place: SecretsPlace, state: StackState | undefined) {
    this.path = path;
    this.#place = place;
    this.#state = state ?? emptyState();
    this.#written = state && stateText(state);
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

  /** What was under way when an operation was cut off, secrets opened. */
  async readPending(): Promise<PendingOperation[]> {
    const pending = this.#state.deployment.pending_operations ?? [];
    return Promise.all(pending.map(async ({ resource, ...operation }) => ({ ...operation, resource: await this.open(resource) })));
  }

  /**
   * Write the resources and what is under way, whole, if anything in them has changed.
   * @param options.settled false: more is to come. It outlives a kill of this process all the same
   */
  async write(resources: readonly Resource[], pending: readonly PendingOperation[] = [], { settled = true } = {}): Promise<void> {
    const texts: string[] = [];
    for (const resource of resources) texts.push(await this.#textOf(resource));
    const operations: { resource: string; type: string }[] = [];
    for (const { resource, type } of pending) operations.push({ resource: await this.#textOf(resource), type });
    // What else an imported state holds stays in it.
    const { manifest, secrets_providers: found, resources: _, pending_operations: __, ...others } = this.#state.deployment;
    const provider = this.#provider ? { type: "passphrase", state: { salt: (await this.#provider).salt } } : found;
    const deployment = { manifest, ...(provider ? { secrets_providers: provider } : {}), ...others };
    const text = stateText({ ...this.#state, deployment: { ...deployment, resources: [] } }, texts, operations);
    if (text === this.#written && (!settled || this.#settled)) return;
    writeWhole(this.path, text, { settled });
    this.#settled = settled;
    this.#written = text;
  }

  async #textOf(resource: Resource): Promise<string> {
    const known = this.#sealed.get(resource);
    if (known !== undefined) return known;
    const { urn, inputs, outputs } = resource;
    const sealed = {
      ...resource,
      ...(inputs ? { inputs: await this.#seal(urn, "inputs", inputs) } : {}),
      ...(outputs ? { outputs: await this.#seal(urn, "outputs", outputs) } : {}),
    };
    const text = resourceText(sealed);
    this.#sealed.set(resource, text);
    return text;
  }

  async #open(urn: string, section: string, properties: JsonObject): Promise<JsonObject> {
    if (!isSpecial(properties)) return properties;
    const note = (path: string, plaintext: string, ciphertext: string) =>
      this.#known.set(`${urn} ${section}${path} ${plaintext}`, ciphertext);
    const crypter = holdsSecret(properties) ? await this.crypter() : NO_SECRETS;
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
    if (!isSpecial(properties)) return properties;
    // References are written in another form than they are sent in, and need no key.
    const crypter = holdsSecret(properties) ? await this.crypter() : NO_SECRETS;
    return toState(properties, (path, plaintext) => {
      const key = `${urn} ${section}${path} ${plaintext}`;
      const ciphertext = this.#known.get(key) ?? crypter.encrypt(plaintext);
      this.#known.set(key, ciphertext);
      return ciphertext;
    }) as JsonObject;
  }
}

/** Where there is no secret there is nothing to decrypt, and no key is derived. */
const NO_SECRETS: Crypter = { encrypt: (plaintext) => plaintext, decrypt: (ciphertext) => ciphertext };

function isSpecial(properties: JsonObject): boolean {
  return holdsSecret(properties) || holdsReference(properties);
}

import type { JsonObject } from "../../json";
import { UserError } from "../../userError";
import { writeWhole } from "../../writeWhole";
import { holdsReference, holdsSecret } from "../propertyWire";
import { JournalWriter } from "./journal";
import type { Crypter } from "./passphrase";
import { openSecretsProvider, type SecretsSource } from "./secretsProvider";
import { fromState, toState } from "./secretValues";
import type { Edit } from "./snapshot";
import { readState } from "./stateFile";
import { emptyState, type PendingOperation, type ResourceState, type StackState, statePath, textOfState } from "./stateFormat";

/** A resource with its properties as on the wire: secrets decrypted, but marked. */
export type Resource = ResourceState;

/** One stack's state during one operation. Every change is durable before the next step. A key is derived only if there is a secret. */
export class StackStore {
  readonly path: string;
  readonly #source: SecretsSource;
  readonly #state: StackState;
  /** Ciphertexts by place and plaintext: an unchanged secret keeps its ciphertext. */
  readonly #ciphertexts = new Map<string, string>();
  #provider: Promise<{ salt: string; crypter: Crypter }> | undefined;
  /** The encrypted form of each resource: an unchanged resource is not encrypted again. */
  readonly #encryptedForms = new WeakMap<Resource, ResourceState>();
  /** The text of the state file. */
  #written: string | undefined;
  #journal: JournalWriter | undefined;
  #saltWritten = false;

  private constructor(path: string, place: SecretsSource, state: StackState | undefined) {
    this.path = path;
    this.#source = place;
    this.#state = state ?? emptyState();
    this.#written = state && textOfState(state);
  }

  static open(home: string, place: SecretsSource): StackStore {
    const path = statePath(home, place.project, place.stack);
    return new StackStore(path, place, readState(path));
  }

  /** Whether the stack has a state file. */
  get exists(): boolean {
    return this.#written !== undefined;
  }

  /**
   * The crypter of the state's secrets.
   * @param configSalt the salt of `Pulumi.<stack>.yaml`; a stack without secrets in its state uses it from now on
   * @throws {UserError} if the secrets are not encrypted with a passphrase, or with another one
   */
  async crypter(configSalt?: string): Promise<Crypter> {
    this.#provider ??= openSecretsProvider(this.#source, this.#salt() ?? configSalt);
    return (await this.#provider).crypter;
  }

  /** The crypter of the `secure:` values in `Pulumi.<stack>.yaml`. Its salt may differ from the state's, if each was created separately. */
  async configCrypter(salt: string): Promise<Crypter> {
    if ((this.#salt() ?? salt) === salt) return this.crypter(salt);
    return (await openSecretsProvider(this.#source, salt)).crypter;
  }

  #salt(): string | undefined {
    const provider = this.#state.deployment.secrets_providers;
    if (!provider?.type) return undefined;
    if (provider.type === "passphrase") return provider.state?.salt;
    throw new UserError(
      `the state ${this.path} encrypts its secrets with the provider "${provider.type}", but the offline engine supports only "passphrase": run \`pulumi stack change-secrets-provider passphrase\` before you export the stack, or use --engine pulumi`,
    );
  }

  /** The resources of the state file, secrets encrypted. */
  encryptedResources(): readonly ResourceState[] {
    return this.#state.deployment.resources;
  }

  /** The resources of the state file, secrets decrypted. */
  async read(): Promise<Resource[]> {
    return Promise.all(this.#state.deployment.resources.map((resource) => this.decrypted(resource)));
  }

  /** One resource with its secrets decrypted. */
  async decrypted(resource: ResourceState): Promise<Resource> {
    const { urn, inputs, outputs } = resource;
    return {
      ...resource,
      ...(inputs ? { inputs: await this.#decrypt(urn, "inputs", inputs) } : {}),
      ...(outputs ? { outputs: await this.#decrypt(urn, "outputs", outputs) } : {}),
    };
  }

  /** The pending operations of an interrupted operation, secrets decrypted. */
  async readPending(): Promise<PendingOperation[]> {
    const pending = this.#state.deployment.pending_operations ?? [];
    return Promise.all(pending.map(async ({ resource, ...operation }) => ({ ...operation, resource: await this.decrypted(resource) })));
  }

  /** Append edits to the journal, durably: neither a kill nor a power loss forgets them. */
  async appendEdits(edits: readonly Edit[]): Promise<void> {
    if (edits.length === 0) return;
    const encryptedEdits: Edit[] = [];
    for (const edit of edits) encryptedEdits.push("resource" in edit ? { ...edit, resource: await this.#encrypted(edit.resource) } : edit);
    if (this.#written === undefined) this.#writeText(textOfState(this.#state));
    this.#journal ??= await JournalWriter.begin(this.path);
    const salt = this.#saltWritten ? undefined : (await this.#provider)?.salt;
    await this.#journal.append([...(salt === undefined ? [] : [{ salt }]), ...encryptedEdits]);
    this.#saltWritten ||= salt !== undefined;
  }

  /** Write the whole state, if anything in it changed. It contains all edits of the journal. */
  async write(resources: readonly Resource[], pending: readonly PendingOperation[] = []): Promise<void> {
    const encryptedResources: ResourceState[] = [];
    for (const resource of resources) encryptedResources.push(await this.#encrypted(resource));
    const operations: PendingOperation[] = [];
    for (const { resource, type } of pending) operations.push({ resource: await this.#encrypted(resource), type });
    const { secrets_providers: found, ...others } = this.#state.deployment;
    const provider = this.#provider ? { type: "passphrase", state: { salt: (await this.#provider).salt } } : found;
    // Other fields of an imported state are kept.
    const deployment = {
      ...others,
      ...(provider ? { secrets_providers: provider } : {}),
      resources: encryptedResources,
      pending_operations: operations,
    };
    const text = textOfState({ ...this.#state, deployment });
    const journal = this.#journal;
    this.#journal = undefined;
    if (journal) await journal.fold(text, () => this.#writeText(text));
    else if (text !== this.#written) this.#writeText(text);
  }

  #writeText(text: string): void {
    writeWhole(this.path, text);
    this.#written = text;
  }

  async #encrypted(resource: Resource): Promise<ResourceState> {
    const known = this.#encryptedForms.get(resource);
    if (known !== undefined) return known;
    const { urn, inputs, outputs } = resource;
    const encrypted = {
      ...resource,
      ...(inputs ? { inputs: await this.#encrypt(urn, "inputs", inputs) } : {}),
      ...(outputs ? { outputs: await this.#encrypt(urn, "outputs", outputs) } : {}),
    };
    this.#encryptedForms.set(resource, encrypted);
    return encrypted;
  }

  async #decrypt(urn: string, section: string, properties: JsonObject): Promise<JsonObject> {
    if (!hasSpecialValues(properties)) return properties;
    const remember = (path: string, plaintext: string, ciphertext: string) =>
      this.#ciphertexts.set(`${urn} ${section}${path} ${plaintext}`, ciphertext);
    const crypter = holdsSecret(properties) ? await this.crypter() : UNUSED_CRYPTER;
    try {
      return fromState(properties, crypter, remember) as JsonObject;
    } catch {
      // The error shows no part of the secret.
      throw new UserError(
        `the state ${this.path} is damaged: a secret in the ${section} of ${urn} cannot be decrypted. The file was not changed`,
      );
    }
  }

  async #encrypt(urn: string, section: string, properties: JsonObject): Promise<JsonObject> {
    if (!hasSpecialValues(properties)) return properties;
    // The state has another format for references than the wire. They need no key.
    const crypter = holdsSecret(properties) ? await this.crypter() : UNUSED_CRYPTER;
    return toState(properties, (path, plaintext) => {
      const key = `${urn} ${section}${path} ${plaintext}`;
      const ciphertext = this.#ciphertexts.get(key) ?? crypter.encrypt(plaintext);
      this.#ciphertexts.set(key, ciphertext);
      return ciphertext;
    }) as JsonObject;
  }
}

/** For properties without secrets: no key is derived. */
const UNUSED_CRYPTER: Crypter = { encrypt: (plaintext) => plaintext, decrypt: (ciphertext) => ciphertext };

function hasSpecialValues(properties: JsonObject): boolean {
  return holdsSecret(properties) || holdsReference(properties);
}

import type { JsonObject } from "../../json";
import { UserError } from "../../userError";
import { writeWhole } from "../../writeWhole";
import { holdsReference, holdsSecret } from "../wire";
import { emptyState, type PendingOperation, type ResourceState, type StackState, statePath, stateText } from "./deployment";
import { JournalWriter } from "./journal";
import type { Crypter } from "./passphrase";
import { openSecretsProvider, type SecretsPlace } from "./secretsProvider";
import { fromState, toState } from "./secretValues";
import type { Edit } from "./snapshot";
import { readState } from "./stateFile";

/** A resource with its properties as they go over the wire: secrets open, but marked. */
export type Resource = ResourceState;

/**
 * One stack's state during one operation: its resources, opened, and every change on the disk before the next step.
 * The key is derived only where there is a secret.
 */
export class StackStore {
  readonly path: string;
  readonly #place: SecretsPlace;
  readonly #state: StackState;
  /** Ciphertexts by place and plaintext: what has not changed is written as it was. */
  readonly #known = new Map<string, string>();
  #provider: Promise<{ salt: string; crypter: Crypter }> | undefined;
  /** The sealed form of each resource: what has not changed is not sealed anew. */
  readonly #sealed = new WeakMap<Resource, ResourceState>();
  /** What the state's file holds. */
  #written: string | undefined;
  #journal: JournalWriter | undefined;
  #saltNoted = false;

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

  /** Write down edits of what was written last, so that neither a kill nor a loss of power forgets them. */
  async note(edits: readonly Edit[]): Promise<void> {
    if (edits.length === 0) return;
    const sealed: Edit[] = [];
    for (const edit of edits) sealed.push("resource" in edit ? { ...edit, resource: await this.#sealedForm(edit.resource) } : edit);
    if (this.#written === undefined) this.#writeText(stateText(this.#state));
    this.#journal ??= await JournalWriter.begin(this.path);
    const salt = this.#saltNoted ? undefined : (await this.#provider)?.salt;
    await this.#journal.append([...(salt === undefined ? [] : [{ salt }]), ...sealed]);
    this.#saltNoted ||= salt !== undefined;
  }

  /** Write the resources and what is under way, whole, if anything in them has changed. What was noted is in it. */
  async write(resources: readonly Resource[], pending: readonly PendingOperation[] = []): Promise<void> {
    const sealed: ResourceState[] = [];
    for (const resource of resources) sealed.push(await this.#sealedForm(resource));
    const operations: PendingOperation[] = [];
    for (const { resource, type } of pending) operations.push({ resource: await this.#sealedForm(resource), type });
    const { secrets_providers: found, ...others } = this.#state.deployment;
    const provider = this.#provider ? { type: "passphrase", state: { salt: (await this.#provider).salt } } : found;
    // What else an imported state holds stays in it.
    const deployment = {
      ...others,
      ...(provider ? { secrets_providers: provider } : {}),
      resources: sealed,
      pending_operations: operations,
    };
    const text = stateText({ ...this.#state, deployment });
    const journal = this.#journal;
    this.#journal = undefined;
    if (journal) await journal.fold(text, () => this.#writeText(text));
    else if (text !== this.#written) this.#writeText(text);
  }

  #writeText(text: string): void {
    writeWhole(this.path, text);
    this.#written = text;
  }

  async #sealedForm(resource: Resource): Promise<ResourceState> {
    const known = this.#sealed.get(resource);
    if (known !== undefined) return known;
    const { urn, inputs, outputs } = resource;
    const sealed = {
      ...resource,
      ...(inputs ? { inputs: await this.#seal(urn, "inputs", inputs) } : {}),
      ...(outputs ? { outputs: await this.#seal(urn, "outputs", outputs) } : {}),
    };
    this.#sealed.set(resource, sealed);
    return sealed;
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

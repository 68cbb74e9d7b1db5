import { generateKeyPairSync, type KeyObject, randomBytes, randomUUID } from "node:crypto";

/** Who can be given roles. */
export interface Principal {
  objectId: string;
  type: "ServicePrincipal" | "User";
  /** Of a service principal: its application's, or that of a managed identity (`client_id`). */
  appId?: string;
  displayName: string;
  madeAt: number;
}

export interface ClientSecret {
  keyId: string;
  text: string;
  hint: string;
  displayName: string | null;
  startAt: number;
  endAt: number;
}

/** Whose tokens an application accepts instead of a secret. */
export interface FederatedCredential {
  /** Of an application's; a managed identity's has its name only. */
  id?: string;
  name: string;
  issuer: string;
  subject: string;
  audiences: string[];
  description?: string;
  madeAt: number;
}

/** What logs in: an application, or a user-assigned managed identity. */
export interface Client {
  /** Of the application's object in the directory. */
  id: string;
  appId: string;
  displayName: string;
  secrets: ClientSecret[];
  federated: FederatedCredential[];
}

/** Whoever issues tokens that are exchanged for Azure's: GitHub, a Kubernetes cluster. */
export interface Issuer {
  url: string;
  publicKey: KeyObject;
  privateKey: KeyObject;
}

const TWO_YEARS = 2 * 365 * 86_400_000;

/** A tenant of Microsoft Entra: applications, their service principals and secrets. */
export class Directory {
  /** By appId. */
  readonly clients = new Map<string, Client>();
  /** By object id. */
  readonly principals = new Map<string, Principal>();
  /** Object ids of those who may change the directory. */
  readonly administrators = new Set<string>();
  readonly #issuers = new Map<string, Issuer>();
  readonly #deleted = new Map<string, Client>();

  constructor(readonly tenant: string) {}

  addClient(displayName: string): Client {
    const client = { id: randomUUID(), appId: randomUUID(), displayName, secrets: [], federated: [] };
    this.clients.set(client.appId, client);
    return client;
  }

  /** An application is deleted with its service principal; it can be restored for a while. */
  deleteClient(client: Client): void {
    this.clients.delete(client.appId);
    this.#deleted.set(client.id, client);
    const principal = this.principalOf(client.appId);
    if (principal) this.principals.delete(principal.objectId);
  }

  clientById(id: string): Client | undefined {
    return [...this.clients.values()].find((client) => client.id === id);
  }

  /** @returns whether it existed */
  purge(id: string): boolean {
    return this.#deleted.delete(id);
  }

  addPrincipal(type: Principal["type"], displayName: string, appId?: string): Principal {
    const principal = { objectId: randomUUID(), type, displayName, madeAt: Date.now(), ...(appId === undefined ? {} : { appId }) };
    this.principals.set(principal.objectId, principal);
    return principal;
  }

  principalOf(appId: string): Principal | undefined {
    return [...this.principals.values()].find((principal) => principal.appId === appId);
  }

  addSecret(client: Client, more: { displayName?: string | null; startAt?: number; endAt?: number } = {}): ClientSecret {
    const { displayName = null, startAt = Date.now(), endAt = Date.now() + TWO_YEARS } = more;
    const text = `${randomBytes(3).toString("base64url").slice(0, 3)}8Q~${randomBytes(25).toString("base64url")}`;
    const secret = { keyId: randomUUID(), text, hint: text.slice(0, 3), displayName, startAt, endAt };
    client.secrets.push(secret);
    return secret;
  }

  /** The issuer of this URL. It is made when it is first asked for. */
  issuer(url: string): Issuer {
    const known = this.#issuers.get(url);
    if (known) return known;
    const issuer = { url, ...generateKeyPairSync("rsa", { modulusLength: 2048 }) };
    this.#issuers.set(url, issuer);
    return issuer;
  }

  knowsIssuer(url: string): boolean {
    return this.#issuers.has(url);
  }
}

import { createHash, createPublicKey, generateKeyPairSync, randomBytes } from "node:crypto";
import type { JsonObject } from "../../../json";
import { COLLECTIONS, permissionsOf, SECRET_PERMISSIONS } from "./collections";
import { denied, errorInfo, GoogleError } from "./googleError";

/** The permissions of each role that this fake checks (https://cloud.google.com/iam/docs/roles-permissions). */
const RUN_VIEW = [
  "run.jobs.get",
  "run.jobs.list",
  "run.executions.get",
  "run.executions.list",
  "run.tasks.get",
  "run.tasks.list",
  "run.operations.get",
];
const RUN_ALL = [
  ...RUN_VIEW,
  "run.jobs.create",
  "run.jobs.update",
  "run.jobs.delete",
  "run.jobs.run",
  "run.jobs.runWithOverrides",
  "run.executions.cancel",
  "run.executions.delete",
];
const IAM_ALL = [
  "iam.serviceAccounts.actAs",
  "iam.serviceAccounts.create",
  "iam.serviceAccounts.get",
  "iam.serviceAccounts.list",
  "iam.serviceAccounts.update",
  "iam.serviceAccounts.delete",
  "iam.serviceAccounts.getIamPolicy",
  "iam.serviceAccounts.setIamPolicy",
  "iam.serviceAccountKeys.create",
  "iam.serviceAccountKeys.get",
  "iam.serviceAccountKeys.list",
  "iam.serviceAccountKeys.delete",
  "iam.serviceAccountKeys.disable",
  "iam.serviceAccountKeys.enable",
  "iam.roles.create",
  "iam.roles.get",
  "iam.roles.update",
  "iam.roles.delete",
  ...["workloadIdentityPools", "workloadIdentityPoolProviders"].flatMap((kind) =>
    ["create", "get", "update", "delete"].map((verb) => `iam.${kind}.${verb}`),
  ),
];
const ROLES: Record<string, readonly string[]> = {
  "roles/owner": [
    ...RUN_ALL,
    ...IAM_ALL,
    "logging.logEntries.list",
    "logging.logEntries.create",
    "resourcemanager.projects.get",
    "resourcemanager.projects.getIamPolicy",
    "resourcemanager.projects.setIamPolicy",
    "serviceusage.services.enable",
    "serviceusage.services.disable",
    "serviceusage.services.get",
    "secretmanager.versions.access",
    ...SECRET_PERMISSIONS,
    ...["downloadArtifacts", "uploadArtifacts", "deleteArtifacts"].map((verb) => `artifactregistry.repositories.${verb}`),
    ...COLLECTIONS.flatMap(permissionsOf),
  ],
  "roles/run.admin": RUN_ALL,
  "roles/run.developer": RUN_ALL,
  "roles/run.viewer": RUN_VIEW,
  "roles/run.invoker": ["run.jobs.run"],
  "roles/iam.serviceAccountUser": ["iam.serviceAccounts.actAs", "iam.serviceAccounts.get", "iam.serviceAccounts.list"],
  "roles/iam.workloadIdentityUser": ["iam.serviceAccounts.getAccessToken", "iam.serviceAccounts.getOpenIdToken"],
  "roles/iam.serviceAccountTokenCreator": [
    "iam.serviceAccounts.getAccessToken",
    "iam.serviceAccounts.getOpenIdToken",
    "iam.serviceAccounts.signBlob",
    "iam.serviceAccounts.signJwt",
    "iam.serviceAccounts.implicitDelegation",
  ],
  "roles/logging.viewer": ["logging.logEntries.list"],
  "roles/logging.logWriter": ["logging.logEntries.create"],
  "roles/secretmanager.secretAccessor": ["secretmanager.versions.access"],
};

export interface ServiceAccount {
  email: string;
  uniqueId: string;
  /** The key pair that Google manages and rotates. */
  systemKey: { id: string; madeAt: number };
  displayName?: string;
  description?: string;
}

interface Key {
  id: string;
  email: string;
  publicKey: string;
  madeAt: number;
  /** Why it is disabled, if it is. */
  disabledFor?: string;
}

interface Binding {
  resource: string;
  role: string;
  member: string;
  madeAt: number;
}

/** A key file, as Google returns it once. */
export type KeyFile = Record<
  | "type"
  | "project_id"
  | "private_key_id"
  | "private_key"
  | "client_email"
  | "client_id"
  | "auth_uri"
  | "token_uri"
  | "auth_provider_x509_cert_url"
  | "client_x509_cert_url"
  | "universe_domain",
  string
>;

/** How long changes take to become effective, in milliseconds. */
export interface Propagation {
  keys: number;
  bindings: number;
}

/** Service accounts, roles and policies. Resources have names like `projects/P`, `serviceAccounts/EMAIL`, `secrets/NAME`. */
export class Iam {
  readonly accounts = new Map<string, ServiceAccount>();
  readonly keys = new Map<string, Key>();
  /** Keys of deleted accounts, with those accounts' unique ids. */
  readonly #deleted = new Map<string, Key & { uniqueId: string }>();
  readonly roles = new Map<string, readonly string[]>();
  readonly #deletedIds = new Map<string, string>();
  bindings: Binding[] = [];
  /** The `principalSet://…` of federated principals, by `principal://…`. */
  readonly sets = new Map<string, readonly string[]>();
  readonly propagation: Propagation;

  constructor(propagation: Propagation) {
    this.propagation = propagation;
  }

  addAccount(project: string, id: string, more: { displayName?: string; description?: string } = {}): ServiceAccount {
    const email = `${id}@${project}.iam.gserviceaccount.com`;
    if (this.accounts.has(email))
      throw new GoogleError("ALREADY_EXISTS", `Service account ${id} already exists within project projects/${project}.`);
    const uniqueId = `1${String(BigInt(`0x${randomBytes(8).toString("hex")}`)).padStart(20, "0")}`;
    const account = { email, uniqueId, systemKey: { id: randomBytes(20).toString("hex"), madeAt: Date.now() }, ...more };
    this.accounts.set(email, account);
    return account;
  }

  /** Its keys are deleted too. Its bindings stay, without effect. */
  deleteAccount(email: string): void {
    const { uniqueId = "" } = this.accounts.get(email) ?? {};
    this.accounts.delete(email);
    this.#deletedIds.set(email, uniqueId);
    for (const key of [...this.keys.values()]) {
      if (key.email !== email) continue;
      this.keys.delete(key.id);
      this.#deleted.set(key.id, { ...key, uniqueId });
    }
  }

  /** The unique id of a deleted account; `undefined` if an account with that name exists. */
  deletedId(email: string): string | undefined {
    return this.accounts.has(email) ? undefined : this.#deletedIds.get(email);
  }

  /** The key of a deleted account. */
  deletedKey(id: string): (Key & { uniqueId: string }) | undefined {
    return this.#deleted.get(id);
  }

  /** @param tokenUri where the key's owner gets access tokens */
  addKey(email: string, project: string, tokenUri: string): { id: string; file: KeyFile } {
    const pair = generateKeyPairSync("rsa", {
      modulusLength: 2048,
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
      publicKeyEncoding: { type: "spki", format: "pem" },
    });
    const id = randomBytes(20).toString("hex");
    this.keys.set(id, { id, email, publicKey: pair.publicKey, madeAt: Date.now() });
    return {
      id,
      file: {
        type: "service_account",
        project_id: project,
        private_key_id: id,
        private_key: pair.privateKey,
        client_email: email,
        client_id: this.accounts.get(email)?.uniqueId ?? "",
        auth_uri: "https://accounts.google.com/o/oauth2/auth",
        token_uri: tokenUri,
        auth_provider_x509_cert_url: "https://www.googleapis.com/oauth2/v1/certs",
        client_x509_cert_url: `https://www.googleapis.com/robot/v1/metadata/x509/${encodeURIComponent(email)}`,
        universe_domain: "googleapis.com",
      },
    };
  }

  /** The key with this id, once it is effective and while it is enabled. Access tokens that it got before stay valid. */
  usableKey(id: string): { email: string; publicKey: ReturnType<typeof createPublicKey> } | undefined {
    const key = this.keys.get(id);
    if (!key || key.disabledFor !== undefined || !this.accounts.has(key.email) || Date.now() < key.madeAt + this.propagation.keys)
      return undefined;
    return { email: key.email, publicKey: createPublicKey(key.publicKey) };
  }

  bind(resource: string, role: string, member: string): void {
    if (this.bindings.some((each) => each.resource === resource && each.role === role && each.member === member)) return;
    this.bindings.push({ resource, role, member, madeAt: Date.now() });
  }

  unbind(resource: string, role: string, member: string): void {
    this.bindings = this.bindings.filter((each) => each.resource !== resource || each.role !== role || each.member !== member);
  }

  /** Set a resource's whole policy. A binding that stays keeps its age. */
  setPolicy(resource: string, policy: readonly { role: string; members: readonly string[] }[]): void {
    const wanted = policy.flatMap(({ role, members }) => members.map((member) => ({ role, member })));
    this.bindings = this.bindings.filter(
      (each) => each.resource !== resource || wanted.some(({ role, member }) => role === each.role && member === each.member),
    );
    for (const { role, member } of wanted) this.bind(resource, role, member);
  }

  policyOf(resource: string): { role: string; members: string[] }[] {
    const byRole = Map.groupBy(
      this.bindings.filter((each) => each.resource === resource),
      ({ role }) => role,
    );
    return [...byRole].map(([role, all]) => ({ role, members: all.map(({ member }) => member) }));
  }

  /** Changes with every change of the policy. */
  etagOf(resource: string): string {
    return createHash("sha256")
      .update(JSON.stringify(this.policyOf(resource)))
      .digest("base64")
      .slice(0, 11)
      .concat("=");
  }

  may(member: string, permission: string, resources: readonly string[]): boolean {
    const names = [member, ...(this.sets.get(member) ?? [])];
    return this.bindings.some(
      (binding) =>
        names.includes(binding.member) &&
        resources.includes(binding.resource) &&
        Date.now() >= binding.madeAt + this.propagation.bindings &&
        (this.roles.get(binding.role) ?? ROLES[binding.role] ?? []).includes(permission),
    );
  }

  /** @throws {GoogleError} with Google's message if the permission is missing */
  demand(member: string, permission: string, project: string, resource: string): void {
    if (!this.may(member, permission, [`projects/${project}`, resource])) throw denied(permission, resource);
  }

  /** The creator of a Job, and whoever runs it, acts as its service account. */
  demandActAs(member: string, project: string, email: string): void {
    if (this.may(member, "iam.serviceAccounts.actAs", [`projects/${project}`, `serviceAccounts/${email}`])) return;
    throw new GoogleError(
      "PERMISSION_DENIED",
      `Permission 'iam.serviceaccounts.actAs' denied on service account ${email} (or it may not exist).`,
      [errorInfo("IAM_PERMISSION_DENIED", { permission: "iam.serviceAccounts.actAs" }, "iam.googleapis.com")],
    );
  }

  /** For display: it has no private keys. */
  summary(): JsonObject {
    return {
      accounts: [...this.accounts.keys()],
      keys: [...this.keys.values()].map(({ id, email }) => ({ id, email })),
      bindings: this.bindings.map(({ resource, role, member }) => ({ resource, role, member })),
    };
  }
}

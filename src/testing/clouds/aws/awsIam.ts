import { randomBytes } from "node:crypto";
import { AwsError } from "./awsError";
import { type Context, holds, like, listOf, type OneOrMany } from "./conditions";
import { MANAGED } from "./managedPolicies";

/** A statement of a policy, as in its JSON. */
export interface Statement {
  Sid?: string;
  Effect: "Allow" | "Deny";
  Action?: OneOrMany;
  NotAction?: OneOrMany;
  Resource?: OneOrMany;
  NotResource?: OneOrMany;
  Condition?: Record<string, Record<string, OneOrMany>>;
}

export interface Policy {
  Version?: string;
  Statement: Statement | readonly Statement[];
}

/** A policy of one principal: its own document, or the ARN of a managed one, which is looked up for each decision. */
export interface Attached {
  policy: Policy | string;
  since: number;
}

/** Who calls: a user, a role, or the account's root, who may do everything. */
export interface Principal {
  arn: string;
  /** By name; managed ones by their ARN. */
  policies: Map<string, Attached>;
}

export interface Role extends Principal {
  /** The services, and the users and roles, that may assume it. */
  trusts: string[];
  /** When it was created, in milliseconds. */
  since: number;
  /** The trust policy, as it was written. */
  trustPolicy?: string;
}

/** A managed policy of the account, in its default version. */
export interface ManagedPolicy {
  policy: Policy;
  since: number;
  /** @default 1 */
  version?: number;
  /** Numbers of its older versions. */
  older?: number[];
}

export interface AccessKey {
  accessKeyId: string;
  secretAccessKey: string;
}

interface KnownKey {
  key: AccessKey;
  principal: Principal;
  since: number;
  active: boolean;
  /** Only for temporary credentials. */
  session?: { token: string; expires: number };
}

/** Users, roles, access keys and policies: as much of IAM as deciding a call needs. */
export class Iam {
  readonly users = new Map<string, Principal>();
  /** By ARN. */
  readonly roles = new Map<string, Role>();
  readonly keys = new Map<string, KnownKey>();
  /** OIDC providers by ARN: the URL without the protocol, and the audiences. */
  readonly oidcProviders = new Map<string, { url: string; clientIds: string[] }>();
  /** Managed policies of the account, attached or not, by ARN. */
  readonly policies = new Map<string, ManagedPolicy>();
  /** The account's root. Its key is not in the list of keys. */
  readonly owner: AccessKey = { accessKeyId: "AKIAOWNER00000000000", secretAccessKey: randomBytes(30).toString("base64") };
  readonly #account: string;
  readonly #partition: string;
  readonly #delays: { keys: number; policies: number };

  constructor(account: string, partition: string, delays: { keys: number; policies: number }) {
    this.#account = account;
    this.#partition = partition;
    this.#delays = delays;
  }

  arn(what: string): string {
    return `arn:${this.#partition}:iam::${this.#account}:${what}`;
  }

  addUser(name: string): Principal {
    const user = this.users.get(name) ?? { arn: this.arn(`user/${name}`), policies: new Map() };
    this.users.set(name, user);
    return user;
  }

  /** @param trusts services, such as `ecs-tasks.amazonaws.com` */
  addRole(name: string, trusts: string[] = ["ecs-tasks.amazonaws.com"], path = "/"): Role {
    const role: Role = { arn: this.arn(`role${path}${name}`), policies: new Map(), trusts, since: Date.now() };
    this.roles.set(role.arn, role);
    return role;
  }

  /**
   * Give a principal a policy: its own document under any name, or a managed one by its ARN. @throws {AwsError} if the managed one does not
   * exist
   */
  put(principal: Principal, name: string, policy: Policy | string): void {
    if (typeof policy === "string" && !this.#managed(policy))
      throw new AwsError("NoSuchEntity", `Policy ${policy} does not exist or is not attachable.`, 404);
    principal.policies.set(name, { policy, since: Date.now() });
  }

  /** @param policy a document, or the name of a policy that AWS manages, with its path if it has one */
  attach(principal: Principal, policy: Policy | string): void {
    const arn = typeof policy === "string" ? `arn:${this.#partition}:iam::aws:policy/${policy}` : undefined;
    this.put(principal, arn ?? `inline-${principal.policies.size}`, arn ?? policy);
  }

  #managed(arn: string): { policy: Policy; since: number } | undefined {
    const own = this.policies.get(arn);
    const managed = `arn:${this.#partition}:iam::aws:policy/`;
    if (own || !arn.startsWith(managed)) return own;
    const policy = MANAGED[arn.slice(managed.length)];
    return policy && { policy, since: 0 };
  }

  addKey(principal: Principal): AccessKey {
    const key = {
      accessKeyId: `AKIA${randomBytes(10).toString("hex").toUpperCase().slice(0, 16)}`,
      secretAccessKey: randomBytes(30).toString("base64"),
    };
    this.keys.set(key.accessKeyId, { key, principal, since: Date.now(), active: true });
    return key;
  }

  /** Credentials of a role for some seconds; they work only with their token. */
  addSession(role: Principal, name: string, seconds: number): { key: AccessKey; token: string; expires: number; principal: Principal } {
    const arn = `arn:${this.#partition}:sts::${this.#account}:assumed-role/${role.arn.slice(role.arn.lastIndexOf("/") + 1)}/${name}`;
    // The session has the role's permissions.
    const principal = { arn, policies: role.policies };
    const key = this.addKey(principal);
    const accessKeyId = key.accessKeyId.replace(/^AKIA/, "ASIA");
    const session = { token: randomBytes(60).toString("base64"), expires: Date.now() + seconds * 1000 };
    this.keys.delete(key.accessKeyId);
    this.keys.set(accessKeyId, { key: { ...key, accessKeyId }, principal, since: 0, active: true, session });
    return { key: { ...key, accessKeyId }, principal, ...session };
  }

  /** End all temporary credentials so far. */
  endSessions(): void {
    for (const { session } of this.keys.values()) if (session) session.expires = 0;
  }

  /** The key and its owner, if the key is active, unexpired, known everywhere, and used with its session's token if it has one. */
  usable(accessKeyId: string, token: string | undefined): { key: AccessKey; principal: Principal } | undefined {
    if (accessKeyId === this.owner.accessKeyId && token === undefined)
      return { key: this.owner, principal: { arn: this.arn("root"), policies: new Map() } };
    const found = this.keys.get(accessKeyId);
    if (!found?.active || Date.now() < found.since + this.#delays.keys || found.session?.token !== token) return undefined;
    return found.session && Date.now() >= found.session.expires ? undefined : found;
  }

  /** Whether a principal has the permission: an explicit deny wins, and without an allow nothing is allowed. */
  allows(principal: Principal, action: string, resource: string, context: Context): boolean {
    return this.#decided(principal, action, resource, context) === "allowed";
  }

  /** @throws {AwsError} with IAM's message */
  check(principal: Principal, action: string, resource: string, context: Context = {}): void {
    const decided = this.#decided(principal, action, resource, context);
    if (decided === "allowed") return;
    const why =
      decided === "denied"
        ? "with an explicit deny in an identity-based policy"
        : `because no identity-based policy allows the ${action} action`;
    throw new AwsError(
      "AccessDeniedException",
      `User: ${principal.arn} is not authorized to perform: ${action} on resource: ${resource} ${why}`,
    );
  }

  #decided({ arn, policies }: Principal, action: string, resource: string, context: Context): "allowed" | "denied" | "not allowed" {
    if (arn.endsWith(":root")) return "allowed";
    const fitting = [...policies.values()]
      .flatMap(({ policy, since }) => {
        const found = typeof policy === "string" ? this.#managed(policy) : { policy, since };
        return found && Date.now() >= Math.max(since, found.since) + this.#delays.policies ? [found.policy] : [];
      })
      .flatMap(({ Statement }) => Statement)
      .filter((statement) => fits(statement, action, resource, context));
    if (fitting.some(({ Effect }) => Effect === "Deny")) return "denied";
    return fitting.length > 0 ? "allowed" : "not allowed";
  }
}

function fits(statement: Statement, action: string, resource: string, context: Context): boolean {
  const { Action, NotAction, Resource, NotResource, Condition = {} } = statement;
  if (Action !== undefined && !listOf(Action).some((pattern) => like(pattern.toLowerCase(), action.toLowerCase()))) return false;
  if (NotAction !== undefined && listOf(NotAction).some((pattern) => like(pattern.toLowerCase(), action.toLowerCase()))) return false;
  if (Resource !== undefined && !listOf(Resource).some((pattern) => like(pattern, resource))) return false;
  if (NotResource !== undefined && listOf(NotResource).some((pattern) => like(pattern, resource))) return false;
  return Object.entries(Condition).every(([operator, keys]) =>
    Object.entries(keys).every(([key, wanted]) => holds(operator, context[key], listOf(wanted))),
  );
}

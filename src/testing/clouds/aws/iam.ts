import { randomBytes } from "node:crypto";
import { AwsError } from "./errors";
import { MANAGED } from "./managedPolicies";

type Several = string | readonly string[];

/** A statement of a policy, as in its JSON. */
export interface Statement {
  Sid?: string;
  Effect: "Allow" | "Deny";
  Action?: Several;
  NotAction?: Several;
  Resource?: Several;
  NotResource?: Several;
  Condition?: Record<string, Record<string, Several>>;
}

export interface Policy {
  Version?: string;
  Statement: Statement | readonly Statement[];
}

/** A policy of one principal: its own document, or the ARN of a managed one, which is looked up when a call is decided. */
export interface Attached {
  policy: Policy | string;
  since: number;
}

/** Who asks: a user, a role, or the account's root, who may do everything. */
export interface Principal {
  arn: string;
  /** By name; attached ones by their ARN. */
  policies: Map<string, Attached>;
}

export interface AccessKey {
  accessKeyId: string;
  secretAccessKey: string;
}

/** Users, roles, access keys, policies: as much of IAM as deciding a call takes. */
export class Iam {
  readonly users = new Map<string, Principal>();
  /** By ARN. `trusts`: who may assume it. */
  readonly roles = new Map<string, Principal & { trusts: string[] }>();
  readonly keys = new Map<string, { key: AccessKey; principal: Principal; since: number; active: boolean }>();
  /** Managed policies of the account's own, attached or not, by ARN. */
  readonly policies = new Map<string, { policy: Policy; since: number }>();
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

  /** @param trusts services, as `ecs-tasks.amazonaws.com` */
  addRole(name: string, trusts: string[] = ["ecs-tasks.amazonaws.com"]): Principal & { trusts: string[] } {
    const role = { arn: this.arn(`role/${name}`), policies: new Map(), trusts };
    this.roles.set(role.arn, role);
    return role;
  }

  /** Give a principal a policy: a document of its own by any name, or a managed one by its ARN. @throws {AwsError} if there is none */
  put(principal: Principal, name: string, policy: Policy | string): void {
    if (typeof policy === "string" && !this.#managed(policy))
      throw new AwsError("NoSuchEntity", `Policy ${policy} does not exist or is not attachable.`);
    principal.policies.set(name, { policy, since: Date.now() });
  }

  /** @param policy a document, or the name of a policy that AWS manages, with its path where it has one */
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

  /** Known everywhere by now, and neither deleted nor inactive. */
  usable(accessKeyId: string): { key: AccessKey; principal: Principal } | undefined {
    const found = this.keys.get(accessKeyId);
    return found?.active && Date.now() >= found.since + this.#delays.keys ? found : undefined;
  }

  /** Whether a principal may: an explicit deny wins, and without an allow nothing goes. */
  allows({ arn, policies }: Principal, action: string, resource: string, context: Record<string, string | undefined>): boolean {
    if (arn.endsWith(":root")) return true;
    const fitting = [...policies.values()]
      .flatMap(({ policy, since }) => {
        const found = typeof policy === "string" ? this.#managed(policy) : { policy, since };
        return found && Date.now() >= Math.max(since, found.since) + this.#delays.policies ? [found.policy] : [];
      })
      .flatMap(({ Statement }) => Statement)
      .filter((statement) => fits(statement, action, resource, context));
    return fitting.length > 0 && fitting.every(({ Effect }) => Effect === "Allow");
  }

  /** @throws {AwsError} in IAM's words */
  check(principal: Principal, action: string, resource: string, context: Record<string, string | undefined> = {}): void {
    if (this.allows(principal, action, resource, context)) return;
    throw new AwsError(
      "AccessDeniedException",
      `User: ${principal.arn} is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`,
    );
  }
}

function fits(statement: Statement, action: string, resource: string, context: Record<string, string | undefined>): boolean {
  const { Action, NotAction, Resource, NotResource, Condition = {} } = statement;
  if (Action !== undefined && !several(Action).some((pattern) => like(pattern.toLowerCase(), action.toLowerCase()))) return false;
  if (NotAction !== undefined && several(NotAction).some((pattern) => like(pattern.toLowerCase(), action.toLowerCase()))) return false;
  if (Resource !== undefined && !several(Resource).some((pattern) => like(pattern, resource))) return false;
  if (NotResource !== undefined && several(NotResource).some((pattern) => like(pattern, resource))) return false;
  return Object.entries(Condition).every(([operator, keys]) =>
    Object.entries(keys).every(([key, wanted]) => holds(operator, context[key], several(wanted))),
  );
}

function holds(operator: string, value: string | undefined, wanted: readonly string[]): boolean {
  const [, base = operator, optional] = /^(.*?)(IfExists)?$/.exec(operator) ?? [];
  const negated = /^(String|Arn)Not/.test(base);
  if (value === undefined) return optional !== undefined || negated;
  switch (base.replace("Not", "")) {
    case "StringEquals":
      return wanted.includes(value) !== negated;
    case "StringEqualsIgnoreCase":
      return wanted.some((each) => each.toLowerCase() === value.toLowerCase()) !== negated;
    case "StringLike":
    case "ArnEquals":
    case "ArnLike":
      return wanted.some((each) => like(each, value)) !== negated;
    default:
      throw new AwsError("MalformedPolicyDocument", `the fake knows no condition operator ${operator}`);
  }
}

function several(value: Several): readonly string[] {
  return typeof value === "string" ? [value] : value;
}

/** `*` is any text, `?` one character. */
function like(pattern: string, text: string): boolean {
  const escaped = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${escaped}$`, "s").test(text);
}

import { randomBytes } from "node:crypto";
import { AwsError } from "./errors";
import { MANAGED } from "./managedPolicies";

type Several = string | readonly string[];

/** A statement of a policy, as in its JSON. */
export interface Statement {
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

/** Who asks: a user, a role, or the account's root, who may do everything. */
export interface Principal {
  arn: string;
  policies: { policy: Policy; since: number }[];
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
    const user = this.users.get(name) ?? { arn: this.arn(`user/${name}`), policies: [] };
    this.users.set(name, user);
    return user;
  }

  /** @param trusts services, as `ecs-tasks.amazonaws.com` */
  addRole(name: string, trusts: string[] = ["ecs-tasks.amazonaws.com"]): Principal & { trusts: string[] } {
    const role = { arn: this.arn(`role/${name}`), policies: [], trusts };
    this.roles.set(role.arn, role);
    return role;
  }

  /** A policy of the account's own, attached or not, by ARN. */
  readonly policies = new Map<string, Policy>();

  /** Make a principal's policies anew from their names: documents by name, ARNs of managed ones and of the account's own. */
  renew(principal: Principal, attached: ReadonlyMap<string, Policy | string>): void {
    const before = new Map(principal.policies.map((each) => [JSON.stringify(each.policy), each.since]));
    principal.policies = [...attached.values()].map((each) => {
      const policy = typeof each === "string" ? this.#policyNamed(each) : each;
      return { policy: listed(policy), since: before.get(JSON.stringify(listed(policy))) ?? Date.now() };
    });
  }

  #policyNamed(arn: string): Policy {
    const own = this.policies.get(arn);
    const managed = arn.startsWith(`arn:${this.#partition}:iam::aws:policy/`) ? MANAGED[arn.slice(arn.lastIndexOf("/") + 1)] : undefined;
    const policy = own ?? managed;
    if (!policy) throw new AwsError("NoSuchEntity", `Policy ${arn} does not exist or is not attachable.`);
    return policy;
  }

  /** @param policy a document, or the name of a managed policy */
  attach(principal: Principal, policy: Policy | string): void {
    const document = typeof policy === "string" ? MANAGED[policy] : policy;
    if (!document) throw new AwsError("NoSuchEntity", `Policy ${String(policy)} does not exist or is not attachable.`);
    principal.policies.push({ policy: document, since: Date.now() });
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
    const fitting = policies
      .filter(({ since }) => Date.now() >= since + this.#delays.policies)
      .flatMap(({ policy }) => policy.Statement as Statement[])
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

/** With its statements as a list. */
function listed(policy: Policy): Policy {
  return { ...policy, Statement: Array.isArray(policy.Statement) ? policy.Statement : [policy.Statement as Statement] };
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

import { randomUUID } from "node:crypto";
import { AwsError } from "./awsError";
import type { Iam, Policy, Principal } from "./awsIam";
import type { World } from "./awsWorld";
import type { QueryCall, QueryOperation } from "./query";
import { checkSharedIssuer, trustStatements } from "./webIdentity";
import { type XmlValue, xml } from "./xml";

type Kind = "user" | "role";
type Handler = (call: QueryCall, get: (parameter: string) => string) => { [name: string]: XmlValue } | undefined;

/** The operations of IAM that provisioning needs (https://docs.aws.amazon.com/IAM/latest/APIReference). */
export const IAM_OPERATIONS: Record<string, QueryOperation> = Object.fromEntries(
  Object.entries<Handler>({
    CreateUser: ({ world }, get) => {
      const name = get("UserName");
      if (world.iam.users.has(name)) throw exists(`User with name ${name} already exists.`);
      return { User: shownUser(name, world.iam.addUser(name)) };
    },
    GetUser: ({ world }, get) => ({ User: shownUser(get("UserName"), principalOf(world, "user", get("UserName"))) }),
    DeleteUser: ({ world: { iam } }, get) => {
      const user = principalOf({ iam }, "user", get("UserName"));
      if (user.policies.size > 0) throw conflict("Cannot delete entity, must detach all policies first.");
      if (keysOf({ iam }, user).length > 0) throw conflict("Cannot delete entity, must delete access keys first.");
      iam.users.delete(get("UserName"));
      return undefined;
    },

    CreateRole: ({ world: { iam } }, get) => {
      const [name, document] = [get("RoleName"), get("AssumeRolePolicyDocument")];
      if (roleNamed(iam, name)) throw exists(`Role with name ${name} already exists.`);
      const role = iam.addRole(name, trustedBy(document));
      role.trustPolicy = document;
      return { Role: shownRole(name, role) };
    },
    GetRole: ({ world }, get) => ({ Role: shownRole(get("RoleName"), roleOf(world, get("RoleName"))) }),
    UpdateAssumeRolePolicy: ({ world }, get) => {
      const [role, document] = [roleOf(world, get("RoleName")), get("PolicyDocument")];
      Object.assign(role, { trusts: trustedBy(document), trustPolicy: document });
      return undefined;
    },
    DeleteRole: ({ world }, get) => {
      const role = roleOf(world, get("RoleName"));
      if (role.policies.size > 0) throw conflict("Cannot delete entity, must delete policies first.");
      world.iam.roles.delete(role.arn);
      return undefined;
    },
    CreateOpenIDConnectProvider: ({ world: { iam }, parameters }, get) => {
      const url = get("Url");
      if (!/^https?:\/\/[^\s?#]+$/.test(url)) throw new AwsError("ValidationError", "Invalid Open ID Connect Provider URL");
      const arn = iam.arn(`oidc-provider/${url.replace(/^https?:\/\//, "")}`);
      if (iam.oidcProviders.has(arn)) throw exists(`Provider with url ${url} already exists.`);
      if (iam.oidcProviders.size >= 100)
        throw new AwsError("LimitExceeded", "Cannot exceed quota for OpenIdConnectProvidersPerAccount: 100", 409);
      iam.oidcProviders.set(arn, { url, clientIds: membersOf(parameters, "ClientIDList") });
      return { OpenIDConnectProviderArn: arn };
    },
    GetOpenIDConnectProvider: ({ world }, get) => {
      const { url, clientIds } = oidcProvider(world, get("OpenIDConnectProviderArn"));
      return { Url: url.replace(/^https?:\/\//, ""), ClientIDList: clientIds };
    },
    AddClientIDToOpenIDConnectProvider: ({ world }, get) => {
      const found = oidcProvider(world, get("OpenIDConnectProviderArn"));
      found.clientIds = [...new Set([...found.clientIds, get("ClientID")])];
      return undefined;
    },
    RemoveClientIDFromOpenIDConnectProvider: ({ world }, get) => {
      const found = oidcProvider(world, get("OpenIDConnectProviderArn"));
      found.clientIds = found.clientIds.filter((each) => each !== get("ClientID"));
      return undefined;
    },
    DeleteOpenIDConnectProvider: ({ world }, get) => {
      oidcProvider(world, get("OpenIDConnectProviderArn"));
      world.iam.oidcProviders.delete(get("OpenIDConnectProviderArn"));
      return undefined;
    },
    CreateServiceLinkedRole: ({ world: { iam } }, get) => {
      const [name, service] = ["AWSServiceRoleForECS", get("AWSServiceName")];
      if (roleNamed(iam, name))
        throw new AwsError("InvalidInput", `Service role name ${name} has been taken in this account, please try a different suffix.`);
      return { Role: shownRole(name, iam.addRole(name, [service], `/aws-service-role/${service}/`)) };
    },
    DeleteServiceLinkedRole: ({ world }, get) => {
      const { arn, trusts } = roleOf(world, get("RoleName"));
      world.iam.roles.delete(arn);
      return { DeletionTaskId: `task/aws-service-role/${trusts[0]}/${get("RoleName")}/${randomUUID()}` };
    },

    PutRolePolicy: ({ world }, get) => {
      world.iam.put(roleOf(world, get("RoleName")), get("PolicyName"), documentOf(get("PolicyDocument")));
      return undefined;
    },
    GetRolePolicy: ({ world }, get) => {
      const [RoleName, PolicyName] = [get("RoleName"), get("PolicyName")];
      const found = roleOf(world, RoleName).policies.get(PolicyName)?.policy;
      if (typeof found !== "object") throw missing(`The role policy with name ${PolicyName} cannot be found.`);
      return { RoleName, PolicyName, PolicyDocument: encoded(JSON.stringify(found)) };
    },
    DeleteRolePolicy: ({ world }, get) => {
      if (!roleOf(world, get("RoleName")).policies.delete(get("PolicyName")))
        throw missing(`The role policy with name ${get("PolicyName")} cannot be found.`);
      return undefined;
    },

    CreatePolicy: ({ world: { iam } }, get) => {
      const arn = iam.arn(`policy/${get("PolicyName")}`);
      if (iam.policies.has(arn)) throw exists(`A policy called ${get("PolicyName")} already exists. Duplicate names are not allowed.`);
      iam.policies.set(arn, { policy: documentOf(get("PolicyDocument")), since: Date.now() });
      return { Policy: { PolicyName: get("PolicyName"), Arn: arn, PolicyId: "ANPAFAKE", DefaultVersionId: "v1", IsAttachable: true } };
    },
    GetPolicy: ({ world }, get) => {
      const { version = 1 } = ownPolicy(world, get("PolicyArn"));
      return { Policy: { Arn: get("PolicyArn"), DefaultVersionId: `v${version}`, IsAttachable: true } };
    },
    GetPolicyVersion: ({ world }, get) => {
      const { policy, version = 1 } = ownPolicy(world, get("PolicyArn"));
      if (get("VersionId") !== `v${version}`) throw missing(`Policy ${get("PolicyArn")} version ${get("VersionId")} does not exist.`);
      return { PolicyVersion: { Document: encoded(JSON.stringify(policy)), VersionId: `v${version}`, IsDefaultVersion: true } };
    },
    // The fake has only the default version. Older ones are counted until they are deleted.
    CreatePolicyVersion: ({ world: { iam } }, get) => {
      const arn = get("PolicyArn");
      const { version = 1, older = [] } = ownPolicy({ iam }, arn);
      if (older.length === 4)
        throw new AwsError(
          "LimitExceeded",
          "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.",
          409,
        );
      if (get("SetAsDefault") !== "true") throw new AwsError("ValidationError", "the fake makes default versions only");
      iam.policies.set(arn, {
        policy: documentOf(get("PolicyDocument")),
        since: Date.now(),
        version: version + 1,
        older: [...older, version],
      });
      return { PolicyVersion: { VersionId: `v${version + 1}`, IsDefaultVersion: true } };
    },
    DeletePolicyVersion: ({ world }, get) => {
      const found = ownPolicy(world, get("PolicyArn"));
      const { version = 1, older = [] } = found;
      if (get("VersionId") === `v${version}`) throw conflict("Cannot delete the default version of a policy.");
      if (!older.some((each) => get("VersionId") === `v${each}`))
        throw missing(`Policy ${get("PolicyArn")} version ${get("VersionId")} does not exist.`);
      found.older = older.filter((each) => get("VersionId") !== `v${each}`);
      return undefined;
    },
    DeletePolicy: ({ world: { iam } }, get) => {
      const arn = get("PolicyArn");
      const { older = [] } = ownPolicy({ iam }, arn);
      if ([...iam.users.values(), ...iam.roles.values()].some(({ policies }) => policies.has(arn)))
        throw conflict("Cannot delete a policy attached to entities.");
      if (older.length > 0)
        throw conflict("This policy has more than one version. Before you delete a policy, you must delete the policy's versions.");
      iam.policies.delete(arn);
      return undefined;
    },
    ...attachments("user", "User"),
    ...attachments("role", "Role"),

    CreateAccessKey: ({ world }, get) => {
      const user = principalOf(world, "user", get("UserName"));
      if (keysOf(world, user).length === 2) throw new AwsError("LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2", 409);
      const { accessKeyId, secretAccessKey } = world.iam.addKey(user);
      const key = { UserName: get("UserName"), AccessKeyId: accessKeyId, Status: "Active", SecretAccessKey: secretAccessKey };
      return { AccessKey: { ...key, CreateDate: toSecond(Date.now()) } };
    },
    ListAccessKeys: ({ world }, get) => {
      const UserName = get("UserName");
      const keys = keysOf(world, principalOf(world, "user", UserName)).map(([AccessKeyId, { active, since }]) => ({
        UserName,
        AccessKeyId,
        Status: active ? "Active" : "Inactive",
        CreateDate: toSecond(since),
      }));
      return { AccessKeyMetadata: keys, IsTruncated: false };
    },
    GetAccessKeyLastUsed: ({ world: { iam } }, get) => {
      const { principal } = iam.keys.get(get("AccessKeyId")) ?? {};
      const [UserName] = [...iam.users].find(([, user]) => user === principal) ?? [];
      if (UserName === undefined) throw missing(`The Access Key with id ${get("AccessKeyId")} cannot be found.`);
      return { UserName, AccessKeyLastUsed: { ServiceName: "N/A", Region: "N/A" } };
    },
    UpdateAccessKey: ({ world }, get) => {
      keyOf(world, get).active = get("Status") === "Active";
      return undefined;
    },
    DeleteAccessKey: ({ world }, get) => {
      keyOf(world, get);
      world.iam.keys.delete(get("AccessKeyId"));
      return undefined;
    },
  }).map(([name, handle]) => [name, operation(name, handle)]),
);

/** An operation that needs permission. Its resource is the user, the role or the policy that it names. */
function operation(name: string, handle: Handler): QueryOperation {
  return (call) => {
    const get = (parameter: string) => call.parameters.get(parameter) ?? "";
    const { iam } = call.world;
    const resource =
      get("UserName") !== ""
        ? iam.arn(`user/${get("UserName")}`)
        : get("RoleName") !== ""
          ? iam.arn(`role/${get("RoleName")}`)
          : get("PolicyArn") || get("OpenIDConnectProviderArn") || iam.arn(`policy/${get("PolicyName")}`);
    iam.check(call.principal, `iam:${name}`, resource);
    return xml(handle(call, get) ?? {});
  };
}

function attachments(kind: Kind, part: "User" | "Role"): Record<string, Handler> {
  const of = (world: Pick<World, "iam">, get: (parameter: string) => string) => principalOf(world, kind, get(`${part}Name`));
  return {
    [`Attach${part}Policy`]: ({ world }, get) => {
      const arn = get("PolicyArn");
      if (!/^arn:[^:]+:iam::(aws|\d{12}):policy\//.test(arn)) throw new AwsError("ValidationError", "Invalid ARN:  Could not be parsed!");
      world.iam.put(of(world, get), arn, arn);
      return undefined;
    },
    [`Detach${part}Policy`]: ({ world }, get) => {
      if (!of(world, get).policies.delete(get("PolicyArn"))) throw missing(`Policy ${get("PolicyArn")} was not found.`);
      return undefined;
    },
    [`ListAttached${part}Policies`]: ({ world }, get) => {
      const attached = [...of(world, get).policies].filter(([, { policy }]) => typeof policy === "string");
      const AttachedPolicies = attached.map(([PolicyArn]) => ({ PolicyName: PolicyArn.slice(PolicyArn.lastIndexOf("/") + 1), PolicyArn }));
      return { AttachedPolicies, IsTruncated: false };
    },
  };
}

function principalOf({ iam }: Pick<World, "iam">, kind: Kind, name: string): Principal {
  const found = kind === "user" ? iam.users.get(name) : roleNamed(iam, name);
  if (!found) throw missing(`The ${kind} with name ${name} cannot be found.`);
  return found;
}

/** A role's name is unique in its account, whatever its path. */
function roleNamed({ roles }: Iam, name: string) {
  return [...roles.values()].find(({ arn }) => arn.endsWith(`/${name}`));
}

function roleOf({ iam }: Pick<World, "iam">, name: string) {
  const found = roleNamed(iam, name);
  if (!found) throw missing(`The role with name ${name} cannot be found.`);
  return found;
}

function ownPolicy({ iam }: Pick<World, "iam">, arn: string) {
  const found = iam.policies.get(arn);
  if (!found) throw missing(`Policy ${arn} was not found.`);
  return found;
}

function keysOf({ iam }: Pick<World, "iam">, user: Principal) {
  return [...iam.keys].filter(([, { principal }]) => principal === user);
}

function keyOf(world: World, get: (parameter: string) => string) {
  const id = get("AccessKeyId");
  const found = keysOf(world, principalOf(world, "user", get("UserName"))).find(([each]) => each === id);
  if (!found) throw missing(`The Access Key with id ${id} cannot be found.`);
  return found[1];
}

/** IAM's times are whole seconds. */
function toSecond(time: number): string {
  return new Date(time).toISOString().replace(/\.\d+Z$/, "Z");
}

function shownUser(UserName: string, { arn }: Principal) {
  return { Path: "/", UserName, UserId: `AIDA${UserName}`, Arn: arn };
}

function shownRole(
  RoleName: string,
  { arn, trusts, trustPolicy, since }: { arn: string; trusts: string[]; trustPolicy?: string; since: number },
) {
  const Statement = { Effect: "Allow", Principal: { Service: trusts }, Action: "sts:AssumeRole" };
  const asGiven = trustPolicy !== undefined && String(trustedBy(trustPolicy)) === String(trusts);
  const document = asGiven ? trustPolicy : JSON.stringify({ Version: "2012-10-17", Statement });
  const Path = arn.slice(arn.indexOf("/"), arn.lastIndexOf("/") + 1);
  const CreateDate = new Date(since).toISOString().replace(/\.\d+Z$/, "Z");
  return { Path, RoleName, RoleId: `AROA${RoleName}`, Arn: arn, CreateDate, AssumeRolePolicyDocument: encoded(document) };
}

/** The services, users and roles that a trust policy allows. */
function trustedBy(text: string): string[] {
  const statements = trustStatements(documentOf(text) as never);
  for (const each of statements) checkSharedIssuer(each);
  return statements.flatMap(({ Principal: { Service = [], AWS = [] } }) => [Service, AWS].flat());
}

function membersOf(parameters: URLSearchParams, name: string): string[] {
  return [...parameters].filter(([key]) => key.startsWith(`${name}.member.`)).map(([, value]) => value);
}

function oidcProvider({ iam }: Pick<World, "iam">, arn: string) {
  const found = iam.oidcProviders.get(arn);
  if (!found) throw missing(`OpenIDConnect Provider not found for arn ${arn}`);
  return found;
}

function documentOf(text: string): Policy {
  try {
    return JSON.parse(text) as Policy;
  } catch {
    throw new AwsError("MalformedPolicyDocument", "This policy contains invalid Json");
  }
}

/** IAM returns policies percent-encoded (RFC 3986). */
function encoded(document: string): string {
  return encodeURIComponent(document);
}

const missing = (message: string) => new AwsError("NoSuchEntity", message, 404);
const exists = (message: string) => new AwsError("EntityAlreadyExists", message, 409);
const conflict = (message: string) => new AwsError("DeleteConflict", message, 409);

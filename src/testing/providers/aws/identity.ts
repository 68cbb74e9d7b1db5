import { isDeepStrictEqual } from "node:util";
import type { JsonObject } from "../../../json";
import type { FakeAws } from "../../clouds/aws";
import type { Policy, Principal } from "../../clouds/aws/iam";
import type { StandInResource } from "../standInProvider";

/** Users, roles, their policies and keys. */
export function identityResources({ world }: FakeAws): Record<string, StandInResource> {
  const { iam } = world;
  const find = (kind: "user" | "role", name: unknown): Principal | undefined =>
    kind === "user" ? iam.users.get(String(name)) : iam.roles.get(iam.arn(`role/${String(name)}`));
  const principal = (kind: "user" | "role", name: unknown): Principal => {
    const found = find(kind, name);
    if (!found) throw new Error(`NoSuchEntity: The ${kind} with name ${String(name)} cannot be found.`);
    return found;
  };

  const attachment = (kind: "user" | "role"): StandInResource => ({
    replaceOn: "all",
    create: ({ [kind]: name, policyArn }) => {
      iam.put(principal(kind, name), String(policyArn), String(policyArn));
      return { id: `${name}-${policyArn}` };
    },
    read: (id, { [kind]: name, policyArn }) => (find(kind, name)?.policies.has(String(policyArn)) ? { id } : undefined),
    delete: (_, { [kind]: name, policyArn }) => {
      find(kind, name)?.policies.delete(String(policyArn));
    },
  });

  return {
    "aws:iam/user:User": {
      replaceOn: ["name"],
      computed: ["arn", "uniqueId"],
      autoName: { input: "name", longest: 64 },
      create: ({ name }) => {
        if (iam.users.has(String(name))) throw new Error(`EntityAlreadyExists: User with name ${name} already exists.`);
        return { id: String(name), outputs: { arn: iam.addUser(String(name)).arn, uniqueId: `AIDA${String(name)}` } };
      },
      read: (id) => (iam.users.has(id) ? { id } : undefined),
      delete: (id) => {
        const user = iam.users.get(id);
        if (!user) return;
        if (user.policies.size > 0) throw new Error("DeleteConflict: Cannot delete entity, must detach all policies first.");
        if ([...iam.keys.values()].some(({ principal: owner }) => owner === user))
          throw new Error("DeleteConflict: Cannot delete entity, must delete access keys first.");
        iam.users.delete(id);
      },
    },
    "aws:iam/role:Role": {
      replaceOn: ["name"],
      computed: ["arn", "createDate", "uniqueId"],
      autoName: { input: "name", longest: 64 },
      create: ({ name, assumeRolePolicy }) => {
        if (find("role", name)) throw new Error(`EntityAlreadyExists: Role with name ${name} already exists.`);
        return { id: String(name), outputs: { arn: iam.addRole(String(name), trusted(assumeRolePolicy)).arn } };
      },
      read: (id, { assumeRolePolicy }) => {
        const role = iam.roles.get(iam.arn(`role/${id}`));
        if (!role) return undefined;
        if (isDeepStrictEqual(role.trusts, trusted(assumeRolePolicy))) return { id };
        const Statement = { Effect: "Allow", Principal: { Service: role.trusts }, Action: "sts:AssumeRole" };
        return { id, outputs: { assumeRolePolicy: JSON.stringify({ Version: "2012-10-17", Statement }) } };
      },
      update: (id, { assumeRolePolicy }) => {
        const role = iam.roles.get(iam.arn(`role/${id}`));
        if (role) role.trusts = trusted(assumeRolePolicy);
        return {};
      },
      delete: (id) => {
        const role = iam.roles.get(iam.arn(`role/${id}`));
        if (role && role.policies.size > 0) throw new Error("DeleteConflict: Cannot delete entity, must delete policies first.");
        iam.roles.delete(iam.arn(`role/${id}`));
      },
    },
    "aws:iam/rolePolicy:RolePolicy": {
      replaceOn: ["role", "name"],
      autoName: { input: "name", longest: 128 },
      create: ({ role, name, policy }) => {
        iam.put(principal("role", role), String(name), documentOf(policy));
        return { id: `${role}:${name}` };
      },
      read: (id, { role, name, policy }) => {
        const found = find("role", role)?.policies.get(String(name))?.policy;
        return found === undefined ? undefined : { id, outputs: { policy: textOf(found, policy) } };
      },
      update: (_, { role, name, policy }) => {
        iam.put(principal("role", role), String(name), documentOf(policy));
        return {};
      },
      delete: (_, { role, name }) => {
        find("role", role)?.policies.delete(String(name));
      },
    },
    "aws:iam/policy:Policy": {
      replaceOn: ["name", "description"],
      computed: ["arn", "policyId"],
      autoName: { input: "name", longest: 128 },
      create: ({ name, policy }) => {
        const arn = iam.arn(`policy/${name}`);
        if (iam.policies.has(arn)) throw new Error(`EntityAlreadyExists: A policy called ${name} already exists.`);
        iam.policies.set(arn, { policy: documentOf(policy), since: Date.now() });
        return { id: arn, outputs: { arn } };
      },
      read: (id, { policy }) => {
        const found = iam.policies.get(id)?.policy;
        return found && { id, outputs: { policy: textOf(found, policy) } };
      },
      update: (id, { policy }) => {
        iam.policies.set(id, { policy: documentOf(policy), since: Date.now() });
        return {};
      },
      delete: (id) => {
        if ([...iam.users.values(), ...iam.roles.values()].some(({ policies }) => policies.has(id)))
          throw new Error("DeleteConflict: Cannot delete a policy attached to entities.");
        iam.policies.delete(id);
      },
    },
    "aws:iam/userPolicyAttachment:UserPolicyAttachment": attachment("user"),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": attachment("role"),
    "aws:iam/accessKey:AccessKey": {
      replaceOn: ["user"],
      computed: ["createDate", "encryptedSecret", "keyFingerprint", "secret", "sesSmtpPasswordV4"],
      defaults: { status: "Active" },
      create: ({ user }) => {
        const key = iam.addKey(principal("user", user));
        const createDate = new Date().toISOString().replace(/\.\d+Z$/, "Z");
        return { id: key.accessKeyId, outputs: { secret: key.secretAccessKey, createDate } satisfies JsonObject };
      },
      read: (id) => {
        const key = iam.keys.get(id);
        return key && { id, outputs: { status: key.active ? "Active" : "Inactive" } };
      },
      update: (id, { status }) => {
        const key = iam.keys.get(id);
        if (key) key.active = status === "Active";
        return {};
      },
      delete: (id) => {
        iam.keys.delete(id);
      },
    },
    "aws:iam/serviceLinkedRole:ServiceLinkedRole": {
      replaceOn: ["awsServiceName"],
      computed: ["arn", "name"],
      create: ({ awsServiceName }) => {
        const name = "AWSServiceRoleForECS";
        const arn = iam.arn(`role/${name}`);
        if (iam.roles.has(arn))
          throw new Error(`InvalidInput: Service role name ${name} has been taken in this account, please try a different suffix.`);
        iam.addRole(name, [String(awsServiceName)]);
        return { id: arn, outputs: { arn, name } };
      },
      read: (id) => (iam.roles.has(id) ? { id } : undefined),
      delete: (id) => {
        iam.roles.delete(id);
      },
    },
  };
}

function documentOf(text: unknown): Policy {
  return JSON.parse(String(text)) as Policy;
}

/** As it was written, if it still says that. */
function textOf(policy: Policy | string, written: unknown): string {
  return isDeepStrictEqual(policy, documentOf(written)) ? String(written) : JSON.stringify(policy);
}

/** The services that a role's trust policy lets in. */
function trusted(text: unknown): string[] {
  const { Statement } = JSON.parse(String(text)) as { Statement: TrustStatement | TrustStatement[] };
  return [Statement].flat().flatMap(({ Principal: { Service } }) => Service);
}

interface TrustStatement {
  Principal: { Service: string | string[] };
}

import type { JsonObject } from "../../../json";
import type { FakeAws } from "../../clouds/aws";
import type { Policy, Principal } from "../../clouds/aws/iam";
import type { StandInResource } from "../standInProvider";

/** Users, roles, their policies and keys. */
export function identityResources({ world }: FakeAws): Record<string, StandInResource> {
  const { iam } = world;
  /** Policies of each principal by name, as attachments and documents of its own make them. */
  const attached = new Map<string, Map<string, Policy | string>>();
  const principal = (kind: "user" | "role", name: string): Principal => {
    const found = kind === "user" ? iam.users.get(name) : iam.roles.get(iam.arn(`role/${name}`));
    if (!found) throw new Error(`NoSuchEntity: The ${kind} with name ${name} cannot be found.`);
    return found;
  };
  const change = (kind: "user" | "role", name: string, edit: (policies: Map<string, Policy | string>) => void): void => {
    const owner = principal(kind, name);
    const policies = attached.get(owner.arn) ?? new Map();
    attached.set(owner.arn, policies);
    edit(policies);
    iam.renew(owner, policies);
  };
  const has = (kind: "user" | "role", name: string, key: string) => {
    const owner = kind === "user" ? iam.users.get(name) : iam.roles.get(iam.arn(`role/${name}`));
    // Someone may have taken it from the fake itself.
    return owner !== undefined && owner.policies.length > 0 && attached.get(owner.arn)?.has(key) === true;
  };
  const documentOf = (text: unknown) => JSON.parse(String(text)) as Policy;

  const attachment = (kind: "user" | "role"): StandInResource => ({
    replaceOn: "all",
    create: ({ [kind]: name, policyArn }) => {
      change(kind, String(name), (policies) => policies.set(String(policyArn), String(policyArn)));
      return { id: `${name}-${policyArn}` };
    },
    read: (id, { [kind]: name, policyArn }) => (has(kind, String(name), String(policyArn)) ? { id } : undefined),
    delete: (_, { [kind]: name, policyArn }) => {
      if (has(kind, String(name), String(policyArn))) change(kind, String(name), (policies) => policies.delete(String(policyArn)));
    },
  });

  return {
    "aws:iam/user:User": {
      replaceOn: ["name"],
      computed: ["arn", "uniqueId"],
      autoName: { input: "name", longest: 64 },
      create: ({ name }) => {
        const { arn } = iam.addUser(String(name));
        return { id: String(name), outputs: { arn, uniqueId: `AIDA${String(name)}` } };
      },
      read: (id) => (iam.users.has(id) ? { id } : undefined),
      delete: (id) => {
        const user = iam.users.get(id);
        if (!user) return;
        if (user.policies.length > 0) throw new Error("DeleteConflict: Cannot delete entity, must detach all policies first.");
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
        const { Statement } = documentOf(assumeRolePolicy) as unknown as { Statement: { Principal: { Service: string } }[] };
        const trusts = Statement.map(({ Principal }) => Principal.Service);
        return { id: String(name), outputs: { arn: iam.addRole(String(name), trusts).arn } };
      },
      read: (id) => (iam.roles.has(iam.arn(`role/${id}`)) ? { id } : undefined),
      delete: (id) => {
        const role = iam.roles.get(iam.arn(`role/${id}`));
        if (role && role.policies.length > 0) throw new Error("DeleteConflict: Cannot delete entity, must delete policies first.");
        iam.roles.delete(iam.arn(`role/${id}`));
      },
    },
    "aws:iam/rolePolicy:RolePolicy": {
      replaceOn: ["role", "name"],
      autoName: { input: "name", longest: 128 },
      create: ({ role, name, policy }) => {
        change("role", String(role), (policies) => policies.set(String(name), documentOf(policy)));
        return { id: `${role}:${name}` };
      },
      read: (id, { role, name }) => (has("role", String(role), String(name)) ? { id } : undefined),
      update: (_, { role, name, policy }) => {
        change("role", String(role), (policies) => policies.set(String(name), documentOf(policy)));
        return {};
      },
      delete: (_, { role, name }) => {
        if (has("role", String(role), String(name))) change("role", String(role), (policies) => policies.delete(String(name)));
      },
    },
    "aws:iam/policy:Policy": {
      replaceOn: ["name", "description"],
      computed: ["arn", "policyId"],
      autoName: { input: "name", longest: 128 },
      create: ({ name, policy }) => {
        const arn = iam.arn(`policy/${name}`);
        iam.policies.set(arn, documentOf(policy));
        return { id: arn, outputs: { arn } };
      },
      read: (id) => (iam.policies.has(id) ? { id } : undefined),
      update: (id, { policy }) => {
        iam.policies.set(id, documentOf(policy));
        for (const owner of [...iam.users.values(), ...iam.roles.values()]) {
          const policies = attached.get(owner.arn);
          if (policies?.has(id)) iam.renew(owner, policies);
        }
        return {};
      },
      delete: (id) => {
        if ([...attached.values()].some((policies) => policies.has(id)))
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
        const key = iam.addKey(principal("user", String(user)));
        const createDate = new Date().toISOString().replace(/\.\d+Z$/, "Z");
        return { id: key.accessKeyId, outputs: { secret: key.secretAccessKey, createDate } satisfies JsonObject };
      },
      read: (id) => (iam.keys.has(id) ? { id } : undefined),
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

import { isDeepStrictEqual } from "node:util";
import type { JsonObject } from "../../../json";
import { unlessMissing } from "../cloudApi";
import type { StandInResource } from "../standInProvider";
import type { AwsApi } from "./awsApi";

const GONE = /^NoSuchEntity$/;

/** Users, roles, their policies and keys: calls of IAM. */
export function identityResources({ iam }: AwsApi): Record<string, StandInResource> {
  const found = (action: string, parameters: Record<string, unknown>) => unlessMissing(iam(action, parameters), GONE);
  const remove = async (action: string, parameters: Record<string, unknown>) => void (await found(action, parameters));

  const attachment = (kind: "user" | "role", part: "User" | "Role"): StandInResource => ({
    replaceOn: "all",
    create: async ({ [kind]: name, policyArn }) => {
      await iam(`Attach${part}Policy`, { [`${part}Name`]: name, PolicyArn: policyArn });
      return { id: `${name}-${policyArn}` };
    },
    read: async (id, { [kind]: name, policyArn }) => {
      const attached = await found(`ListAttached${part}Policies`, { [`${part}Name`]: name });
      return attached?.("PolicyArn").includes(String(policyArn)) ? { id } : undefined;
    },
    delete: (_, { [kind]: name, policyArn }) => remove(`Detach${part}Policy`, { [`${part}Name`]: name, PolicyArn: policyArn }),
  });

  return {
    "aws:iam/user:User": {
      replaceOn: ["name"],
      computed: ["arn", "uniqueId"],
      autoName: { input: "name", longest: 64 },
      create: async ({ name }) => {
        const made = await iam("CreateUser", { UserName: name });
        return { id: String(name), outputs: { arn: one(made, "Arn"), uniqueId: one(made, "UserId") } };
      },
      read: async (id) => ((await found("GetUser", { UserName: id })) ? { id } : undefined),
      delete: (id) => remove("DeleteUser", { UserName: id }),
    },
    "aws:iam/role:Role": {
      replaceOn: ["name"],
      computed: ["arn", "createDate", "uniqueId"],
      autoName: { input: "name", longest: 64 },
      create: async ({ name, assumeRolePolicy }) => {
        const made = await iam("CreateRole", { RoleName: name, AssumeRolePolicyDocument: assumeRolePolicy });
        return { id: String(name), outputs: { arn: one(made, "Arn"), createDate: one(made, "CreateDate") } };
      },
      read: async (id, { assumeRolePolicy }) => {
        const role = await found("GetRole", { RoleName: id });
        if (!role) return undefined;
        const document = textOf(one(role, "AssumeRolePolicyDocument"), assumeRolePolicy);
        return { id, outputs: { assumeRolePolicy: document, createDate: one(role, "CreateDate") } };
      },
      update: async (id, { assumeRolePolicy }) => {
        await iam("UpdateAssumeRolePolicy", { RoleName: id, PolicyDocument: assumeRolePolicy });
        return {};
      },
      delete: (id) => remove("DeleteRole", { RoleName: id }),
    },
    "aws:iam/rolePolicy:RolePolicy": {
      replaceOn: ["role", "name"],
      autoName: { input: "name", longest: 128 },
      create: async ({ role, name, policy }) => {
        await iam("PutRolePolicy", { RoleName: role, PolicyName: name, PolicyDocument: policy });
        return { id: `${role}:${name}` };
      },
      read: async (id, { role, name, policy }) => {
        const known = await found("GetRolePolicy", { RoleName: role, PolicyName: name });
        return known && { id, outputs: { policy: textOf(one(known, "PolicyDocument"), policy) } };
      },
      update: async (_, { role, name, policy }) => {
        await iam("PutRolePolicy", { RoleName: role, PolicyName: name, PolicyDocument: policy });
        return {};
      },
      delete: (_, { role, name }) => remove("DeleteRolePolicy", { RoleName: role, PolicyName: name }),
    },
    "aws:iam/policy:Policy": {
      replaceOn: ["name", "description"],
      computed: ["arn", "policyId"],
      autoName: { input: "name", longest: 128 },
      create: async ({ name, policy }) => {
        const arn = one(await iam("CreatePolicy", { PolicyName: name, PolicyDocument: policy }), "Arn");
        return { id: arn, outputs: { arn } };
      },
      read: async (id, { policy }) => {
        const known = await found("GetPolicy", { PolicyArn: id });
        const version = known && (await found("GetPolicyVersion", { PolicyArn: id, VersionId: one(known, "DefaultVersionId") }));
        return version && { id, outputs: { policy: textOf(one(version, "Document"), policy) } };
      },
      // The version before is deleted: a policy can have only five.
      update: async (id, { policy }) => {
        const before = one(await iam("GetPolicy", { PolicyArn: id }), "DefaultVersionId");
        await iam("CreatePolicyVersion", { PolicyArn: id, PolicyDocument: policy, SetAsDefault: true });
        await iam("DeletePolicyVersion", { PolicyArn: id, VersionId: before });
        return {};
      },
      delete: (id) => remove("DeletePolicy", { PolicyArn: id }),
    },
    "aws:iam/userPolicyAttachment:UserPolicyAttachment": attachment("user", "User"),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": attachment("role", "Role"),
    "aws:iam/accessKey:AccessKey": {
      replaceOn: ["user"],
      computed: ["createDate", "encryptedSecret", "keyFingerprint", "secret", "sesSmtpPasswordV4"],
      defaults: { status: "Active" },
      create: async ({ user }) => {
        const made = await iam("CreateAccessKey", { UserName: user });
        const outputs = { secret: one(made, "SecretAccessKey"), createDate: one(made, "CreateDate") } satisfies JsonObject;
        return { id: one(made, "AccessKeyId"), outputs };
      },
      // An import knows only the id. A key's secret can be read only once, when it is created.
      read: async (id, known) => {
        const last = known.user === undefined ? await found("GetAccessKeyLastUsed", { AccessKeyId: id }) : undefined;
        const user = known.user ?? last?.("UserName")[0];
        const keys = user === undefined ? undefined : await found("ListAccessKeys", { UserName: user });
        const at = keys?.("AccessKeyId").indexOf(id) ?? -1;
        if (at === -1) return undefined;
        return { id, outputs: { user: String(user), status: keys?.("Status")[at] ?? "", createDate: keys?.("CreateDate")[at] ?? "" } };
      },
      update: async (id, { user, status }) => {
        await iam("UpdateAccessKey", { UserName: user, AccessKeyId: id, Status: status });
        return {};
      },
      delete: (id, { user }) => remove("DeleteAccessKey", { UserName: user, AccessKeyId: id }),
    },
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": {
      replaceOn: ["url"],
      computed: ["arn"],
      create: async ({ url, clientIdLists }) => {
        const list = Object.fromEntries(idsIn(clientIdLists).map((id, index) => [`ClientIDList.member.${index + 1}`, id]));
        const arn = one(await iam("CreateOpenIDConnectProvider", { Url: url, ...list }), "OpenIDConnectProviderArn");
        return { id: arn, outputs: { arn } };
      },
      read: async (id) => {
        const provider = await found("GetOpenIDConnectProvider", { OpenIDConnectProviderArn: id });
        return provider && { id, outputs: { clientIdLists: provider("member") } };
      },
      update: async (id, { clientIdLists }) => {
        const change = (action: string, ids: string[]) =>
          Promise.all(ids.map((ClientID) => iam(action, { OpenIDConnectProviderArn: id, ClientID })));
        const provider = await iam("GetOpenIDConnectProvider", { OpenIDConnectProviderArn: id });
        const [wanted, known] = [idsIn(clientIdLists), provider("member")];
        await change(
          "AddClientIDToOpenIDConnectProvider",
          wanted.filter((each) => !known.includes(each)),
        );
        await change(
          "RemoveClientIDFromOpenIDConnectProvider",
          known.filter((each) => !wanted.includes(each)),
        );
        return {};
      },
      delete: (id) => remove("DeleteOpenIDConnectProvider", { OpenIDConnectProviderArn: id }),
    },
    "aws:iam/serviceLinkedRole:ServiceLinkedRole": {
      replaceOn: ["awsServiceName"],
      computed: ["arn", "name"],
      create: async ({ awsServiceName }) => {
        const made = await iam("CreateServiceLinkedRole", { AWSServiceName: awsServiceName });
        return { id: one(made, "Arn"), outputs: { arn: one(made, "Arn"), name: one(made, "RoleName") } };
      },
      read: async (id) => ((await found("GetRole", { RoleName: nameIn(id) })) ? { id } : undefined),
      delete: (id) => remove("DeleteServiceLinkedRole", { RoleName: nameIn(id) }),
    },
  };
}

function idsIn(list: unknown): string[] {
  return Array.isArray(list) ? list.map(String) : [];
}

function one(reply: (element: string) => string[], element: string): string {
  return reply(element)[0] ?? "";
}

function nameIn(arn: string): string {
  return arn.slice(arn.lastIndexOf("/") + 1);
}

/** A document that IAM returned: as it was written, if it still means the same. */
function textOf(encoded: string, written: unknown): string {
  const text = decodeURIComponent(encoded);
  return isDeepStrictEqual(JSON.parse(text), JSON.parse(String(written))) ? String(written) : text;
}

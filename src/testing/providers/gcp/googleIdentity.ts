import type { JsonObject } from "../../../json";
import type { StandInResource } from "../standInProvider";
import type { GoogleApi } from "./googleApi";
import { iamMember } from "./iamMember";

/** Service accounts, roles and services: IAM, Resource Manager and Service Usage. */
export function identityResources(api: GoogleApi): Record<string, StandInResource> {
  return {
    "gcp:serviceaccount/account:Account": {
      replaceOn: ["accountId", "project"],
      computed: ["email", "member", "name", "uniqueId"],
      create: async ({ project, accountId, ...rest }) =>
        account(await api.call("POST", `/v1/projects/${project}/serviceAccounts`, { accountId: accountId ?? "", serviceAccount: rest })),
      read: async (id) => {
        const found = await api.get(`/v1/${id}`);
        return found && account(found);
      },
      update: async (id, { displayName = "", description = "" }) => {
        await api.call("PATCH", `/v1/${id}`, {
          serviceAccount: { displayName, description },
          updateMask: "displayName,description",
        });
        return {};
      },
      delete: (id) => api.remove(`/v1/${id}`),
    },
    "gcp:serviceaccount/key:Key": {
      replaceOn: "all",
      computed: ["name", "privateKey", "publicKey", "validAfter", "validBefore"],
      create: async (inputs) => {
        const made = await api.call("POST", `/v1/${accountPath(inputs)}/keys`, {});
        return { id: String(made.name), outputs: { ...shownKey(made), privateKey: made.privateKeyData ?? "" } };
      },
      // Google returns the private part only once: keep what was noted then.
      read: async (id) => {
        const found = await api.get(`/v1/${id}`);
        return found && { id, outputs: shownKey(found) };
      },
      delete: (id) => api.remove(`/v1/${id}`),
    },
    "gcp:serviceaccount/iAMMember:IAMMember": iamMember(
      api,
      (inputs) => `/v1/${accountPath(inputs)}`,
      (inputs) => String(inputs.serviceAccountId),
    ),
    "gcp:projects/iAMMember:IAMMember": iamMember(
      api,
      ({ project }) => `/v1/projects/${project}`,
      ({ project }) => String(project),
    ),
    "gcp:projects/iAMCustomRole:IAMCustomRole": {
      replaceOn: ["roleId", "project"],
      computed: ["deleted", "name"],
      defaults: { stage: "GA" },
      create: async ({ project, roleId, ...rest }) => {
        const role = await api.call("POST", `/v1/projects/${project}/roles`, { roleId: roleId ?? "", role: roleBody(rest) });
        return { id: String(role.name), outputs: { name: String(role.name), deleted: false } };
      },
      read: async (id) => {
        const role = await api.get(`/v1/${id}`);
        return role && { id, outputs: { permissions: role.includedPermissions ?? [], deleted: false } };
      },
      update: async (id, { project: _, roleId: __, ...rest }) => {
        await api.call("PATCH", `/v1/${id}`, roleBody(rest));
        return {};
      },
      delete: (id) => api.remove(`/v1/${id}`),
    },
    "gcp:projects/service:Service": {
      replaceOn: ["project", "service"],
      computed: [],
      create: async ({ project, service }) => {
        await settled(api, await api.call("POST", `/v1/projects/${project}/services/${service}:enable`, {}));
        return { id: `${project}/${service}` };
      },
      read: async (id, { project, service }) => {
        const found = await api.get(`/v1/projects/${project}/services/${service}`);
        return found?.state === "ENABLED" ? { id } : undefined;
      },
      delete: async (_, { project, service, disableOnDestroy }) => {
        if (disableOnDestroy !== true) return;
        await settled(api, await api.call("POST", `/v1/projects/${project}/services/${service}:disable`, {}));
      },
    },
  };
}

function account(found: JsonObject) {
  const { name = "", email = "", uniqueId = "", displayName, description } = found;
  const words = Object.fromEntries(Object.entries({ displayName, description }).filter(([, text]) => text !== undefined));
  return { id: String(name), outputs: { name, email, uniqueId, member: `serviceAccount:${email}`, ...(words as JsonObject) } };
}

/** From an e-mail address or a full name. */
function accountPath({ serviceAccountId }: JsonObject): string {
  const given = String(serviceAccountId);
  return given.startsWith("projects/") ? given : `projects/-/serviceAccounts/${given}`;
}

function shownKey({ name = "", validAfterTime = "", validBeforeTime = "" }: JsonObject): JsonObject {
  return { name, publicKey: "", validAfter: validAfterTime, validBefore: validBeforeTime };
}

function roleBody({ permissions, ...rest }: JsonObject): JsonObject {
  return { ...rest, includedPermissions: permissions ?? [] };
}

/** Wait for the end of a long-running operation. */
async function settled(api: GoogleApi, operation: JsonObject): Promise<void> {
  let known = operation;
  while (known.done !== true) known = await api.call("GET", `/v1/${operation.name}`);
}

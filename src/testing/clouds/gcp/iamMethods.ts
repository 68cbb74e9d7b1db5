import { randomUUID } from "node:crypto";
import type { JsonObject } from "../../../json";
import { type Call, type Method, PROJECT, path } from "./googleCall";
import { GoogleError } from "./googleError";
import type { ServiceAccount } from "./googleIam";

const ACCOUNT = `projects/${PROJECT}/serviceAccounts/(?<email>[^/:]+)`;
const SERVICE = `projects/${PROJECT}/services/(?<service>[^/:]+)`;

/** The methods of IAM, Resource Manager and Service Usage that provisioning a pool needs. */
export const IAM_METHODS: readonly Method[] = [
  {
    id: "iam.serviceAccounts.create",
    verb: "POST",
    pattern: path("v1", `projects/${PROJECT}/serviceAccounts`),
    handle: (call): JsonObject => {
      const project = projectOf(call);
      call.world.iam.demand(call.member, "iam.serviceAccounts.create", project, `projects/${project}`);
      const { accountId, serviceAccount = {} } = call.body as {
        accountId?: string;
        serviceAccount?: { displayName?: string; description?: string };
      };
      if (!/^[a-z]([-a-z0-9]{4,28}[a-z0-9])$/.test(accountId ?? ""))
        throw new GoogleError(
          "INVALID_ARGUMENT",
          "Invalid service account ID: it must be between 6 and 30 characters, lowercase letters, digits and dashes.",
        );
      const { displayName, description } = serviceAccount;
      return shownAccount(
        project,
        call.world.iam.addAccount(project, accountId as string, {
          ...(displayName === undefined ? {} : { displayName }),
          ...(description === undefined ? {} : { description }),
        }),
      );
    },
  },
  {
    id: "iam.serviceAccounts.list",
    verb: "GET",
    pattern: path("v1", `projects/${PROJECT}/serviceAccounts`),
    handle: (call): JsonObject => {
      const project = projectOf(call);
      call.world.iam.demand(call.member, "iam.serviceAccounts.list", project, `projects/${project}`);
      const all = [...call.world.iam.accounts.values()].filter(({ email }) => email.endsWith(`@${project}.iam.gserviceaccount.com`));
      return { accounts: all.map((account) => shownAccount(project, account)) };
    },
  },
  {
    id: "iam.serviceAccounts.get",
    verb: "GET",
    pattern: path("v1", ACCOUNT),
    handle: (call): JsonObject => shownAccount(projectOf(call), accountOf(call, "iam.serviceAccounts.get", "Unknown service account")),
  },
  {
    id: "iam.serviceAccounts.update",
    verb: "PATCH",
    pattern: path("v1", ACCOUNT),
    handle: (call): JsonObject => {
      const account = accountOf(call, "iam.serviceAccounts.update");
      const { serviceAccount = {}, updateMask = "" } = call.body as { serviceAccount?: Record<string, string>; updateMask?: string };
      const fields = updateMask.split(",").map((name) => name.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase()));
      const changed = Object.fromEntries(Object.entries(serviceAccount).filter(([name]) => fields.includes(name)));
      Object.assign(account, changed);
      return { name: nameOf(projectOf(call), account), ...changed };
    },
  },
  {
    id: "iam.serviceAccounts.delete",
    verb: "DELETE",
    pattern: path("v1", ACCOUNT),
    handle: (call): JsonObject => {
      const { iam } = call.world;
      iam.deleteAccount(accountOf(call, "iam.serviceAccounts.delete").email);
      return {};
    },
  },
  {
    id: "iam.serviceAccounts.getIamPolicy",
    verb: "POST",
    pattern: path("v1", `${ACCOUNT}:getIamPolicy`),
    handle: (call): JsonObject => policy(call, `serviceAccounts/${accountOf(call, "iam.serviceAccounts.getIamPolicy").email}`),
  },
  {
    id: "iam.serviceAccounts.setIamPolicy",
    verb: "POST",
    pattern: path("v1", `${ACCOUNT}:setIamPolicy`),
    handle: (call): JsonObject => setPolicy(call, `serviceAccounts/${accountOf(call, "iam.serviceAccounts.setIamPolicy").email}`),
  },
  {
    id: "iam.serviceAccountKeys.create",
    verb: "POST",
    pattern: path("v1", `${ACCOUNT}/keys`),
    handle: (call): JsonObject => {
      const account = accountOf(call, "iam.serviceAccountKeys.create");
      // https://cloud.google.com/iam/quotas: ten keys that users manage.
      if ([...call.world.iam.keys.values()].filter(({ email }) => email === account.email).length === 10)
        throw new GoogleError("FAILED_PRECONDITION", "Precondition check failed.");
      const project = projectIn(account.email);
      const { id, file } = call.world.iam.addKey(account.email, project, `${call.world.url}/token`);
      return {
        ...shownKey(call, account, id),
        privateKeyType: "TYPE_GOOGLE_CREDENTIALS_FILE",
        privateKeyData: Buffer.from(JSON.stringify(file, null, 2)).toString("base64"),
      };
    },
  },
  {
    id: "iam.serviceAccountKeys.list",
    verb: "GET",
    pattern: path("v1", `${ACCOUNT}/keys`),
    handle: (call): JsonObject => {
      const account = accountOf(call, "iam.serviceAccountKeys.list");
      const keys = [...call.world.iam.keys.values()].filter(({ email }) => email === account.email);
      const all = [...keys.map(({ id }) => shownKey(call, account, id)), shownSystemKey(account)];
      const types = call.query.getAll("keyTypes");
      const wanted = all.filter(({ keyType }) => types.length === 0 || types.includes(String(keyType)));
      return wanted.length === 0 ? {} : { keys: wanted };
    },
  },
  {
    id: "iam.serviceAccountKeys.get",
    verb: "GET",
    pattern: path("v1", `${ACCOUNT}/keys/(?<key>[^/:]+)`),
    handle: (call): JsonObject => {
      const account = accountOf(call, "iam.serviceAccountKeys.get");
      return call.path.key === account.systemKey.id ? shownSystemKey(account) : shownKey(call, account, keyOf(call));
    },
  },
  {
    id: "iam.serviceAccountKeys.delete",
    verb: "DELETE",
    pattern: path("v1", `${ACCOUNT}/keys/(?<key>[^/:]+)`),
    handle: (call): JsonObject => {
      const { systemKey } = accountOf(call, "iam.serviceAccountKeys.delete");
      if (call.path.key === systemKey.id)
        throw new GoogleError("FAILED_PRECONDITION", `Precondition check failed: key ${systemKey.id} is system-managed.`);
      call.world.iam.keys.delete(keyOf(call));
      return {};
    },
  },
  // https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts.keys/disable, and enable beside it
  {
    id: "iam.serviceAccountKeys.disable",
    verb: "POST",
    pattern: path("v1", `${ACCOUNT}/keys/(?<key>[^/:]+):disable`),
    handle: (call): JsonObject => {
      accountOf(call, "iam.serviceAccountKeys.disable");
      const { serviceAccountKeyDisableReason: reason = "SERVICE_ACCOUNT_KEY_DISABLE_REASON_USER_INITIATED" } = call.body;
      Object.assign(call.world.iam.keys.get(keyOf(call)) ?? {}, { disabledFor: String(reason) });
      return {};
    },
  },
  {
    id: "iam.serviceAccountKeys.enable",
    verb: "POST",
    pattern: path("v1", `${ACCOUNT}/keys/(?<key>[^/:]+):enable`),
    handle: (call): JsonObject => {
      accountOf(call, "iam.serviceAccountKeys.enable");
      delete call.world.iam.keys.get(keyOf(call))?.disabledFor;
      return {};
    },
  },
  {
    id: "iam.roles.create",
    verb: "POST",
    pattern: path("v1", `projects/${PROJECT}/roles`),
    handle: (call): JsonObject => {
      const project = projectOf(call);
      call.world.iam.demand(call.member, "iam.roles.create", project, `projects/${project}`);
      const { roleId = "", role = {} } = call.body as { roleId?: string; role?: { includedPermissions?: string[]; title?: string } };
      const name = `projects/${project}/roles/${roleId}`;
      if (call.world.iam.roles.has(name))
        throw new GoogleError("ALREADY_EXISTS", `A role named ${roleId} in projects/${project} already exists.`);
      call.world.iam.roles.set(name, role.includedPermissions ?? []);
      return { name, ...role };
    },
  },
  {
    id: "iam.roles.get",
    verb: "GET",
    pattern: path("v1", `projects/${PROJECT}/roles/(?<role>[^/:]+)`),
    handle: (call): JsonObject => {
      const project = projectOf(call);
      call.world.iam.demand(call.member, "iam.roles.get", project, `projects/${project}`);
      const name = `projects/${project}/roles/${call.path.role}`;
      const includedPermissions = call.world.iam.roles.get(name);
      if (!includedPermissions) throw new GoogleError("NOT_FOUND", `The role named ${name} was not found.`);
      return { name, includedPermissions: [...includedPermissions] };
    },
  },
  {
    id: "iam.roles.update",
    verb: "PATCH",
    pattern: path("v1", `projects/${PROJECT}/roles/(?<role>[^/:]+)`),
    handle: (call): JsonObject => {
      const project = projectOf(call);
      call.world.iam.demand(call.member, "iam.roles.update", project, `projects/${project}`);
      const name = `projects/${project}/roles/${call.path.role}`;
      if (!call.world.iam.roles.has(name)) throw new GoogleError("NOT_FOUND", `The role named ${name} was not found.`);
      const { includedPermissions = [] } = call.body as { includedPermissions?: string[] };
      call.world.iam.roles.set(name, includedPermissions);
      return { ...call.body, name };
    },
  },
  {
    id: "iam.roles.delete",
    verb: "DELETE",
    pattern: path("v1", `projects/${PROJECT}/roles/(?<role>[^/:]+)`),
    handle: (call): JsonObject => {
      const project = projectOf(call);
      call.world.iam.demand(call.member, "iam.roles.delete", project, `projects/${project}`);
      const name = `projects/${project}/roles/${call.path.role}`;
      if (!call.world.iam.roles.delete(name)) throw new GoogleError("NOT_FOUND", `The role named ${name} was not found.`);
      return { name, deleted: true };
    },
  },
  {
    id: "cloudresourcemanager.projects.getIamPolicy",
    verb: "POST",
    pattern: path("v1", `projects/${PROJECT}:getIamPolicy`),
    handle: (call): JsonObject => {
      demandOnProject(call, "resourcemanager.projects.getIamPolicy");
      return policy(call, `projects/${projectOf(call)}`);
    },
  },
  {
    id: "cloudresourcemanager.projects.setIamPolicy",
    verb: "POST",
    pattern: path("v1", `projects/${PROJECT}:setIamPolicy`),
    handle: (call): JsonObject => {
      demandOnProject(call, "resourcemanager.projects.setIamPolicy");
      return setPolicy(call, `projects/${projectOf(call)}`);
    },
  },
  {
    id: "serviceusage.services.get",
    verb: "GET",
    pattern: path("v1", SERVICE),
    handle: (call): JsonObject => {
      demandOnProject(call, "serviceusage.services.get");
      return shownService(call);
    },
  },
  ...(["enable", "disable"] as const).map(
    (verb): Method => ({
      id: `serviceusage.services.${verb}`,
      verb: "POST",
      pattern: path("v1", `${SERVICE}:${verb}`),
      handle: (call): JsonObject => {
        demandOnProject(call, `serviceusage.services.${verb}`);
        const { world } = call;
        if (verb === "enable") world.services.add(serviceOf(call));
        else world.services.delete(serviceOf(call));
        const name = `operations/acf.${randomUUID()}`;
        const type = verb === "enable" ? "EnableServiceResponse" : "DisableServiceResponse";
        const service = { ...shownService(call), parent: `projects/${world.numberOf(projectOf(call))}` };
        world.operations.set(name, { response: { "@type": `type.googleapis.com/google.api.serviceusage.v1.${type}`, service } });
        // Disabling returns nothing more, enabling an empty metadata.
        return verb === "enable" ? { name } : { name, metadata: { "@type": "type.googleapis.com/google.protobuf.Any" } };
      },
    }),
  ),
  {
    id: "serviceusage.operations.get",
    verb: "GET",
    pattern: /^\/v1\/(?<operation>operations\/[^/:]+)$/,
    handle: ({ world, path: { operation = "" } }) => {
      const known = world.operations.get(operation);
      if (!known || "of" in known) throw new GoogleError("NOT_FOUND", `Operation ${operation} not found.`);
      const metadata = { "@type": "type.googleapis.com/google.protobuf.Empty", value: {} };
      return { name: operation, done: true, metadata, response: known.response };
    },
  },
];

function projectOf(call: Call): string {
  return call.path.project ?? "";
}

function projectIn(email: string): string {
  return /@(.+)\.iam\.gserviceaccount\.com$/.exec(email)?.[1] ?? "";
}

function serviceOf(call: Call): string {
  return call.path.service ?? "";
}

function demandOnProject(call: Call, permission: string): void {
  const project = projectOf(call);
  call.world.iam.demand(call.member, permission, project, `projects/${project}`);
}

/** @throws {GoogleError} 404 with that method's message */
function accountOf(call: Call, permission: string, unknown?: string): ServiceAccount {
  const email = call.path.email ?? "";
  // `projects/-` means the account's own project.
  const project = projectOf(call) === "-" ? projectIn(email) : projectOf(call);
  call.world.iam.demand(call.member, permission, project, `serviceAccounts/${email}`);
  const account = call.world.iam.accounts.get(email);
  if (!account)
    throw new GoogleError("NOT_FOUND", unknown ?? `Service account projects/${project}/serviceAccounts/${email} does not exist.`);
  return account;
}

function nameOf(project: string, { email }: ServiceAccount): string {
  return `projects/${project}/serviceAccounts/${email}`;
}

function shownAccount(given: string, account: ServiceAccount): JsonObject {
  const project = given === "-" ? projectIn(account.email) : given;
  const { email, uniqueId, displayName, description } = account;
  return {
    name: nameOf(project, account),
    projectId: project,
    uniqueId,
    email,
    etag: "MDEwMjE5MjA=",
    oauth2ClientId: uniqueId,
    ...(displayName === undefined ? {} : { displayName }),
    ...(description === undefined ? {} : { description }),
  };
}

function keyOf(call: Call): string {
  const id = call.path.key ?? "";
  if (call.world.iam.keys.has(id)) return id;
  throw new GoogleError("NOT_FOUND", `Service account key ${id} does not exist.`);
}

function shownKey(call: Call, account: ServiceAccount, id: string): JsonObject {
  const { madeAt = 0, disabledFor } = call.world.iam.keys.get(id) ?? {};
  return {
    name: `${nameOf(projectIn(account.email), account)}/keys/${id}`,
    validAfterTime: new Date(madeAt).toISOString().replace(/\.\d+Z$/, "Z"),
    validBeforeTime: "9999-12-31T23:59:59Z",
    keyAlgorithm: "KEY_ALG_RSA_2048",
    keyOrigin: "GOOGLE_PROVIDED",
    keyType: "USER_MANAGED",
    ...(disabledFor === undefined ? {} : { disabled: true, disableReason: disabledFor }),
  };
}

/** The key that Google manages: nobody has its private part, and it is rotated after some weeks. */
function shownSystemKey(account: ServiceAccount): JsonObject {
  const { id, madeAt } = account.systemKey;
  const time = (at: number) => new Date(at).toISOString().replace(/\.\d+Z$/, "Z");
  return {
    name: `${nameOf(projectIn(account.email), account)}/keys/${id}`,
    validAfterTime: time(madeAt),
    validBeforeTime: time(madeAt + 740 * 86_400_000),
    keyAlgorithm: "KEY_ALG_RSA_2048",
    keyOrigin: "GOOGLE_PROVIDED",
    keyType: "SYSTEM_MANAGED",
  };
}

function policy({ world }: Call, resource: string): JsonObject {
  return { version: 1, etag: world.iam.etagOf(resource), bindings: world.iam.policyOf(resource) };
}

function setPolicy(call: Call, resource: string): JsonObject {
  const given = (call.body.policy ?? {}) as { bindings?: { role: string; members: string[] }[]; etag?: string };
  const { iam } = call.world;
  if (given.etag !== undefined && given.etag !== iam.etagOf(resource)) {
    throw new GoogleError(
      "ABORTED",
      "There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff. The request's ETag did not match the current policy's.",
    );
  }
  iam.setPolicy(resource, given.bindings ?? []);
  return policy(call, resource);
}

function shownService(call: Call): JsonObject {
  const service = serviceOf(call);
  const state = call.world.services.has(service) ? "ENABLED" : "DISABLED";
  return { name: `projects/${call.world.numberOf(projectOf(call))}/services/${service}`, state };
}

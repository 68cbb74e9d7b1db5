import type { JsonObject } from "../../../json";
import { type Call, type Method, PROJECT, path } from "./googleCall";
import { GoogleError } from "./googleError";

const SECRETS = `projects/${PROJECT}/secrets`;
const SECRET = `${SECRETS}/(?<secret>[^/:]+)`;
const VERSION = `${SECRET}/versions/(?<version>[^/:]+)`;

/** Secret Manager, as far as provisioning needs it (https://cloud.google.com/secret-manager/docs/reference/rest). */
export const SECRET_METHODS: readonly Method[] = [
  {
    id: "secretmanager.secrets.create",
    verb: "POST",
    pattern: path("v1", SECRETS),
    handle: (call) => {
      const { world, query } = call;
      const id = query.get("secretId") ?? "";
      demand(call, "secretmanager.secrets.create", `projects/${call.path.project}`);
      if (!/^[A-Za-z0-9_-]{1,255}$/.test(id)) throw new GoogleError("INVALID_ARGUMENT", "Secret ID must match [a-zA-Z_0-9-]{1,255}.");
      if (world.secrets.has(id)) throw new GoogleError("ALREADY_EXISTS", `Secret [${nameOf(call, id)}] already exists.`);
      world.secrets.set(id, {});
      return { name: nameOf(call, id), replication: { automatic: {} } };
    },
  },
  {
    id: "secretmanager.secrets.get",
    verb: "GET",
    pattern: path("v1", SECRET),
    handle: (call) => {
      versionsOf(call, "secretmanager.secrets.get");
      return { name: nameOf(call), replication: { automatic: {} } };
    },
  },
  {
    id: "secretmanager.secrets.delete",
    verb: "DELETE",
    pattern: path("v1", SECRET),
    handle: (call) => {
      versionsOf(call, "secretmanager.secrets.delete");
      const { iam, secrets } = call.world;
      secrets.delete(call.path.secret ?? "");
      // Its policy is deleted too.
      iam.setPolicy(policyName(call), []);
      return {};
    },
  },
  {
    id: "secretmanager.versions.add",
    verb: "POST",
    pattern: path("v1", `${SECRET}:addVersion`),
    handle: (call) => {
      const versions = versionsOf(call, "secretmanager.versions.add");
      const { data = "" } = (call.body.payload ?? {}) as { data?: string };
      const number = String(Object.keys(versions).length + 1);
      versions[number] = Buffer.from(data, "base64").toString("utf8");
      return { name: `${nameOf(call)}/versions/${number}`, state: "ENABLED" };
    },
  },
  {
    id: "secretmanager.versions.get",
    verb: "GET",
    pattern: path("v1", VERSION),
    handle: (call) => {
      const versions = versionsOf(call, "secretmanager.versions.get");
      const { version = "" } = call.path;
      if (versions[version] === undefined) throw missing(`${nameOf(call)}/versions/${version}`);
      return { name: `${nameOf(call)}/versions/${version}`, state: "ENABLED" };
    },
  },
  {
    id: "secretmanager.versions.destroy",
    verb: "POST",
    pattern: path("v1", `${VERSION}:destroy`),
    handle: (call) => {
      const versions = versionsOf(call, "secretmanager.versions.destroy");
      delete versions[call.path.version ?? ""];
      return { name: `${nameOf(call)}/versions/${call.path.version}`, state: "DESTROYED" };
    },
  },
  {
    id: "secretmanager.secrets.getIamPolicy",
    verb: "GET",
    pattern: path("v1", `${SECRET}:getIamPolicy`),
    handle: (call) => {
      versionsOf(call, "secretmanager.secrets.getIamPolicy");
      return policyOf(call);
    },
  },
  {
    id: "secretmanager.secrets.setIamPolicy",
    verb: "POST",
    pattern: path("v1", `${SECRET}:setIamPolicy`),
    handle: (call) => {
      versionsOf(call, "secretmanager.secrets.setIamPolicy");
      const { bindings = [], etag } = (call.body.policy ?? {}) as { bindings?: { role: string; members: string[] }[]; etag?: string };
      const { iam } = call.world;
      if (etag !== undefined && etag !== iam.etagOf(policyName(call)))
        throw new GoogleError("ABORTED", "There were concurrent policy changes.");
      iam.setPolicy(policyName(call), bindings);
      return policyOf(call);
    },
  },
];

function policyName({ path: { secret } }: Call): string {
  return `secrets/${secret}`;
}

function policyOf(call: Call): JsonObject {
  const { iam } = call.world;
  return { version: 1, etag: iam.etagOf(policyName(call)), bindings: iam.policyOf(policyName(call)) };
}

/** A secret's versions, if the caller has the permission. */
function versionsOf(call: Call, permission: string): Record<string, string> {
  demand(call, permission, policyName(call));
  const versions = call.world.secrets.get(call.path.secret ?? "");
  if (!versions) throw missing(nameOf(call));
  return versions;
}

function demand({ world, member, path: { project = "" } }: Call, permission: string, resource: string): void {
  world.iam.demand(member, permission, project, resource);
}

function nameOf({ world, path: { project = "", secret } }: Call, id = secret): string {
  return `projects/${world.numberOf(project)}/secrets/${id}`;
}

function missing(name: string): GoogleError {
  return new GoogleError("NOT_FOUND", `Secret [${name}] not found or has no versions.`);
}

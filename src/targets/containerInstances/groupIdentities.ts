import type { Value, ValueObject } from "../../json";
import { Secret } from "../../secret";
import { isObject } from "../../template/paths";
import { UserError } from "../../userError";
import { listAt, neededTextAt, objectAt, textAt } from "../jobValues";
import { REFERRED, resourceIdAt } from "./groupNames";

/** The identities that the run's containers have. */
export function addIdentities(resource: ValueObject, value: Value | undefined): void {
  if (value === null || value === undefined) return;
  const path = "job_configuration.identities";
  const given = listAt(value, path, "a list of resource ids");
  const ids = given.map((each, index) => resourceIdAt(each, `${path}[${index}]`, REFERRED.identity));
  if (ids.length > 0) giveIdentities(resource, ids);
}

/** The identity that reads the image. A deployment that has its own `identities` keeps it: its registry still names it. */
export function addPullIdentity(resource: ValueObject, registry: Value | undefined): void {
  const identity = isObject(registry) ? registry.identity : undefined;
  if (typeof identity !== "string" || identity === "") return;
  const { userAssignedIdentities: present } = isObject(resource.identity) ? resource.identity : {};
  const known = isObject(present) ? Object.keys(present) : [];
  if (!known.some((id) => id.toLowerCase() === identity.toLowerCase())) giveIdentities(resource, [identity]);
}

function giveIdentities(resource: ValueObject, ids: readonly string[]): void {
  const before = isObject(resource.identity) ? resource.identity : {};
  resource.identity = {
    ...before,
    type: String(before.type ?? "").includes("SystemAssigned") ? "SystemAssigned, UserAssigned" : "UserAssigned",
    userAssignedIdentities: {
      ...(isObject(before.userAssignedIdentities) ? before.userAssignedIdentities : {}),
      ...Object.fromEntries(ids.map((id) => [id, {}])),
    },
  };
}

/** The registry of the image, and who logs in there. */
export function addRegistry(properties: ValueObject, value: Value | undefined): void {
  if (value === null || value === undefined) return;
  const path = "job_configuration.image_registry";
  const { registry_url: url, identity, username, password, ...others } = objectAt(value, path);
  const [other] = Object.keys(others).filter((key) => key !== "reauth" && !key.startsWith("_"));
  if (other !== undefined)
    throw new UserError(`${path}.${other}: is not a field of a registry: it has registry_url, and username and password or identity`);
  const server = neededTextAt(url ?? null, `${path}.registry_url`)
    .replace(/^https?:\/\//i, "")
    .replace(/\/+$/, "");
  const credential: ValueObject =
    textAt(identity, `${path}.identity`) === undefined
      ? { server, username: neededTextAt(username ?? null, `${path}.username`), password: passwordAt(password, `${path}.password`) }
      : { server, identity: identity as string };
  const before = Array.isArray(properties.imageRegistryCredentials) ? properties.imageRegistryCredentials : [];
  properties.imageRegistryCredentials = [...before.filter((each) => !isObject(each) || each.server !== server), credential];
}

function passwordAt(value: Value | undefined, path: string): string | Secret {
  return value instanceof Secret ? value : neededTextAt(value ?? null, path);
}

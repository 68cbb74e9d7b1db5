import type { JsonObject } from "../../../json";
import { type Answer, type Call, type Operation, path } from "./api";
import { ArmError, resourceNotFound } from "./azureErrors";
import type { ManagedIdentity } from "./azureWorld";
import type { FederatedCredential } from "./directory";
import { type StoredType, storedOperations } from "./storedResources";

const TYPE = "Microsoft.ManagedIdentity/userAssignedIdentities";
const IDENTITY = `{G}/providers/${TYPE}/{name}`;
const CREDENTIALS = `${TYPE}/federatedIdentityCredentials`;
const CREDENTIAL = `${IDENTITY}/federatedIdentityCredentials/{credential}`;
/** Most federated credentials of one identity or application. */
export const MAX_CREDENTIALS = 20;

const IDENTITIES: StoredType<ManagedIdentity> = {
  type: TYPE,
  all: (world) => world.identities,
  write: (call, before) => {
    const { world, body } = call;
    const tags = (body.tags ?? {}) as Record<string, string>;
    if (before) return Object.assign(before, { tags });
    const { name = "" } = call.path;
    const { appId } = world.directory.addClient(name);
    const { objectId } = world.directory.addPrincipal("ServicePrincipal", name, appId);
    return { id: idOf(call), name, location: String(body.location), tags, principalId: objectId, clientId: appId };
  },
  view: ({ id, name, location, tags, principalId, clientId }, { world }): JsonObject => {
    return { location, tags, id, name, type: TYPE, properties: { tenantId: world.options.tenant, principalId, clientId } };
  },
  deleted: ({ world }, identity) => world.removeIdentity(identity),
  createdHeaders: ({ id }) => ({ location: id }),
};

/** User-assigned managed identities and their federated credentials (2023-01-31). */
export const IDENTITY_OPERATIONS: readonly Operation[] = [
  ...storedOperations(IDENTITIES),
  { action: `${CREDENTIALS}/write`, verb: "PUT", pattern: path(CREDENTIAL), handle: writeCredential },
  { action: `${CREDENTIALS}/read`, verb: "GET", pattern: path(CREDENTIAL), handle: readCredential },
  { action: `${CREDENTIALS}/read`, verb: "GET", pattern: path(IDENTITY, "/federatedIdentityCredentials"), handle: listCredentials },
  { action: `${CREDENTIALS}/delete`, verb: "DELETE", pattern: path(CREDENTIAL), handle: removeCredential },
];

/** This provider writes `resourcegroups` in its ids. */
function idOf({ world, path: { resourceGroup = "", subscription, name } }: Call): string {
  return `/subscriptions/${subscription}/resourcegroups/${world.resourceGroup(resourceGroup).name}/providers/${TYPE}/${name}`;
}

function credentialsOf(call: Call): FederatedCredential[] {
  const { world, path: parts } = call;
  const identity = world.identities.get(idOf(call).toLowerCase());
  if (!identity) throw resourceNotFound(TYPE, parts.name ?? "", world.resourceGroup(parts.resourceGroup ?? "").name);
  return world.directory.clients.get(identity.clientId)?.federated ?? [];
}

function writeCredential(call: Call): Answer {
  const { path: parts, body } = call;
  const { credential: name = "" } = parts;
  const { issuer = "", subject = "", audiences = [] } = (body.properties ?? {}) as Partial<FederatedCredential>;
  const credentials = credentialsOf(call);
  if (issuer === "" || subject === "" || audiences.length !== 1)
    throw new ArmError(400, "BadRequest", "The Federated Identity Credential needs an issuer, a subject and exactly one audience.");
  const existing = credentials.find((each) => each.name === name);
  if (credentials.some((each) => each !== existing && each.issuer === issuer && each.subject === subject))
    throw new ArmError(409, "Conflict", "Issuer and subject combination already exists for this Managed Identity.");
  if (!existing && credentials.length >= MAX_CREDENTIALS) {
    throw new ArmError(
      409,
      "Conflict",
      `Too many Federated Identity Credentials exist for this Managed Identity. The maximum count allowed is ${MAX_CREDENTIALS}.`,
    );
  }
  const credential = { name, issuer, subject, audiences, madeAt: Date.now() };
  if (existing) credentials[credentials.indexOf(existing)] = credential;
  else credentials.push(credential);
  const shown = credentialView(call, credential);
  return existing ? { body: shown } : { status: 201, body: shown, headers: { location: String(shown.id) } };
}

function readCredential(call: Call): Answer {
  const credential = credentialsOf(call).find(({ name }) => name === call.path.credential);
  if (credential) return { body: credentialView(call, credential) };
  const id = `${idOf(call)}/federatedIdentityCredentials/${call.path.credential}`;
  throw new ArmError(404, "NotFound", `Resource '${id}' was not found.`);
}

function listCredentials(call: Call): Answer {
  return { body: { value: credentialsOf(call).map((credential) => credentialView(call, credential)) } };
}

function removeCredential(call: Call): Answer {
  const credentials = credentialsOf(call);
  const index = credentials.findIndex(({ name }) => name === call.path.credential);
  if (index === -1) return { status: 204 };
  credentials.splice(index, 1);
  return { status: 200 };
}

function credentialView(call: Call, { name, issuer, subject, audiences }: FederatedCredential): JsonObject {
  return {
    id: `${idOf(call)}/federatedIdentityCredentials/${name}`,
    name,
    type: CREDENTIALS,
    properties: { issuer, subject, audiences },
  };
}

import type { JsonObject } from "../../../json";
import { type Answer, type Call, type Operation, path } from "./api";
import type { FederatedCredential } from "./directory";
import { ArmError, resourceNotFound } from "./errors";
import type { ManagedIdentity } from "./world";

const TYPE = "Microsoft.ManagedIdentity/userAssignedIdentities";
const IDENTITY = `{G}/providers/${TYPE}/{name}`;
const CREDENTIALS = `${TYPE}/federatedIdentityCredentials`;
const CREDENTIAL = `${IDENTITY}/federatedIdentityCredentials/{credential}`;
/** Most federated credentials of one identity or application. */
export const MAX_CREDENTIALS = 20;

/** User-assigned managed identities and their federated credentials (2023-01-31). */
export const IDENTITY_OPERATIONS: readonly Operation[] = [
  { action: `${TYPE}/write`, verb: "PUT", pattern: path(IDENTITY), handle: write },
  { action: `${TYPE}/read`, verb: "GET", pattern: path(IDENTITY), handle: (call) => ({ body: view(call, found(call)) }) },
  { action: `${TYPE}/delete`, verb: "DELETE", pattern: path(IDENTITY), handle: remove },
  { action: `${CREDENTIALS}/write`, verb: "PUT", pattern: path(CREDENTIAL), handle: writeCredential },
  { action: `${CREDENTIALS}/read`, verb: "GET", pattern: path(CREDENTIAL), handle: readCredential },
  { action: `${CREDENTIALS}/read`, verb: "GET", pattern: path(IDENTITY, "/federatedIdentityCredentials"), handle: listCredentials },
  { action: `${CREDENTIALS}/delete`, verb: "DELETE", pattern: path(CREDENTIAL), handle: removeCredential },
];

/** This provider writes `resourcegroups` in its ids. */
function idOf({ world, path: { resourceGroup = "", subscription, name } }: Call): string {
  return `/subscriptions/${subscription}/resourcegroups/${world.resourceGroup(resourceGroup).name}/providers/${TYPE}/${name}`;
}

function write(call: Call): Answer {
  const { world, path: parts, body } = call;
  const { name = "" } = parts;
  if (typeof body.location !== "string")
    throw new ArmError(400, "LocationRequired", "The location property is required for this definition.");
  const id = idOf(call);
  const tags = (body.tags ?? {}) as Record<string, string>;
  const existing = world.identities.get(id.toLowerCase());
  if (existing) {
    existing.tags = tags;
    return { body: view(call, existing) };
  }
  const { appId } = world.directory.addClient(name);
  const { objectId } = world.directory.addPrincipal("ServicePrincipal", name, appId);
  const identity = { id, name, location: body.location, tags, principalId: objectId, clientId: appId };
  world.identities.set(id.toLowerCase(), identity);
  return { status: 201, body: view(call, identity), headers: { location: id } };
}

function remove(call: Call): Answer {
  const identity = call.world.identities.get(idOf(call).toLowerCase());
  if (!identity) return { status: 204 };
  call.world.removeIdentity(identity);
  return { status: 200 };
}

function found(call: Call): ManagedIdentity {
  const { world, path: parts } = call;
  const identity = world.identities.get(idOf(call).toLowerCase());
  if (!identity) throw resourceNotFound(TYPE, parts.name ?? "", world.resourceGroup(parts.resourceGroup ?? "").name);
  return identity;
}

function view({ world }: Call, { id, name, location, tags, principalId, clientId }: ManagedIdentity): JsonObject {
  return { location, tags, id, name, type: TYPE, properties: { tenantId: world.options.tenant, principalId, clientId } };
}

function credentialsOf(call: Call): FederatedCredential[] {
  return call.world.directory.clients.get(found(call).clientId)?.federated ?? [];
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

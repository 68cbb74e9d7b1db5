import { randomUUID } from "node:crypto";
import type { JsonObject } from "../../../json";
import { CloudError } from "../shared/exchange";
import type { Answer, Call, Operation } from "./api";
import { toSecond } from "./azureClock";
import type { World } from "./azureWorld";
import type { Client, ClientSecret, FederatedCredential, Principal } from "./directory";
import { MAX_CREDENTIALS } from "./identityOperations";

/** An error as Microsoft Graph answers it. */
class GraphError extends CloudError {
  constructor(status: number, code: string, message: string) {
    const id = randomUUID();
    const innerError = { date: toSecond().replace("Z", ""), "request-id": id, "client-request-id": id };
    super(message, status, { error: { code, message, innerError } });
  }
}

const CONTEXT = "https://graph.microsoft.com/v1.0/$metadata#";
const APPLICATION = "/applications/(?<id>[^/(]+)";
const CREDENTIALS = `${APPLICATION}/federatedIdentityCredentials`;
const CREDENTIAL = `${CREDENTIALS}/(?<credential>[^/]+)`;
const PRINCIPAL = "/servicePrincipals/(?<id>[^/]+)";

function operation(name: string, verb: Operation["verb"], path: string, handle: (call: Call) => Answer): Operation {
  return { action: `graph/${name}`, verb, pattern: new RegExp(`^/v1\\.0${path}$`), handle };
}

/** Applications, service principals and their credentials (https://learn.microsoft.com/graph/api). */
export const GRAPH_OPERATIONS: readonly Operation[] = [
  operation("applications.list", "GET", "/applications", listApplications),
  operation("applications.create", "POST", "/applications", createApplication),
  operation("applications.get", "GET", APPLICATION, (call) => ({ body: one("applications", applicationView(application(call))) })),
  operation("applications.update", "PATCH", APPLICATION, updateApplication),
  operation("applications.delete", "DELETE", APPLICATION, (call) => {
    call.world.directory.deleteClient(application(call));
    return { status: 204 };
  }),
  operation("deletedItems.delete", "DELETE", "/directory/deletedItems/(?<id>[^/]+)", ({ world, path: { id = "" } }) => {
    if (!world.directory.purge(id)) throw notFound(id);
    return { status: 204 };
  }),
  operation("applications.addPassword", "POST", `${APPLICATION}/addPassword`, addPassword),
  operation("applications.removePassword", "POST", `${APPLICATION}/removePassword`, removePassword),
  operation("federatedIdentityCredentials.create", "POST", CREDENTIALS, createCredential),
  operation("federatedIdentityCredentials.list", "GET", CREDENTIALS, (call) => ({
    body: all(credentialsOf(call), application(call).federated.map(credentialView)),
  })),
  operation("federatedIdentityCredentials.get", "GET", CREDENTIAL, (call) => ({
    body: one(credentialsOf(call), credentialView(credential(call))),
  })),
  operation("federatedIdentityCredentials.update", "PATCH", CREDENTIAL, (call) => {
    const { name: _, ...change } = call.body;
    Object.assign(credential(call), change, { madeAt: Date.now() });
    return { status: 204 };
  }),
  operation("federatedIdentityCredentials.delete", "DELETE", CREDENTIAL, (call) => {
    const { federated } = application(call);
    federated.splice(federated.indexOf(credential(call)), 1);
    return { status: 204 };
  }),
  operation("servicePrincipals.create", "POST", "/servicePrincipals", createPrincipal),
  operation("servicePrincipals.list", "GET", "/servicePrincipals", listPrincipals),
  operation("servicePrincipals.get", "GET", PRINCIPAL, (call) => ({
    body: one("servicePrincipals", principalView(call.world, principal(call))),
  })),
  operation("servicePrincipals.delete", "DELETE", PRINCIPAL, (call) => {
    call.world.directory.principals.delete(principal(call).objectId);
    return { status: 204 };
  }),
];

/** @throws {GraphError} 403 unless the caller administers the directory */
export function graphAnswer({ handle }: Operation, call: Call): Answer {
  if (!call.world.directory.administrators.has(call.caller.objectId))
    throw new GraphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.");
  return handle(call);
}

function one(kind: string, view: JsonObject): JsonObject {
  return { "@odata.context": `${CONTEXT}${kind}/$entity`, ...view };
}

function all(kind: string, value: JsonObject[]): JsonObject {
  return { "@odata.context": `${CONTEXT}${kind}`, value };
}

/** @param rest where the made one is, below the tenant */
function created({ world }: Call, kind: string, made: JsonObject, rest: string): Answer {
  const location = `https://graph.microsoft.com/v2/${world.options.tenant}/${rest}`;
  return { status: 201, body: one(kind, made), headers: { location } };
}

/** The test of a `$filter`: `FIELD eq 'VALUE'`, or `startswith(FIELD,'VALUE')`. @throws {GraphError} for another one */
function filterOf({ query }: Call): (item: Pick<Principal, "appId" | "displayName">) => boolean {
  const filter = query.get("$filter");
  if (filter === null) return () => true;
  const [, equal, is = "", started, start = ""] =
    /^(?:(appId|displayName|servicePrincipalNames\/any\(c:c) eq '([^']*)'\)?|startswith\((displayName),'([^']*)'\))$/.exec(filter) ?? [];
  if (started !== undefined) return ({ displayName }) => displayName.startsWith(start);
  if (equal === undefined) throw new GraphError(400, "Request_UnsupportedQuery", `Unsupported or invalid query filter clause specified.`);
  return equal === "displayName" ? ({ displayName }) => displayName === is : ({ appId }) => appId === is;
}

function listApplications(call: Call): Answer {
  return { body: all("applications", applications(call.world).filter(filterOf(call)).map(applicationView)) };
}

/** Managed identities log in as applications do, but are not in this list. */
function applications({ directory, identities }: World): Client[] {
  const managed = new Set([...identities.values()].map(({ clientId }) => clientId));
  return [...directory.clients.values()].filter(({ appId }) => !managed.has(appId));
}

function createApplication(call: Call): Answer {
  const { world, body } = call;
  if (typeof body.displayName !== "string" || body.displayName === "") throw invalid("displayName", "Application");
  const client = world.directory.addClient(body.displayName);
  return created(call, "applications", applicationView(client), `directoryObjects/${client.id}/Microsoft.DirectoryServices.Application`);
}

function invalid(property: string, resource: string): GraphError {
  return new GraphError(400, "Request_BadRequest", `Invalid value specified for property '${property}' of resource '${resource}'.`);
}

function updateApplication(call: Call): Answer {
  const client = application(call);
  if (typeof call.body.displayName === "string") client.displayName = call.body.displayName;
  return { status: 204 };
}

function addPassword(call: Call): Answer {
  const { displayName, startDateTime, endDateTime } = (call.body.passwordCredential ?? {}) as Record<string, string | null | undefined>;
  const secret = call.world.directory.addSecret(application(call), {
    displayName: displayName ?? null,
    ...(endDateTime ? { endAt: Date.parse(endDateTime) } : {}),
  });
  // A start that has been asked for says nothing of when the secret is known everywhere.
  const shown = { ...secretView(secret), ...(startDateTime ? { startDateTime } : {}) };
  return { body: { "@odata.context": `${CONTEXT}microsoft.graph.passwordCredential`, ...shown, secretText: secret.text } };
}

function removePassword(call: Call): Answer {
  const client = application(call);
  const kept = client.secrets.filter(({ keyId }) => keyId !== call.body.keyId);
  if (kept.length === client.secrets.length) throw new GraphError(400, "Request_BadRequest", `No password credential found with keyId.`);
  client.secrets = kept;
  return { status: 204 };
}

function createCredential(call: Call): Answer {
  const { federated } = application(call);
  const { name = "", issuer = "", subject = "", audiences = [], description } = call.body as unknown as Partial<FederatedCredential>;
  for (const [property, value] of Object.entries({ name, issuer, subject }))
    if (value === "" || value.length > 600) throw invalid(property, "FederatedIdentityCredential");
  if (federated.some((each) => each.name === name || (each.issuer === issuer && each.subject === subject))) {
    throw new GraphError(
      409,
      "Request_MultipleObjectsWithSameKeyValue",
      `FederatedIdentityCredential with name ${name} already exists. Please use a unique name and try again.`,
    );
  }
  if (federated.length >= MAX_CREDENTIALS)
    throw new GraphError(
      400,
      "Directory_QuotaExceeded",
      `The number of federated identity credentials is over the limit of ${MAX_CREDENTIALS}.`,
    );
  const made = {
    id: randomUUID(),
    name,
    issuer,
    subject,
    audiences,
    madeAt: Date.now(),
    ...(description === undefined ? {} : { description }),
  };
  federated.push(made);
  return created(call, credentialsOf(call), credentialView(made), `federatedIdentityCredentials/${made.id}`);
}

function credentialsOf({ path: { id } }: Call): string {
  return `applications('${id}')/federatedIdentityCredentials`;
}

function createPrincipal(call: Call): Answer {
  const { world, body } = call;
  const { appId } = body;
  const client = typeof appId === "string" ? world.directory.clients.get(appId) : undefined;
  if (!client) {
    throw new GraphError(
      400,
      "Request_BadRequest",
      `The appId '${String(appId)}' of the service principal does not reference a valid application object.`,
    );
  }
  if (world.directory.principalOf(client.appId)) {
    const message = `The service principal cannot be created, updated, or restored because the service principal name ${client.appId} is already in use.`;
    throw new GraphError(409, "Request_MultipleObjectsWithSameKeyValue", message);
  }
  const made = world.directory.addPrincipal("ServicePrincipal", client.displayName, client.appId);
  const rest = `directoryObjects/${made.objectId}/Microsoft.DirectoryServices.ServicePrincipal`;
  return created(call, "servicePrincipals", principalView(world, made), rest);
}

function listPrincipals(call: Call): Answer {
  const { world } = call;
  const found = [...world.directory.principals.values()].filter(({ type }) => type === "ServicePrincipal").filter(filterOf(call));
  return {
    body: all(
      "servicePrincipals",
      found.map((each) => principalView(world, each)),
    ),
  };
}

function application({ world, path: { id = "" } }: Call): Client {
  const client = world.directory.clientById(id);
  if (!client) throw notFound(id);
  return client;
}

function principal({ world, path: { id = "" } }: Call): Principal {
  const found = world.directory.principals.get(id);
  if (found?.type !== "ServicePrincipal") throw notFound(id);
  return found;
}

function credential(call: Call): FederatedCredential {
  const { credential: wanted = "" } = call.path;
  const found = application(call).federated.find(({ id, name }) => id === wanted || name === wanted);
  if (!found) throw notFound(wanted);
  return found;
}

function notFound(id: string): GraphError {
  return new GraphError(
    404,
    "Request_ResourceNotFound",
    `Resource '${id}' does not exist or one of its queried reference-property objects are not present.`,
  );
}

function applicationView({ id, appId, displayName, secrets }: Client): JsonObject {
  return {
    id,
    deletedDateTime: null,
    appId,
    displayName,
    identifierUris: [],
    signInAudience: "AzureADandPersonalMicrosoftAccount",
    keyCredentials: [],
    passwordCredentials: secrets.map((secret) => ({ ...secretView(secret), secretText: null })),
  };
}

function secretView({ keyId, hint, displayName, startAt, endAt }: ClientSecret): JsonObject {
  return {
    customKeyIdentifier: null,
    displayName,
    endDateTime: toSecond(endAt),
    hint,
    keyId,
    startDateTime: toSecond(startAt),
  };
}

function credentialView({ id = "", name, issuer, subject, audiences, description }: FederatedCredential): JsonObject {
  return { id, name, issuer, subject, description: description ?? null, audiences };
}

function principalView(world: World, { objectId, appId = "", displayName }: Principal): JsonObject {
  return {
    id: objectId,
    deletedDateTime: null,
    accountEnabled: true,
    appDisplayName: displayName,
    appId,
    appOwnerOrganizationId: world.options.tenant,
    displayName,
    servicePrincipalNames: [appId],
    servicePrincipalType: "Application",
  };
}

import { randomUUID } from "node:crypto";
import type { JsonObject } from "../../../json";
import { CloudError } from "../shared/exchange";
import type { Answer } from "./api";
import { toSecond } from "./clock";
import type { Client, ClientSecret, FederatedCredential, Principal } from "./directory";
import { MAX_CREDENTIALS } from "./identityOperations";
import type { World } from "./world";

/** A call of Microsoft Graph as its handler sees it. */
export interface GraphCall {
  world: World;
  caller: Principal;
  path: Record<string, string>;
  query: URLSearchParams;
  body: JsonObject;
}

export interface GraphMethod {
  /** As `graph/applications.create`. */
  action: string;
  verb: "GET" | "POST" | "PATCH" | "DELETE";
  pattern: RegExp;
  handle(call: GraphCall): Answer;
}

/** An error as Microsoft Graph answers it. */
class GraphError extends CloudError {
  constructor(status: number, code: string, message: string) {
    const id = randomUUID();
    const innerError = { date: toSecond().replace("Z", ""), "request-id": id, "client-request-id": id };
    super(message, status, { error: { code, message, innerError } });
  }
}

const CONTEXT = "https://graph.microsoft.com/v1.0/$metadata#";
const APPLICATION = "/v1\\.0/applications/(?<id>[^/(]+)";
const CREDENTIALS = `${APPLICATION}/federatedIdentityCredentials`;

const exactly = (source: string) => new RegExp(`^${source}$`);

/** Applications, service principals and their credentials (https://learn.microsoft.com/graph/api). */
export const GRAPH_METHODS: readonly GraphMethod[] = [
  { action: "graph/applications.list", verb: "GET", pattern: exactly("/v1\\.0/applications"), handle: listApplications },
  { action: "graph/applications.create", verb: "POST", pattern: exactly("/v1\\.0/applications"), handle: createApplication },
  {
    action: "graph/applications.get",
    verb: "GET",
    pattern: exactly(APPLICATION),
    handle: (call) => ({ body: { "@odata.context": `${CONTEXT}applications/$entity`, ...applicationView(application(call)) } }),
  },
  { action: "graph/applications.update", verb: "PATCH", pattern: exactly(APPLICATION), handle: updateApplication },
  {
    action: "graph/applications.delete",
    verb: "DELETE",
    pattern: exactly(APPLICATION),
    handle: (call) => {
      call.world.directory.deleteClient(application(call));
      return { status: 204 };
    },
  },
  {
    action: "graph/deletedItems.delete",
    verb: "DELETE",
    pattern: exactly("/v1\\.0/directory/deletedItems/(?<id>[^/]+)"),
    handle: ({ world, path: { id = "" } }) => {
      if (!world.directory.purge(id)) throw notFound(id);
      return { status: 204 };
    },
  },
  { action: "graph/applications.addPassword", verb: "POST", pattern: exactly(`${APPLICATION}/addPassword`), handle: addPassword },
  { action: "graph/applications.removePassword", verb: "POST", pattern: exactly(`${APPLICATION}/removePassword`), handle: removePassword },
  { action: "graph/federatedIdentityCredentials.create", verb: "POST", pattern: exactly(CREDENTIALS), handle: createCredential },
  { action: "graph/federatedIdentityCredentials.list", verb: "GET", pattern: exactly(CREDENTIALS), handle: listCredentials },
  {
    action: "graph/federatedIdentityCredentials.get",
    verb: "GET",
    pattern: exactly(`${CREDENTIALS}/(?<credential>[^/]+)`),
    handle: (call) => ({ body: { "@odata.context": `${credentialContext(call)}/$entity`, ...credentialView(credential(call)) } }),
  },
  {
    action: "graph/federatedIdentityCredentials.update",
    verb: "PATCH",
    pattern: exactly(`${CREDENTIALS}/(?<credential>[^/]+)`),
    handle: (call) => {
      const { name: _, ...change } = call.body;
      Object.assign(credential(call), change, { madeAt: Date.now() });
      return { status: 204 };
    },
  },
  {
    action: "graph/federatedIdentityCredentials.delete",
    verb: "DELETE",
    pattern: exactly(`${CREDENTIALS}/(?<credential>[^/]+)`),
    handle: (call) => {
      const { federated } = application(call);
      federated.splice(federated.indexOf(credential(call)), 1);
      return { status: 204 };
    },
  },
  { action: "graph/servicePrincipals.create", verb: "POST", pattern: exactly("/v1\\.0/servicePrincipals"), handle: createPrincipal },
  { action: "graph/servicePrincipals.list", verb: "GET", pattern: exactly("/v1\\.0/servicePrincipals"), handle: listPrincipals },
  {
    action: "graph/servicePrincipals.get",
    verb: "GET",
    pattern: exactly("/v1\\.0/servicePrincipals/(?<id>[^/]+)"),
    handle: (call) => ({
      body: { "@odata.context": `${CONTEXT}servicePrincipals/$entity`, ...principalView(call.world, principal(call)) },
    }),
  },
  {
    action: "graph/servicePrincipals.delete",
    verb: "DELETE",
    pattern: exactly("/v1\\.0/servicePrincipals/(?<id>[^/]+)"),
    handle: (call) => {
      call.world.directory.principals.delete(principal(call).objectId);
      return { status: 204 };
    },
  },
];

/** @throws {GraphError} 403 unless the caller administers the directory */
export function graphAnswer(method: GraphMethod, call: GraphCall): Answer {
  if (!call.world.directory.administrators.has(call.caller.objectId))
    throw new GraphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.");
  return method.handle(call);
}

function listApplications({ world, query }: GraphCall): Answer {
  const filter = query.get("$filter") ?? "";
  const [, appId] = /^appId eq '([^']*)'$/.exec(filter) ?? [];
  const [, start] = /^startswith\(displayName,'([^']*)'\)$/.exec(filter) ?? [];
  const [, name] = /^displayName eq '([^']*)'$/.exec(filter) ?? [];
  const found = applications(world).filter(
    (client) =>
      (appId === undefined || client.appId === appId) &&
      (start === undefined || client.displayName.startsWith(start)) &&
      (name === undefined || client.displayName === name),
  );
  return { body: { "@odata.context": `${CONTEXT}applications`, value: found.map(applicationView) } };
}

/** Managed identities log in as applications do, and are none. */
function applications({ directory, identities }: World): Client[] {
  const managed = new Set([...identities.values()].map(({ clientId }) => clientId));
  return [...directory.clients.values()].filter(({ appId }) => !managed.has(appId));
}

function createApplication({ world, body }: GraphCall): Answer {
  if (typeof body.displayName !== "string" || body.displayName === "")
    throw new GraphError(400, "Request_BadRequest", "Invalid value specified for property 'displayName' of resource 'Application'.");
  const client = world.directory.addClient(body.displayName);
  return {
    status: 201,
    body: { "@odata.context": `${CONTEXT}applications/$entity`, ...applicationView(client) },
    headers: {
      location: `https://graph.microsoft.com/v2/${world.options.tenant}/directoryObjects/${client.id}/Microsoft.DirectoryServices.Application`,
    },
  };
}

function updateApplication(call: GraphCall): Answer {
  const client = application(call);
  if (typeof call.body.displayName === "string") client.displayName = call.body.displayName;
  return { status: 204 };
}

function addPassword(call: GraphCall): Answer {
  const { displayName, startDateTime, endDateTime } = (call.body.passwordCredential ?? {}) as Record<string, string | null | undefined>;
  const secret = call.world.directory.addSecret(application(call), {
    displayName: displayName ?? null,
    ...(endDateTime ? { endAt: Date.parse(endDateTime) } : {}),
  });
  // A start that has been asked for says nothing of when the secret is known everywhere.
  const shown = { ...secretView(secret), ...(startDateTime ? { startDateTime } : {}) };
  return { body: { "@odata.context": `${CONTEXT}microsoft.graph.passwordCredential`, ...shown, secretText: secret.text } };
}

function removePassword(call: GraphCall): Answer {
  const client = application(call);
  const kept = client.secrets.filter(({ keyId }) => keyId !== call.body.keyId);
  if (kept.length === client.secrets.length) throw new GraphError(400, "Request_BadRequest", `No password credential found with keyId.`);
  client.secrets = kept;
  return { status: 204 };
}

function createCredential(call: GraphCall): Answer {
  const { federated } = application(call);
  const { name = "", issuer = "", subject = "", audiences = [], description } = call.body as unknown as Partial<FederatedCredential>;
  for (const [property, value] of Object.entries({ name, issuer, subject }))
    if (value === "" || value.length > 600)
      throw new GraphError(
        400,
        "Request_BadRequest",
        `Invalid value specified for property '${property}' of resource 'FederatedIdentityCredential'.`,
      );
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
  return {
    status: 201,
    body: { "@odata.context": `${credentialContext(call)}/$entity`, ...credentialView(made) },
    headers: { location: `https://graph.microsoft.com/v2/${call.world.options.tenant}/federatedIdentityCredentials/${made.id}` },
  };
}

function listCredentials(call: GraphCall): Answer {
  return { body: { "@odata.context": credentialContext(call), value: application(call).federated.map(credentialView) } };
}

function credentialContext({ path: { id } }: GraphCall): string {
  return `${CONTEXT}applications('${id}')/federatedIdentityCredentials`;
}

function createPrincipal({ world, body }: GraphCall): Answer {
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
  return {
    status: 201,
    body: { "@odata.context": `${CONTEXT}servicePrincipals/$entity`, ...principalView(world, made) },
    headers: {
      location: `https://graph.microsoft.com/v2/${world.options.tenant}/directoryObjects/${made.objectId}/Microsoft.DirectoryServices.ServicePrincipal`,
    },
  };
}

function listPrincipals({ world, query }: GraphCall): Answer {
  const filter = query.get("$filter") ?? "";
  const [, appId] = /^(?:servicePrincipalNames\/any\(c:c eq|appId eq) '([^']*)'\)?$/.exec(filter) ?? [];
  const [, name] = /^displayName eq '([^']*)'$/.exec(filter) ?? [];
  const found = [...world.directory.principals.values()].filter(
    (each) =>
      each.type === "ServicePrincipal" &&
      (appId === undefined || each.appId === appId) &&
      (name === undefined || each.displayName === name),
  );
  return { body: { "@odata.context": `${CONTEXT}servicePrincipals`, value: found.map((each) => principalView(world, each)) } };
}

function application({ world, path: { id = "" } }: GraphCall): Client {
  const client = world.directory.clientById(id);
  if (!client) throw notFound(id);
  return client;
}

function principal({ world, path: { id = "" } }: GraphCall): Principal {
  const found = world.directory.principals.get(id);
  if (found?.type !== "ServicePrincipal") throw notFound(id);
  return found;
}

function credential(call: GraphCall): FederatedCredential {
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

import type { JsonObject } from "../../../json";
import { unlessMissing } from "../cloudApi";
import type { StandInResource } from "../standInProvider";
import type { AzureApi } from "./azureApi";

/** Applications, their service principals, secrets and federated credentials: calls of Microsoft Graph. */
export function directoryResources(api: AzureApi): Record<string, StandInResource> {
  const { graph } = api;
  const get = (path: string) => unlessMissing(graph("GET", path));
  const remove = async (path: string) => void (await unlessMissing(graph("DELETE", path)));
  return {
    "azuread:index/application:Application": {
      defaults: { preventDuplicateNames: false, signInAudience: "AzureADMyOrg" },
      computed: ["clientId", "objectId", "publisherDomain"],
      create: async ({ displayName, signInAudience }) => {
        const made = await graph("POST", "/applications", { displayName: displayName ?? "", signInAudience: signInAudience ?? "" });
        return { id: `/applications/${made.id}`, outputs: { clientId: made.appId ?? "", objectId: made.id ?? "" } };
      },
      read: async (id) => {
        const found = await get(id);
        return found && { id, outputs: { clientId: found.appId ?? "", displayName: found.displayName ?? "" } };
      },
      update: async (id, { displayName }) => {
        await graph("PATCH", id, { displayName: displayName ?? "" });
        return {};
      },
      delete: (id) => remove(id),
    },
    "azuread:index/servicePrincipal:ServicePrincipal": {
      replaceOn: ["clientId"],
      computed: ["objectId", "applicationTenantId", "displayName"],
      create: async ({ clientId }) => {
        const made = await graph("POST", "/servicePrincipals", { appId: clientId ?? "" });
        return { id: `/servicePrincipals/${made.id}`, outputs: principalOutputs(made) };
      },
      read: async (id) => {
        const found = await get(id);
        return found && { id, outputs: principalOutputs(found) };
      },
      delete: (id) => remove(id),
    },
    "azuread:index/applicationPassword:ApplicationPassword": {
      // Graph changes no secret: everything makes a new one.
      replaceOn: "all",
      computed: ["keyId", "value", "startDate", "endDate"],
      create: async ({ applicationId, displayName, endDate, startDate }) => {
        const passwordCredential = {
          ...(displayName === undefined ? {} : { displayName }),
          ...(endDate === undefined ? {} : { endDateTime: endDate }),
          ...(startDate === undefined ? {} : { startDateTime: startDate }),
        };
        const made = await graph("POST", `${applicationId}/addPassword`, { passwordCredential });
        const { keyId = "", secretText = "", startDateTime = "", endDateTime = "" } = made;
        return {
          id: `${objectId(applicationId)}/password/${keyId}`,
          outputs: { keyId, value: secretText, startDate: startDateTime, endDate: endDateTime },
        };
      },
      // Graph tells a secret's text only once: keep what was noted then.
      read: async (id, { applicationId, keyId }) => {
        const found = await get(String(applicationId));
        const secrets = (found?.passwordCredentials ?? []) as JsonObject[];
        const secret = secrets.find((each) => each.keyId === keyId);
        return secret && { id, outputs: { startDate: secret.startDateTime ?? "", endDate: secret.endDateTime ?? "" } };
      },
      delete: async (_, { applicationId, keyId }) => {
        const found = await get(String(applicationId));
        const secrets = (found?.passwordCredentials ?? []) as JsonObject[];
        if (secrets.some((secret) => secret.keyId === keyId))
          await graph("POST", `${applicationId}/removePassword`, { keyId: keyId ?? "" });
      },
    },
    "azuread:index/applicationFederatedIdentityCredential:ApplicationFederatedIdentityCredential": {
      replaceOn: ["applicationId", "displayName"],
      computed: ["credentialId"],
      create: async ({ applicationId, ...inputs }) => {
        const made = await graph("POST", `${applicationId}/federatedIdentityCredentials`, credentialBody(inputs));
        return { id: `${objectId(applicationId)}/federatedIdentityCredential/${made.id}`, outputs: { credentialId: made.id ?? "" } };
      },
      read: async (id) => {
        const found = await get(credentialPath(id));
        if (!found) return undefined;
        const { issuer = "", subject = "", audiences = [], name = "", description } = found;
        return { id, outputs: { issuer, subject, audiences, displayName: name, description: description ?? "" } };
      },
      update: async (id, inputs) => {
        await graph("PATCH", credentialPath(id), credentialBody(inputs));
        return {};
      },
      delete: (id) => remove(credentialPath(id)),
    },
  };
}

/** Functions that ask for what exists already. */
export function directoryFunctions({ graph }: AzureApi): Record<string, (args: JsonObject) => Promise<JsonObject>> {
  const one = async (what: string, { clientId }: JsonObject): Promise<JsonObject> => {
    const { value = [] } = await graph("GET", `/${what}?$filter=${encodeURIComponent(`appId eq '${clientId}'`)}`);
    const [first] = value as JsonObject[];
    if (!first) throw new Error(`No ${what.slice(0, -1)} found matching the specified filter (appId eq '${clientId}')`);
    return first;
  };
  return {
    "azuread:index/getApplication:getApplication": async (args) => {
      const found = await one("applications", args);
      return {
        id: `/applications/${found.id}`,
        clientId: found.appId ?? "",
        objectId: found.id ?? "",
        displayName: found.displayName ?? "",
      };
    },
    "azuread:index/getServicePrincipal:getServicePrincipal": async (args) => {
      const found = await one("servicePrincipals", args);
      return { id: `/servicePrincipals/${found.id}`, clientId: found.appId ?? "", ...principalOutputs(found) };
    },
  };
}

function principalOutputs({ id = "", appOwnerOrganizationId = "", displayName = "" }: JsonObject): JsonObject {
  return { objectId: id, applicationTenantId: appOwnerOrganizationId, displayName };
}

/** https://learn.microsoft.com/graph/api/resources/federatedidentitycredential */
function credentialBody({ displayName, issuer, subject, audiences, description }: JsonObject): JsonObject {
  const body = { name: displayName, issuer, subject, audiences, description };
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined)) as JsonObject;
}

/** From `OBJECT-ID/federatedIdentityCredential/CREDENTIAL-ID`. */
function credentialPath(id: string): string {
  const [application, , credential] = id.split("/");
  return `/applications/${application}/federatedIdentityCredentials/${credential}`;
}

/** From `/applications/OBJECT-ID`. */
function objectId(applicationId: unknown): string {
  return String(applicationId).replace(/^\/applications\//, "");
}

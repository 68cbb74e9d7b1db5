import type { JsonObject } from "../../../json";
import type { StandInResource } from "../standInProvider";
import type { GoogleApi } from "./googleApi";
import { iamMember } from "./iamMember";

/** What a pool can have around it: secrets, an image repository, a network. */
export function surroundingResources(api: GoogleApi): Record<string, StandInResource> {
  return {
    "gcp:secretmanager/secret:Secret": {
      replaceOn: "all",
      computed: ["createTime", "name"],
      create: async ({ project, secretId, replication }) => {
        const { name = "" } = await api.call("POST", `/v1/projects/${project}/secrets?secretId=${secretId}`, {
          replication: replication ?? {},
        });
        return { id: `projects/${project}/secrets/${secretId}`, outputs: { name } };
      },
      read: async (id) => ((await api.get(`/v1/${id}`)) ? { id } : undefined),
      delete: (id) => api.remove(`/v1/${id}`),
    },
    "gcp:secretmanager/secretVersion:SecretVersion": {
      replaceOn: "all",
      computed: ["createTime", "name", "version"],
      create: async ({ secret, secretData }) => {
        const payload = { data: Buffer.from(String(secretData)).toString("base64") };
        const { name = "" } = await api.call("POST", `/v1/${secret}:addVersion`, { payload });
        const version = String(name).split("/").at(-1) ?? "";
        return { id: `${secret}/versions/${version}`, outputs: { name, version } };
      },
      read: async (id) => ((await api.get(`/v1/${id}`)) ? { id } : undefined),
      delete: async (id) => {
        await api.call("POST", `/v1/${id}:destroy`, {});
      },
    },
    "gcp:secretmanager/secretIamMember:SecretIamMember": iamMember(
      api,
      (inputs) => `/v1/${secretPath(inputs)}`,
      (inputs) => secretPath(inputs),
    ),
    "gcp:artifactregistry/repository:Repository": kept(api, {
      computed: ["createTime", "name", "registryUri"],
      collection: ({ project, location }) => `v1/projects/${project}/locations/${location}/repositories`,
      query: ({ repositoryId }) => `?repositoryId=${repositoryId}`,
      id: ({ repositoryId }) => repositoryId,
      body: ({ format = "" }) => ({ format }),
    }),
    "gcp:vpcaccess/connector:Connector": kept(api, {
      computed: ["selfLink", "state"],
      autoName: { input: "name", longest: 24 },
      collection: ({ project, region }) => `v1/projects/${project}/locations/${region}/connectors`,
      query: ({ name }) => `?connectorId=${name}`,
      id: ({ name }) => name,
      body: ({ network = "", ipCidrRange = "" }) => ({ network, ipCidrRange }),
    }),
    "gcp:compute/network:Network": kept(api, {
      computed: ["gatewayIpv4", "networkId", "selfLink"],
      autoName: { input: "name", longest: 63 },
      collection: ({ project }) => `compute/v1/projects/${project}/global/networks`,
      id: ({ name }) => name,
      body: ({ name = "", autoCreateSubnetworks = true }) => ({ name, autoCreateSubnetworks }),
    }),
    "gcp:compute/subnetwork:Subnetwork": kept(api, {
      computed: ["gatewayAddress", "selfLink"],
      autoName: { input: "name", longest: 63 },
      collection: ({ project, region }) => `compute/v1/projects/${project}/regions/${region}/subnetworks`,
      id: ({ name }) => name,
      body: ({ name = "", network = "", ipCidrRange = "" }) => ({ name, network, ipCidrRange }),
    }),
  };
}

interface Kept extends Pick<StandInResource, "computed" | "autoName"> {
  /** Path of the collection. */
  collection(inputs: JsonObject): string;
  query?(inputs: JsonObject): string;
  id(inputs: JsonObject): unknown;
  body(inputs: JsonObject): JsonObject;
}

/** A resource that is only created, read and deleted. Its id is its path without the version. */
function kept(api: GoogleApi, { collection, query, id, body, ...rest }: Kept): StandInResource {
  const pathOf = (inputs: JsonObject) => `${collection(inputs)}/${id(inputs)}`;
  return {
    ...rest,
    replaceOn: "all",
    create: async (inputs) => {
      await api.call("POST", `/${collection(inputs)}${query?.(inputs) ?? ""}`, body(inputs));
      return { id: pathOf(inputs).replace(/^.*?(?=projects\/)/, "") };
    },
    read: async (id, known) => {
      const found = await api.get(`/${pathOf(known)}`);
      // Its name is the full path there.
      const told = Object.keys(body(known)).filter((name) => name !== "name");
      return found && { id, outputs: Object.fromEntries(told.map((name) => [name, found[name] ?? null])) };
    },
    delete: (_, known) => api.remove(`/${pathOf(known)}`),
  };
}

/** From a secret's id or its full name. */
function secretPath({ project, secretId }: JsonObject): string {
  const given = String(secretId);
  return given.startsWith("projects/") ? given : `projects/${project}/secrets/${given}`;
}

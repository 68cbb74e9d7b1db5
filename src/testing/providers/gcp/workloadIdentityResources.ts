import type { JsonObject } from "../../../json";
import type { StandInResource } from "../standInProvider";
import type { GoogleApi } from "./googleApi";

/** Workload identity pools and their providers. */
export function workloadIdentityResources(api: GoogleApi): Record<string, StandInResource> {
  return {
    "gcp:iam/workloadIdentityPool:WorkloadIdentityPool": identityResource(api, {
      collection: ({ project }) => `projects/${project}/locations/global/workloadIdentityPools`,
      idInput: "workloadIdentityPoolId",
      fields: ["displayName", "description", "disabled"],
    }),
    "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider": identityResource(api, {
      collection: ({ project, workloadIdentityPoolId }) =>
        `projects/${project}/locations/global/workloadIdentityPools/${workloadIdentityPoolId}/providers`,
      idInput: "workloadIdentityPoolProviderId",
      fields: ["displayName", "description", "disabled", "attributeMapping", "attributeCondition", "oidc"],
    }),
  };
}

interface IdentityResource {
  collection(inputs: JsonObject): string;
  idInput: string;
  fields: readonly string[];
}

function identityResource(api: GoogleApi, { collection, idInput, fields }: IdentityResource): StandInResource {
  const body = (inputs: JsonObject) =>
    Object.fromEntries(fields.flatMap((field) => (inputs[field] === undefined ? [] : [[field, inputs[field]]])));
  const shown = ({ name = "", state = "" }: JsonObject) => ({ name, state });
  const done = async (started: JsonObject) => {
    let operation = started;
    while (operation.done !== true) operation = await api.call("GET", `/v1/${operation.name}`);
    return operation.response as JsonObject;
  };
  return {
    replaceOn: ["project", "workloadIdentityPoolId", idInput],
    computed: ["name", "state"],
    create: async (inputs) => {
      const path = collection(inputs);
      const made = await done(await api.call("POST", `/v1/${path}?${idInput}=${inputs[idInput]}`, body(inputs)));
      return { id: `${path}/${inputs[idInput]}`, outputs: shown(made) };
    },
    read: async (id, known) => {
      const found = await api.get(`/v1/${id}`);
      // Values that Google adds are not a difference.
      return (
        found && {
          id,
          outputs: { ...shown(found), ...Object.fromEntries(Object.keys(body(known)).map((field) => [field, found[field] ?? null])) },
        }
      );
    },
    update: async (id, inputs) => {
      await done(await api.call("PATCH", `/v1/${id}?updateMask=${fields.join(",")}`, body(inputs)));
      return {};
    },
    delete: (id) => api.remove(`/v1/${id}`),
  };
}

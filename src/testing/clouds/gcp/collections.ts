import { PLACE, PROJECT } from "./googleCall";

/** Resources that the fake only stores: those that a pool may have around it. */
export interface Collection {
  service: string;
  /** Its name in paths and permissions. */
  kind: string;
  /** The collection's path, as a pattern. */
  path: string;
  /** Where a new resource's id is: in this query parameter, or (Compute Engine) in the body as `name`. */
  idIn: { query: string } | "body";
}

export const COLLECTIONS: readonly Collection[] = [
  { service: "artifactregistry", kind: "repositories", path: `/v1/${PLACE}/repositories`, idIn: { query: "repositoryId" } },
  { service: "vpcaccess", kind: "connectors", path: `/v1/${PLACE}/connectors`, idIn: { query: "connectorId" } },
  { service: "compute", kind: "networks", path: `/compute/v1/projects/${PROJECT}/global/networks`, idIn: "body" },
  { service: "compute", kind: "subnetworks", path: `/compute/v1/projects/${PROJECT}/regions/(?<region>[^/:]+)/subnetworks`, idIn: "body" },
];

export function permissionsOf({ service, kind }: Collection): string[] {
  return ["create", "get", "delete"].map((verb) => `${service}.${kind}.${verb}`);
}

export const SECRET_PERMISSIONS = [
  "secretmanager.secrets.create",
  "secretmanager.secrets.get",
  "secretmanager.secrets.delete",
  "secretmanager.secrets.getIamPolicy",
  "secretmanager.secrets.setIamPolicy",
  "secretmanager.versions.add",
  "secretmanager.versions.get",
  "secretmanager.versions.destroy",
] as const;

import type { JsonObject } from "../../../json";
import type { StandInResource } from "../standInProvider";
import { type ArmResource, armResource } from "./armResource";
import type { AzureApi } from "./azureApi";

/** What a pool has in Azure Resource Manager: its group, its roles, and what is around its runs. */
export function armResources(api: AzureApi): Record<string, StandInResource> {
  const group = ({ resourceGroupName }: JsonObject) => `/subscriptions/${api.subscription}/resourceGroups/${resourceGroupName}`;
  /** A resource of a resource group, with a name of its own. */
  const inGroup = (
    type: string,
    name: string,
    row: Omit<ArmResource, "idOf" | "fixed" | "computed"> & Partial<Pick<ArmResource, "fixed" | "computed">>,
  ) =>
    armResource(api, {
      computed: [],
      autoName: { input: name, longest: 80 },
      ...row,
      idOf: (inputs) => `${group(inputs)}/providers/${type}/${inputs[name]}`,
      fixed: ["resourceGroupName", name, "location", ...(row.fixed ?? [])],
      beside: ["location", "tags", ...(row.beside ?? [])],
    });
  const authorization = (kind: string, name: string, row: Pick<ArmResource, "version" | "fixed" | "names">) =>
    armResource(api, {
      ...row,
      computed: [],
      autoName: { input: name, uuid: true },
      idOf: (inputs) => `${inputs.scope}/providers/Microsoft.Authorization/${kind}/${inputs[name]}`,
      fixed: ["scope", name, ...row.fixed],
    });
  return {
    "azure-native:resources:ResourceGroup": armResource(api, {
      version: "2024-03-01",
      autoName: { input: "resourceGroupName", longest: 90 },
      computed: [],
      idOf: group,
      fixed: ["resourceGroupName", "location"],
      beside: ["location", "tags"],
    }),
    "azure-native:authorization:RoleAssignment": authorization("roleAssignments", "roleAssignmentName", {
      version: "2022-04-01",
      fixed: ["principalId", "principalType", "roleDefinitionId"],
      names: { principalId: "principalId", principalType: "principalType", roleDefinitionId: "roleDefinitionId" },
    }),
    "azure-native:authorization:RoleDefinition": authorization("roleDefinitions", "roleDefinitionId", {
      version: "2022-05-01-preview",
      fixed: [],
      names: { roleType: "type" },
    }),
    "azure-native:managedidentity:UserAssignedIdentity": inGroup("Microsoft.ManagedIdentity/userAssignedIdentities", "resourceName", {
      version: "2023-01-31",
      computed: ["principalId", "clientId", "tenantId"],
      outputs: ({ principalId = "", clientId = "", tenantId = "" }) => ({ principalId, clientId, tenantId }),
    }),
    "azure-native:containerregistry:Registry": inGroup("Microsoft.ContainerRegistry/registries", "registryName", {
      version: "2023-01-01-preview",
      beside: ["sku"],
      computed: ["loginServer"],
      outputs: ({ loginServer = "" }) => ({ loginServer }),
    }),
    "azure-native:containerinstance:ContainerGroupProfile": inGroup(
      "Microsoft.ContainerInstance/containerGroupProfiles",
      "containerGroupProfileName",
      { version: "2024-05-01-preview", listed: ["containers"] },
    ),
    "azure-native:network:VirtualNetwork": inGroup("Microsoft.Network/virtualNetworks", "virtualNetworkName", { version: "2024-05-01" }),
    "azure-native:network:PublicIPAddress": inGroup("Microsoft.Network/publicIPAddresses", "publicIpAddressName", {
      version: "2024-05-01",
      beside: ["sku"],
    }),
    "azure-native:network:NatGateway": inGroup("Microsoft.Network/natGateways", "natGatewayName", {
      version: "2024-05-01",
      beside: ["sku"],
    }),
    "azure-native:network:Subnet": armResource(api, {
      version: "2024-05-01",
      computed: [],
      autoName: { input: "subnetName", longest: 80 },
      idOf: (inputs) =>
        `${group(inputs)}/providers/Microsoft.Network/virtualNetworks/${inputs.virtualNetworkName}/subnets/${inputs.subnetName}`,
      fixed: ["resourceGroupName", "virtualNetworkName", "subnetName"],
      listed: ["delegations"],
    }),
    "azure-native:operationalinsights:Workspace": inGroup("Microsoft.OperationalInsights/workspaces", "workspaceName", {
      version: "2023-09-01",
      computed: ["customerId"],
      outputs: ({ customerId = "" }) => ({ customerId }),
    }),
  };
}

/** Functions that ask for what exists already. */
export function armFunctions(api: AzureApi): Record<string, (args: JsonObject) => Promise<JsonObject>> {
  const idOf = (type: string, name: unknown, { resourceGroupName }: JsonObject) =>
    `/subscriptions/${api.subscription}/resourceGroups/${resourceGroupName}/providers/${type}/${name}`;
  const workspaces = "Microsoft.OperationalInsights/workspaces";
  const shown = ({ id = "", name = "", type = "", location = "", properties }: JsonObject): JsonObject => ({
    id,
    name,
    type,
    location,
    ...(properties as JsonObject),
  });
  return {
    "azure-native:authorization:getClientConfig": async () => ({
      clientId: "",
      objectId: "",
      subscriptionId: api.subscription,
      tenantId: api.tenant,
    }),
    "azure-native:authorization:getClientToken": async ({ endpoint }) => ({
      token: api.token(typeof endpoint === "string" ? endpoint : undefined),
    }),
    "azure-native:managedidentity:getUserAssignedIdentity": async (args) =>
      shown(await api.arm("GET", idOf("Microsoft.ManagedIdentity/userAssignedIdentities", args.resourceName, args), "2023-01-31")),
    "azure-native:operationalinsights:getWorkspace": async (args) =>
      shown(await api.arm("GET", idOf(workspaces, args.workspaceName, args), "2023-09-01")),
    "azure-native:operationalinsights:getSharedKeys": (args) =>
      api.arm("POST", `${idOf(workspaces, args.workspaceName, args)}/sharedKeys`, "2020-08-01"),
  };
}

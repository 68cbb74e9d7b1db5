import type { JsonObject } from "../../../json";
import { type Group, type Instance, type IpAddress, stateOf, type VolumeSpec } from "./groups";

/** How much of a group is shown: lists and the answer to a PUT say nothing of its containers' states. */
export type Detail = "whole" | "created" | "listed";

/** The policy of a confidential group that was made without one (recorded in 2023): everything is allowed. */
const ALLOW_ALL = allowAll();

function allowAll(): string {
  const rules: [name: string, more?: readonly string[]][] = [
    ["mount_device"],
    ["mount_overlay"],
    ["create_container", ["env_list", "allow_stdio_access"]],
    ["unmount_device"],
    ["unmount_overlay"],
    ["exec_in_container", ["env_list"]],
    ["exec_external", ["env_list", "allow_stdio_access"]],
    ["shutdown_container"],
    ["signal_container_process"],
    ["plan9_mount"],
    ["plan9_unmount"],
    ["get_properties"],
    ["dump_stacks"],
    ["runtime_logging"],
    ["load_fragment"],
    ["scratch_mount"],
    ["scratch_unmount"],
  ];
  const lines = rules.map(([name, more = []]) => {
    const fields = ['"allowed": true', ...more.map((each) => `"${each}": ${each === "env_list" ? "null" : "true"}`)];
    // One line of Azure's own text ends with a blank.
    return `${name} := {${fields.join(", ")}}${name === "unmount_device" ? " " : ""}`;
  });
  return Buffer.from(["package policy", "", 'api_svn := "0.10.0"', "", ...lines, ""].join("\n")).toString("base64");
}

/** A group as an API version answers it. Secrets never come back. */
export function groupView(group: Group, version: string, detail: Detail): JsonObject {
  const { spec } = group;
  const given = spec.properties;
  const properties = {
    ...(version >= "2019-12-01" ? { sku: given.sku ?? "Standard" } : {}),
    ...(version >= "2024-05-01-preview" ? { isCreatedFromStandbyPool: false } : {}),
    ...(given.sku === "Confidential" && version >= "2022-10-01-preview"
      ? { confidentialComputeProperties: { ccePolicy: given.confidentialComputeProperties?.ccePolicy ?? ALLOW_ALL } }
      : {}),
    provisioningState: group.provisioningState,
    ...(version >= "2023-05-01" ? { provisioningTimeoutInSeconds: 1800, isCustomProvisioningTimeout: false } : {}),
    containers: group.containers.map((instance) => containerView(instance, version, detail)),
    ...(version >= "2019-12-01" ? { initContainers: group.init.map((instance) => containerView(instance, version, detail)) } : {}),
    ...(given.imageRegistryCredentials
      ? { imageRegistryCredentials: given.imageRegistryCredentials.map(({ password: _, ...shown }) => ({ ...shown })) }
      : {}),
    ...(given.restartPolicy ? { restartPolicy: given.restartPolicy } : {}),
    // An address in a subnet is not mentioned before it is given.
    ...(given.ipAddress && !(detail === "created" && given.ipAddress.type === "Private")
      ? { ipAddress: addressView(group, version, stateOf(group) !== "Running") }
      : {}),
    osType: given.osType,
    ...(given.volumes ? { volumes: given.volumes.map(volumeView) } : {}),
    ...(given.diagnostics ? { diagnostics: diagnosticsView(given.diagnostics) } : {}),
    ...(given.subnetIds ? { subnetIds: given.subnetIds } : {}),
    ...(given.dnsConfig ? { dnsConfig: given.dnsConfig } : {}),
    ...(given.priority ? { priority: given.priority } : {}),
    ...(detail === "listed" ? {} : { instanceView: { events: [], state: stateOf(group) } }),
  };
  return plain({
    properties,
    ...(spec.identity ? { identity: identityView(group) } : {}),
    id: group.id,
    name: group.name,
    type: "Microsoft.ContainerInstance/containerGroups",
    location: spec.location,
    ...(spec.tags ? { tags: spec.tags } : {}),
    ...(spec.zones ? { zones: spec.zones } : {}),
  });
}

function containerView({ spec, ...instance }: Instance, version: string, detail: Detail): JsonObject {
  const { environmentVariables = [], resources, command, ports, ...rest } = spec.properties;
  return plain({
    name: spec.name,
    properties: {
      image: rest.image,
      ...(command ? { command } : {}),
      ports: ports ?? [],
      environmentVariables: environmentVariables.map(({ name, value }) =>
        value === undefined || value === "" ? { name } : { name, value },
      ),
      ...(version >= "2024-05-01-preview" ? { configMap: { keyValuePairs: {} } } : {}),
      ...(detail === "whole" && instance.current ? { instanceView: instanceView(instance) } : {}),
      ...(resources ? { resources } : {}),
      ...(rest.volumeMounts ? { volumeMounts: rest.volumeMounts } : {}),
      ...(rest.livenessProbe ? { livenessProbe: rest.livenessProbe } : {}),
      ...(rest.readinessProbe ? { readinessProbe: rest.readinessProbe } : {}),
      ...(rest.securityContext ? { securityContext: rest.securityContext } : {}),
    },
  });
}

function instanceView({ restartCount, current, previous, events }: Omit<Instance, "spec">): object {
  return {
    restartCount,
    currentState: current,
    ...(previous ? { previousState: previous } : {}),
    ...(events.length > 0 ? { events } : {}),
  };
}

function addressView({ spec, ip }: Group, version: string, ended: boolean): object {
  const { ports, type, dnsNameLabel, autoGeneratedDomainNameLabelScope } = spec.properties.ipAddress as IpAddress;
  // The versions 2021-10-01 and 2022 show it for every public address, later ones only if it has a meaning.
  const scoped = version >= "2023-05-01" ? dnsNameLabel !== undefined : version >= "2021-10-01" && type === "Public";
  const scope = autoGeneratedDomainNameLabelScope ?? "Unsecure";
  return {
    ports,
    // Until 2020 it was there from the start.
    ...(ip === undefined || (ended && version >= "2021") ? {} : { ip }),
    type,
    ...(scoped ? { autoGeneratedDomainNameLabelScope: scope } : {}),
    ...(dnsNameLabel ? { dnsNameLabel, fqdn: `${dnsNameLabel}.${spec.location}.azurecontainer.io` } : {}),
  };
}

function volumeView({ secret, azureFile, ...volume }: VolumeSpec): object {
  const { storageAccountKey: _, ...share } = azureFile ?? {};
  return { ...volume, ...(secret ? { secret: {} } : {}), ...(azureFile ? { azureFile: share } : {}) };
}

function diagnosticsView({ logAnalytics }: NonNullable<Group["spec"]["properties"]["diagnostics"]>): object {
  if (!logAnalytics) return {};
  const { workspaceKey: _, ...shown } = logAnalytics;
  return { logAnalytics: shown };
}

function identityView({ spec, tenant, principalId }: Group): object {
  return {
    ...(principalId === undefined ? {} : { principalId }),
    tenantId: tenant,
    type: spec.identity?.type,
    ...(spec.identity?.userAssignedIdentities ? { userAssignedIdentities: spec.identity.userAssignedIdentities } : {}),
  };
}

function plain(value: object): JsonObject {
  return JSON.parse(JSON.stringify(value)) as JsonObject;
}

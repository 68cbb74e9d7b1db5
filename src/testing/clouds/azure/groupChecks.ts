import type { JsonObject } from "../../../json";
import { ACI_REGIONS, checkLocation, regionOf } from "./azureRegions";
import type { World } from "./azureWorld";
import { bad, checkReferences, type Wanted } from "./groupReferences";
import { GROUP_SHAPE } from "./groupShape";
import { type ContainerSpec, type GroupSpec, requested } from "./groups";
import { deserialized } from "./shape";

/** Most that one group may ask for, and the least. */
const MAX = { cpu: 31, memoryInGB: 240 };
const MAX_SPOT = { cpu: 4, memoryInGB: 16 };
const MAX_CONFIDENTIAL = { cpu: 31, memoryInGB: 180 };
const LEAST = { cpu: 1, memoryInGB: 1 };

const MAX_CONTAINERS = 60;
const MAX_VOLUMES = 20;
const MAX_PORTS = 5;
const RESERVED_PORTS: readonly [number, number][] = [
  [22, 22],
  [1025, 1027],
  [3389, 3399],
  [9999, 9999],
  [19000, 19000],
  [19080, 19080],
  [19100, 19100],
  [19390, 19390],
  [20000, 30000],
  [49152, 65534],
];

/** As Microsoft lists them, and one that was recorded in 2024. */
const SPOT_REGIONS = ["eastus", "eastus2", "westeurope", "westus"];

const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const VOLUME_NAME = /^[a-z0-9][a-z0-9-]{3,61}[a-z0-9]$/;
const DNS_LABEL = /^[a-z][a-z0-9-]{3,61}[a-z0-9]$/;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;
const NAMING = "It can contain only lowercase letters, numbers and hyphens. The first and last character must be a letter or number.";

/**
 * The body of a PUT as a group, if Azure takes it.
 * Where no text of Azure's is known, code and words are this fake's; the status is always 400.
 * @throws {ArmError}
 */
export function checkedGroup(world: World, wanted: Wanted, body: JsonObject): GroupSpec {
  checkLocation(body.location, "Microsoft.ContainerInstance/containerGroups", ACI_REGIONS);
  const spec = deserialized(body, GROUP_SHAPE) as unknown as GroupSpec;
  if (spec.identity) spec.identity = { ...spec.identity, type: spec.identity.type ?? "None" };
  checkNames(wanted, spec);
  checkEnums(wanted, spec);
  checkContainers(wanted, spec);
  checkSizes(wanted, spec);
  checkSpot(spec);
  checkAddress(wanted, spec);
  checkVolumes(wanted, spec);
  checkReferences(world, wanted, spec);
  return spec;
}

function checkNames({ name }: Wanted, { properties }: GroupSpec): void {
  if (!NAME.test(name))
    throw bad(
      "InvalidContainerGroupName",
      `The container group name '${name}' is invalid. ${NAMING} The value must be between 1 and 63 characters long.`,
    );
  const all = [...properties.containers, ...(properties.initContainers ?? [])].map((container) => container.name);
  for (const each of all)
    if (!NAME.test(each))
      throw bad(
        "InvalidContainerName",
        `The container name '${each}' in container group '${name}' is invalid. ${NAMING} The value must be between 1 and 63 characters long.`,
      );
  const twice = all.find((each, index) => all.indexOf(each) !== index);
  if (twice !== undefined)
    throw bad("DuplicateContainerName", `The container name '${twice}' in container group '${name}' is used more than once.`);
}

function checkEnums({ name }: Wanted, { properties, identity }: GroupSpec): void {
  const oneOf = (what: string, value: string | undefined, allowed: readonly string[], code: string) => {
    if (value === undefined || allowed.includes(value)) return;
    throw bad(code, `The '${what}' must be one of '${allowed.join(",")}' for container group '${name}'.`);
  };
  oneOf("OsType", properties.osType, ["Linux", "Windows"], "OsTypeNotSpecified");
  oneOf("RestartPolicy", properties.restartPolicy, ["Always", "OnFailure", "Never"], "InvalidRestartPolicy");
  oneOf("Priority", properties.priority, ["Regular", "Spot"], "PriorityNotSpecified");
  oneOf("Sku", properties.sku, ["NotSpecified", "Standard", "Dedicated", "Confidential"], "InvalidSku");
  oneOf("IpAddress.Type", properties.ipAddress?.type, ["Public", "Private"], "InvalidIpAddressType");
  oneOf(
    "Identity.Type",
    identity?.type.replaceAll(" ", ""),
    ["None", "SystemAssigned", "UserAssigned", "SystemAssigned,UserAssigned"],
    "InvalidIdentityType",
  );
}

function checkContainers({ name: group }: Wanted, { properties }: GroupSpec): void {
  const { containers, initContainers = [] } = properties;
  if (containers.length === 0) throw bad("MissingContainers", `The containers of container group '${group}' are not specified.`);
  if (containers.length + initContainers.length > MAX_CONTAINERS)
    throw bad("TooManyContainers", `The container group '${group}' has more than ${MAX_CONTAINERS} containers.`);
  const all: ContainerSpec[] = [...containers, ...initContainers];
  for (const container of all) {
    if (container.properties.image.trim() === "")
      throw bad("MissingImage", `The image of container '${container.name}' in container group '${group}' is not specified.`);
    checkVariables(group, container);
    for (const { port, protocol } of container.properties.ports ?? []) checkPort(group, port, protocol);
  }
}

function checkVariables(group: string, { name: container, properties }: ContainerSpec): void {
  const names = (properties.environmentVariables ?? []).map(({ name }) => name);
  if (!names.every((name) => VARIABLE.test(name))) {
    throw bad(
      "InvalidEnvironmentVariableName",
      `The environment variable name in container '${container}' of container group '${group}' is invalid. A valid environment variable name must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName').`,
    );
  }
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    throw bad(
      "DuplicateEnvironmentVariable",
      `The environment variable '${twice}' in container '${container}' of container group '${group}' is used more than once.`,
    );
}

function checkPort(group: string, port: number, protocol = "TCP"): void {
  if (!["TCP", "UDP"].includes(protocol))
    throw bad("InvalidPortProtocol", `The protocol '${protocol}' in container group '${group}' is invalid.`);
  if (port >= 1 && port <= 65_535 && !RESERVED_PORTS.some(([from, to]) => port >= from && port <= to)) return;
  throw bad("InvalidPort", `The port '${port}' in container group '${group}' is invalid or reserved.`);
}

function checkSizes({ name: group }: Wanted, spec: GroupSpec): void {
  const total = requested({ spec });
  const { priority, sku, containers } = spec.properties;
  const most = priority === "Spot" ? MAX_SPOT : sku === "Confidential" ? MAX_CONFIDENTIAL : MAX;
  for (const { name, properties } of containers) {
    const { requests, limits } = properties.resources as NonNullable<ContainerSpec["properties"]["resources"]>;
    const invalid = (what: string) =>
      bad("InvalidResourceRequests", `The resource requests of container '${name}' in container group '${group}' are invalid. ${what}`);
    if (requests.cpu <= 0 || requests.memoryInGB <= 0) throw invalid("The values must be greater than 0.");
    if (!multiple(requests.cpu, 0.01)) throw invalid("The 'Cpu' value must be a multiple of 0.01.");
    if (!multiple(requests.memoryInGB, 0.1)) throw invalid("The 'MemoryInGB' value must be a multiple of 0.1.");
    for (const [title, key] of [
      ["Cpu", "cpu"],
      ["MemoryInGB", "memoryInGB"],
    ] as const) {
      const limit = limits?.[key];
      if (limit === undefined) continue;
      if (limit < requests[key]) {
        throw bad(
          "ResourceLimitsLessThanRequests",
          `The resource requirement '${JSON.stringify({ requests, limits })}' in container '${name}' of contain group '${group}' is invalid. The '${title}' limit value must be greater than or equal to the request value.`,
        );
      }
      if (limit > total[key]) {
        throw bad(
          "ContainerLimitGreaterThanContainerGroupTotalRequest",
          `The '${title}' limit '${limit}' in container '${name}' is greater than the total request '${total[key]}' of container group '${group}'.`,
        );
      }
    }
  }
  const sizes = (limit: { cpu: number; memoryInGB: number }) => `'${limit.cpu}' CPU and '${limit.memoryInGB}' GB memory`;
  if (total.cpu < LEAST.cpu || total.memoryInGB < LEAST.memoryInGB)
    throw bad(
      "InvalidResourceRequests",
      `The resource requests of container group '${group}' are invalid. A container group needs at least ${sizes(LEAST)}.`,
    );
  if (total.cpu > most.cpu || total.memoryInGB > most.memoryInGB)
    throw bad(
      "InvalidResourceRequests",
      `The resource requests of container group '${group}' are invalid. A container group may have at most ${sizes(most)}.`,
    );
}

/** Whether it is one, apart from the rounding of binary fractions. */
function multiple(value: number, of: number): boolean {
  return Math.abs(value / of - Math.round(value / of)) < 1e-6;
}

function checkSpot({ properties, location }: GroupSpec): void {
  const { priority, sku = "Standard", ipAddress, subnetIds } = properties;
  if (priority !== "Spot") return;
  if (ipAddress)
    throw bad(
      "SpotPriorityContainerGroupNotSupportedForInboundConnectivity",
      "Spot Priority is not supported for container groups with inbound connectivity.",
    );
  if (subnetIds && subnetIds.length > 0)
    throw bad("SpotPriorityContainerGroupNotSupportedForVnet", "Spot Priority is not supported for container groups in a virtual network.");
  if (sku !== "Standard")
    throw bad("SpotPriorityContainerGroupNotSupportedInSku", `Spot Priority Container Group is not supported in '${sku}' Sku.`);
  if (!SPOT_REGIONS.includes(regionOf(location)))
    throw bad("SpotPriorityContainerGroupNotSupportedInRegion", `Spot Priority Container Group is not supported in region '${location}'.`);
}

function checkAddress({ name: group }: Wanted, { properties }: GroupSpec): void {
  const { ipAddress, containers, subnetIds } = properties;
  if (!ipAddress) return;
  if (ipAddress.ports.length === 0)
    throw bad("MissingIpAddressPorts", `The ports in the 'ipAddress' of container group '${group}' cannot be empty.`);
  if (ipAddress.ports.length > MAX_PORTS)
    throw bad("TooManyIpAddressPorts", `The 'ipAddress' of container group '${group}' has more than ${MAX_PORTS} ports.`);
  const open = new Set(containers.flatMap(({ properties: { ports = [] } }) => ports.map(({ port }) => port)));
  for (const { port, protocol } of ipAddress.ports) {
    checkPort(group, port, protocol);
    if (!open.has(port))
      throw bad(
        "MissingIpAddressPorts",
        `The port '${port}' in the 'ipAddress' of container group '${group}' is not found in any container.`,
      );
  }
  const label = ipAddress.dnsNameLabel;
  if (label !== undefined && !DNS_LABEL.test(label)) {
    throw bad(
      "InvalidDnsNameLabel",
      `The DNS name label '${label}' in container group '${group}' is invalid. It can contain only lowercase letters, numbers and hyphens. The first character must be a letter. The last character must be a letter or number. The value must be between 5 and 63 characters long.`,
    );
  }
  if (ipAddress.type === "Public" && subnetIds && subnetIds.length > 0)
    throw bad("PublicIpNotSupportedInVnet", `A public IP address is not supported for container group '${group}' in a virtual network.`);
}

function checkVolumes({ name: group }: Wanted, { properties }: GroupSpec): void {
  const { volumes = [], containers, initContainers = [] } = properties;
  if (volumes.length > MAX_VOLUMES) throw bad("TooManyVolumes", `The container group '${group}' has more than ${MAX_VOLUMES} volumes.`);
  for (const { name, ...kinds } of volumes) {
    if (!VOLUME_NAME.test(name))
      throw bad(
        "InvalidVolumeName",
        `The volume name '${name}' in container group '${group}' is invalid. ${NAMING} The value must be between 5 and 63 characters long.`,
      );
    if (Object.keys(kinds).length !== 1)
      throw bad("InvalidVolume", `The volume '${name}' in container group '${group}' must have exactly one type.`);
  }
  for (const container of [...containers, ...initContainers]) {
    for (const { name, mountPath } of container.properties.volumeMounts ?? []) {
      if (!volumes.some((volume) => volume.name === name))
        throw bad(
          "VolumeNotFound",
          `The volume '${name}' mounted in container '${container.name}' of container group '${group}' is not found.`,
        );
      if (mountPath.includes(":")) throw bad("InvalidMountPath", `The mount path '${mountPath}' in container group '${group}' is invalid.`);
    }
  }
}

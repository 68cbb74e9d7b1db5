import type { JsonObject } from "../../json";
import { UserError } from "../../userError";
import { MAX_STRING } from "../parameterLimits";
import { RESOURCE } from "./armTemplate";

/** What Azure accepts: the limits that can be checked before the call (https://learn.microsoft.com/azure/container-instances/container-instances-resource-and-quota-limits). */

const MAX_CONTAINERS = 60;
const MAX_VOLUMES = 20;
/** Vendor's ceilings of a group's CPUs and GB of memory. */
const CEILINGS = {
  Standard: { cpu: 31, memory: 240 },
  Confidential: { cpu: 31, memory: 180 },
  Dedicated: { cpu: 31, memory: 240 },
  Spot: { cpu: 4, memory: 16 },
};
/** A region has room for most groups up to this size. */
const USUAL = { cpu: 4, memory: 16 };
/** Limit of Azure Resource Manager for a request, in bytes. */
const MAX_REQUEST = 4 * 1024 * 1024;

interface Container {
  name: string;
  properties: {
    command?: string[];
    image?: string;
    environmentVariables?: { name: string; value?: string; secureValue?: string }[];
    resources?: Record<"requests" | "limits", { cpu?: number; memoryInGB?: number; gpu?: unknown } | undefined>;
  };
}

const VOLUMES = ["azureFile", "emptyDir", "secret", "gitRepo"] as const;
type Volume = { name: string } & { [kind in (typeof VOLUMES)[number]]?: unknown };

interface Group {
  identity?: { userAssignedIdentities?: Record<string, unknown> };
  properties: {
    containers: Container[];
    initContainers?: Container[];
    volumes?: Volume[];
    ipAddress?: { type?: string };
    subnetIds?: unknown[];
    imageRegistryCredentials?: { username?: string; identity?: string }[];
    sku?: keyof typeof CEILINGS;
    priority?: string;
  };
}

/**
 * Checks that need the whole group.
 * @param group as {@link GROUP_FIELDS} has it, with asterisks in place of each secret
 * @returns warnings
 * @throws {UserError} naming the path of the value that Azure would refuse
 */
export function checkGroup(group: JsonObject): string[] {
  const { identity, properties } = group as unknown as Group;
  const { containers, initContainers = [], volumes = [], sku = "Standard", priority } = properties;
  const at = `${RESOURCE}.properties`;
  if (containers.length === 0) throw new UserError(`${at}.containers: must be a list with the run's container first`);
  if (containers.length + initContainers.length > MAX_CONTAINERS)
    throw new UserError(`${at}.containers: Azure accepts ${MAX_CONTAINERS} containers, not ${containers.length + initContainers.length}`);
  if (volumes.length > MAX_VOLUMES) throw new UserError(`${at}.volumes: Azure accepts ${MAX_VOLUMES} volumes, not ${volumes.length}`);
  const names = new Set<string>();
  for (const [list, all] of Object.entries({ containers, initContainers })) {
    for (const [index, container] of all.entries()) {
      const path = `${at}.${list}[${index}]`;
      checkName(container.name, 1, `${path}.name`);
      if (names.has(container.name))
        throw new UserError(
          `${path}.name: two containers are called "${container.name}": only the first is the run's: give the others different names`,
        );
      names.add(container.name);
      checkContainer(container, `${path}.properties`);
    }
  }
  for (const [index, volume] of volumes.entries()) checkVolume(volume, `${at}.volumes[${index}]`);
  checkRegistries(properties.imageRegistryCredentials ?? [], identity?.userAssignedIdentities ?? {}, at);
  const isSpot = priority === "Spot";
  if (properties.subnetIds && properties.ipAddress?.type === "Public")
    throw new UserError(`${at}.ipAddress: Azure gives a container group in a subnet no public address: leave it out`);
  if (isSpot) checkSpot(properties, at);
  const warnings = checkSize(containers, isSpot ? "Spot" : sku, at);
  if (isSpot)
    warnings.push("priority is Spot: Azure may take the run's machine away. The run then ends, and pushpool does not start it again");
  const size = Buffer.byteLength(JSON.stringify(group));
  if (size > MAX_REQUEST)
    throw new UserError(
      `${RESOURCE}: it is ${size} bytes with what the run adds, and Azure accepts ${MAX_REQUEST}: pass large data in a file`,
    );
  return warnings;
}

/** @param shortest the fewest characters */
function checkName(name: string, shortest: number, path: string): void {
  if (name.length >= shortest && name.length <= 63 && /^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) return;
  throw new UserError(
    `${path}: ${JSON.stringify(name)} is not valid: Azure accepts ${shortest} to 63 lower-case letters, digits and single hyphens, a letter or digit at both ends`,
  );
}

function checkVolume(volume: Volume, path: string): void {
  checkName(volume.name, 5, `${path}.name`);
  const count = VOLUMES.filter((kind) => volume[kind] !== undefined).length;
  if (count !== 1) throw new UserError(`${path}: must have exactly one of ${VOLUMES.join(", ")}, and has ${count === 0 ? "none" : count}`);
}

function checkContainer({ properties }: Container, path: string): void {
  const { image, command = [], environmentVariables = [], resources } = properties;
  if (image !== undefined && (/\s/.test(image) || image === ""))
    throw new UserError(
      `${path}.image: ${image === "" ? "is empty" : `${JSON.stringify(image)} contains spaces`}: name one image (job variable "image")`,
    );
  for (const [index, word] of command.entries()) checkLength(word, `${path}.command[${index}]`);
  for (const { name, value, secureValue } of environmentVariables) {
    const at = `${path}.environmentVariables.${name}`;
    if (name.length > 63 || !/^[A-Za-z0-9]([A-Za-z0-9_]*[A-Za-z0-9])?$/.test(name))
      throw new UserError(
        `${at}: Azure accepts names of up to 63 letters, digits and underscores, and no underscore at the ends: rename the variable`,
      );
    checkLength(`${name}=${secureValue ?? value ?? ""}`, name === "PUSHPOOL_PARAMETERS" ? "parameters" : at);
  }
  for (const kind of ["requests", "limits"] as const)
    if (resources?.[kind]?.gpu !== undefined) throw new UserError(noGpu(`${path}.resources.${kind}.gpu`));
}

export function noGpu(path: string): string {
  return `${path}: Azure Container Instances has no GPUs since July 2025: leave it out, or run on another work pool`;
}

function checkLength(text: string, path: string): void {
  const bytes = Buffer.byteLength(text) + 1;
  if (bytes > MAX_STRING)
    throw new UserError(`${path}: ${bytes} bytes, and Linux accepts ${MAX_STRING} in one argument or variable: pass large data in a file`);
}

function checkRegistries(registries: { username?: string; identity?: string }[], identities: Record<string, unknown>, at: string): void {
  const known = Object.keys(identities).map((each) => each.toLowerCase());
  for (const [index, { username, identity }] of registries.entries()) {
    const path = `${at}.imageRegistryCredentials[${index}]`;
    if ((username === undefined) === (identity === undefined))
      throw new UserError(`${path}: needs either a username with its password, or an identity`);
    if (identity !== undefined && !known.includes(identity.toLowerCase()))
      throw new UserError(
        `${path}.identity: Azure pulls only with an identity that the container group has: add it to the job variable "identities"`,
      );
  }
}

function checkSpot({ ipAddress, subnetIds, sku = "Standard" }: Group["properties"], at: string): void {
  if (ipAddress) throw new UserError(`${at}.ipAddress: Azure gives a Spot container group no address: leave it out`);
  if (subnetIds) throw new UserError(`${at}.subnetIds: Azure puts no Spot container group into a subnet: leave one of them out`);
  if (sku !== "Standard") throw new UserError(`${at}.sku: a Spot container group must be Standard, not ${sku}`);
}

/** Sizes of a whole group: what its containers request together. */
function checkSize(containers: Container[], kind: keyof typeof CEILINGS, at: string): string[] {
  let cpu = 0;
  let memory = 0;
  for (const [index, { properties }] of containers.entries()) {
    const { requests } = properties.resources ?? {};
    for (const [name, size, steps] of [
      ["cpu", requests?.cpu ?? 0, 100],
      ["memoryInGB", requests?.memoryInGB ?? 0, 10],
    ] as const) {
      const path = `${at}.containers[${index}].properties.resources.requests.${name}`;
      if (!(size > 0)) throw new UserError(`${path}: must be more than 0, not ${size}`);
      if (Math.abs(size * steps - Math.round(size * steps)) > 1e-6)
        throw new UserError(`${path}: must be a multiple of ${1 / steps}, not ${size}`);
    }
    cpu += requests?.cpu ?? 0;
    memory += requests?.memoryInGB ?? 0;
  }
  const path = `${at}.containers`;
  if (cpu < 1)
    throw new UserError(
      `${path}: Azure gives a container group at least 1 CPU (job variable "cpu"), but the containers request ${rounded(cpu)}`,
    );
  if (memory < 1)
    throw new UserError(
      `${path}: Azure gives a container group at least 1 GB of memory (job variable "memory"), but the containers request ${rounded(memory)}`,
    );
  const most = CEILINGS[kind];
  const what = kind === "Standard" || kind === "Dedicated" ? "a container group" : `a ${kind} container group`;
  if (cpu > most.cpu) throw new UserError(`${path}: Azure gives ${what} up to ${most.cpu} CPUs (job variable "cpu"), not ${rounded(cpu)}`);
  if (memory > most.memory)
    throw new UserError(`${path}: Azure gives ${what} up to ${most.memory} GB of memory (job variable "memory"), not ${rounded(memory)}`);
  if (cpu <= USUAL.cpu && memory <= USUAL.memory) return [];
  return [
    `${rounded(cpu)} CPUs and ${rounded(memory)} GB make a big container group (over ${USUAL.cpu} and ${USUAL.memory}): Azure may have no room for it in the region`,
  ];
}

function rounded(size: number): number {
  return Math.round(size * 100) / 100;
}

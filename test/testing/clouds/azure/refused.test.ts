import { describe, expect, test } from "vitest";
import type { Json, JsonObject } from "../../../../src/json";
import { ask, azure, groupCalls, groupOf } from "./azure";

// Requests that Azure refuses: the SDK's own checks let all of these through.

/** The body of a group with one part of it changed, by a path. */
function changed(path: string, value: Json | undefined): JsonObject {
  const body = groupOf("true");
  const parts = path.split(".");
  const last = parts.pop() as string;
  let at: JsonObject = body;
  for (const part of parts) at = at[part] as JsonObject;
  if (value === undefined) delete at[last];
  else at[last] = value;
  return body;
}

const CONTAINER = "properties.containers.0";
const REQUESTS = `${CONTAINER}.properties.resources.requests`;
const container = (name: string, more: JsonObject = {}): JsonObject => ({
  name,
  properties: { image: "python", resources: { requests: { cpu: 1, memoryInGB: 1 } }, ...more },
});

test.each<[path: string, value: Json | undefined, code: string, message: RegExp]>([
  ["location", undefined, "LocationRequired", /The location property is required/],
  ["location", "atlantis", "LocationNotAvailableForResourceType", /location 'atlantis' is not available .* 'australiaeast,/],
  ["properties", undefined, "InvalidRequestContent", /Required property 'properties' not found in JSON. Path ''/],
  ["properties.osType", undefined, "InvalidRequestContent", /Required property 'osType' not found in JSON. Path 'properties'/],
  ["properties.osType", "BeOS", "OsTypeNotSpecified", /'OsType' must be one of 'Linux,Windows'/],
  ["properties.restartPolicy", "Sometimes", "InvalidRestartPolicy", /'Always,OnFailure,Never'/],
  ["properties.priority", "Low", "PriorityNotSpecified", /^The 'Priority' must be one of 'Regular,Spot' for container group 'one'.$/],
  ["properties.sku", "Gold", "InvalidSku", /'Sku'/],
  [
    "properties.colour",
    "red",
    "InvalidRequestContent",
    /Could not find member 'colour' on object of type 'ContainerGroupProperties'. Path 'properties.colour'/,
  ],
  ["properties.containers", [], "MissingContainers", /not specified/],
  ["properties.containers", "one", "InvalidRequestContent", /type 'string' to type 'array'. Path 'properties.containers'/],
  ["properties.containers", [container("a"), container("a")], "DuplicateContainerName", /'a'/],
  ["properties.containers", Array.from({ length: 61 }, (_, index) => container(`c${index}`)), "TooManyContainers", /60/],
  [`${CONTAINER}.name`, "Flow", "InvalidContainerName", /'Flow' in container group 'one' is invalid/],
  [`${CONTAINER}.name`, "-flow", "InvalidContainerName", /'-flow'/],
  [`${CONTAINER}.name`, "f".repeat(64), "InvalidContainerName", /between 1 and 63/],
  [
    `${CONTAINER}.properties.image`,
    undefined,
    "InvalidRequestContent",
    /Required property 'image' .* 'properties.containers\[0\].properties'/,
  ],
  [`${CONTAINER}.properties.image`, "", "MissingImage", /'flow'/],
  [
    `${CONTAINER}.properties.image`,
    "gone",
    "InaccessibleImage",
    /^The image 'gone' in container group 'one' is not accessible. Please check the image and registry credential.$/,
  ],
  [`${CONTAINER}.properties.resources`, undefined, "InvalidRequestContent", /'resources'/],
  [`${REQUESTS}.cpu`, undefined, "InvalidRequestContent", /'cpu'/],
  [
    `${REQUESTS}.cpu`,
    "many",
    "InvalidRequestContent",
    /Could not convert string to double: many. Path 'properties.containers\[0\].properties.resources.requests.cpu'/,
  ],
  [`${REQUESTS}.cpu`, 0, "InvalidResourceRequests", /greater than 0/],
  [`${REQUESTS}.cpu`, 0.5, "InvalidResourceRequests", /at least '1' CPU and '1' GB/],
  [`${REQUESTS}.cpu`, 32, "InvalidResourceRequests", /at most '31' CPU and '240' GB/],
  [`${REQUESTS}.memoryInGB`, 0.9, "InvalidResourceRequests", /at least/],
  [`${REQUESTS}.memoryInGB`, 1.55, "InvalidResourceRequests", /multiple of 0.1/],
  [`${REQUESTS}.memoryInGB`, 241, "InvalidResourceRequests", /at most/],
  [
    `${REQUESTS}.gpu`,
    { count: 1, sku: "V100" },
    "ContainerGroupQuotaReached",
    /quota 'V100Cores' exceeded in region 'westeurope'. Limit: '0', Usage: '0' Requested: '1'/,
  ],
  [`${CONTAINER}.properties.resources.limits`, { cpu: 0.5 }, "ResourceLimitsLessThanRequests", /The 'Cpu' limit value must be greater/],
  [
    `${CONTAINER}.properties.resources.limits`,
    { memoryInGB: 3 },
    "ContainerLimitGreaterThanContainerGroupTotalRequest",
    /'MemoryInGB' limit '3' .* total request '1'/,
  ],
  [
    `${CONTAINER}.properties.environmentVariables`,
    [{ name: "A-B", value: "" }],
    "InvalidEnvironmentVariableName",
    /must start with alphabetic character or '_'/,
  ],
  [
    `${CONTAINER}.properties.environmentVariables`,
    [{ name: "1A", value: "" }],
    "InvalidEnvironmentVariableName",
    /'flow' of container group 'one'/,
  ],
  [`${CONTAINER}.properties.environmentVariables`, [{ name: "A" }, { name: "A" }], "DuplicateEnvironmentVariable", /'A'/],
  [`${CONTAINER}.properties.ports`, [{ port: 22 }], "InvalidPort", /'22'/],
  [`${CONTAINER}.properties.ports`, [{ port: 80, protocol: "ICMP" }], "InvalidPortProtocol", /'ICMP'/],
  [`${CONTAINER}.properties.volumeMounts`, [{ name: "data1", mountPath: "/data" }], "VolumeNotFound", /'data1'/],
  ["properties.volumes", [{ name: "data", emptyDir: {} }], "InvalidVolumeName", /between 5 and 63/],
  ["properties.volumes", [{ name: "data1" }], "InvalidVolume", /exactly one type/],
  ["properties.volumes", [{ name: "data1", azureFile: {} }], "InvalidRequestContent", /'shareName'/],
  ["properties.ipAddress", { type: "Public", ports: [{ port: 80 }] }, "MissingIpAddressPorts", /'80' .* not found in any container/],
  [
    "properties.imageRegistryCredentials",
    [{ username: "a", password: "b" }],
    "InvalidRequestContent",
    /Required property 'server' not found in JSON. Path 'properties.imageRegistryCredentials\[0\]'/,
  ],
  [
    "properties.imageRegistryCredentials",
    [{ server: "a" }],
    "AmbiguousImageResitryCredentialType",
    /Please set exactly one of username or identity$/,
  ],
  [
    "properties.imageRegistryCredentials",
    [{ server: "a", identity: "/subscriptions/s" }],
    "InvalidImageRegistryIdentity",
    /not found in container group identity list/,
  ],
  ["properties.diagnostics", { logAnalytics: { workspaceId: "w" } }, "InvalidRequestContent", /'workspaceKey'/],
  ["identity", { type: "UserAssigned" }, "InvalidIdentityValues", /non-empty string values/],
  ["identity", { type: "UserAssigned", userAssignedIdentities: { puller: {} } }, "LinkedInvalidPropertyId", /'puller'/],
])("%s = %j", async (path, value, code, message) => {
  const fake = await azure({ simulated: true, images: { gone: { access: "denied" } } });
  const { status, body } = await groupCalls(fake, "one").put(changed(path, value));
  expect(body).toMatchObject({ error: { code, message: expect.stringMatching(message) } });
  expect(status).toBe(400);
  expect(fake.world.groups.size).toBe(0);
});

test.each<[what: string, tags: JsonObject, code: string]>([
  ["a slash in a name", { "prefect.io/run": "1" }, "InvalidTagNameCharacters"],
  ["a long name", { ["n".repeat(513)]: "1" }, "InvalidTagNameLength"],
  ["a long value", { name: "v".repeat(257) }, "InvalidTagValueLength"],
  ["too many", Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`t${index}`, "1"])), "InvalidTagCount"],
])("tags: %s", async (_, tags, code) => {
  const reply = await groupCalls(await azure(), "one").put(changed("tags", tags));
  expect(reply).toMatchObject({ status: 400, body: { error: { code } } });
});

test("a body of more than 4 MB", async () => {
  const body = changed(`${CONTAINER}.properties.environmentVariables`, [{ name: "A", value: "x".repeat(4 * 1024 * 1024) }]);
  expect(await groupCalls(await azure(), "one").put(body)).toMatchObject({
    status: 413,
    body: { error: { code: "RequestContentTooLarge" } },
  });
});

test.each([
  ["numbers as strings", changed(`${REQUESTS}.cpu`, "1.5")],
  ["null for nothing", changed("tags", null)],
  ["what a GET gave", changed("properties.provisioningState", "Succeeded")],
  ["31 CPU", changed(REQUESTS, { cpu: 31, memoryInGB: 240 })],
  ["a variable that begins with an underscore", changed(`${CONTAINER}.properties.environmentVariables`, [{ name: "_X", value: "1" }])],
])("taken: %s", async (_, body) => {
  expect((await groupCalls(await azure({ simulated: true }), "one").put(body)).status).toBe(201);
});

describe("Spot", () => {
  test.each<[JsonObject, string]>([
    [{ ipAddress: { type: "Public", ports: [{ port: 80 }] } }, "SpotPriorityContainerGroupNotSupportedForInboundConnectivity"],
    [{ subnetIds: [{ id: "/subscriptions/s" }] }, "SpotPriorityContainerGroupNotSupportedForVnet"],
    [{ sku: "Confidential" }, "SpotPriorityContainerGroupNotSupportedInSku"],
    [{ containers: [container("a", { resources: { requests: { cpu: 5, memoryInGB: 4 } } })] }, "InvalidResourceRequests"],
  ])("%j", async (more, code) => {
    const fake = await azure({ simulated: true });
    const reply = await groupCalls(fake, "one").put(groupOf("true", { priority: "Spot", ...more }));
    expect(reply).toMatchObject({ status: 400, body: { error: { code } } });
  });

  test("a region without it", async () => {
    const body = { ...groupOf("true", { priority: "Spot" }), location: "northeurope" };
    expect(await groupCalls(await azure({ simulated: true }), "one").put(body)).toMatchObject({ status: 400 });
  });
});

test.each(["One", "-one", "a".repeat(64), "a_b"])("a group's name %s", async (name) => {
  expect(await groupCalls(await azure(), name).put(groupOf("true"))).toMatchObject({
    status: 400,
    body: { error: { code: "InvalidContainerGroupName" } },
  });
});

describe("a subnet", () => {
  const network = "providers/Microsoft.Network/virtualNetworks/net";
  test.each([
    ["not delegated", [], "SubnetMissingRequiredDelegation"],
    ["missing", undefined, "InvalidResourceReference"],
  ])("%s", async (_, delegations, code) => {
    const fake = await azure({ simulated: true });
    const subnet = `${fake.scope}/${network}/subnets/aci`;
    await ask(fake, "PUT", `${fake.scope}/${network}?api-version=2024-05-01`, { location: "westeurope" });
    if (delegations)
      await ask(fake, "PUT", `${subnet}?api-version=2024-05-01`, { properties: { addressPrefix: "10.0.0.0/24", delegations } });
    const reply = await groupCalls(fake, "one").put(groupOf("true", { subnetIds: [{ id: subnet }] }));
    expect(reply).toMatchObject({ status: 400, body: { error: { code } } });
  });

  test("delegated to container groups", async () => {
    const fake = await azure({ simulated: true });
    const subnet = `${fake.scope}/${network}/subnets/aci`;
    const delegations = [{ name: "aci", properties: { serviceName: "Microsoft.ContainerInstance/containerGroups" } }];
    await ask(fake, "PUT", `${fake.scope}/${network}?api-version=2024-05-01`, { location: "westeurope" });
    await ask(fake, "PUT", `${subnet}?api-version=2024-05-01`, { properties: { addressPrefix: "10.0.0.0/24", delegations } });
    expect((await groupCalls(fake, "one").put(groupOf("true", { subnetIds: [{ id: subnet }] }))).status).toBe(201);
    const own = { subnetIds: [{ id: subnet }], ipAddress: { type: "Public", ports: [{ port: 80 }] } };
    const containers = [container("a", { ports: [{ port: 80 }] })];
    expect(await groupCalls(fake, "two").put(groupOf("true", { ...own, containers }))).toMatchObject({
      body: { error: { code: "PublicIpNotSupportedInVnet" } },
    });
  });
});

describe("quotas", () => {
  test("cores count until a group has ended, groups until they are deleted", async () => {
    const fake = await azure({ simulated: true, quotas: { StandardCores: 2, ContainerGroups: 3 } });
    for (const name of ["one", "two"]) expect((await groupCalls(fake, name).put(groupOf("true"))).status).toBe(201);
    const third = await groupCalls(fake, "three").put(groupOf("true"));
    expect(third.body).toMatchObject({
      error: {
        code: "ContainerGroupQuotaReached",
        message:
          "Resource type 'Microsoft.ContainerInstance/containerGroups' container group quota 'StandardCores' exceeded in region 'westeurope'. Limit: '2', Usage: '2' Requested: '1'.",
      },
    });
    fake.world.stopGroup("one");
    expect((await groupCalls(fake, "three").put(groupOf("true"))).status).toBe(201);
    fake.world.stopGroup("two");
    expect(await groupCalls(fake, "four").put(groupOf("true"))).toMatchObject({
      body: { error: { message: expect.stringContaining("'ContainerGroups'") } },
    });
    const path = `/subscriptions/${fake.subscription}/providers/Microsoft.ContainerInstance/locations/westeurope/usages?api-version=2023-05-01`;
    const { value } = (await ask(fake, "GET", path)).body as { value: { currentValue: number; limit: number; name: { value: string } }[] };
    expect(value.map(({ name, currentValue, limit }) => [name.value, currentValue, limit])).toEqual([
      ["ContainerGroups", 3, 3],
      ["StandardCores", 1, 2],
      ["StandardSpotCores", 0, 10],
    ]);
  });
});

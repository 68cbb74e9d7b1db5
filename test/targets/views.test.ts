import { expect, test } from "vitest";
import type { JsonObject } from "../../src/json";
import type { PoolType } from "../../src/model/poolType";
import { Secret } from "../../src/secret";
import { TARGET_KINDS } from "../../src/targets/kinds";

const view = async (type: PoolType) => {
  const found = await TARGET_KINDS[type].view?.();
  if (!found) throw new Error(`${type} has no view`);
  return found;
};

const task = (partition: string, region: string) =>
  `arn:${partition}:ecs:${region}:123456789012:cluster/flows::arn:${partition}:ecs:${region}:123456789012:task/flows/0123abc`;
const group = "/subscriptions/0a1b/resourceGroups/rg flows/providers/Microsoft.ContainerInstance/containerGroups/pp-x";
const authority = (host: string): JsonObject => ({ credential_kwargs: { authority: host } });

// Consoles of the public and of the sovereign clouds; those that are not public have no link.
test.each<[PoolType, string, JsonObject, string | undefined]>([
  ["process:push", "run/1@host:1:2", {}, undefined],
  [
    "ecs:push",
    task("aws", "eu-west-1"),
    {},
    "https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/flows/tasks/0123abc/configuration?region=eu-west-1",
  ],
  [
    "ecs:push",
    task("aws-us-gov", "us-gov-west-1"),
    {},
    "https://us-gov-west-1.console.amazonaws-us-gov.com/ecs/v2/clusters/flows/tasks/0123abc/configuration?region=us-gov-west-1",
  ],
  [
    "ecs:push",
    task("aws-cn", "cn-north-1"),
    {},
    "https://cn-north-1.console.amazonaws.cn/ecs/v2/clusters/flows/tasks/0123abc/configuration?region=cn-north-1",
  ],
  [
    "ecs:push",
    task("aws-eusc", "eusc-de-east-1"),
    {},
    "https://eusc-de-east-1.console.amazonaws-eusc.eu/ecs/v2/clusters/flows/tasks/0123abc/configuration?region=eusc-de-east-1",
  ],
  ["ecs:push", task("aws-iso", "us-iso-east-1"), {}, undefined],
  [
    "cloud-run-v2:push",
    "projects/my-project/locations/europe-west1/jobs/pp-j/executions/pp-j-abc12",
    {},
    "https://console.cloud.google.com/run/jobs/executions/details/europe-west1/pp-j-abc12?project=my-project",
  ],
  ["azure-container-instance:push", group, {}, `https://portal.azure.com/#resource${encodeURI(group)}/overview`],
  [
    "azure-container-instance:push",
    group,
    authority("login.microsoftonline.us"),
    `https://portal.azure.us/#resource${encodeURI(group)}/overview`,
  ],
  [
    "azure-container-instance:push",
    group,
    authority("https://login.chinacloudapi.cn/"),
    `https://portal.azure.cn/#resource${encodeURI(group)}/overview`,
  ],
  ["azure-container-instance:push", group, authority("login.elsewhere.example"), undefined],
])("%s %s", async (type, id, credentials, url) => {
  expect((await view(type)).consoleUrl(id, { credentials })).toBe(url);
});

test("a secret authority is not shown: there is no link by it", async () => {
  const credentials = { credential_kwargs: { authority: new Secret([{ pointer: "/x" }], "login.microsoftonline.us") } };
  expect((await view("azure-container-instance:push")).consoleUrl(group, { credentials })).toMatch(/^https:\/\/portal\.azure\.com\//);
});

test.each<[PoolType, JsonObject, string[]]>([
  ["process:push", { argv: ["true"] }, ["spawn"]],
  [
    "ecs:push",
    { secrets: { TOKEN: "[secret]" }, definition: { register: { family: "f" } }, runTask: { cluster: "c" } },
    ["PutParameter", "RegisterTaskDefinition", "RunTask"],
  ],
  ["ecs:push", { secrets: {}, definition: { given: "f:3" }, runTask: { cluster: "c" } }, ["RunTask"]],
  [
    "cloud-run-v2:push",
    { parent: "projects/p/locations/r", jobId: "j", job: {}, overrides: { env: {} }, jobPerRun: false },
    ["CreateJob", "RunJob"],
  ],
  ["cloud-run-v2:push", { parent: "projects/p/locations/r", jobId: "j", job: {}, overrides: { env: {} }, jobPerRun: true }, ["CreateJob"]],
  [
    "azure-container-instance:push",
    { name: { subscription: "s", resourceGroup: "g", group: "n" }, group: {} },
    ["ContainerGroups_CreateOrUpdate"],
  ],
])("%s: the calls of %j", async (type, request, calls) => {
  expect((await view(type)).requests(request).map(({ call }) => call)).toEqual(calls);
});

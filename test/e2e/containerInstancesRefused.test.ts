import { afterAll, beforeAll, expect, test } from "vitest";
import type { JsonObject } from "../../src/json";
import type { FakeAzure } from "../../src/testing";
import { AZURE, type AzureClient, aciManifest, aciPlace } from "./clouds/azure";
import { withProperties } from "./clouds/azureEnds";

// Bad input: one message with the field and the fix, and nothing is sent: by the built command line, with a fake Azure.

let azure: FakeAzure;
let client: AzureClient;
beforeAll(async () => {
  azure = await AZURE.startFake();
  client = azure.client("submitter");
});
afterAll(() => azure.stop());

type Over = Parameters<typeof aciManifest>[3];
const here = (commands: Record<string, string>, over: Over = {}) => aciPlace(aciManifest(azure, client, commands, over));
const job = (jobVariables: JsonObject): Over => ({ jobVariables });
const properties = (given: JsonObject): Over => ({ pool: withProperties(() => given) });
const container = (name: string, requests: JsonObject = { cpu: 1, memoryInGB: 1 }) => ({
  name,
  properties: { image: "a", resources: { requests } },
});

test.each<[string, Over, RegExp]>([
  ["too much CPU", job({ cpu: 32 }), /Azure gives a container group up to 31 CPUs \(job variable "cpu"\), not 32/],
  ["too much memory", job({ memory: 241 }), /up to 240 GB of memory \(job variable "memory"\), not 241/],
  ["too little CPU", job({ cpu: 0.5 }), /at least 1 CPU \(job variable "cpu"\), but the containers request 0\.5/],
  ["too little memory", job({ memory: 0.9 }), /at least 1 GB of memory \(job variable "memory"\), but the containers request 0\.9/],
  ["CPU in too small steps", job({ cpu: 1.005 }), /requests\.cpu: must be a multiple of 0\.01, not 1\.005/],
  ["memory in too small steps", job({ memory: 1.25 }), /requests\.memoryInGB: must be a multiple of 0\.1, not 1\.25/],
  ["a CPU that is not a number", job({ cpu: "two" }), /jobVariables\.cpu must be number/],
  ["a GPU", job({ gpu_count: 1, gpu_sku: "V100" }), /job_configuration\.gpu_count: Azure Container Instances has no GPUs since July 2025/],
  ["no resource group", job({ resource_group_name: "" }), /resource_group_name is missing: name the resource group to run in/],
  [
    "a resource group's name",
    job({ resource_group_name: "a b" }),
    /resource_group_name: "a b" is not a valid name of a resource group: Azure accepts/,
  ],
  ["a subscription", job({ subscription_id: "mine" }), /subscription_id: must be the id of an Azure subscription, as `az account show/],
  [
    "a variable's name",
    job({ env: { _X: "1" } }),
    /environmentVariables\._X: Azure accepts names of up to 63 letters, digits and underscores/,
  ],
  ["a variable's size", job({ env: { BIG: "x".repeat(140_000) } }), /environmentVariables\.BIG: 140005 bytes, and Linux accepts 131072/],
  ["an image with spaces", job({ image: "a b" }), /image: "a b" contains spaces: name one image/],
  ["an unknown variable", job({ imgae: "x" }), /imgae is not a variable of the work pool: did you mean "image"/],
  ["an identity", job({ identities: ["mine"] }), /identities\[0\]: must be a resource id as/],
  ["a subnet", job({ subnet_ids: ["mine"] }), /subnet_ids\[0\]: must be a resource id as/],
  [
    "too many tags",
    job({ labels: Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`l${n}`, "x"])) }),
    /labels: .* and Azure accepts 50/,
  ],
  [
    "a container's name",
    properties({ containers: [container("My_Flow")] }),
    /containers\[0\]\.name: "My_Flow" is not valid: Azure accepts 1 to 63/,
  ],
  [
    "two containers of one name",
    properties({ containers: [container("a"), container("a")] }),
    /containers\[1\]\.name: two containers are called "a"/,
  ],
  ["no container", properties({ containers: [] }), /containers: must be a list with the run's container first/],
  [
    "too much CPU for all containers together",
    properties({ containers: [container("a", { cpu: 16, memoryInGB: 16 }), container("b", { cpu: 16, memoryInGB: 16 })] }),
    /up to 31 CPUs \(job variable "cpu"\), not 32/,
  ],
  ["a restart policy", properties({ restartPolicy: "Always" }), /restartPolicy: a flow run is started once: must be "Never"/],
  ["a volume of no kind", properties({ volumes: [{ name: "share" }] }), /volumes\[0\]: must have exactly one of azureFile, emptyDir/],
  ["a misspelt field", properties({ subnets: [] }), /properties\.subnets: .* did you mean "subnetIds"/],
  [
    "a tenant",
    { block: { tenant_id: "not a tenant" } },
    /data\.tenant_id: "not a tenant" is not a tenant: give its id, as `az account show/,
  ],
  ["half of the credentials", { block: { client_secret: "" } }, /needs all of client_id, tenant_id and client_secret, or none of them/],
  [
    "an authority",
    { block: { credential_kwargs: { authority: "login.mars" } } },
    /credential_kwargs\.authority: "login\.mars" is not a login host of Azure/,
  ],
  ["an endpoint", { pool: { endpoints: { management: "here" } } }, /pools\.etl\.endpoints\.management: "here" is not a valid URL/],
])("bad input: %s", async (_, over, message) => {
  const before = azure.calls.length;
  const { status, stdout, stderr } = await here({ "hello/wrong": "true" }, over).run("run", "hello/wrong");
  expect([status, stdout, stderr]).toEqual([2, "", expect.stringMatching(message)]);
  expect(stderr).not.toMatch(/\n\s+at /);
  expect(stderr.match(/^pushpool: /gm)).toHaveLength(1);
  expect(azure.calls.length).toBe(before);
});

test("a command that is too long is refused, too, and a big container group is only warned of", async () => {
  const before = azure.calls.length;
  const long = await here({ "hello/wrong": `echo ${"x".repeat(140_000)}` }).run("run", "hello/wrong");
  expect([long.status, long.stderr]).toEqual([2, expect.stringMatching(/command\[1\]: 140001 bytes, and Linux accepts 131072/)]);
  expect(azure.calls.length).toBe(before);
  const { status, stderr } = await here({ "hello/big": "true" }, job({ cpu: 5, memory: 17 })).run("run", "hello/big");
  expect([status, stderr]).toEqual([0, expect.stringContaining("warning: 5 CPUs and 17 GB make a big container group (over 4 and 16)")]);
});

import type * as pulumi from "@pulumi/pulumi";
import { beforeAll, expect, test } from "vitest";
import {
  ApiEnablement,
  CloudRunPushPool,
  GcpCredentialsBlock,
  ImageRepository,
  PushServiceAccount,
  RunNetwork,
  RuntimeSecrets,
  RuntimeServiceAccount,
  SubmitAccess,
} from "../../../components/gcp";
import { mockPulumi } from "../mocks";

beforeAll(mockPulumi);

const PLACE = { project: "acme", region: "europe-west1" };
const RUNTIME = "flows@acme.iam.gserviceaccount.com";

// biome-ignore lint/suspicious/noExplicitAny: wrong arguments, which plain JavaScript allows
const pools: [string, any, RegExp][] = [
  ["no project", { region: "europe-west1" }, /^project is missing: give it.*pulumi config set gcp:project/],
  ["no region", { project: "acme" }, /^region is missing: give it/],
  ["a project's number", { ...PLACE, project: "123456" }, /^project "123456" is not a project id.*number/],
  ["a project in capitals", { ...PLACE, project: "Acme" }, /^project "Acme" is not a project id/],
  ["a zone", { ...PLACE, region: "europe-west1-b" }, /^region "europe-west1-b" is not a region.*zone of europe-west1$/],
  ["two regions", { ...PLACE, jobVariables: { region: "us-east1" } }, /^region and jobVariables\.region cannot both be given/],
  [
    "two runtime accounts",
    { ...PLACE, runtimeServiceAccount: RUNTIME, jobVariables: { service_account_name: RUNTIME } },
    /^runtimeServiceAccount and jobVariables\.service_account_name cannot both be given/,
  ],
  [
    "an account of another project",
    { ...PLACE, runtimeServiceAccount: "flows@other.iam.gserviceaccount.com" },
    /^runtimeServiceAccount "flows@other.*" is in project "other", but the pool is in "acme"/,
  ],
  [
    "a submitter of another project",
    { ...PLACE, serviceAccount: "push@other.iam.gserviceaccount.com" },
    /^serviceAccount "push@other.*" is in project "other"/,
  ],
  ["no e-mail", { ...PLACE, runtimeServiceAccount: "flows" }, /^runtimeServiceAccount "flows" must be the e-mail of a service account/],
  [
    "an invalid e-mail in variables",
    { ...PLACE, jobVariables: { service_account_name: "flows" } },
    /^jobVariables\.service_account_name "flows" must be the e-mail of a service account/,
  ],
  [
    "an account of another project in variables",
    { ...PLACE, jobVariables: { service_account_name: "flows@other.iam.gserviceaccount.com" } },
    /^jobVariables\.service_account_name "flows@other.*" is in project "other", but the pool is in "acme"/,
  ],
  ["an unknown choice", { ...PLACE, credentials: "keys" }, /^credentials must be key or federated or ambient, not "keys"$/],
  ["unknown permissions", { ...PLACE, permissions: "all" }, /^permissions must be documented or leastPrivilege, not "all"$/],
  ["an unknown network", { ...PLACE, network: "vpn" }, /^network must be direct or connector, not "vpn"$/],
  [
    "block and credentials",
    { ...PLACE, credentialsBlock: "gcp-credentials/x", credentials: "key" },
    /^credentialsBlock and credentials cannot both/,
  ],
  [
    "block and account",
    { ...PLACE, credentialsBlock: "gcp-credentials/x", serviceAccount: RUNTIME },
    /^credentialsBlock and serviceAccount cannot both/,
  ],
  [
    "a block of another type",
    { ...PLACE, credentialsBlock: "aws-credentials/x" },
    /^credentialsBlock "aws-credentials\/x" must name a block of type gcp/,
  ],
  [
    "ambient and an account",
    { ...PLACE, credentials: "ambient", serviceAccount: RUNTIME },
    /^credentials ambient and serviceAccount cannot both/,
  ],
  ["two networks", { ...PLACE, network: "direct", subnetwork: "x" }, /^network and subnetwork cannot both be given/],
  [
    "two connectors",
    { ...PLACE, network: "connector", jobVariables: { vpc_connector_name: "x" } },
    /^network and jobVariables\.vpc_connector_name/,
  ],
  [
    "two API keys",
    { ...PLACE, prefectApiKey: "x", secretEnv: { PREFECT_API_KEY: "y" } },
    /^secretEnv\.PREFECT_API_KEY is not allowed: use the argument prefectApiKey/,
  ],
  ["an unknown variable", { ...PLACE, jobVariables: { memroy: "1Gi" } }, /memroy.*"memory"/],
  ["memory without a unit", { ...PLACE, jobVariables: { memory: "1024" } }, /jobVariables\.memory/],
  ["a negative limit", { ...PLACE, concurrencyLimit: -1 }, /^concurrencyLimit must be a whole number/],
  ["a name that Prefect refuses", { ...PLACE, workPoolName: "a/b" }, /^workPoolName must not contain/],
];

test.each(pools)("a pool with %s", (_, args, message) => {
  expect(() => new CloudRunPushPool("etl", args)).toThrow(expect.objectContaining({ message: expect.stringMatching(message) }));
});

const parts: [string, () => pulumi.Resource, RegExp][] = [
  [
    "PushServiceAccount",
    () => new PushServiceAccount("p", { project: "acme", runtimeServiceAccount: RUNTIME, accountId: "x" }),
    /^accountId "x" must have 6 to 30/,
  ],
  [
    "RuntimeServiceAccount",
    () => new RuntimeServiceAccount("r", { project: "acme", accountId: "Flows-Account" }),
    /^accountId "Flows-Account"/,
  ],
  [
    "SubmitAccess",
    () => new SubmitAccess("s", { project: "acme", members: ["ada@acme.com"], runtimeServiceAccount: RUNTIME }),
    /^members\[0\] "ada@acme\.com" must begin with its kind/,
  ],
  ["GcpCredentialsBlock", () => new GcpCredentialsBlock("b", { project: "acme", blockName: "a/b" }), /^blockName must not/],
  ["ImageRepository", () => new ImageRepository("i", { ...PLACE, repositoryId: "A" }), /^repositoryId "A"/],
  ["RunNetwork", () => new RunNetwork("n", { ...PLACE, access: "vpn" as never }), /^access must be direct or connector, not "vpn"/],
  [
    "RuntimeSecrets",
    () => new RuntimeSecrets("s", { project: "acme", runtimeServiceAccount: RUNTIME, values: { "A-B": "x" } }),
    /^values "A-B" is not a valid environment variable name/,
  ],
  ["ApiEnablement", () => new ApiEnablement("a"), /^project is missing/],
];

test.each(parts)("an invalid %s", (_, make, message) => {
  expect(make).toThrow(expect.objectContaining({ message: expect.stringMatching(message) }));
});

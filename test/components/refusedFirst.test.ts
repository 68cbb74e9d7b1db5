import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeEach, expect, test } from "vitest";
import * as aws from "../../components/aws";
import * as azure from "../../components/azure";
import type { ArgumentNames } from "../../components/checks";
import * as gcp from "../../components/gcp";
import * as core from "../../components/index";
import * as local from "../../components/local";
import * as prefect from "../../components/prefect";
import { parametersInClear } from "../../components/secretPaths";
import { mockPulumi } from "./mocks";

// The engine stores what is registered, even if the program fails right after. A component must therefore refuse before it registers
// anything.

type Component = new (name: string, args: unknown, opts?: pulumi.ComponentResourceOptions) => unknown;

const components = Object.fromEntries(
  [aws, azure, gcp, core, local, prefect].flatMap((module) =>
    Object.entries(module as Record<string, unknown>).filter(
      ([, value]) =>
        typeof value === "function" &&
        (value.prototype instanceof pulumi.ComponentResource || value.prototype instanceof pulumi.ProviderResource),
    ),
  ),
) as Record<string, Component>;

/** Places without a region or a project, and otherwise valid arguments. */
const AWS = { region: "eu-west-1" };
const GCP = { project: "acme-data", region: "europe-west1" };
const SUBSCRIPTION = "22222222-2222-4222-8222-222222222222";
const AZURE = { subscriptionId: SUBSCRIPTION, location: "westeurope" };
const GROUP = { location: "westeurope", resourceGroupName: "flows" };
const ROLE = "arn:aws:iam::123456789012:role/x";
const ACCOUNT = "x@acme-data.iam.gserviceaccount.com";
/** A folder with a Dockerfile. */
const context = mkdtempSync(join(tmpdir(), "pushpool-"));
afterAll(() => rmSync(context, { recursive: true }));
writeFileSync(join(context, "Dockerfile"), "FROM python:3.12-slim AS base\nFROM base AS runtime\n");
writeFileSync(join(context, "bad.Dockerfile"), "FROM a\nFORM b\n");
const template = { job_configuration: { command: "{{ command }}" }, variables: { properties: { command: { type: "string" } } } };

/** Invalid arguments of each component, with the message. Some are found only by a part of it. */
const refused: Record<string, readonly (readonly [args: object, message: RegExp, name?: string])[]> = {
  AwsCredentialsBlock: [
    [{ ...AWS, blockName: "a/b" }, /^blockName/],
    [{ ...AWS, accessKeyId: "A" }, /belong together/],
  ],
  EcrRepository: [
    [{ region: "europe" }, /region "europe"/],
    [{ ...AWS, repositoryName: "UPPER" }, /repositoryName "UPPER"/],
  ],
  EcsPushPool: [
    [{ region: "eu-west-1a" }, /^region "eu-west-1a".*zone of eu-west-1/],
    [{ ...AWS, logRetentionDays: 8 }, /logRetentionDays must be .* not 8/],
    [{ ...AWS, concurrencyLimit: -1 }, /concurrencyLimit must be/],
    [{ ...AWS, jobVariables: { imgae: "x" } }, /jobVariables\.imgae.*did you mean "image"/],
    [{ ...AWS, submitters: ["ada"] }, /submitters\[0\] "ada" must begin with its kind/],
    [{ ...AWS, secretEnv: { "a b": "x" } }, /secretEnv "a b" is not a valid environment variable name/],
    [{ ...AWS, secretEnv: { A: "x" }, baseJobTemplate: template }, /containerDefinitions\[0\] is missing/],
    [{ ...AWS, executionRoleArn: "role" }, /executionRoleArn "role" must be the ARN/],
    [AWS, /name "x{41}"/, "x".repeat(41)],
    [{ ...AWS, image: { context: "no" } }, /^image\.context "no" must be an existing folder: there is no folder "\//],
    [
      { ...AWS, image: { context, dockerfile: "x" } },
      /^image\.dockerfile "x" does not exist: there is no file ".*\/x"\. A relative path begins/,
    ],
    [
      { ...AWS, image: { context, platforms: ["linux/arm64"] } },
      /^image\.platforms must contain linux\/amd64, .* tasks of this pool are X86_64/,
    ],
    [
      { ...AWS, image: { context, repository: "docker.io/a/etl" } },
      /^image\.repository "docker\.io\/a\/etl" must be in Elastic Container Registry/,
    ],
    [
      { ...AWS, image: { context }, jobVariables: { task_definition_arn: "x" } },
      /^image and jobVariables\.task_definition_arn cannot both/,
    ],
    [{ ...AWS, image: { context }, jobVariables: { image: "x" } }, /^image and jobVariables\.image cannot both be given/],
    [{ ...AWS, cpuArchitecture: "arm64" }, /^cpuArchitecture must be X86_64 or ARM64, not "arm64"/],
    [{ ...AWS, cpuArchitecture: "ARM64", baseJobTemplate: template }, /task_definition is missing: the pool writes cpuArchitecture there/],
  ],
  ExecutionRole: [[{ region: "europe", workPoolName: "etl" }, /region "europe"/]],
  PushUser: [
    [{ ...AWS, workPoolName: "etl", clusterArn: "c", executionRoleArn: "role" }, /executionRoleArn "role"/],
    [{ ...AWS, workPoolName: "etl", clusterArn: "c", executionRoleArn: ROLE, user: "a/b" }, /user "a\/b"/],
  ],
  TaskCluster: [[{ ...AWS, clusterName: "1" }, /clusterName "1"/]],
  TaskLogGroup: [
    [{ ...AWS, retentionDays: 2 }, /^retentionDays must be .* not 2$/],
    [{ ...AWS, logGroupName: "a b" }, /logGroupName "a b"/],
  ],
  TaskNetwork: [
    [{ ...AWS, access: "open" }, /access must be .* not "open"/],
    [{ ...AWS, cidrBlock: "10.0.0.0/8" }, /cidrBlock/],
  ],
  TaskRole: [[{}, /name "/, "x".repeat(51)]],
  TaskSecrets: [[{ ...AWS, workPoolName: "etl", values: { A: "1", "a b": "x" } }, /values "a b" is not a valid environment variable name/]],
  TaskSubmitAccess: [
    [{ ...AWS, workPoolName: "etl", clusterArn: "c", executionRoleArn: ROLE, members: ["user/ada", "ada"] }, /members\[1\] "ada"/],
  ],
  AzureContainerInstanceCredentialsBlock: [
    [{ blockName: "a/b" }, /^blockName/],
    [{ clientId: SUBSCRIPTION, tenantId: SUBSCRIPTION }, /clientId, tenantId and clientSecret \(or federation\) belong together/],
    [{ clientId: SUBSCRIPTION, tenantId: "t", clientSecret: "s", federation: {} }, /^federation and clientSecret cannot both be given/],
    [{ federation: {} }, /belong together/],
    [{ clientId: "etl", tenantId: "t", clientSecret: "s" }, /clientId "etl" must be the client id of an application/],
  ],
  ContainerInstancePushPool: [
    [{ location: "westeurope" }, /^subscriptionId is missing: give it, as `az account show/],
    [{ subscriptionId: "acme" }, /^subscriptionId "acme" is not the id of a subscription/],
    [{ subscriptionId: SUBSCRIPTION }, /^location is missing: give it, for example location: "westeurope"/],
    [{ ...AZURE, location: "West Europe" }, /^location "West Europe" is not a location of Azure: give "westeurope"$/],
    [{ ...AZURE, credentials: "none" }, /credentials must be key or federated or ambient, not "none"/],
    [{ ...AZURE, jobVariables: { imgae: "x" } }, /jobVariables\.imgae.*did you mean "image"/],
    [{ ...AZURE, submitters: ["ada"] }, /submitters\[0\] "ada" must be a kind and an object id/],
    [{ ...AZURE, secretEnv: { "a b": "x" } }, /secretEnv "a b" is not a valid environment variable name/],
    [{ ...AZURE, secretEnv: { A: "x" }, baseJobTemplate: template }, /variables\.properties\.env is missing/],
    [{ ...AZURE, logAnalytics: true, baseJobTemplate: template }, /arm_template\.resources\[0\]\.properties is missing/],
    [{ ...AZURE, concurrencyLimit: -1 }, /concurrencyLimit must be/],
    [{ ...AZURE, image: { context, repository: "acme.azurecr.io/etl" } }, /^image\.repository needs registryId/],
    [
      { ...AZURE, image: { context, platforms: ["linux/arm64"] } },
      /^image\.platforms must contain linux\/amd64, .*Container Instances runs no other/,
    ],
    [{ ...AZURE, image: { context }, jobVariables: { image_registry: {} } }, /^image and jobVariables\.image_registry cannot both/],
  ],
  ContainerRegistry: [
    [
      { ...AZURE, resourceGroupName: "flows", registryName: "acme-flows" },
      /registryName "acme-flows" is invalid: Azure accepts only 5 to 50 letters/,
    ],
    [{ ...AZURE, resourceGroupName: "flows." }, /resourceGroupName "flows\."/],
  ],
  ContainerSubmitAccess: [
    [{ ...AZURE, location: undefined, resourceGroupName: "flows", members: [`user/${SUBSCRIPTION}`, "ada"] }, /members\[1\] "ada"/],
    [{ subscriptionId: SUBSCRIPTION, resourceGroupName: "flows", members: [], permissions: "all" }, /permissions must be .* not "all"/],
  ],
  ProviderRegistration: [[{ ...GROUP, location: "eu-west-1" }, /location "eu-west-1"/]],
  PullIdentity: [
    [{ ...GROUP, registryId: "acme" }, /registryId "acme" must be a resource id such as .*Microsoft\.ContainerRegistry\/registries\/NAME/],
    [{ ...GROUP, registryId: pulumi.output("x"), identityName: "a" }, /identityName "a" is invalid/],
  ],
  FederatedServicePrincipal: [
    [{ subscriptionId: SUBSCRIPTION, resourceGroupName: "flows", federation: {} }, /^federation is empty, so nobody/],
    [
      { subscriptionId: SUBSCRIPTION, resourceGroupName: "flows", federation: { logins: ["user/x"] } },
      /^federation\.logins is not for Azure, .* list them in submitters/,
    ],
  ],
  PushServicePrincipal: [
    [{ subscriptionId: SUBSCRIPTION, resourceGroupName: "flows", clientId: "etl" }, /clientId "etl"/],
    [{ subscriptionId: SUBSCRIPTION, resourceGroupName: "flows", secretEndDate: "2027" }, /secretEndDate "2027" must be a time such as/],
    [{ subscriptionId: SUBSCRIPTION, resourceGroupName: "flows", identityIds: ["x"] }, /identityIds\[0\] "x" must be a resource id/],
  ],
  RunLogWorkspace: [
    [{ ...GROUP, retentionDays: 7 }, /^retentionDays must be a whole number from 30 to 730, not 7$/],
    [{ ...GROUP, workspaceName: "-a-" }, /workspaceName "-a-"/],
  ],
  RunResourceGroup: [[{ location: "westeurope", resourceGroupName: "a/b" }, /resourceGroupName "a\/b"/]],
  RunSubnet: [
    [{ ...GROUP, access: "open" }, /access must be .* not "open"/],
    [{ ...GROUP, cidrBlock: "10.0.0.0/8" }, /cidrBlock "10\.0\.0\.0\/8" must be a \/16/],
  ],
  ApiEnablement: [[{ project: "12345" }, /project "12345".*number/]],
  CloudRunPushPool: [
    [{ ...GCP, region: "europe-west1-b" }, /^region.*zone of europe-west1/],
    [{ region: "europe-west1" }, /project is missing/],
    [{ ...GCP, credentials: "none" }, /credentials must be key or federated or ambient, not "none"/],
    [{ ...GCP, jobVariables: { imgae: "x" } }, /jobVariables\.imgae.*did you mean "image"/],
    [{ ...GCP, submitters: ["ada@acme.com"] }, /submitters\[0\]/],
    [{ ...GCP, secretEnv: { "a b": "x" } }, /secretEnv "a b"/],
    [{ ...GCP, subnetwork: "s", baseJobTemplate: template }, /job_body\.template\.template is missing/],
    [{ ...GCP, network: "direct", baseJobTemplate: template }, /job_body\.template\.template is missing/],
    [
      { ...GCP, image: { context, dockerfile: "bad.Dockerfile" } },
      /^image\.dockerfile "bad\.Dockerfile" is invalid: line 2: unknown instruction: FORM/,
    ],
    [{ ...GCP, image: { context, target: "runtme" } }, /^image\.target "runtme" is not a stage of "Dockerfile": did you mean "runtime"/],
    [
      { ...GCP, image: { context, platforms: ["linux/arm"] } },
      /^image\.platforms\[0\] must be linux\/amd64 or linux\/arm64, not "linux\/arm"/,
    ],
    [{ ...GCP, image: { context, platforms: [] } }, /^image\.platforms must contain linux\/amd64, not only nothing/],
    [{ ...GCP, image: { context, args: { "a b": "x" } } }, /^image\.args "a b" is not a valid environment variable name/],
    [{ ...GCP, image: { context, args: { A: 1 } } }, /^image\.args\.A must be a string, not a number/],
    [{ ...GCP, image: { context, secrets: ["x"] } }, /^image\.secrets must be an object/],
    [{ ...GCP, image: { context, repository: "docker.io/a/etl" } }, /^image\.repository "docker\.io\/a\/etl" must be in Artifact Registry/],
    [{ ...GCP, image: { context, repository: "gcr.io/a/etl:1" } }, /^image\.repository "gcr\.io\/a\/etl:1" must have no tag and no digest/],
    [
      { ...GCP, imageRepository: true, image: { context, repository: "gcr.io/a/etl" } },
      /^image\.repository and imageRepository cannot both/,
    ],
  ],
  GcpCredentialsBlock: [[{ project: "acme-data", blockName: "a/b" }, /blockName/]],
  ImageRepository: [[{ ...GCP, repositoryId: "UPPER" }, /repositoryId "UPPER"/]],
  PushServiceAccount: [
    [{ project: "acme-data", runtimeServiceAccount: ACCOUNT, accountId: "a" }, /accountId "a"/],
    [{ project: "acme-data", runtimeServiceAccount: "ada" }, /runtimeServiceAccount "ada"/],
    [{ project: "acme-data", runtimeServiceAccount: ACCOUNT, permissions: "all" }, /permissions must be .* not "all"/],
  ],
  WebIdentityRole: [
    [{ ...AWS, workPoolName: "etl", clusterArn: "c", executionRoleArn: ROLE, federation: {} }, /federation is empty, so nobody/],
    [
      { ...AWS, workPoolName: "etl", clusterArn: "c", executionRoleArn: ROLE, federation: { logins: ["user/ada"] } },
      /federation\.logins\[0\] "user\/ada" must be the ARN/,
    ],
    [
      {
        ...AWS,
        workPoolName: "etl",
        clusterArn: "c",
        executionRoleArn: ROLE,
        federation: { github: { repository: "acme/etl" } },
        oidcProviderArn: "x",
      },
      /oidcProviderArn "x"/,
    ],
  ],
  WorkloadIdentityFederation: [
    [{ project: "acme-data", runtimeServiceAccount: ACCOUNT, federation: {} }, /federation is empty, so nobody/],
    [
      { project: "acme-data", runtimeServiceAccount: "ada", federation: { github: { repository: "acme/etl" } } },
      /runtimeServiceAccount "ada"/,
    ],
    [
      { project: "acme-data", runtimeServiceAccount: ACCOUNT, federation: { github: { repository: "acme/etl" } }, poolId: "gcp-x" },
      /poolId "gcp-x"/,
    ],
  ],
  RunNetwork: [[{ ...GCP, access: "open" }, /access must be .* not "open"/]],
  RuntimeSecrets: [[{ project: "acme-data", runtimeServiceAccount: ACCOUNT, values: { A: "1", "a b": "x" } }, /values "a b"/]],
  RuntimeServiceAccount: [[{ project: "acme-data", accountId: "a" }, /accountId "a"/]],
  SubmitAccess: [[{ project: "acme-data", runtimeServiceAccount: ACCOUNT, members: ["user:a@b.c", "ada"] }, /members\[1\] "ada"/]],
  ProcessPushPool: [
    [{ workPoolName: "a/b" }, /^workPoolName/],
    [{ timeoutSeconds: 0 }, /timeoutSeconds/],
    [{ jobVariables: { comand: "x" } }, /jobVariables\.comand.*did you mean "command"/],
    [{ baseJobTemplate: {} }, /baseJobTemplate/],
  ],
  Deployment: [
    [{ workPoolName: "local", command: "true" }, /^the name of a deployment must be FLOW\/DEPLOYMENT/],
    [{ command: "true" }, /workPoolName is missing/, "a/b"],
    [{ workPoolName: "local" }, /command and entrypoint are both missing/, "a/b"],
  ],
  FlowImage: [
    [{ build: { context } }, /^build\.repository is missing: FlowImage needs it/],
    [
      { build: { context: pulumi.output("x"), repository: "a/b" } },
      /^build\.context must be a string that is known while the program runs/,
    ],
    [{ build: { context, repository: "a" } }, /^build\.repository "a" must be a registry and a name/],
    [{ build: { context, repository: "a/b" }, username: "x" }, /^username and password belong together/],
  ],
  Connection: [
    [{ apiUrl: "ftp://x" }, /^apiUrl must begin with/],
    [{ apiUrl: "http://x/api", apiKey: "a", authString: "b" }, /cannot both be given/],
  ],
};

const registered = mockPulumi();
beforeEach(() => void registered.splice(0));

test("every exported component has invalid arguments here", () => {
  expect(Object.keys(refused).sort()).toEqual(Object.keys(components).sort());
});

const cases = Object.entries(refused).flatMap(([component, all]) =>
  all.map(([args, message, name = "x"], index) => ({ component, index, args, message, name })),
);
test.each(cases)("$component, case $index: nothing is registered", async ({ component, args, message, name }) => {
  const make = () => new (components[component] as Component)(name, args);
  expect(make).toThrow(message);
  expect(make).toThrow(pulumi.ResourceError);
  // By then, a registration would have been sent.
  await new Promise((done) => setTimeout(done, 20));
  expect(registered).toEqual([]);
});

/** Every resource of a program, dynamic ones included. */
const resources = {
  ...components,
  FlowRun: core.FlowRun,
  Automation: prefect.Automation,
  PrefectBlock: prefect.PrefectBlock,
  PrefectDeployment: prefect.PrefectDeployment,
  PrefectWorkPool: prefect.PrefectWorkPool,
} as Record<string, Component>;

test.each(Object.keys(resources))("%s refuses unknown and wrong arguments by name, before anything is registered", async (type) => {
  const make = (args: unknown) => () => new (resources[type] as Component)("a/b", args);
  const refusal = (message: RegExp) => expect.objectContaining({ message: expect.stringMatching(message), hideStack: true });
  expect(make({ noSuchArgument: 1 })).toThrow(refusal(/^noSuchArgument is unknown: (did you mean|there is) "/));
  expect(make(null)).toThrow(refusal(/^the arguments must be an object such as \{ name: value \}, not null$/));
  expect(make("x")).toThrow(refusal(/^the arguments must be an object such as \{ name: value \}, not a string$/));
  await new Promise((done) => setTimeout(done, 20));
  expect(registered).toEqual([]);
});

test.each<[string, object, RegExp]>([
  ["EcsPushPool", { ...AWS, workPolName: "x" }, /^workPolName is unknown: did you mean "workPoolName"/],
  ["EcsPushPool", { region: null }, /^region must not be null: give it a value, or leave it out$/],
  ["CloudRunPushPool", { ...GCP, queues: { urgent: { prio: 1 } } }, /^queues\.urgent\.prio is unknown: did you mean "priority"/],
  ["CloudRunPushPool", { ...GCP, queues: { urgent: null } }, /^queues\.urgent must be an object such as \{ name: value \}, not null$/],
  ["ProcessPushPool", { queues: ["urgent"] }, /^queues must be an object/],
  ["PrefectWorkPool", { type: "process:push", queues: { a: { paused: true } } }, /^queues\.a\.paused is unknown: did you mean "isPaused"/],
  ["PrefectWorkPool", {}, /^type is missing: PrefectWorkPool needs it$/],
  ["PrefectBlock", { blockTypeSlug: "secret", data: null }, /^data must not be null/],
  ["Automation", { trigger: { expect: ["a"] } }, /^actions is missing: Automation needs it$/],
  ["Automation", { trigger: {}, actions: [], tag: "x" }, /^tag is unknown: did you mean "tags"/],
  ["SubmitAccess", { project: "acme-data", runtimeServiceAccount: ACCOUNT }, /^members is missing: SubmitAccess needs it$/],
  ["TaskSecrets", { ...AWS, workPoolName: "etl" }, /^values is missing: TaskSecrets needs it$/],
  ["CloudRunPushPool", { ...GCP, image: { context, dockrfile: "x" } }, /^image\.dockrfile is unknown: did you mean "dockerfile"/],
  ["CloudRunPushPool", { ...GCP, image: {} }, /^image\.context is missing: CloudRunPushPool needs it$/],
  ["CloudRunPushPool", { ...GCP, image: "app" }, /^image must be an object such as \{ name: value \}, not a string$/],
  ["FlowImage", {}, /^build is missing: FlowImage needs it$/],
  ["Deployment", { workPoolName: "local", command: "true", tag: ["x"] }, /^tag is unknown: did you mean "tags"/],
])("%s with %j", (type, args, message) => {
  expect(() => new (resources[type] as Component)(type === "Deployment" ? "a/b" : "x", args)).toThrow(message);
});

test.each<[string, unknown, RegExp]>([
  ["a misspelt part", { pool: [] }, /: pool is unknown: did you mean "pools"/],
  ["no pools", {}, /: pools is missing: (manifest|prefect\.register)\(\) needs it$/],
  ["a pool that is not in a list", { pools: { definition: {} } }, /: pools must be a list, not an object$/],
  ["a definition for a component", { pools: [], deployments: [{ name: "a/b" }] }, /: deployments\[0\] must be a component$/],
  ["nothing", null, /: the arguments must be an object such as \{ name: value \}, not null$/],
])("manifest() and prefect.register() with %s", (_, parts, message) => {
  for (const make of [() => core.manifest(parts as never), () => prefect.register(undefined, parts as never)]) {
    expect(make).toThrow(message);
    expect(make).toThrow(pulumi.RunError);
  }
});

test("a limit may be null, as in Prefect: it means no limit", () => {
  expect(() => new local.ProcessPushPool("x", { concurrencyLimit: null as never, timeoutSeconds: null as never })).not.toThrow();
  expect(() => new prefect.PrefectWorkPool("x", { type: "process:push", concurrencyLimit: null })).not.toThrow();
});

test("a component's list of argument names matches its interface, or it does not compile", () => {
  interface Args {
    given: string;
    other?: number;
  }
  // @ts-expect-error: `other` is left out
  const without: ArgumentNames<Args> = { given: "required" };
  // @ts-expect-error: `another` is not an argument
  const more: ArgumentNames<Args> = { given: "required", other: "optional", another: "optional" };
  // @ts-expect-error: `given` must be given
  const optional: ArgumentNames<Args> = { given: "optional", other: "optional" };
  expect([without, more, optional]).toHaveLength(3);
});

test("a secret in the parameters of a server's deployment is refused with its path", async () => {
  const of = { type: "PrefectDeployment", name: "a/b" };
  const parameters = { plain: pulumi.output("x"), deep: [{ key: pulumi.secret("hunter2") }] };
  await expect(parametersInClear(parameters, of)).rejects.toThrow(
    "parameters/deep/0/key is secret, but a Prefect server stores parameters in plain text",
  );
  expect(await parametersInClear({ plain: parameters.plain }, of)).toEqual({ plain: parameters.plain });
});

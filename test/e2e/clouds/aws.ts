import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { JsonObject } from "../../../src/json";
import { awsProvider, type FakeAws, type FakeAwsOptions, startFakeAws } from "../../../src/testing";
import { QUICK } from "../../targets/ecs/place";
import { CANARY, type Cloud, type CloudPlace, cloudPlace, manifestPlace, type Over, type RunningPlace, type Runs } from "./cloud";

export const AWS: Cloud<FakeAws, FakeAwsOptions> = {
  name: "AWS",
  sdk: "aws",
  component: "EcsPushPool",
  poolType: "ecs:push",
  placeOf: ({ region, endpoints }) => ({ region: JSON.stringify(region), endpoints: JSON.stringify(endpoints) }),
  config: { "aws:region": "eu-west-1" },
  startFake: (options = {}) => startFakeAws({ grace: 1_000, ...options }),
  providers: (fake) => ({ aws: awsProvider(fake) }),
  registry: ({ registry }) => registry,
  ownLogin: /^AWS_/,
  env: (folder) => ({ ...QUICK, HOME: folder, AWS_EC2_METADATA_DISABLED: "true" }),
  provisioned,
  callsOf: ({ calls }) => calls.map(({ action }) => action),
};

export type AwsPlace = CloudPlace<FakeAws>;
export const awsPlace = (options?: FakeAwsOptions): Promise<AwsPlace> => cloudPlace(AWS, options);

/** What a fake AWS has besides tasks and their definitions. */
export function provisioned({ world }: FakeAws) {
  const { iam, surroundings } = world;
  return {
    users: [...iam.users.keys()],
    // A session's key ends by itself.
    keys: [...iam.keys].flatMap(([id, { principal }]) => (id.startsWith("ASIA") ? [] : [principal.arn])),
    roles: [...iam.roles.keys()],
    policies: [...iam.policies.keys()],
    clusters: [...world.clusters.keys()],
    logGroups: [...world.log.groups.keys()],
    parameters: [...world.parameters.keys()],
    things: [...surroundings.things.values()].map(({ kind }) => kind).sort(),
  };
}

/** Every inbound rule of every security group. */
export function inwards({ world }: FakeAws): unknown[] {
  return [...world.surroundings.things.values()].flatMap(({ kind, properties }) =>
    kind === "sg" ? ((properties.SecurityGroupIngress as unknown[] | undefined) ?? []) : [],
  );
}

const fixtures = join(__dirname, "..", "..", "fixtures", "base-job-templates");

/** Prefect's template for ECS pools: as a server has it (`ecs`), or as in its worker's code. */
export function ecsTemplate(name: "ecs" | "ecs.from-code" = "ecs.from-code"): JsonObject {
  return JSON.parse(readFileSync(join(fixtures, `${name}.json`), "utf8")) as JsonObject;
}

/** A handwritten manifest: one push pool in the fake's account, and deployments by command. */
export function ecsManifest(
  aws: FakeAws,
  key: { accessKeyId: string; secretAccessKey: string },
  commands: Record<string, string>,
  over: Over = {},
): JsonObject {
  const jobVariables = {
    image: "acme/etl:1",
    cluster: aws.clusterArn,
    cpu: 256,
    memory: 512,
    execution_role_arn: aws.executionRoleArn,
    configure_cloudwatch_logs: true,
    network_configuration: { subnets: ["subnet-1"], securityGroups: ["sg-1"], assignPublicIp: "ENABLED" },
    ...over.jobVariables,
  };
  return {
    kind: "pushpool.dev/manifest",
    version: 1,
    source: { project: "data", stack: "dev" },
    pools: {
      etl: { type: "ecs:push", baseJobTemplate: ecsTemplate(), credentials: "aws-credentials/etl", endpoints: aws.endpoints, ...over.pool },
    },
    blocks: {
      "aws-credentials/etl": {
        data: { aws_access_key_id: key.accessKeyId, aws_secret_access_key: key.secretAccessKey, region_name: aws.region, ...over.block },
      },
    },
    variables: {},
    deployments: Object.fromEntries(
      Object.entries(commands).map(([name, command]) => [name, { command, workPool: { name: "etl", jobVariables } }]),
    ),
  };
}

export const ecsPlace = (manifest: JsonObject): RunningPlace => manifestPlace(AWS, manifest);

/** The template with more containers than the run's own. */
function withContainers(containers: JsonObject[]): JsonObject {
  const { job_configuration, ...rest } = ecsTemplate() as { job_configuration: JsonObject & { task_definition: JsonObject } };
  const containerDefinitions = [{ image: "{{ image }}", name: "{{ container_name }}" }, ...containers];
  const task_definition = { ...job_configuration.task_definition, containerDefinitions };
  return { baseJobTemplate: { ...rest, job_configuration: { ...job_configuration, task_definition } } };
}

export const AWS_RUNS: Runs<FakeAws, FakeAwsOptions, ReturnType<FakeAws["accessKey"]>> = {
  options: {},
  key: (aws, name) => aws.accessKey(name),
  manifest: ecsManifest,
  templates: (["ecs", "ecs.from-code"] as const).map((name) => [name, { baseJobTemplate: ecsTemplate(name) }]),
  merged: true,
  submit: ["ecs:RunTask"],
  lose: (aws, fault) => aws.plant({ on: "ecs:RunTask", fault }),
  started: ({ world }) => [...world.tasks.keys()],
  isRunning: ({ world }, arn) => world.tasks.get(arn)?.record.lastStatus === "RUNNING",
  cancel: {
    args: [],
    says: /^/,
    stopped: ({ world }) =>
      expect([...world.tasks.values()].at(-1)?.record).toMatchObject({ lastStatus: "STOPPED", stopCode: "UserInitiated" }),
  },
  secret: {
    kept: ({ world }) => [
      [...world.families.values()],
      [...world.tasks.values()].map(({ record, tags }) => ({ record, tags })),
      [...world.log.groups.values()].map((streams) => [...streams]),
      [...world.parameters.keys()],
    ],
    ofKey: ({ secretAccessKey }) => secretAccessKey,
    says: [/TOKEN: /, 0],
    carriers: ({ calls }, since) =>
      calls
        .slice(since)
        .filter(({ body, reply }) => JSON.stringify([body, reply]).includes(CANARY))
        .map(({ action }) => action),
    carrier: "ssm:PutParameter",
  },
  login: ({ env }, { accessKeyId, secretAccessKey }) =>
    void Object.assign(env, { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey }),
  sealed: { aws_secret_access_key: "[secret]" },
  callers: ({ calls }, since) => calls.slice(since).map(({ accessKeyId }) => accessKeyId),
  caller: ({ accessKeyId }) => accessKeyId,
  ends: (aws) => [
    { name: "an exit code", command: "sh -c 'exit 7'", state: "FAILED", code: 1, says: /exited with code 7/ },
    { name: "a signal of its own", command: "sh -c 'kill -SEGV $$'", state: "CRASHED", code: 1, says: /SIGSEGV/ },
    {
      name: "out of memory",
      command: "sleep 600",
      during: (task) => aws().world.outOfMemory(task),
      state: "CRASHED",
      code: 1,
      says: /out of memory \(OutOfMemoryError: Container killed due to memory usage\)/,
    },
    {
      name: "a Spot interruption",
      command: "sleep 600",
      during: (task) => aws().world.interruptSpot(task),
      state: "CRASHED",
      code: 1,
      says: /SpotInterruption/,
    },
    {
      name: "a failing machine",
      command: "sleep 600",
      during: (task) => aws().world.loseHost(task),
      state: "CRASHED",
      code: 1,
      says: /underlying infrastructure failure/,
    },
    {
      name: "someone else's stop",
      command: "sleep 600",
      during: (task) => aws().world.stopTask(task),
      state: "CANCELLED",
      code: 3,
      says: /someone else/,
    },
    {
      name: "a sidecar that ends the task",
      command: "sleep 600",
      pool: withContainers([{ name: "proxy", image: "acme/proxy:1", essential: true, command: ["sh", "-c", "exit 9"] }]),
      state: "CRASHED",
      code: 1,
      says: /container "proxy" exited with code 9, and ECS stopped the task with it/,
    },
    {
      name: "a sidecar that runs out of memory",
      command: "sleep 600",
      pool: withContainers([{ name: "proxy", image: "acme/proxy:1", command: ["sleep", "60"] }]),
      during: (task) => aws().world.outOfMemory(task, "proxy"),
      state: "CRASHED",
      code: 1,
      says: /container "proxy" ran out of memory \(OutOfMemoryError: .*\), and ECS stopped the task with it/,
    },
    {
      name: "a kill without a reason, beside a finished init container",
      command: "sh -c 'sleep 0.5; kill -9 $$'",
      pool: withContainers([{ name: "init", image: "acme/init:1", essential: false, command: ["sh", "-c", "exit 2"] }]),
      state: "CRASHED",
      code: 1,
      says: /SIGKILL, exit code 137: ECS gives no reason; most often its memory was used up/,
    },
    {
      name: "a success of the run's own container beside a failed one",
      command: "sleep 0.5",
      pool: withContainers([{ name: "init", image: "acme/init:1", essential: false, command: ["sh", "-c", "exit 2"] }]),
      state: "COMPLETED",
      code: 0,
      says: /COMPLETED/,
    },
    {
      name: "an image that does not exist",
      before: () => {
        aws().world.options.images["acme/none:1"] = { access: "missing" };
      },
      jobVariables: { image: "acme/none:1" },
      state: "CRASHED",
      code: 1,
      says: /CannotPullContainerError: .*repository does not exist/,
    },
    {
      name: "an image that may not be read",
      before: () => {
        aws().world.options.images["acme/closed:1"] = { access: "denied" };
      },
      jobVariables: { image: "acme/closed:1" },
      state: "CRASHED",
      code: 1,
      says: /CannotPullContainerError: .*403 Forbidden/,
    },
    {
      name: "no room in its network",
      before: () => aws().world.keepFromStarting("Timeout waiting for network interface provisioning to complete."),
      state: "CRASHED",
      code: 1,
      says: /Timeout waiting for network interface provisioning/,
    },
    {
      name: "an end before it had containers",
      before: () =>
        aws().world.keepFromStarting("Unexpected EC2 error while attempting to Create Network Interface in subnet 'subnet-1'", "none"),
      state: "CRASHED",
      code: 1,
      says: /Unexpected EC2 error while attempting to Create Network Interface/,
    },
    {
      name: "a secret that does not exist",
      pool: withContainers([
        { name: "other", image: "acme/other:1", essential: false, secrets: [{ name: "T", valueFrom: "/nobody/has/it" }] },
      ]),
      state: "CRASHED",
      code: 1,
      says: /unable to retrieve secrets from ssm: invalid parameters: \/nobody\/has\/it/,
    },
  ],
};

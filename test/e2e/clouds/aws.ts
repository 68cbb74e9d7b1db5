import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { JsonObject } from "../../../src/json";
import { awsProvider, type FakeAws, type FakeAwsOptions, startFakeAws } from "../../../src/testing";
import { QUICK } from "../../targets/ecs/place";
import { type Cloud, type CloudPlace, cloudPlace, manifestPlace, type RunningPlace } from "./cloud";

export const AWS: Cloud<FakeAws, FakeAwsOptions> = {
  name: "AWS",
  sdk: "aws",
  component: "EcsPushPool",
  poolType: "ecs:push",
  placeOf: ({ region, endpoints }) => ({ region: JSON.stringify(region), endpoints: JSON.stringify(endpoints) }),
  config: { "aws:region": "eu-west-1" },
  startFake: (options = {}) => startFakeAws({ grace: 1_000, ...options }),
  providers: (fake) => ({ aws: awsProvider(fake) }),
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
    keys: [...iam.keys.values()].map(({ principal }) => principal.arn),
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
  over: { pool?: JsonObject; jobVariables?: JsonObject; block?: JsonObject } = {},
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

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { JsonObject } from "../../src/json";
import type { FakeAws } from "../../src/testing";
import { QUICK } from "../targets/ecs/place";
import { type Ended, listen, type Place, placeWith } from "./pushpool";

const fixtures = join(__dirname, "..", "fixtures", "base-job-templates");

/** Prefect's own template of ECS pools: as a server has it (`ecs`), or as its worker's code gives it. */
export function ecsTemplate(name: "ecs" | "ecs.from-code" = "ecs.from-code"): JsonObject {
  return JSON.parse(readFileSync(join(fixtures, `${name}.json`), "utf8")) as JsonObject;
}

/** A manifest written by hand: one push pool in the fake's account, and deployments by command. */
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

export interface EcsPlace extends Place {
  /** As `pushpool`, but this process goes on meanwhile: the fake cloud lives in it. */
  run(...args: string[]): Promise<Ended>;
}

export function ecsPlace(manifest: JsonObject): EcsPlace {
  const made = placeWith(manifest);
  Object.assign(made.env, QUICK, { HOME: made.folder, AWS_EC2_METADATA_DISABLED: "true" });
  // What is on this machine is nothing that a test should find.
  for (const name of Object.keys(made.env)) if (/^AWS_/.test(name) && name !== "AWS_EC2_METADATA_DISABLED") delete made.env[name];
  return {
    ...made,
    run: async (...args) => {
      const child = made.start(...args);
      const heard = listen(child);
      const status = await heard.ended;
      return { status, stdout: heard.stdout(), stderr: heard.stderr() };
    },
  };
}

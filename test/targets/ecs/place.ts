import type { Value, ValueObject } from "../../../src/json";
import { Secret } from "../../../src/secret";
import { createEcsTarget } from "../../../src/targets/ecs";
import type { PoolAccess } from "../../../src/targets/target";
import type { FakeAws } from "../../../src/testing";
import { openerOver, shell } from "../cloud/place";

export { never, runOf } from "../cloud/place";

/** Windows short enough for tests. */
export const QUICK = { PUSHPOOL_ECS_SETTLE_SECONDS: "0.4", PUSHPOOL_ECS_LOG_DRAIN_SECONDS: "0.2" };

/** A job configuration as Prefect's template renders it, with a POSIX shell script as its command. */
export function jobOf(
  aws: Pick<FakeAws, "clusterArn" | "executionRoleArn">,
  script: string,
  { env = {}, ...over }: { env?: Record<string, Value> } & ValueObject = {},
): ValueObject {
  return {
    command: shell(script),
    env,
    labels: { "prefect.io/flow-name": "hello", "prefect.io/deployment-name": "prod" },
    name: "n",
    task_definition: { containerDefinitions: [{ image: "acme/etl:1" }], executionRoleArn: aws.executionRoleArn },
    task_run_request: { launchType: "FARGATE", cluster: aws.clusterArn, overrides: { containerOverrides: [{}] }, tags: {} },
    configure_cloudwatch_logs: true,
    cloudwatch_logs_options: {},
    network_configuration: { subnets: ["subnet-1", "subnet-2"], securityGroups: ["sg-1"], assignPublicIp: "ENABLED" },
    stream_output: false,
    task_start_timeout_seconds: 0,
    task_watch_poll_interval: 0,
    auto_deregister_task_definition: false,
    cluster: aws.clusterArn,
    match_latest_revision_in_family: false,
    ...over,
  };
}

/** A pool of the fake's account, with a key to submit. */
export function poolOf(aws: FakeAws, key: { accessKeyId: string; secretAccessKey: string }, over: Partial<PoolAccess> = {}): PoolAccess {
  return {
    name: "etl",
    source: { project: "data", stack: "dev" },
    endpoints: aws.endpoints,
    baseJobTemplate: {
      job_configuration: { cluster: "{{ cluster }}" },
      variables: { properties: { cluster: { default: aws.clusterArn } } },
    },
    credentials: {
      block: "aws-credentials/etl",
      data: {
        aws_access_key_id: key.accessKeyId,
        aws_secret_access_key: new Secret([{ pointer: "/blocks/aws-credentials~1etl/data/aws_secret_access_key" }], key.secretAccessKey),
        region_name: aws.region,
      },
    },
    ...over,
  };
}

/** See {@link openerOver}. */
export const openerOf = (pool: PoolAccess, env: NodeJS.ProcessEnv = QUICK) => openerOver(createEcsTarget, pool, env);

import type { FakeCloud } from "../shared/fakeCloud";
import { FaultQueue } from "../shared/faultQueue";
import { awsContract } from "./contract";
import type { AwsFault } from "./faults";
import type { AccessKey, Policy } from "./iam";
import { type FakeAwsOptions, settled } from "./options";
import { type AwsCallRecord, serveAws } from "./server";
import { World } from "./world";

/** A fake AWS that is running. */
export interface FakeAws extends FakeCloud<World, AwsCallRecord, AwsFault> {
  region: string;
  account: string;
  /** For a work pool's `endpoints`. */
  endpoints: { ecs: string; logs: string; ssm: string };
  /** A cluster that is there from the start. */
  clusterArn: string;
  /** The key of the account's root, which may do everything: for what a test provisions itself. */
  ownerKey: AccessKey;
  /** A role that ECS may assume to fetch images and secrets and to write logs. */
  executionRoleArn: string;
  /** Make a user with policies (documents, or names of managed ones), and a key of it. */
  accessKey(user: string, policies?: readonly (Policy | string)[]): AccessKey;
}

/**
 * An AWS on this machine: ECS, whose tasks it runs as processes, CloudWatch Logs, Parameter Store, STS, and who may do what.
 *
 * It is no kinder than AWS: it takes what the SDK's own description of the API allows, checks every call's signature and permissions, and can be made slow,
 * forgetful and contradictory. Reach it through a work pool's `endpoints`.
 *
 * Left out: services, deployments, capacity providers' own scaling, and what runs on machines of one's own beyond "there is one"; health checks (every
 * `healthStatus` is `UNKNOWN`); `dependsOn` and restart policies of containers; security groups of another VPC than the subnets'; rules of
 * network ACLs; KMS keys of one's own; quotas other than those of calls. Provisioning goes through IAM and Cloud Control: EC2 and ECR have no
 * API of their own here.
 *
 * ```ts
 * const aws = await startFakeAws();
 * const key = aws.accessKey("submitter");
 * ```
 * @throws {Error} if `@aws-sdk/client-ecs` or `@aws-sdk/client-ssm` is not installed: their descriptions of the API are used
 */
export async function startFakeAws(options: FakeAwsOptions = {}): Promise<FakeAws> {
  const world = new World(settled(options));
  const faults = new FaultQueue<AwsFault>();
  const calls: AwsCallRecord[] = [];
  const { url, close } = await serveAws({ world, faults, calls, contract: await awsContract() }, options.port ?? 0);
  const clusterArn = world.addCluster("flows");
  const execution = world.iam.addRole("ecs-execution");
  world.iam.attach(execution, "service-role/AmazonECSTaskExecutionRolePolicy");
  world.iam.attach(execution, {
    Statement: { Effect: "Allow", Action: ["logs:CreateLogGroup", "ssm:GetParameters"], Resource: ["*"] },
  });
  return {
    url,
    region: world.options.region,
    account: world.options.account,
    endpoints: { ecs: url, logs: url, ssm: url },
    clusterArn,
    executionRoleArn: execution.arn,
    ownerKey: world.iam.owner,
    world,
    calls,
    plant: (fault) => faults.plant(fault),
    accessKey: (name, policies = ["AmazonECS_FullAccess", SECRETS]) => {
      const user = world.iam.addUser(name);
      for (const policy of policies) world.iam.attach(user, policy);
      return world.iam.addKey(user);
    },
    stop: async () => {
      world.background.stop();
      await close();
    },
  };
}

/** What secrets in a run's environment take beside AmazonECS_FullAccess. */
const SECRETS: Policy = {
  Statement: [
    { Effect: "Allow", Action: ["ssm:PutParameter", "ssm:DeleteParameters"], Resource: "arn:*:ssm:*:*:parameter/pushpool/*" },
    { Effect: "Allow", Action: "ssm:DescribeParameters", Resource: "*" },
  ],
};

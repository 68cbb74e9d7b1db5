import type { FakeCloud } from "../shared/fakeCloud";
import { FaultQueue } from "../shared/faultQueue";
import { awsContract } from "./awsContract";
import type { AwsFault } from "./awsFaults";
import type { AccessKey, Policy } from "./awsIam";
import { type FakeAwsOptions, settled } from "./awsOptions";
import { type AwsCallRecord, serveAws } from "./awsServer";
import { World } from "./awsWorld";
import { ecrRegistry } from "./ecrRegistry";

/** A running fake of AWS. */
export interface FakeAws extends FakeCloud<World, AwsCallRecord, AwsFault> {
  region: string;
  account: string;
  /** The `endpoints` of a work pool. */
  endpoints: { ecs: string; logs: string; ssm: string; sts: string };
  /** A cluster that exists from the start. */
  clusterArn: string;
  /** The key of the account's root, which may do everything. Tests provision with it. */
  ownerKey: AccessKey;
  /** A role that ECS may assume to fetch images and secrets, and to write logs. */
  executionRoleArn: string;
  /** End all temporary credentials so far before their time. */
  endSessions(): void;
  /** Create a user with policies (documents, or names of managed ones), and an access key for it. */
  accessKey(user: string, policies?: readonly (Policy | string)[]): AccessKey;
}

/**
 * A fake of AWS on this machine: ECS, which runs tasks as processes, CloudWatch Logs, Parameter Store, STS and IAM.
 *
 * It is never kinder than AWS. It accepts only what the SDK's description of the API allows, and checks the signature and the permissions
 * of every call. It can be slow, and eventually consistent. Use it through a work pool's `endpoints`.
 *
 * Not supported:
 * - services, deployments, and the scaling of capacity providers;
 * - users' own machines, except that one exists;
 * - health checks (every `healthStatus` is `UNKNOWN`), `dependsOn`, and restart policies of containers;
 * - security groups of another VPC than the subnets', and rules of network ACLs;
 * - of roles: session policies, tags of sessions, and permissions boundaries;
 * - customer-managed KMS keys, and quotas other than those of calls.
 *
 * IAM and Cloud Control provision everything: EC2 has no API here, and ECR only its login.
 *
 * ```ts
 * const aws = await startFakeAws();
 * const key = aws.accessKey("submitter");
 * ```
 * @throws {Error} if `@aws-sdk/client-ecs` or `@aws-sdk/client-ssm` is not installed: the fake uses their descriptions of the API
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
    endpoints: { ecs: url, logs: url, ssm: url, sts: url },
    clusterArn,
    executionRoleArn: execution.arn,
    ownerKey: world.iam.owner,
    registry: ecrRegistry(world),
    world,
    calls,
    endSessions: () => world.iam.endSessions(),
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

/** What secrets in a run's environment need in addition to AmazonECS_FullAccess. */
const SECRETS: Policy = {
  Statement: [
    { Effect: "Allow", Action: ["ssm:PutParameter", "ssm:DeleteParameters"], Resource: "arn:*:ssm:*:*:parameter/pushpool/*" },
    { Effect: "Allow", Action: "ssm:DescribeParameters", Resource: "*" },
  ],
};

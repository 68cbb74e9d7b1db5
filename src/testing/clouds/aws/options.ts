import { COMMON_DEFAULTS, type CommonOptions } from "../shared/options";

/** How the fake behaves. */
export interface FakeAwsOptions extends CommonOptions {
  /** Twelve digits. @default "111111111111" */
  account?: string;
  /** Its partition follows from it: `cn-…` is aws-cn, `us-gov-…` is aws-us-gov. @default "eu-west-1" */
  region?: string;
  /** Subnets with their VPC. @default subnet-1 and subnet-2 in vpc-1, subnet-9 in vpc-9 */
  subnets?: Record<string, string>;
  /** Security groups with their VPC. @default sg-1 and sg-2 in vpc-1, sg-9 in vpc-9 */
  securityGroups?: Record<string, string>;
  /** Log groups that are there. @default none */
  logGroups?: readonly string[];
  /** How long a task stays in each of its states before RUNNING and after its end, in milliseconds. @default 5 */
  step?: number;
  /** Between SIGTERM and SIGKILL, in milliseconds. @default 30000, as ECS' */
  grace?: number;
  /** Log events that a page holds where no limit is asked for. @default 10000, as CloudWatch Logs' */
  logPage?: number;
  /** How much later than it is started a task shows up, in milliseconds. @default 0 */
  describeLag?: number;
  /** For how long an ended task is remembered, in milliseconds. @default 3600000, as ECS does at least */
  memory?: number;
  /** Until a changed policy is known everywhere, in milliseconds. @default 0 */
  policyDelay?: number;
  /** Calls at once and a second after that, by bucket; absent: any number. */
  buckets?: Partial<Record<Bucket, { burst: number; perSecond: number }>>;
}

/** What AWS counts together. */
export type Bucket = "modify" | "launch" | "read" | "register" | "describeDefinition" | "logs";

/** AWS' own (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html), for the option `buckets`. */
export const REAL_BUCKETS: Record<Bucket, { burst: number; perSecond: number }> = {
  modify: { burst: 100, perSecond: 40 },
  launch: { burst: 100, perSecond: 20 },
  read: { burst: 100, perSecond: 20 },
  register: { burst: 20, perSecond: 1 },
  describeDefinition: { burst: 50, perSecond: 20 },
  logs: { burst: 10, perSecond: 10 },
};

export type Settled = Required<Omit<FakeAwsOptions, "port">>;

export function settled(options: FakeAwsOptions): Settled {
  return {
    ...COMMON_DEFAULTS,
    account: "111111111111",
    region: "eu-west-1",
    subnets: { "subnet-1": "vpc-1", "subnet-2": "vpc-1", "subnet-9": "vpc-9" },
    securityGroups: { "sg-1": "vpc-1", "sg-2": "vpc-1", "sg-9": "vpc-9" },
    logGroups: [],
    step: 5,
    grace: 30_000,
    logPage: 10_000,
    describeLag: 0,
    memory: 3_600_000,
    policyDelay: 0,
    buckets: {},
    ...options,
  };
}

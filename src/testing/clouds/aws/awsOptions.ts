import { COMMON_DEFAULTS, type CommonOptions } from "../shared/commonOptions";

/** How the fake behaves. */
export interface FakeAwsOptions extends CommonOptions {
  /** Twelve digits. @default "111111111111" */
  account?: string;
  /** It decides the partition: `cn-…` is in aws-cn, `us-gov-…` in aws-us-gov. @default "eu-west-1" */
  region?: string;
  /** Subnets with their VPC. @default subnet-1 and subnet-2 in vpc-1, subnet-9 in vpc-9 */
  subnets?: Record<string, string>;
  /** Security groups with their VPC. @default sg-1 and sg-2 in vpc-1, sg-9 in vpc-9 */
  securityGroups?: Record<string, string>;
  /** Log groups that exist from the start. @default none */
  logGroups?: readonly string[];
  /** How long a task stays in each of its states before RUNNING and after its end, in milliseconds. @default 5 */
  step?: number;
  /** Between SIGTERM and SIGKILL, in milliseconds. @default 30000, as in ECS */
  grace?: number;
  /** How many log events a page has if the request sets no limit. @default 10000, as in CloudWatch Logs */
  logPage?: number;
  /** How long after its start a task becomes visible, in milliseconds. @default 0 */
  describeLag?: number;
  /** How long an ended task stays visible, in milliseconds. @default 3600000, the minimum in ECS */
  memory?: number;
  /** Where the documents of OIDC issuers are, by `iss`, if not under the issuer's own URL: a fake issuer. @default none */
  issuers?: Record<string, string>;
  /** How long sessions of a role last at most, in seconds, whatever the request says. @default 3600 */
  sessionLifetime?: number;
  /** How long a changed policy takes to become effective, in milliseconds. @default 0 */
  policyDelay?: number;
  /** How many calls each bucket allows at once, and per second after that. @default any number */
  buckets?: Partial<Record<Bucket, { burst: number; perSecond: number }>>;
}

/** The calls that AWS counts together. */
export type Bucket = "modify" | "launch" | "read" | "register" | "describeDefinition" | "logs";

/** AWS' own limits (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html), for the option `buckets`. */
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
    issuers: {},
    sessionLifetime: 3600,
    policyDelay: 0,
    buckets: {},
    ...options,
  };
}

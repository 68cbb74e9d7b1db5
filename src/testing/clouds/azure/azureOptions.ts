import { COMMON_DEFAULTS, type CommonOptions } from "../shared/commonOptions";

/** How the fake behaves. */
export interface FakeAzureOptions extends CommonOptions {
  /** Tenant id. @default "11111111-1111-4111-8111-111111111111" */
  tenant?: string;
  /** Subscription id. @default "22222222-2222-4222-8222-222222222222" */
  subscription?: string;
  /** Where the resource groups are. @default "westeurope" */
  location?: string;
  /** Resource groups that exist from the start. @default ["flows"] */
  resourceGroups?: readonly string[];
  /** Resource providers that the subscription has registered. @default those that the fake knows */
  providers?: readonly string[];
  /** How long a registration of a provider takes, in milliseconds. @default 20 */
  registration?: number;
  /** How long a container group waits for its place and images, in milliseconds. @default 10 */
  pull?: number;
  /** From there until its containers start, in milliseconds. @default 10 */
  start?: number;
  /** From there until the operation says Succeeded, in milliseconds. @default 10 */
  settle?: number;
  /** Until a group that cannot start is Failed, in milliseconds. @default 1800000, as Azure's */
  startTimeout?: number;
  /** Before a container is started again, in milliseconds; doubled each time. @default 100 (Azure's: 10 s) */
  backOff?: number;
  /** How long a deleted container group can still be seen, in milliseconds. @default 0, as recorded in 2021; users report 30 to 90 s */
  deletion?: number;
  /** How long a resource group takes to be deleted, in milliseconds. @default 20 */
  groupDeletion?: number;
  /** Between SIGTERM and SIGKILL of a group that is stopped, in milliseconds. @default 30000 */
  grace?: number;
  /** Until a role assignment or role definition takes effect, in milliseconds. @default 0 */
  roleDelay?: number;
  /** Until a new principal can be given a role without its type, in milliseconds. @default 0 */
  principalDelay?: number;
  /** Where the documents of OIDC issuers are, by `iss`, if not under the issuer's own URL: a fake issuer. @default none */
  issuers?: Record<string, string>;
  /** How long an access token is valid, in seconds. @default 3599 */
  tokenLifetime?: number;
  /** Most that a subscription may have in a region. @default 100 groups, 100 cores, 10 Spot cores */
  quotas?: Partial<Record<Quota, number>>;
  /** Calls that are answered; absent: any number. @see REAL_AZURE_LIMITS */
  limits?: Partial<Limits>;
}

/** As usages and errors name it. */
export type Quota = "ContainerGroups" | "StandardCores" | "StandardSpotCores";

export interface Bucket {
  size: number;
  /** Calls that come back each second. */
  refill: number;
}

export interface Limits {
  /** Resource Manager's, by subscription and principal. */
  reads: Bucket;
  writes: Bucket;
  deletes: Bucket;
  /** Creations of container groups by subscription and region, and as many deletions. */
  perHour: number;
  perFiveMinutes: number;
}

/** Azure's own, for the option `limits` (Resource Manager's throttling page, Container Instances' quota page). */
export const REAL_AZURE_LIMITS: Limits = {
  reads: { size: 250, refill: 25 },
  writes: { size: 200, refill: 10 },
  deletes: { size: 200, refill: 10 },
  perHour: 300,
  perFiveMinutes: 100,
};

export type Settled = Required<Omit<FakeAzureOptions, "port">>;

export function settled(options: FakeAzureOptions): Settled {
  return {
    ...COMMON_DEFAULTS,
    tenant: "11111111-1111-4111-8111-111111111111",
    subscription: "22222222-2222-4222-8222-222222222222",
    location: "westeurope",
    resourceGroups: ["flows"],
    providers: [
      "Microsoft.ContainerInstance",
      "Microsoft.ManagedIdentity",
      "Microsoft.Network",
      "Microsoft.OperationalInsights",
      "Microsoft.ContainerRegistry",
    ],
    registration: 20,
    pull: 10,
    start: 10,
    settle: 10,
    startTimeout: 1_800_000,
    backOff: 100,
    deletion: 0,
    groupDeletion: 20,
    grace: 30_000,
    roleDelay: 0,
    principalDelay: 0,
    issuers: {},
    tokenLifetime: 3599,
    limits: {},
    ...options,
    quotas: { ContainerGroups: 100, StandardCores: 100, StandardSpotCores: 10, ...options.quotas },
  };
}

import { COMMON_DEFAULTS, type CommonOptions } from "../shared/commonOptions";

/** How the fake behaves. */
export interface FakeGoogleCloudOptions extends CommonOptions {
  /** Project id. @default "acme" */
  project?: string;
  /** The secrets of Secret Manager: versions by number, by the secret's name. */
  secrets?: Record<string, Record<string, string>>;
  /** The enabled services. @default run, logging, iam, cloudresourcemanager, serviceusage, secretmanager, sts, iamcredentials */
  services?: readonly string[];
  /** How long a Job takes to become ready, in milliseconds. @default 20 */
  reconcile?: number;
  /** How long an execution waits for its container, in milliseconds. @default 20 */
  start?: number;
  /** Between SIGTERM and SIGKILL, in milliseconds. @default 10000, as in Cloud Run */
  grace?: number;
  /** The largest text of a log entry, in characters; longer ones are split. @default 262144, like Cloud Logging's 256 KB */
  largestLogEntry?: number;
  /** How long after its creation an execution becomes visible in lists, in milliseconds. @default 0 */
  listLag?: number;
  /** How long a new binding takes to become effective, in milliseconds. @default 0 */
  bindingDelay?: number;
  /** Where the documents of OIDC issuers are, by `iss`, if not under the issuer's own URL: a fake issuer. @default none */
  issuers?: Record<string, string>;
  /** The longest time that an access token is valid, in seconds. @default 3600, as Google's */
  tokenLifetime?: number;
  /** How many calls each quota allows in a window. @default any number */
  quotas?: Partial<Record<"read" | "write" | "run" | "logRead", number>>;
  /** Length of a quota's window, in milliseconds. @default 60000, as in Google's */
  quotaWindow?: number;
}

export type Settled = Required<Omit<FakeGoogleCloudOptions, "port">>;

export function settled(options: FakeGoogleCloudOptions): Settled {
  return {
    ...COMMON_DEFAULTS,
    project: "acme",
    secrets: {},
    services: ["run", "logging", "iam", "cloudresourcemanager", "serviceusage", "secretmanager", "sts", "iamcredentials"].map(
      (name) => `${name}.googleapis.com`,
    ),
    reconcile: 20,
    start: 20,
    grace: 10_000,
    largestLogEntry: 262_144,
    listLag: 0,
    bindingDelay: 0,
    issuers: {},
    tokenLifetime: 3600,
    quotas: {},
    quotaWindow: 60_000,
    ...options,
  };
}

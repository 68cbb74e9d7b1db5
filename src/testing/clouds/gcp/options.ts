import { COMMON_DEFAULTS, type CommonOptions } from "../shared/options";

/** How the fake behaves. */
export interface FakeGoogleCloudOptions extends CommonOptions {
  /** Project id. @default "acme" */
  project?: string;
  /** Secret Manager: versions by number, of secrets by name. */
  secrets?: Record<string, Record<string, string>>;
  /** Services that are switched on. @default run, logging, iam, cloudresourcemanager, serviceusage, secretmanager */
  services?: readonly string[];
  /** How long a Job takes to get ready, in milliseconds. @default 20 */
  reconcile?: number;
  /** How long an execution waits for its container, in milliseconds. @default 20 */
  start?: number;
  /** Between SIGTERM and SIGKILL, in milliseconds. @default 10000, as Cloud Run's */
  grace?: number;
  /** Characters of a log entry's text; a longer one is split. @default 262144, as Cloud Logging's 256 KB */
  largestLogEntry?: number;
  /** How much later than it is made an execution shows up in lists, in milliseconds. @default 0 */
  listLag?: number;
  /** Until a new binding is known everywhere, in milliseconds. @default 0 */
  bindingDelay?: number;
  /** Calls in each window by quota; absent: any number. */
  quotas?: Partial<Record<"read" | "write" | "run" | "logRead", number>>;
  /** Length of a quota's window, in milliseconds. @default 60000, as Google's */
  quotaWindow?: number;
}

export type Settled = Required<Omit<FakeGoogleCloudOptions, "port">>;

export function settled(options: FakeGoogleCloudOptions): Settled {
  return {
    ...COMMON_DEFAULTS,
    project: "acme",
    secrets: {},
    services: ["run", "logging", "iam", "cloudresourcemanager", "serviceusage", "secretmanager"].map((name) => `${name}.googleapis.com`),
    reconcile: 20,
    start: 20,
    grace: 10_000,
    largestLogEntry: 262_144,
    listLag: 0,
    bindingDelay: 0,
    quotas: {},
    quotaWindow: 60_000,
    ...options,
  };
}

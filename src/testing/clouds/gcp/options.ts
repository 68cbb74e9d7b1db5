/** What the fake's container images do. */
export interface FakeImage {
  /** Before a Job's `command` replaces it. @default none */
  entrypoint?: readonly string[];
  /** What Cloud Run finds when it fetches it. @default "there" */
  access?: "there" | "missing" | "denied";
}

export interface FakeGoogleCloudOptions {
  /** Project id. @default "acme" */
  project?: string;
  /** @default a free one */
  port?: number;
  /** By name; any other is there and has no entrypoint. */
  images?: Record<string, FakeImage>;
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
  /** How much later than its time a log entry can be read, in milliseconds. @default 0 */
  logDelay?: number;
  /** Characters of a log entry's text; a longer one is split. @default 262144, as Cloud Logging's 256 KB */
  largestLogEntry?: number;
  /** How much later than it is made an execution shows up in lists, in milliseconds. @default 0 */
  listLag?: number;
  /** How long each answer takes, in milliseconds. @default 0 */
  latency?: number;
  /** Until new keys and bindings are known everywhere, in milliseconds. @default 0 */
  keyDelay?: number;
  bindingDelay?: number;
  /** Calls in each window by quota; absent: any number. */
  quotas?: Partial<Record<"read" | "write" | "run" | "logRead", number>>;
  /** Length of a quota's window, in milliseconds. @default 60000, as Google's */
  quotaWindow?: number;
  /** Run no command: executions go on until {@link World.finish}. @default false */
  simulated?: boolean;
}

export type Settled = Required<Omit<FakeGoogleCloudOptions, "port">>;

export function settled(options: FakeGoogleCloudOptions): Settled {
  return {
    project: "acme",
    images: {},
    secrets: {},
    services: ["run", "logging", "iam", "cloudresourcemanager", "serviceusage", "secretmanager"].map((name) => `${name}.googleapis.com`),
    reconcile: 20,
    start: 20,
    grace: 10_000,
    logDelay: 0,
    largestLogEntry: 262_144,
    listLag: 0,
    latency: 0,
    keyDelay: 0,
    bindingDelay: 0,
    quotas: {},
    quotaWindow: 60_000,
    simulated: false,
    ...options,
  };
}

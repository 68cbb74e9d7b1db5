/** What the container images of a fake cloud do. */
export interface FakeImage {
  /** The job's own command replaces it. @default none */
  entrypoint?: readonly string[];
  /** What the cloud finds when it fetches the image. @default "there" */
  access?: "there" | "missing" | "denied";
}

/** What can be set of every fake cloud. */
export interface CommonOptions {
  /** @default a free one */
  port?: number;
  /** By name. An image that is not named here exists, and has no entrypoint. */
  images?: Record<string, FakeImage>;
  /** Between SIGTERM and SIGKILL, in milliseconds. @default the cloud's own */
  grace?: number;
  /** Until a log line can be read, in milliseconds. @default 0 */
  logDelay?: number;
  /** How long each answer takes, in milliseconds. @default 0 */
  latency?: number;
  /** Until a new key is known everywhere, in milliseconds. @default 0 */
  keyDelay?: number;
  /** Run no command: a run goes on until it is stopped or a test finishes it. @default false */
  simulated?: boolean;
}

/** The defaults that every fake cloud has. */
export const COMMON_DEFAULTS = { images: {}, logDelay: 0, latency: 0, keyDelay: 0, simulated: false };

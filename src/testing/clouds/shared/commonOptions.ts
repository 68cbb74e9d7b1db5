/** How a container image of a fake cloud behaves. */
export interface FakeImage {
  /** A job's own command replaces it. @default none */
  entrypoint?: readonly string[];
  /** What the cloud finds when it fetches the image. @default "there" */
  access?: "there" | "missing" | "denied";
}

/** The options of every fake cloud. */
export interface CommonOptions {
  /** @default any free port */
  port?: number;
  /** By name. An image that is not in this list exists, and has no entrypoint. */
  images?: Record<string, FakeImage>;
  /** Between SIGTERM and SIGKILL, in milliseconds. @default the real cloud's */
  grace?: number;
  /** How long until a log line can be read, in milliseconds. @default 0 */
  logDelay?: number;
  /** How long each reply takes, in milliseconds. @default 0 */
  latency?: number;
  /** How long until a new key works, in milliseconds. @default 0 */
  keyDelay?: number;
  /** Run no command: a run continues until it is stopped or a test finishes it. @default false */
  simulated?: boolean;
}

/** The defaults of every fake cloud. */
export const COMMON_DEFAULTS = { images: {}, logDelay: 0, latency: 0, keyDelay: 0, simulated: false };

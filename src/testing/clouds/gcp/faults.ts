import type { Code } from "./errors";

/** What goes wrong with a call: before it is looked at, or after it was done. */
export type Fault =
  | { kind: "throttle" }
  | { kind: "unavailable" }
  | { kind: "internal" }
  /** Refused in Google's own words, before it is looked at; `reason`: of its ErrorInfo. */
  | { kind: "refuse"; code: Code; message: string; reason?: string }
  /** Answers with what a proxy in between might say. */
  | { kind: "badGateway" }
  /** The connection breaks; `after`: what was asked for has been done. */
  | { kind: "reset"; after: boolean }
  /** It is done, and 503 comes back. */
  | { kind: "unavailableAfter" }
  /** Milliseconds before anything happens. */
  | { kind: "delay"; ms: number }
  /** Milliseconds between doing and answering. */
  | { kind: "slowReply"; ms: number }
  /** No answer ever; `after`: what was asked for has been done. */
  | { kind: "hang"; after: boolean };

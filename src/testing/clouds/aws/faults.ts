/** What goes wrong with a call: before it is looked at, or after it was done. */
export type AwsFault =
  | { kind: "throttle" }
  | { kind: "unavailable" }
  | { kind: "internal" }
  /** Refused in AWS' own words, before it is looked at. */
  | { kind: "refuse"; type: string; message: string }
  /** `RunTask` answers 200 with a failure and no task. */
  | { kind: "failure"; reason: string; detail?: string }
  /** The connection breaks; `after`: what was asked for has been done. */
  | { kind: "reset"; after: boolean }
  /** It is done, and 503 comes back. */
  | { kind: "unavailableAfter" }
  /** Milliseconds before anything happens. */
  | { kind: "delay"; ms: number }
  /** No answer ever; `after`: what was asked for has been done. */
  | { kind: "hang"; after: boolean };

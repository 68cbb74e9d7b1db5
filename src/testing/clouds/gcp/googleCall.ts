import type { JsonObject } from "../../../json";
import type { World } from "./googleWorld";

/** A call, as its handler gets it. */
export interface Call {
  world: World;
  /** The caller: `serviceAccount:…`, `user:…`. */
  member: string;
  /** The named groups of the pattern, with their values. */
  path: Record<string, string>;
  query: URLSearchParams;
  body: JsonObject;
}

/** One method of a Google API. */
export interface Method {
  /** Its name in Google's audit logs: `run.jobs.run`. */
  id: string;
  verb: "GET" | "POST" | "PATCH" | "DELETE";
  /** With a named group for each key of `path`. */
  pattern: RegExp;
  /** For Cloud Run: Google's published message types of the request's body and the reply. */
  request?: string;
  reply?: string;
  quota?: "read" | "write" | "run" | "logRead";
  handle(call: Call): JsonObject;
}

/** A project in a path. */
export const PROJECT = "(?<project>[^/:]+)";
export const PLACE = `projects/${PROJECT}/locations/(?<region>[^/:]+)`;

/** The path after the version, as a pattern. */
export function path(version: string, rest: string): RegExp {
  return new RegExp(`^/${version}/${rest}$`);
}

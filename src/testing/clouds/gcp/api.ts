import type { JsonObject } from "../../../json";
import type { World } from "./world";

/** A call as its handler sees it. */
export interface Call {
  world: World;
  /** Who asks: `serviceAccount:…`, `user:…`. */
  member: string;
  /** The parts of the path that its pattern names. */
  path: Record<string, string>;
  query: URLSearchParams;
  body: JsonObject;
}

/** One method of a Google API. */
export interface Method {
  /** As Google's audit logs name it: `run.jobs.run`. */
  id: string;
  verb: "GET" | "POST" | "PATCH" | "DELETE";
  /** With a group for each name in `path`. */
  pattern: RegExp;
  /** `run`: one of Google's published message types, for the request's body and the reply. */
  request?: string;
  reply?: string;
  quota?: "read" | "write" | "run" | "logRead";
  handle(call: Call): JsonObject;
}

/** What a project is asked for in a path. */
export const PROJECT = "(?<project>[^/:]+)";
export const PLACE = `projects/${PROJECT}/locations/(?<region>[^/:]+)`;

/** The whole path after the version, as a pattern. */
export function path(version: string, rest: string): RegExp {
  return new RegExp(`^/${version}/${rest}$`);
}

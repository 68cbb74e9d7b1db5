import type { Json, JsonObject } from "../../../json";
import type { Fault } from "./azureFaults";
import type { World } from "./azureWorld";
import type { Principal } from "./directory";

/** A call as its handler sees it. */
export interface Call {
  world: World;
  /** Who asks. */
  caller: Principal;
  /** The parts of the path that its pattern names. */
  path: Record<string, string>;
  query: URLSearchParams;
  body: JsonObject;
  /** What a test has planted for it. */
  fault: Fault | undefined;
}

export interface Answer {
  /** @default 200 */
  status?: number;
  /** @default none */
  body?: Json;
  headers?: Record<string, string>;
}

/** One operation of Resource Manager or of a provider behind it. */
export interface Operation {
  /** As roles name it: `Microsoft.ContainerInstance/containerGroups/write`. It also names the call in records and faults. */
  action: string;
  verb: "GET" | "HEAD" | "PUT" | "POST" | "PATCH" | "DELETE";
  /** With a group for each name in `path`; `scope` is the resource whose roles count. */
  pattern: RegExp;
  /** The resource whose roles count, if the path does not name it. @default the path's `scope` */
  scopeOf?(call: Call): string;
  handle(call: Call): Answer;
}

const SUBSCRIPTION = "/subscriptions/(?<subscription>[^/]+)";
const GROUP = `${SUBSCRIPTION}/resourceGroups/(?<resourceGroup>[^/]+)`;

/**
 * A path as a pattern; Azure does not look at the case of its letters. `{S}` is a subscription, `{G}` a resource group in it, `{name}` one
 * part of the path.
 * @param scope the resource whose roles count
 * @param rest what follows it
 */
export function path(scope: string, rest = ""): RegExp {
  return new RegExp(`^(?<scope>${expanded(scope)})${expanded(rest)}$`, "i");
}

function expanded(text: string): string {
  return text
    .replaceAll("{G}", GROUP)
    .replaceAll("{S}", SUBSCRIPTION)
    .replaceAll(/\{(\w+)\}/g, "(?<$1>[^/]+)");
}

import type { JsonObject } from "../../../json";
import type { Call, Operation } from "./api";
import { type StoredType, storedOperations } from "./storedResources";

/** A resource type that the fake stores as it was written, and its checks. */
export interface KeptType extends Pick<StoredType<JsonObject>, "type" | "pattern" | "located" | "missing" | "checkDelete" | "deleted"> {
  /** @throws {ArmError} for a body that Azure refuses */
  check?(call: Call, properties: JsonObject): void;
  /** Properties that Azure fills in, when it is made. */
  filled?(call: Call): JsonObject;
  /** What changes beside the resource itself, once it is written. */
  written?(call: Call, resource: JsonObject): void;
}

const FILLED = new Set(["loginServer", "creationDate", "ipAddress"]);

export function keptOperations({ check, filled, written, ...kept }: KeptType): Operation[] {
  return storedOperations<JsonObject>({
    ...kept,
    all: (world) => world.kept,
    write: (call, before) => {
      const { body, path: parts } = call;
      const properties = (body.properties ?? {}) as JsonObject;
      check?.(call, properties);
      const own = before ? filledBefore(before, properties) : (filled?.(call) ?? {});
      const { scope = "", name = "" } = parts;
      const resource = { ...body, id: scope, name, type: kept.type, properties: { ...own, ...properties, provisioningState: "Succeeded" } };
      written?.(call, resource);
      return resource;
    },
    view: (resource) => resource,
  });
}

/** What Azure has filled in stays when the resource is written again. */
function filledBefore({ properties }: JsonObject, written: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(properties as JsonObject).filter(([name]) => FILLED.has(name) && written[name] === undefined));
}

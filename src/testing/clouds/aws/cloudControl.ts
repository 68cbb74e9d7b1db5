import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { isJsonObject, type Json, type JsonObject } from "../../../json";
import type { Call, Operation } from "./awsCall";
import { AwsError } from "./awsError";
import { RESOURCE_SCHEMAS, type ResourceSchema } from "./resourceSchemas";
import { RESOURCE_TYPES, type ResourceType } from "./resourceTypes";

/**
 * Cloud Control: one API for every type in CloudFormation's registry (https://docs.aws.amazon.com/cloudcontrolapi/latest/APIReference). It
 * accepts a request, and reports its status by its token.
 */
export const CLOUD_CONTROL_OPERATIONS: readonly Operation[] = [
  operation("CreateResource", (call) => {
    const type = typeNamed(call);
    const desired = jsonIn(call.body.DesiredState, "DesiredState") as JsonObject;
    checkModel(type.schema, desired);
    return requested(call, "CREATE", () => {
      checkHandler(call, type, "create");
      const Identifier = type.create(call.world, desired);
      return { Identifier, model: modelOf(call, type, Identifier) };
    });
  }),
  operation("UpdateResource", (call) => {
    const type = typeNamed(call);
    if (type.schema.permissions.update === undefined)
      throw new AwsError("UnsupportedActionException", `Resource type ${type.name} does not support UPDATE action`);
    const { identifier, model } = existing(call, type);
    const next = patched(model, jsonIn(call.body.PatchDocument, "PatchDocument") as unknown as Patch[]);
    checkChange(type.schema, model, next);
    return requested(call, "UPDATE", () => {
      checkHandler(call, type, "update", identifier);
      if (!type.update) throw new CloudControlError("GeneralServiceException", `the fake does not update ${type.name}`);
      type.update(call.world, identifier, next);
      return { Identifier: identifier, model: modelOf(call, type, identifier) };
    });
  }),
  operation("DeleteResource", (call) => {
    const type = typeNamed(call);
    return requested(call, "DELETE", () => {
      checkHandler(call, type, "delete", String(call.body.Identifier));
      const { identifier } = existing(call, type);
      type.remove(call.world, identifier);
      return { Identifier: identifier };
    });
  }),
  operation("GetResource", (call) => {
    const type = typeNamed(call);
    checkHandler(call, type, "read");
    const { identifier, model } = existing(call, type);
    return { TypeName: type.name, ResourceDescription: { Identifier: identifier, Properties: JSON.stringify(model) } };
  }),
  operation("GetResourceRequestStatus", ({ world, body }) => {
    const event = world.requests.get(String(body.RequestToken));
    if (!event) throw new AwsError("RequestTokenNotFoundException", `Request token ${String(body.RequestToken)} was not found.`);
    return { ProgressEvent: event };
  }),
];

/** Why an accepted request failed, with Cloud Control's own code. */
class CloudControlError extends Error {
  constructor(
    readonly code: "InvalidRequest" | "GeneralServiceException",
    message: string,
  ) {
    super(message);
  }
}

function operation(name: string, handle: Operation["handle"]): Operation {
  return {
    action: `cloudcontrolapi:${name}`,
    handle: (call) => {
      call.world.iam.check(call.principal, `cloudformation:${name}`, call.world.arn("cloudformation", "resource/*"));
      return handle(call);
    },
  };
}

/** Accept a request. Its result is in its status. */
function requested(call: Call, Operation: string, work: () => { Identifier: string; model?: JsonObject | undefined }): JsonObject {
  const request = { TypeName: String(call.body.TypeName), RequestToken: randomUUID(), Operation, EventTime: Date.now() / 1000 };
  let ended: JsonObject;
  try {
    const { Identifier, model } = work();
    ended = { OperationStatus: "SUCCESS", Identifier, ...(model ? { ResourceModel: JSON.stringify(model) } : {}) };
  } catch (error) {
    if (!(error instanceof AwsError) && !(error instanceof CloudControlError)) throw error;
    ended = { OperationStatus: "FAILED", ErrorCode: codeOf(error), StatusMessage: error.message };
  }
  call.world.requests.set(request.RequestToken, { ...request, ...ended });
  return { ProgressEvent: { ...request, OperationStatus: "IN_PROGRESS" } };
}

function codeOf(error: AwsError | CloudControlError): string {
  if (error instanceof CloudControlError) return error.code;
  if (error.type === "AccessDeniedException") return "AccessDenied";
  if (/AlreadyExists/.test(error.type)) return "AlreadyExists";
  if (/InvalidParameter/.test(error.type)) return "InvalidRequest";
  return /NotFound/.test(error.type) ? "NotFound" : "GeneralServiceException";
}

type NamedType = ResourceType & { name: string; schema: ResourceSchema };

function typeNamed({ body }: Call): NamedType {
  const name = String(body.TypeName);
  const [type, schema] = [RESOURCE_TYPES[name], RESOURCE_SCHEMAS[name]];
  if (!type || !schema) throw new AwsError("TypeNotFoundException", `The type '${name}' cannot be found.`);
  return { ...type, name, schema };
}

/** @throws {AwsError} if the resource does not exist */
function existing(call: Call, type: NamedType): { identifier: string; model: JsonObject } {
  const identifier = String(call.body.Identifier);
  const model = modelOf(call, type, identifier);
  if (model) return { identifier, model };
  throw new AwsError("ResourceNotFoundException", `Resource of type '${type.name}' with identifier '${identifier}' was not found.`);
}

/** The properties of a resource that its schema has. */
function modelOf({ world }: Call, { schema, read }: NamedType, identifier: string): JsonObject | undefined {
  const found = read(world, identifier);
  const known = new Set([...schema.properties, ...schema.readOnly]);
  return found && Object.fromEntries(Object.entries(found).filter(([name]) => known.has(name)));
}

/** @throws {AwsError} for properties that are not in the schema, and for missing ones that it requires */
function checkModel({ properties, required }: ResourceSchema, model: JsonObject): void {
  const faults = [
    ...required.filter((name) => model[name] === undefined).map((name) => `#: required key [${name}] not found`),
    ...Object.keys(model)
      .filter((name) => !properties.includes(name))
      .map((name) => `#: extraneous key [${name}] is not permitted`),
  ];
  if (faults.length > 0) throw new AwsError("ValidationException", `Model validation failed (${faults.join("\n")})`);
}

/** @throws {AwsError} for properties that no update may change, and for a model that is invalid */
function checkChange(schema: ResourceSchema, before: JsonObject, after: JsonObject): void {
  const changed = (names: readonly string[]) =>
    names.filter((name) => !isDeepStrictEqual(before[name], after[name])).map((name) => `/properties/${name}`);
  const [readOnly, createOnly] = [changed(schema.readOnly), changed(schema.createOnly)];
  if (readOnly.length > 0)
    throw new AwsError("ValidationException", `Invalid patch update: readOnlyProperties [${readOnly.join(", ")}] cannot be updated`);
  if (createOnly.length > 0)
    throw new AwsError("NotUpdatableException", `Invalid patch update: createOnlyProperties [${createOnly.join(", ")}] cannot be updated`);
  checkModel(schema, Object.fromEntries(Object.entries(after).filter(([name]) => !schema.readOnly.includes(name))));
}

/** The handlers of a type call its service in the name of the caller. @throws {AwsError} if the caller may not */
function checkHandler({ world, principal }: Call, { schema }: NamedType, handler: "create" | "read" | "update" | "delete", id = "*"): void {
  const { permissions, resource } = schema;
  const service = resource.slice(0, resource.indexOf(":"));
  const what = `${resource.slice(service.length + 1)}${id}`;
  // A permission to describe applies to all resources or to none.
  const describes = permissions[handler] === permissions.read;
  world.iam.check(principal, `${service}:${permissions[handler]}`, describes ? "*" : world.arn(service, what));
}

interface Patch {
  op: string;
  path: string;
  value?: Json;
}

/** A model after a JSON Patch of whole properties (RFC 6902). */
function patched(model: JsonObject, patches: readonly Patch[]): JsonObject {
  const next = { ...model };
  for (const { op, path, value } of patches) {
    const [, name = ""] = /^\/([^/]+)$/.exec(path) ?? [];
    if (name === "" || !["add", "replace", "remove"].includes(op))
      throw new CloudControlError("InvalidRequest", `the fake does not support the patch ${op} of ${path}`);
    if (op === "remove") delete next[name];
    else next[name] = value as Json;
  }
  return next;
}

function jsonIn(text: unknown, field: string): Json {
  try {
    const value = JSON.parse(String(text)) as Json;
    if (isJsonObject(value) || Array.isArray(value)) return value;
  } catch {
    // Reported below.
  }
  throw new AwsError("ValidationException", `${field} is not valid JSON`);
}

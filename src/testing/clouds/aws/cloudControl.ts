import { randomUUID } from "node:crypto";
import { isJsonObject, type Json, type JsonObject } from "../../../json";
import type { Call, Operation } from "./api";
import { AwsError } from "./errors";
import { RESOURCE_TYPES, type ResourceType } from "./resourceTypes";

/**
 * Cloud Control: one API for every type in CloudFormation's registry (https://docs.aws.amazon.com/cloudcontrolapi/latest/APIReference). It
 * accepts a request, and reports its status by its token.
 */
export const CLOUD_CONTROL_OPERATIONS: readonly Operation[] = [
  operation("CreateResource", (call) =>
    requested(call, "CREATE", (type) => {
      const Identifier = type.create(call.world, jsonIn(call.body.DesiredState, "DesiredState") as JsonObject);
      return { Identifier, model: type.read(call.world, Identifier) };
    }),
  ),
  operation("UpdateResource", (call) =>
    requested(call, "UPDATE", (type) => {
      const { type: TypeName, identifier, model } = existing(call, type);
      if (!type.update) throw new CloudControlError("NotUpdatable", `Resource of type '${TypeName}' does not support UPDATE.`);
      type.update(call.world, identifier, patched(model, jsonIn(call.body.PatchDocument, "PatchDocument") as unknown as Patch[]));
      return { Identifier: identifier, model: type.read(call.world, identifier) };
    }),
  ),
  operation("DeleteResource", (call) =>
    requested(call, "DELETE", (type) => {
      const { identifier } = existing(call, type);
      type.remove(call.world, identifier);
      return { Identifier: identifier };
    }),
  ),
  operation("GetResource", (call) => {
    const { type, identifier, model } = existing(call, typeNamed(call));
    return { TypeName: type, ResourceDescription: { Identifier: identifier, Properties: JSON.stringify(model) } };
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
    readonly code: "AlreadyExists" | "NotFound" | "NotUpdatable" | "InvalidRequest" | "GeneralServiceException",
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
function requested(
  call: Call,
  Operation: string,
  work: (type: ResourceType) => { Identifier: string; model?: JsonObject | undefined },
): JsonObject {
  const type = typeNamed(call);
  const request = { TypeName: String(call.body.TypeName), RequestToken: randomUUID(), Operation, EventTime: Date.now() / 1000 };
  let ended: JsonObject;
  try {
    const { Identifier, model } = work(type);
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
  if (/AlreadyExists/.test(error.type)) return "AlreadyExists";
  if (/InvalidParameter/.test(error.type)) return "InvalidRequest";
  return /NotFound/.test(error.type) ? "NotFound" : "GeneralServiceException";
}

function typeNamed({ body }: Call): ResourceType {
  const type = RESOURCE_TYPES[String(body.TypeName)];
  if (!type) throw new AwsError("TypeNotFoundException", `The type '${String(body.TypeName)}' cannot be found.`);
  return type;
}

/** @throws {AwsError} if the resource does not exist */
function existing({ world, body }: Call, type: ResourceType): { type: string; identifier: string; model: JsonObject } {
  const [name, identifier] = [String(body.TypeName), String(body.Identifier)];
  const model = type.read(world, identifier);
  if (!model) throw new AwsError("ResourceNotFoundException", `Resource of type '${name}' with identifier '${identifier}' was not found.`);
  return { type: name, identifier, model };
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

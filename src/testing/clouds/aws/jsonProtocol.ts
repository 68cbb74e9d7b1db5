import { randomUUID } from "node:crypto";
import type { JsonObject } from "../../../json";
import { bodyOf } from "../shared/requests";
import { TokenBuckets } from "../shared/tokenBuckets";
import type { Operation } from "./awsCall";
import { AwsError, throttled } from "./awsError";
import type { Parts, Protocol } from "./awsServer";
import { CLOUD_CONTROL_OPERATIONS } from "./cloudControl";
import { ECR_OPERATIONS } from "./ecrRegistry";
import { ECS_OPERATIONS } from "./ecsOperations";
import { LOGS_OPERATIONS } from "./logsOperations";
import { checkSignature, readAuthorization } from "./signature";
import { SSM_OPERATIONS } from "./ssmOperations";

/**
 * The services with a JSON API, by the prefix of their `X-Amz-Target` header. To add a service, write a file of operations and add a line
 * here.
 */
const JSON_SERVICES: Record<string, { service: string; operations: readonly Operation[] }> = {
  AmazonEC2ContainerServiceV20141113: { service: "ecs", operations: ECS_OPERATIONS },
  Logs_20140328: { service: "logs", operations: LOGS_OPERATIONS },
  CloudApiService: { service: "cloudcontrolapi", operations: CLOUD_CONTROL_OPERATIONS },
  AmazonEC2ContainerRegistry_V20150921: { service: "ecr", operations: ECR_OPERATIONS },
  AmazonSSM: { service: "ssm", operations: SSM_OPERATIONS },
};

/** AWS' JSON protocol: the operation in a header, JSON in both directions. */
export function jsonProtocol({ world, contract }: Parts): Protocol {
  const buckets = new TokenBuckets();
  const targetOf = (headers: Record<string, string | undefined>) => {
    const [prefix = "", name = ""] = (headers["x-amz-target"] ?? "").split(".");
    return { known: JSON_SERVICES[prefix], prefix, name };
  };
  return {
    actionOf: ({ headers }) => {
      const { known, prefix, name } = targetOf(headers);
      return `${known?.service ?? prefix}:${name}`;
    },
    answer: (request, record, fault) => {
      const { known } = targetOf(request.headers);
      const operation = known?.operations.find(({ action }) => action === record.action);
      if (!known || !operation) throw new AwsError("UnknownOperationException", "");
      const signed = readAuthorization(request.headers.authorization);
      record.accessKeyId = signed.accessKeyId;
      const caller = world.iam.usable(signed.accessKeyId, request.headers["x-amz-security-token"]);
      if (!caller) throw new AwsError("UnrecognizedClientException", "The security token included in the request is invalid.");
      checkSignature(request, signed, caller.key.secretAccessKey);
      if (signed.region !== world.options.region || signed.service !== known.service)
        throw new AwsError("InvalidSignatureException", "Credential should be scoped to a valid region.");
      const body = bodyOf(request.body, () => new AwsError("SerializationException", ""));
      record.body = body;
      for (const bucket of operation.buckets?.(body) ?? []) {
        const size = world.options.buckets[bucket];
        if (size && buckets.take(bucket, size) < 0) throw throttled();
      }
      if (operation.shapes) contract.checkRequest(body, operation.shapes.request);
      const reply = fault?.kind === "failure" ? failure(fault) : operation.handle({ world, principal: caller.principal, body });
      if (operation.shapes) contract.checkReply(reply, operation.shapes.reply);
      return reply;
    },
    respond: (action, status, reply) => {
      // CloudWatch Logs sends no body if it has nothing to return.
      const empty = status === 200 && action.startsWith("logs:") && Object.keys(reply).length === 0;
      return new Response(empty ? "" : JSON.stringify(reply), {
        status,
        headers: { "content-type": "application/x-amz-json-1.1", "x-amzn-requestid": randomUUID() },
      });
    },
  };
}

function failure({ reason, detail }: { reason: string; detail?: string }): JsonObject {
  return { tasks: [], failures: [{ reason, ...(detail === undefined ? {} : { detail }) }] };
}

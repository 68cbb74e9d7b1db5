import { randomUUID } from "node:crypto";
import { AwsError } from "./awsError";
import type { Principal } from "./awsIam";
import type { Protocol } from "./awsServer";
import type { World } from "./awsWorld";
import { IAM_OPERATIONS } from "./iamOperations";
import { checkSignature, readAuthorization, type SignedRequest } from "./signature";
import { STS_OPERATIONS } from "./stsOperations";
import { webIdentitySession } from "./webIdentity";
import { escaped } from "./xml";

/** A call of the Query protocol: a form with an action, a version and parameters. */
export interface QueryCall {
  world: World;
  principal: Principal;
  parameters: URLSearchParams;
}

/** @returns the XML inside `<ActionResult>` */
export type QueryOperation = (call: QueryCall) => string;

/** The services with a Query API, by their name in a signature. To add a service, write a file of operations and add a line here. */
const QUERY_SERVICES: Record<string, QueryService> = {
  iam: {
    version: "2010-05-08",
    namespace: "https://iam.amazonaws.com/doc/2010-05-08/",
    operations: IAM_OPERATIONS,
    // IAM has one endpoint in each partition.
    regions: { aws: "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1" },
  },
  sts: { version: "2011-06-15", namespace: "https://sts.amazonaws.com/doc/2011-06-15/", operations: STS_OPERATIONS },
};

interface QueryService {
  version: string;
  namespace: string;
  operations: Record<string, QueryOperation>;
  /** The region of the service, by partition. @default every region */
  regions?: Record<string, string>;
}

/** The one action that needs no signature: the token says who calls. */
const UNSIGNED = "AssumeRoleWithWebIdentity";

/** AWS' Query protocol: a form as request, XML as reply. Both botocore and the SDK can parse the errors. */
export function queryProtocol(world: World): Protocol {
  return {
    actionOf: ({ headers, body }) => {
      const action = new URLSearchParams(body).get("Action") ?? "";
      return `${action === UNSIGNED ? "sts" : serviceOf(headers)}:${action}`;
    },
    answer: (request, record) => {
      const form = new URLSearchParams(request.body);
      if (form.get("Action") === UNSIGNED) return webIdentitySession(world, form).then((result) => ({ xml: result }));
      const signed = readAuthorization(request.headers.authorization);
      record.accessKeyId = signed.accessKeyId;
      const service = QUERY_SERVICES[signed.service];
      const caller = world.iam.usable(signed.accessKeyId, request.headers["x-amz-security-token"]);
      // Query services use other names for the same errors.
      if (!caller) throw new AwsError("InvalidClientTokenId", "The security token included in the request is invalid.", 403);
      checkQuerySignature(request, signed, caller.key.secretAccessKey);
      if (!service || signed.region !== (service.regions?.[world.partition] ?? world.options.region))
        throw new AwsError("SignatureDoesNotMatch", "Credential should be scoped to a valid region.", 403);
      const parameters = new URLSearchParams(request.body);
      const [action, version] = [parameters.get("Action") ?? "", parameters.get("Version") ?? ""];
      const operation = version === service.version ? service.operations[action] : undefined;
      if (!operation)
        throw new AwsError("InvalidAction", `Could not find operation ${action} for version ${version || "NO_VERSION_SPECIFIED"}`);
      return { xml: allowed(() => operation({ world, principal: caller.principal, parameters })) };
    },
    respond: (action, status, reply, failed) => {
      const [service = "", name = ""] = action.split(":");
      const requestId = randomUUID();
      const body = failed
        ? errorXml(status, reply, requestId)
        : resultXml(name, String(reply.xml ?? ""), QUERY_SERVICES[service]?.namespace ?? "", requestId);
      return new Response(body, { status, headers: { "content-type": "text/xml", "x-amzn-requestid": requestId } });
    },
  };
}

/** Query services report a missing permission in their own way. */
function allowed<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof AwsError) || error.type !== "AccessDeniedException") throw error;
    throw new AwsError("AccessDenied", error.message, 403);
  }
}

/** The service is the one that the signature names. */
function serviceOf(headers: SignedRequest["headers"]): string {
  return /Credential=[^/]+\/[^/]+\/[^/]+\/([^/]+)\//.exec(headers.authorization ?? "")?.[1] ?? "";
}

function resultXml(action: string, result: string, namespace: string, requestId: string): string {
  const inside = `<${action}Result>${result}</${action}Result><ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata>`;
  return `<${action}Response xmlns="${namespace}">${inside}</${action}Response>`;
}

function errorXml(status: number, { __type, message }: { [key: string]: unknown }, requestId: string): string {
  const error = `<Type>${status >= 500 ? "Receiver" : "Sender"}</Type><Code>${__type}</Code><Message>${escaped(String(message))}</Message>`;
  return `<ErrorResponse><Error>${error}</Error><RequestId>${requestId}</RequestId></ErrorResponse>`;
}

function checkQuerySignature(...[request, signed, secret]: Parameters<typeof checkSignature>): void {
  try {
    checkSignature(request, signed, secret);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw new AwsError("SignatureDoesNotMatch", error.message, 403);
  }
}

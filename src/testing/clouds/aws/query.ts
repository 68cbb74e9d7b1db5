import { randomUUID } from "node:crypto";
import { AwsError } from "./errors";
import type { Principal } from "./iam";
import { checkSignature, readAuthorization, type SignedRequest } from "./signature";
import { STS_OPERATIONS } from "./stsOperations";
import type { World } from "./world";

/** A call by the Query protocol: a form with an action, a version and its parameters. */
export interface QueryCall {
  world: World;
  principal: Principal;
  parameters: URLSearchParams;
}

/** @returns the XML inside `<ActionResult>` */
export type QueryOperation = (call: QueryCall) => string;

/** A service that speaks the Query protocol, by its name in a signature. A further one is a file of its operations, and a line here. */
const QUERY_SERVICES: Record<string, { version: string; namespace: string; operations: Record<string, QueryOperation> }> = {
  sts: { version: "2011-06-15", namespace: "https://sts.amazonaws.com/doc/2011-06-15/", operations: STS_OPERATIONS },
};

/** As `sts:GetCallerIdentity`: what a form asks of the service that its signature is for. */
export function actionOf({ headers, body }: SignedRequest): string {
  const [, service = ""] = /Credential=[^/]+\/[^/]+\/[^/]+\/([^/]+)\//.exec(headers.authorization ?? "") ?? [];
  return `${service}:${new URLSearchParams(body).get("Action") ?? ""}`;
}

/**
 * Answer a call of the Query protocol: XML back, errors too (botocore's parser and the SDK's read them alike).
 * @param refused what a planted fault says in place of an answer
 */
export function answerQuery(world: World, request: SignedRequest, refused?: AwsError): { accessKeyId?: string; response: Response } {
  let accessKeyId: string | undefined;
  const requestId = randomUUID();
  const answered = (status: number, body: string) => ({
    ...(accessKeyId === undefined ? {} : { accessKeyId }),
    response: new Response(body, { status, headers: { "content-type": "text/xml", "x-amzn-requestid": requestId } }),
  });
  try {
    if (refused) throw refused;
    const signed = readAuthorization(request.headers.authorization);
    accessKeyId = signed.accessKeyId;
    const service = QUERY_SERVICES[signed.service];
    const known = world.iam.usable(signed.accessKeyId, request.headers["x-amz-security-token"]);
    // STS answers keys that nobody knows with a name of its own.
    if (!known) throw new AwsError("InvalidClientTokenId", "The security token included in the request is invalid.", 403);
    checkSignatureAsSts(request, signed, known.key.secretAccessKey);
    if (!service || signed.region !== world.options.region)
      throw new AwsError("SignatureDoesNotMatch", "Credential should be scoped to a valid region.", 403);
    const parameters = new URLSearchParams(request.body);
    const [action, version] = [parameters.get("Action") ?? "", parameters.get("Version") ?? ""];
    const operation = version === service.version ? service.operations[action] : undefined;
    if (!operation)
      throw new AwsError("InvalidAction", `Could not find operation ${action} for version ${version || "NO_VERSION_SPECIFIED"}`);
    const result = operation({ world, principal: known.principal, parameters });
    const inside = `<${action}Result>${result}</${action}Result><ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata>`;
    return answered(200, `<${action}Response xmlns="${service.namespace}">${inside}</${action}Response>`);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const told = `<Type>${error.status >= 500 ? "Receiver" : "Sender"}</Type><Code>${error.type}</Code><Message>${escaped(error.message)}</Message>`;
    return answered(error.status, `<ErrorResponse><Error>${told}</Error><RequestId>${requestId}</RequestId></ErrorResponse>`);
  }
}

/** The same findings as elsewhere, under the names that the Query services have for them. */
function checkSignatureAsSts(...[request, signed, secret]: Parameters<typeof checkSignature>): void {
  try {
    checkSignature(request, signed, secret);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw new AwsError("SignatureDoesNotMatch", error.message, 403);
  }
}

export function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

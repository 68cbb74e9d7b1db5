import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { AwsError } from "./awsError";
import type { AccessKey } from "./awsIam";

export interface SignedRequest {
  method: string;
  /** Path and query, as sent. */
  path: string;
  headers: Record<string, string | undefined>;
  body: string;
}

/** The contents of an `Authorization` header of AWS' signature version 4. */
export interface Signed {
  accessKeyId: string;
  date: string;
  region: string;
  service: string;
  names: string[];
  signature: string;
}

const WRONG =
  "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";

/** @throws {AwsError} if there is none */
export function readAuthorization(header: string | undefined): Signed {
  if (header === undefined) throw new AwsError("MissingAuthenticationTokenException", "Missing Authentication Token");
  const [, accessKeyId, date, region, service, names, signature] =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      header,
    ) ?? [];
  if (!accessKeyId || !date || !region || !service || !names || !signature)
    throw new AwsError("IncompleteSignatureException", "Authorization header requires 'Credential' parameter.");
  return { accessKeyId, date, region, service, names: names.split(";"), signature };
}

/**
 * Check a signature (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html).
 * @throws {AwsError} with AWS' message
 */
export function checkSignature(request: SignedRequest, signed: Signed, secret: string): void {
  const at = request.headers["x-amz-date"] ?? "";
  const time = Date.parse(at.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
  const late = Date.now() - time;
  if (!(late < TOLERANCE)) throw new AwsError("InvalidSignatureException", `Signature expired: ${at} is now earlier than ${span("-")}`);
  if (!(late > -TOLERANCE))
    throw new AwsError("InvalidSignatureException", `Signature not yet current: ${at} is still later than ${span("+")}`);
  const expected = Buffer.from(signatureOf(request, signed, secret), "hex");
  if (!timingSafeEqual(expected, Buffer.from(signed.signature, "hex"))) throw new AwsError("InvalidSignatureException", WRONG);
}

/** The headers that sign a call with a body. */
export function sign(
  request: { path: string; headers: Record<string, string>; body: string },
  { accessKeyId, secretAccessKey }: AccessKey,
  { region, service }: { region: string; service: string },
): Record<string, string> {
  const time = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const headers = { ...request.headers, "x-amz-date": time };
  const names = Object.keys(headers).sort();
  const scope = { date: time.slice(0, 8), region, service, names };
  const signature = signatureOf({ ...request, method: "POST", headers }, scope, secretAccessKey);
  const credential = `${accessKeyId}/${scope.date}/${region}/${service}/aws4_request`;
  const authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names.join(";")}, Signature=${signature}`;
  return { ...headers, authorization };
}

function signatureOf(
  request: SignedRequest,
  { date, region, service, names }: Omit<Signed, "accessKeyId" | "signature">,
  secret: string,
): string {
  const [path = "/", query = ""] = request.path.split("?");
  const canonical = [
    request.method,
    path,
    query.split("&").sort().join("&"),
    ...names.map((name) => `${name}:${(request.headers[name] ?? "").trim().replaceAll(/\s+/g, " ")}`),
    "",
    names.join(";"),
    sha256(request.body),
  ].join("\n");
  const scope = `${date}/${region}/${service}/aws4_request`;
  const text = ["AWS4-HMAC-SHA256", request.headers["x-amz-date"] ?? "", scope, sha256(canonical)].join("\n");
  const key = [date, region, service, "aws4_request"].reduce<Buffer | string>((previous, part) => hmac(previous, part), `AWS4${secret}`);
  return hmac(key, text).toString("hex");
}

/** How far a signature's time may be from now, in milliseconds. */
const TOLERANCE = 300_000;

/** The limit of the allowed time, as AWS writes it. */
function span(sign: "+" | "-"): string {
  const written = (at: number) => new Date(at).toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const now = Date.now();
  return `${written(now + (sign === "+" ? TOLERANCE : -TOLERANCE))} (${written(now)} ${sign} 5 min.)`;
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

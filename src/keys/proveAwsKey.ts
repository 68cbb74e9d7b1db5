import { createHash, createHmac } from "node:crypto";
import { ask, type KeyProven, KeyRefused, type KeyToProve, timeOf } from "./keyRefused";

const BODY = "Action=GetCallerIdentity&Version=2011-06-15";

/**
 * Prove an access key by `sts:GetCallerIdentity`, which needs no permission
 * (https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html).
 * @param clockOffset the cloud's clock minus this machine's, in milliseconds: AWS refuses signatures of another time
 * @throws {KeyRefused}
 */
export async function proveAwsKey(key: KeyToProve<"secretAccessKey", "region">, clockOffset = 0): Promise<KeyProven> {
  const { response, text } = await ask(key.service, {
    method: "POST",
    headers: signed(key, new Date(Date.now() + clockOffset)),
    body: BODY,
  });
  if (response.ok) return { provenAt: timeOf(response) };
  const [, code = `HTTP ${response.status}`] = /<Code>([^<]*)<\/Code>/.exec(text) ?? [];
  const [, message = ""] = /<Message>([^<]*)<\/Message>/.exec(text) ?? [];
  const time = Date.parse(response.headers.get("date") ?? "");
  // The signature had the wrong time: it is made again with AWS' time, once.
  if (clockOffset === 0 && Math.abs(time - Date.now()) > 60_000 && /Signature|RequestExpired/.test(code))
    return proveAwsKey(key, time - Date.now());
  // IAM is eventually consistent: AWS does not know a young key everywhere.
  const mayPass = response.status >= 500 || /^(InvalidClientTokenId|Throttling|SignatureDoesNotMatch|AccessDenied)/.test(code);
  throw new KeyRefused(`${code}${message === "" ? "" : `: ${message.replaceAll(/\s+/g, " ")}`}`, mayPass);
}

/** The headers of AWS' signature version 4 (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html). */
function signed(
  { keyId, key: { secretAccessKey }, service, place: { region } }: KeyToProve<"secretAccessKey", "region">,
  at: Date,
): Record<string, string> {
  const { host, pathname } = new URL(service);
  const time = at.toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const headers = { "content-type": "application/x-www-form-urlencoded; charset=utf-8", host, "x-amz-date": time };
  const names = Object.keys(headers).join(";");
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}`);
  const canonical = ["POST", pathname, "", ...lines, "", names, sha256(BODY)].join("\n");
  const scope = `${time.slice(0, 8)}/${region}/sts/aws4_request`;
  const text = ["AWS4-HMAC-SHA256", time, scope, sha256(canonical)].join("\n");
  const secret = [time.slice(0, 8), region, "sts", "aws4_request"].reduce<Buffer | string>(hmac, `AWS4${secretAccessKey}`);
  const authorization = `AWS4-HMAC-SHA256 Credential=${keyId}/${scope}, SignedHeaders=${names}, Signature=${hmac(secret, text).toString("hex")}`;
  const { host: _, ...sent } = headers;
  return { ...sent, authorization };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

import { type IdentityFault, verifyIdentity } from "../shared/verifyIdentity";
import { AwsError } from "./awsError";
import type { World } from "./awsWorld";
import { holds, listOf, type OneOrMany } from "./conditions";
import { sessionOf } from "./stsOperations";
import { xml } from "./xml";

/** A statement of a role's trust policy. */
export interface TrustStatement {
  Effect: "Allow" | "Deny";
  Principal: { Service?: string | string[]; AWS?: string | string[]; Federated?: string | string[] };
  Action: OneOrMany;
  Condition?: Record<string, Record<string, OneOrMany>>;
}

export function trustStatements({ Statement }: { Statement: TrustStatement | TrustStatement[] }): TrustStatement[] {
  return [Statement].flat();
}

/** Issuers of which anyone can get tokens, with the claim that a trust policy must name (identity-provider controls for shared providers). */
const SHARED: Record<string, string> = {
  "token.actions.githubusercontent.com": "sub",
  "gitlab.com": "sub",
  "app.terraform.io": "sub",
};

/** @throws {AwsError} for a trust that is open to all users of a shared issuer */
export function checkSharedIssuer({ Principal: { Federated = [] }, Condition = {} }: TrustStatement): void {
  for (const arn of [Federated].flat()) {
    const host = arn.replace(/^.*:oidc-provider\//, "");
    const claim = SHARED[host];
    if (claim === undefined) continue;
    const named = Object.values(Condition).flatMap((keys) => Object.entries(keys));
    const given = named.find(([key]) => key === `${host}:${claim}`)?.[1];
    if (given === undefined || listOf(given).some((each) => each === "*"))
      throw new AwsError("MalformedPolicyDocument", `The trust policy must evaluate ${host}:${claim} with a specific value.`);
  }
}

/**
 * AssumeRoleWithWebIdentity: the trust policy of the role decides by the claims of the token
 * (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html).
 * @returns the XML of the result
 * @throws {AwsError} with AWS' code and message
 */
export async function webIdentitySession(world: World, form: URLSearchParams): Promise<string> {
  const [arn, session] = [form.get("RoleArn") ?? "", form.get("RoleSessionName") ?? ""];
  if (!/^[\w+=,.@-]{2,64}$/.test(session))
    throw new AwsError(
      "ValidationError",
      `1 validation error detected: Value '${session}' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*`,
    );
  const identity = await verifyIdentity(form.get("WebIdentityToken") ?? "", world.options.issuers);
  if ("fault" in identity) throw errorOf(identity);
  const host = identity.iss.replace(/^https?:\/\//, "");
  const providerArn = world.iam.arn(`oidc-provider/${host}`);
  const provider = world.iam.oidcProviders.get(providerArn);
  if (!provider) throw new AwsError("InvalidIdentityToken", `No OpenIDConnect provider found in your account for ${identity.iss}`);
  const audience = identity.aud.find((each) => provider.clientIds.includes(each));
  if (audience === undefined) throw new AwsError("InvalidIdentityToken", "Incorrect token audience");
  const role = world.iam.roles.get(arn);
  const context = { [`${host}:aud`]: audience, [`${host}:sub`]: identity.sub };
  const fitting = role?.trustPolicy === undefined ? [] : trustStatements(JSON.parse(role.trustPolicy)).filter(isFor(providerArn, context));
  if (!role || fitting.length === 0 || fitting.some(({ Effect }) => Effect === "Deny"))
    throw new AwsError("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", 403);
  return xml({
    SubjectFromWebIdentityToken: identity.sub,
    Audience: audience,
    Provider: providerArn,
    ...sessionOf(world, role, session, Number(form.get("DurationSeconds") ?? 3600)),
  });
}

function isFor(providerArn: string, context: Record<string, string>): (statement: TrustStatement) => boolean {
  return ({ Principal: { Federated = [] }, Action, Condition = {} }) =>
    [Federated].flat().includes(providerArn) &&
    listOf(Action).some((action) => action === "sts:AssumeRoleWithWebIdentity" || action === "sts:*") &&
    Object.entries(Condition).every(([operator, keys]) =>
      Object.entries(keys).every(([key, wanted]) => holds(operator, context[key], listOf(wanted))),
    );
}

function errorOf(fault: IdentityFault): AwsError {
  switch (fault.fault) {
    case "expired":
      return new AwsError(
        "ExpiredTokenException",
        `Token expired: current date/time ${fault.now} must be before the expiration date/time ${fault.exp}`,
      );
    case "malformed":
      return new AwsError(
        "InvalidIdentityToken",
        "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
      );
    case "notYet":
      return new AwsError("InvalidIdentityToken", "The ID Token is not valid yet");
    case "unreachable":
    case "unknownKey":
      return new AwsError(
        "InvalidIdentityToken",
        "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements",
      );
    case "signature":
      return new AwsError("InvalidIdentityToken", "The signature of the ID Token is invalid");
  }
}

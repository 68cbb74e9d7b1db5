import { AwsError } from "./awsError";
import type { Role } from "./awsIam";
import type { World } from "./awsWorld";
import type { QueryOperation } from "./query";
import { type XmlValue, xml } from "./xml";

const ROLE = /^arn:[^:]+:iam::\d{12}:role\/.+$/;
const SESSION = /^[\w+=,.@-]*$/;

export const STS_OPERATIONS: Record<string, QueryOperation> = {
  // It needs no permission.
  GetCallerIdentity: ({ world, principal }) => xml({ Arn: principal.arn, UserId: "AIDAFAKE", Account: world.options.account }),

  // Both the caller's policies and the role's trust policy must allow it.
  AssumeRole: ({ world, principal, parameters }) => {
    const [arn, session] = [parameters.get("RoleArn") ?? "", parameters.get("RoleSessionName") ?? ""];
    if (!SESSION.test(session))
      throw new AwsError(
        "ValidationError",
        `1 validation error detected: Value '${session}' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*`,
      );
    if (!ROLE.test(arn)) throw new AwsError("ValidationError", `${arn} is invalid`);
    const role = world.iam.roles.get(arn);
    // A trust policy that names the caller is enough. One that names the account leaves the decision to the caller's own policies.
    const named = role?.trusts.includes(principal.arn);
    const byAccount = role?.trusts.includes(`arn:${world.partition}:iam::${world.options.account}:root`);
    if (!role || !(named || (byAccount && world.iam.allows(principal, "sts:AssumeRole", arn, {}))))
      throw new AwsError("AccessDenied", `User: ${principal.arn} is not authorized to perform: sts:AssumeRole on resource: ${arn}`, 403);
    const seconds = Number(parameters.get("DurationSeconds") ?? 3600);
    return xml(sessionOf(world, role, session, seconds));
  },
};

/** @throws {AwsError} if the role does not allow a session of that length */
export function sessionOf(world: World, role: Role, session: string, seconds: number): { [name: string]: XmlValue } {
  if (!(seconds >= 900 && seconds <= 3600))
    throw new AwsError(
      "ValidationError",
      seconds > 3600
        ? "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        : `1 validation error detected: Value '${seconds}' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900`,
    );
  const { key, token, expires, principal: assumed } = world.iam.addSession(role, session, Math.min(seconds, world.options.sessionLifetime));
  return {
    AssumedRoleUser: { AssumedRoleId: `AROAFAKE:${session}`, Arn: assumed.arn },
    Credentials: {
      AccessKeyId: key.accessKeyId,
      SecretAccessKey: key.secretAccessKey,
      SessionToken: token,
      Expiration: new Date(expires).toISOString(),
    },
  };
}

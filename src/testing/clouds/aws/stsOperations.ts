import { AwsError } from "./awsError";
import type { QueryOperation } from "./query";
import { xml } from "./xml";

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
    const trusted = role?.trusts.some(
      (who) => who === principal.arn || who === `arn:${world.partition}:iam::${world.options.account}:root`,
    );
    if (!role || !trusted || !world.iam.allows(principal, "sts:AssumeRole", arn, {}))
      throw new AwsError("AccessDenied", `User: ${principal.arn} is not authorized to perform: sts:AssumeRole on resource: ${arn}`, 403);
    const seconds = Number(parameters.get("DurationSeconds") ?? 3600);
    const { key, token, expires, principal: assumed } = world.iam.addSession(role, session, seconds);
    return xml({
      AssumedRoleUser: { AssumedRoleId: `AROAFAKE:${session}`, Arn: assumed.arn },
      Credentials: {
        AccessKeyId: key.accessKeyId,
        SecretAccessKey: key.secretAccessKey,
        SessionToken: token,
        Expiration: new Date(expires).toISOString(),
      },
    });
  },
};

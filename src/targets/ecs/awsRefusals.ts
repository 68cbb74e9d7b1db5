import { formatDuration } from "../../duration";
import type { UserError } from "../../userError";
import { refusalOf } from "../cloud/refusal";
import type { AwsFailure, AwsKind } from "./awsFailures";
import { remedy } from "./awsPermissions";

/** The caller. */
export interface Caller {
  region: string;
  /** The id of the work pool's key; absent: the caller's own login. */
  accessKeyId?: string;
  /** ARN of the role as which calls are made. */
  role?: string;
  /** Work pool name. */
  pool: string;
}

/** The user's message when a call has failed for good: exit code 5. @param what the work, such as "submitting the run" */
export function refusal(what: string, failure: AwsFailure, { region, accessKeyId, role, pool }: Caller): UserError {
  const as = role !== undefined ? `role ${role}` : accessKeyId === undefined ? "your own AWS login" : `access key ${accessKeyId}`;
  return refusalOf<AwsKind>(what, failure, {
    cloud: "AWS",
    as,
    where: ` in ${region}`,
    remedy: (why) => remedy(why, role ?? accessKeyId),
    sentences: {
      denied: (_, why, { details }) =>
        details.advice === undefined ? undefined : `${what}: AWS does not let this process act as ${as}: ${why}${details.advice}`,
      unauthenticated: (_, why, { details }) => {
        if (details.advice !== undefined) return `${what}: AWS does not let this process act as ${as}: ${why}${details.advice}`;
        if (/^(CredentialsProviderError|TokenProviderError)\b/.test(why)) return noLogin(why);
        if (!/expired/i.test(why)) return `${what}: AWS does not accept ${as}; it may be deleted, inactive or expired: ${why}`;
        const mend =
          accessKeyId === undefined ? "log in again (`aws sso login`)" : `give the credentials block of work pool "${pool}" a new one`;
        return `${what}: the session of ${as} has expired: ${mend}: ${why}`;
      },
      wrongRegion: (_, why) =>
        `${what}: the endpoint belongs to another region than ${region}: set "region_name" in the credentials block of work pool "${pool}" (without a block: AWS_REGION) to the region of its cluster and endpoints: ${why}`,
      clock: (_, why) =>
        `${what}: ${offsetText(failure)}, and AWS rejects a signature that is more than five minutes off: set the clock: ${why}`,
      capacity: (_, why) => `${what}: there is no room for it in work pool "${pool}" at the moment, and nothing was started: ${why}`,
      missing: (_, why) => `${what}: not found in region ${region}: ${why}`,
      refused: (_, why) =>
        /No Container Instances were found/i.test(why)
          ? `${what}: the cluster has no container instances to run it on: register some, or set launch_type to FARGATE: ${why}`
          : undefined,
    },
  });
}

/** `this machine's clock is 12 min 3 s behind AWS'` */
export function offsetText({ details: { clockOffset } }: AwsFailure): string {
  if (clockOffset === undefined) return "this machine's clock differs from AWS'";
  return `this machine's clock is ${formatDuration(Math.abs(clockOffset))} ${clockOffset < 0 ? "behind" : "ahead of"} AWS'`;
}

function noLogin(why: string): string {
  const said = why.replace(/^\w+: /, "");
  const more = /could not load credentials from any providers/i.test(said) ? "" : `: ${said}`;
  return `there are no AWS credentials here: log in with \`aws sso login\` or \`aws configure\`, or give the work pool a credentials block${more}`;
}

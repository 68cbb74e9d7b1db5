import { formatDuration } from "../../duration";
import { UserError } from "../../userError";
import type { AwsFailure } from "./failures";
import { remedy } from "./permissions";

/** Whose call it was. */
export interface Caller {
  region: string;
  /** Of the work pool's key; absent: the caller's own login. */
  accessKeyId?: string;
  /** Work pool name. */
  pool: string;
}

/** What a user hears when a call has failed for good: exit code 5. @param what the work, as "submitting the run" */
export function refusal(what: string, failure: AwsFailure, { region, accessKeyId, pool }: Caller): UserError {
  const as = accessKeyId === undefined ? "your own AWS login" : `access key ${accessKeyId}`;
  const why = failure.message;
  const said = (text: string) => new UserError(text, 5);
  switch (failure.kind) {
    case "denied":
      return said(`${what} is not allowed to ${as}: ${why}${remedy(why, accessKeyId)}`);
    case "unauthenticated":
      if (/scoped to a valid region/i.test(why))
        return said(
          `${what}: nothing in AWS answers there for ${region}: look at "region_name" of work pool "${pool}"'s credentials block, and at its endpoints: ${why}`,
        );
      if (/^(CredentialsProviderError|TokenProviderError)\b/.test(why)) return said(noLogin(why));
      if (/expired/i.test(why))
        return said(
          `${what}: the session of ${as} has expired: ${accessKeyId === undefined ? "log in again (`aws sso login`)" : `give the credentials block of work pool "${pool}" a new one`}: ${why}`,
        );
      return said(`${what}: AWS does not accept ${as}; it may be deleted, inactive or expired: ${why}`);
    case "clock":
      return said(`${what}: ${offsetText(failure)}, and AWS takes no signature that is more than five minutes off: set the clock: ${why}`);
    case "throttled":
      return said(`${what}: AWS allows no more calls just now: ${why}`);
    case "unsent":
    case "unclear":
      return said(`${what}: AWS cannot be reached in ${region}: ${why}`);
    case "capacity":
      return said(`${what}: there is no room for it in work pool "${pool}" just now, and nothing was started: ${why}`);
    case "missing":
      return said(`${what}: not found in region ${region}: ${why}`);
    default:
      if (/No Container Instances were found/i.test(why))
        return said(`${what}: the cluster has no machines of its own to run it on: register some, or set launch_type to FARGATE: ${why}`);
      return said(`${what} was refused by AWS: ${why}`);
  }
}

/** `this machine's clock is 12 min 3 s behind AWS'` */
export function offsetText({ clockOffset }: AwsFailure): string {
  if (clockOffset === undefined) return "this machine's clock differs from AWS'";
  return `this machine's clock is ${formatDuration(Math.abs(clockOffset))} ${clockOffset < 0 ? "behind" : "ahead of"} AWS'`;
}

function noLogin(why: string): string {
  const told = why.replace(/^\w+: /, "");
  const more = /could not load credentials from any providers/i.test(told) ? "" : `: ${told}`;
  return `there are no AWS credentials here: log in with \`aws sso login\` or \`aws configure\`, or give the work pool a credentials block${more}`;
}

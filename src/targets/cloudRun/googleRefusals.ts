import type { UserError } from "../../userError";
import { refusalOf } from "../cloud/refusal";
import { type GoogleFailure, type GoogleKind, NO_LOGIN } from "./googleFailures";
import { type Denied, remedy } from "./googlePermissions";

/** The user's message when a call has failed for good: exit code 5. @param what the work, such as "submitting the run" */
export function refusal(what: string, failure: GoogleFailure, who: Denied): UserError {
  const { project, clientEmail } = who;
  const as = clientEmail ?? "your own Google Cloud login";
  const said = failure.message.replace(/\.$/, "");
  return refusalOf<GoogleKind>(what, failure, {
    cloud: "Google Cloud",
    as,
    remedy: (why) => remedy(why, who),
    sentences: {
      denied: (_, why, { details }) => {
        if (details.advice !== undefined) return `${what}: access denied for ${as}: ${said}${remedy(why, who)}${details.advice}`;
        // Not the caller's permission: Google names whose.
        const lacking = lackingIn(why);
        if (lacking !== undefined) return `${what} was refused by Google Cloud: ${lacking} lacks a permission: ${why}`;
        return `${what}: access denied for ${as}${elsewhere(who)}: ${said}${remedy(why, who)}`;
      },
      disabled: (_, why) => `${what}: the API is disabled in project "${project}": ${why}`,
      billing: () =>
        `${what}: billing is off in project "${project}": ${said}. Link an open billing account to the project: https://console.cloud.google.com/billing/linkedaccount?project=${project}`,
      suspended: () =>
        `${what}: Google has suspended project "${project}": ${said}. Only Google's support can change that: https://cloud.google.com/support`,
      project: () =>
        `${what}: there is no project "${project}" for ${as}, or it was deleted: ${said}. Check the project of the work pool's credentials`,
      quotaProject: () =>
        `${what}: your own Google Cloud login has no quota project: ${said}. Set one: gcloud auth application-default set-quota-project ${project}`,
      region: (_, why) =>
        `${what}: Cloud Run has no region ${regionIn(why)}, or project "${project}" may not use it: ${said}. Set the job variable "region" to one that \`gcloud run regions list\` shows`,
      perimeter: () =>
        `${what}: VPC Service Controls keep ${as} out of project "${project}": ${said}. Run it from inside the perimeter, or have its administrator allow it by an ingress rule`,
      policy: () =>
        `${what}: a policy of the organization forbids it in project "${project}": ${said}. Change the job's settings, or have the organization's administrator change the policy`,
      unauthenticated: (_, why, { details }) =>
        details.advice !== undefined
          ? `${what}: Google does not let this process act as ${as}: ${said}${details.advice}`
          : why === NO_LOGIN
            ? NO_LOGIN
            : `${what}: Google does not accept the credentials of ${as}: ${said}${adviceOn(why, clientEmail)}`,
      throttled: (_, why) => `${what}: Google's quota is used up: ${why}`,
    },
  });
}

/** The job's account, or Cloud Run's own, that a denial is about; `undefined`: the caller. */
function lackingIn(message: string): string | undefined {
  const account = "([\\w.-]+@[\\w.-]+\\w)";
  const [, ofJob, ofCloudRun] =
    new RegExp(`for revision service account ${account}|service agent ${account} (?:must have|needs|does not have)`, "i").exec(message) ??
    [];
  return ofJob !== undefined ? `the job's service account ${ofJob}` : ofCloudRun && `Cloud Run's own service account ${ofCloudRun}`;
}

function elsewhere({ clientEmail, project }: Denied): string {
  const ofKey = /@([a-z0-9.:-]+?)\.iam\.gserviceaccount\.com$/.exec(clientEmail ?? "")?.[1];
  return ofKey === undefined || ofKey === project ? "" : `; the key is of project "${ofKey}", the work pool's runs go to "${project}"`;
}

function regionIn(message: string): string {
  const region = /(?:locations?|region)[/ ]["']?([a-z0-9-]+)/i.exec(message)?.[1];
  return region === undefined ? "of that name" : `"${region}"`;
}

/** What to do about credentials that Google refuses, by Google's message. */
function adviceOn(message: string, clientEmail: string | undefined): string {
  if (/reasonable timeframe|iat and exp|used too early|token (has )?expired|short-lived token/i.test(message))
    return ". Check the clock of this machine: tokens are valid by its time";
  if (clientEmail === undefined) return ". Log in again: gcloud auth application-default login";
  if (/account not found|invalid jwt signature|deleted/i.test(message))
    return ". The key or its service account is gone: `pushpool refresh` and `pushpool up` make a new one";
  return "";
}

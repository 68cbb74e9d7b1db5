import { type Remedy, remedyFor } from "../cloud/remedy";

/** Who was denied something by Google, and where. */
export interface Denied {
  project: string;
  /** E-mail of the key's service account; absent: the caller's own login. */
  clientEmail?: string;
}

/** The smallest role of Google that includes some permissions. */
interface Role extends Remedy {
  role: string;
}

/** For the permissions that this target's calls need. */
const ROLES: readonly Role[] = [
  { has: /^run\./, role: "roles/run.developer", gives: "CloudRunPushPool grants it" },
  { has: /^logging\./, role: "roles/logging.viewer", gives: "CloudRunPushPool grants it unless logAccess is false" },
  {
    has: /^iam\.serviceAccounts\.actAs$/i,
    role: "roles/iam.serviceAccountUser",
    gives: "CloudRunPushPool grants it on its runtimeServiceAccount only",
  },
  {
    has: /^iam\.serviceAccounts\.getAccessToken$/,
    role: "roles/iam.workloadIdentityUser",
    gives: "CloudRunPushPool grants it to whom federation names, on its push service account only",
  },
];

/** The permission that a denial of Google names. Denials of Cloud Logging name none. */
export function permissionIn(message: string): string | undefined {
  return /Permission '([A-Za-z.]+)' denied/.exec(message)?.[1];
}

/**
 * What to do about a denied call.
 * @param message of Google
 * @returns "" if the message names no known permission
 */
export function remedy(message: string, { project, clientEmail }: Denied): string {
  const account = /denied on service account (\S+)/.exec(message)?.[1];
  const acting = permissionIn(message) === "iam.serviceAccounts.getAccessToken" ? clientEmail : undefined;
  const where = account === undefined && acting === undefined ? `in project "${project}"` : `on ${account ?? acting}`;
  const takes = ({ role }: Role) => `${role} ${where}, or your own role with that permission`;
  return remedyFor(permissionIn(message), ROLES, takes, clientEmail === undefined);
}

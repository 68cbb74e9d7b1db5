import { type Remedy, remedyFor } from "../cloud/remedy";

/** Whom Google has denied something, and where. */
export interface Denied {
  project: string;
  /** E-mail of the key's service account; absent: the caller's own login. */
  clientEmail?: string;
}

/** The smallest of Google's own roles that has a permission. */
interface Role extends Remedy {
  role: string;
}

/** For the permissions that this target's calls take. */
const ROLES: readonly Role[] = [
  { has: /^run\./, role: "roles/run.developer", gives: "CloudRunPushPool gives it" },
  { has: /^logging\./, role: "roles/logging.viewer", gives: "CloudRunPushPool gives it unless logAccess is false" },
  {
    has: /^iam\.serviceAccounts\.actAs$/i,
    role: "roles/iam.serviceAccountUser",
    gives: "CloudRunPushPool gives it on its runtimeServiceAccount only",
  },
];

/** The permission that a denial of Google names; Cloud Logging's names none. */
export function permissionIn(message: string): string | undefined {
  return /Permission '([A-Za-z.]+)' denied/.exec(message)?.[1];
}

/**
 * What to do about a denial.
 * @param message as Google has it
 * @returns "" where it names no permission that is known here
 */
export function remedy(message: string, { project, clientEmail }: Denied): string {
  const account = /denied on service account (\S+)/.exec(message)?.[1];
  const where = account === undefined ? `in project "${project}"` : `on ${account}`;
  const takes = ({ role }: Role) => `${role} ${where}, or a role of your own with that permission`;
  return remedyFor(permissionIn(message), ROLES, takes, clientEmail === undefined);
}

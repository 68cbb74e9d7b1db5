/** Whom Google has denied something, and where. */
export interface Denied {
  project: string;
  /** E-mail of the key's service account; absent: the caller's own login. */
  clientEmail?: string;
}

/** The smallest of Google's own roles that has a permission which this target's calls take, and what of a pool's declaration gives it. */
const ROLES: readonly { has: RegExp; role: string; gives: string }[] = [
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
  const permission = permissionIn(message);
  const found = permission === undefined ? undefined : ROLES.find(({ has }) => has.test(permission));
  if (!found) return "";
  const { role, gives } = found;
  const account = /denied on service account (\S+)/.exec(message)?.[1];
  const where = account === undefined ? `in project "${project}"` : `on ${account}`;
  const need = `. It takes ${role} ${where}, or a role of your own with that permission: ${gives}`;
  return clientEmail === undefined
    ? `${need}, to those in its submitters`
    : `${need}; what was taken away since, \`pushpool refresh\` and \`pushpool up\` bring back`;
}

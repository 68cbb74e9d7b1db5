/** A role, policy or action that includes some permissions, and how a pool's declaration grants it. */
export interface Remedy {
  has: RegExp;
  gives: string;
}

/** How to restore the permissions of a pool's own credentials. */
export const AGAIN = "if it was removed since, `pushpool refresh` and `pushpool up` grant it again";

/**
 * What to do about a denied call, to append to the cloud's own message.
 * @param permission as the denial names it
 * @param takes what must be granted: "roles/run.developer in project …"
 * @param ownLogin whether the denied caller is the user's own login; otherwise it is the pool's credentials
 * @returns "" if the denial names no known permission
 */
export function remedyFor<Known extends Remedy>(
  permission: string | undefined,
  remedies: readonly Known[],
  takes: (found: Known, permission: string) => string,
  ownLogin: boolean,
): string {
  if (permission === undefined) return "";
  const found = remedies.find(({ has }) => has.test(permission));
  if (!found) return "";
  const need = `. It needs ${takes(found, permission)}: ${found.gives}`;
  return ownLogin ? `${need}, to everyone in submitters` : `${need}; ${AGAIN}`;
}

/** Something that has a permission, and what of a pool's declaration gives it. */
export interface Remedy {
  has: RegExp;
  gives: string;
}

/** How a pool's own credentials get back what they had. */
export const AGAIN = "what was taken away since, `pushpool refresh` and `pushpool up` bring back";

/**
 * What to do about a call that was denied, after the cloud's own words.
 * @param permission as the denial names it
 * @param takes what has to be given: "roles/run.developer in project …"
 * @param ownLogin whether it was the caller's own login that was denied; otherwise it was the pool's credentials
 * @returns "" where it names no permission that is known here
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
  const need = `. It takes ${takes(found, permission)}: ${found.gives}`;
  return ownLogin ? `${need}, to those in its submitters` : `${need}; ${AGAIN}`;
}

import { type ArgumentNames, checkArguments, type Declared, kindOf, refuse } from "./checks";
import { Credentials } from "./submitting";

/** How the key of a pool changes. */
export interface KeyRotationArgs {
  /**
   * How old a key gets, in days. The first `up` after that makes a new one.
   * @example everyDays: 90
   */
  everyDays: number;
  /**
   * How long the old key stays beside the new one, in days. It must be less than everyDays. It stays longer while unfinished runs were
   * submitted by it.
   * @example overlapDays: 7
   */
  overlapDays: number;
}

const KEY_ROTATION_ARGUMENTS: ArgumentNames<KeyRotationArgs> = { everyDays: "required", overlapDays: "required" };

/** @throws {pulumi.ResourceError} with the argument and the fix */
export function checkKeyRotation(
  { keyRotation: rotation, credentials }: { keyRotation?: KeyRotationArgs; credentials?: string },
  of: Declared,
): void {
  if (rotation === undefined) return;
  checkArguments("keyRotation", rotation, KEY_ROTATION_ARGUMENTS, of);
  for (const [field, least] of [
    ["everyDays", 1],
    ["overlapDays", 0],
  ] as const) {
    if (typeof rotation[field] !== "number")
      refuse(`keyRotation.${field} must be a number of days, known when the program runs, not ${kindOf(rotation[field])}`, of);
    if (!Number.isInteger(rotation[field]) || rotation[field] < least || rotation[field] > 36_500)
      refuse(`keyRotation.${field} must be a whole number of days from ${least} to 36500, not ${rotation[field]}`, of);
  }
  if (rotation.overlapDays >= rotation.everyDays)
    refuse(
      `keyRotation.overlapDays ${rotation.overlapDays} must be less than everyDays ${rotation.everyDays}: a cloud allows two keys, not three`,
      of,
    );
  if (credentials !== undefined && credentials !== Credentials.Key)
    refuse(`keyRotation needs a key, and credentials ${JSON.stringify(credentials)} makes none: leave out one of them`, of);
}

import { lstatSync, readFileSync, type Stats, statSync } from "node:fs";
import { UserError } from "./userError";

/**
 * Refuse a file or folder that another user could have changed, because its commands are executed as this user. This holds for root too,
 * who would risk most.
 * @param otherwise the alternative, for the message
 * @throws {UserError} naming the owner, or the `chmod` that helps
 */
export function refuseForeignOwner(path: string, otherwise: string): void {
  const self = process.getuid?.();
  // Windows has no such owners and modes.
  if (self === undefined) return;
  // Check both a link and its target.
  for (const stats of [lstatSync(path), statSync(path)]) {
    if (stats.uid === self) continue;
    throw new UserError(
      `${path} belongs to ${nameOf(stats.uid)}, and you are ${nameOf(self)}: its commands would run as you. Take it over with chown, or ${otherwise}`,
    );
  }
  const stats = statSync(path);
  if (othersMayWrite(stats))
    throw new UserError(`others may write to ${path}, and its commands run as you: chmod go-w ${path}, or ${otherwise}`);
}

/** A group with the number of its user is that user's private group, the default of many systems. It does not count as "others". */
function othersMayWrite({ mode, uid, gid }: Stats): boolean {
  return (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && gid !== uid);
}

function nameOf(uid: number): string {
  let name: string | undefined;
  try {
    name = readFileSync("/etc/passwd", "utf8")
      .split("\n")
      .find((line) => line.split(":")[2] === String(uid))
      ?.split(":")[0];
  } catch {
    // The number alone is enough.
  }
  return name ? `${name} (uid ${uid})` : `uid ${uid}`;
}

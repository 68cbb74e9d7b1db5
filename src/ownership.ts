import { lstatSync, readFileSync, type Stats, statSync } from "node:fs";
import { UserError } from "./userError";

/**
 * Refuse a file or folder that somebody else could have put things into: what it says is executed here. That holds for root too, whom it
 * would cost most.
 * @param otherwise what to do instead, for the message
 * @throws {UserError} naming the owner, or the `chmod` that would do
 */
export function refuseForeign(path: string, otherwise: string): void {
  const self = process.getuid?.();
  // Windows has neither owners nor modes.
  if (self === undefined) return;
  // Of a link, both it and what it leads to.
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

/** A group that has its user's number is that user's private one, the default of many systems: not "others". */
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
    // The number alone will do.
  }
  return name ? `${name} (uid ${uid})` : `uid ${uid}`;
}

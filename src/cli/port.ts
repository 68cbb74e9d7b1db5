import { quoted } from "../shown";
import { UserError } from "../userError";

/**
 * The value of a flag for a port.
 * @returns `undefined` if it is not given
 * @throws {UserError} if it is not a port
 */
export function portOf(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new UserError(`${flag} ${quoted(text)}: must be a port number, or 0 for any free port`);
  return port;
}

import { UserError } from "../../userError";

/** What the URL of a ledger says, besides how to connect. */
export interface LedgerUrl {
  /** The URL without its password and its parameters, for messages. */
  name: string;
  /** `schema=NAME`, or the first schema of `search_path`. */
  schema?: string;
}

/**
 * Read the URL of a ledger: `postgres://USER:PASSWORD@HOST/DATABASE`.
 * @throws {UserError} if it is invalid. The message never has the URL: it contains a password
 */
export function readLedgerUrl(text: string): LedgerUrl {
  const url = parsed(text);
  const { username, host, pathname, searchParams } = url;
  const schema = searchParams.get("schema") ?? searchPathOf(searchParams);
  return {
    name: `postgres://${username === "" ? "" : `${username}@`}${host}${pathname}`,
    ...(schema === undefined ? {} : { schema }),
  };
}

/** @throws {UserError} */
export function checkSchema(schema: string): void {
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema))
    throw new UserError(`the schema of a ledger must consist of a-z, 0-9 and _, not "${schema}"`);
}

function parsed(text: string): URL {
  try {
    const url = new URL(text);
    if (url.protocol === "postgres:" || url.protocol === "postgresql:") return url;
  } catch {
    // The error below covers this too. The URL's own error would show its password.
  }
  throw new UserError("the URL of the ledger is invalid: write it as postgres://USER:PASSWORD@HOST/DATABASE");
}

/** `search_path=NAME`, by itself or in `options=-c search_path=NAME`, as libpq passes it on. */
function searchPathOf(searchParams: URLSearchParams): string | undefined {
  const path = searchParams.get("search_path") ?? /(?:-c\s*|--)search_path=(\S+)/.exec(searchParams.get("options") ?? "")?.[1];
  return path?.split(",")[0]?.trim();
}

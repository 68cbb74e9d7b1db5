import { Secret } from "../secret";
import { UserError } from "../userError";

/** A Prefect API and the credentials for it. */
export interface ApiConnection {
  /** Base URL without a trailing slash, like `PREFECT_API_URL`. */
  apiUrl: string;
  /** An API key, or `user:password` as in `PREFECT_API_AUTH_STRING`. Absent if the server requires none. */
  auth?: Secret;
  /** Prefect Cloud submits the runs of push work pools itself, and limits the rate of requests. */
  isCloud: boolean;
  /** Where the URL was set, for messages: a variable, a profile, or the manifest. */
  origin: string;
}

/**
 * Build a connection from its parts.
 * @param auth an empty string counts as absent
 * @param origin where to fix the URL, for messages
 * @throws {UserError} if the URL is invalid, or a Prefect Cloud URL names no workspace
 */
export function connectionOf(apiUrl: string, auth: string | undefined, origin: string): ApiConnection {
  let url: URL;
  try {
    url = new URL(apiUrl);
  } catch {
    throw new UserError(`${origin}: invalid URL "${withoutUserInfo(apiUrl)}": it must look like http://HOST:4200/api`);
  }
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw new UserError(`${origin}: the URL of a Prefect API must begin with http:// or https://, not ${url.protocol}`);
  if (url.username !== "" || url.password !== "")
    throw new UserError(`${origin}: remove user and password from the URL and set PREFECT_API_AUTH_STRING=user:password`);
  if (url.hostname === "app.prefect.cloud")
    throw new UserError(
      `${origin}: app.prefect.cloud is the web page, not the API: use https://api.prefect.cloud/api/accounts/ACCOUNT_ID/workspaces/WORKSPACE_ID`,
    );
  const isWorkspace = /\/accounts\/[^/]+\/workspaces\/[^/]+$/.test(trimmed(url.pathname));
  if (url.hostname === "api.prefect.cloud" && !isWorkspace)
    throw new UserError(
      `${origin}: the URL names no workspace: use https://api.prefect.cloud/api/accounts/ACCOUNT_ID/workspaces/WORKSPACE_ID`,
    );
  return {
    apiUrl: trimmed(`${url.origin}${url.pathname}`),
    isCloud: isWorkspace,
    origin,
    ...(auth === undefined || auth === "" ? {} : { auth: new Secret([{ pointer: "/prefect/auth" }], auth) }),
  };
}

/** The value of an `Authorization` header. A Prefect Cloud key never contains a colon. */
export function authorization(auth: Secret): string {
  const text = String(auth.reveal());
  return text.includes(":") ? `Basic ${Buffer.from(text).toString("base64")}` : `Bearer ${text}`;
}

function trimmed(text: string): string {
  return text.replace(/\/+$/, "");
}

function withoutUserInfo(text: string): string {
  return text.replace(/\/\/[^/@]*@/, "//");
}

import { Secret } from "../secret";
import { UserError } from "../userError";

/** Which Prefect API is meant, and as whom. */
export interface ApiConnection {
  /** Base URL without a slash at its end, as `PREFECT_API_URL`. */
  apiUrl: string;
  /** An API key, or `user:password` as in `PREFECT_API_AUTH_STRING`. Absent: the server asks for none. */
  auth?: Secret;
  /** Prefect Cloud submits the runs of push work pools by itself, and has limits on requests. */
  isCloud: boolean;
  /** Where it is said, for messages: a variable, a profile, the manifest. */
  origin: string;
}

/**
 * A connection from its parts.
 * @param auth empty text counts as none
 * @param origin what a message names as the place to mend
 * @throws {UserError} if the URL is none, or one of Prefect Cloud that leads to no workspace
 */
export function connectionOf(apiUrl: string, auth: string | undefined, origin: string): ApiConnection {
  let url: URL;
  try {
    url = new URL(apiUrl);
  } catch {
    throw new UserError(`${origin}: "${withoutUserInfo(apiUrl)}" is no URL: give it as http://HOST:4200/api`);
  }
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw new UserError(`${origin}: the URL of a Prefect API begins with http:// or https://, not ${url.protocol}`);
  if (url.username !== "" || url.password !== "")
    throw new UserError(`${origin}: take user and password out of the URL and give them as PREFECT_API_AUTH_STRING=user:password`);
  if (url.hostname === "app.prefect.cloud")
    throw new UserError(
      `${origin}: app.prefect.cloud is the page, not the API: give https://api.prefect.cloud/api/accounts/ACCOUNT_ID/workspaces/WORKSPACE_ID`,
    );
  const isWorkspace = /\/accounts\/[^/]+\/workspaces\/[^/]+$/.test(trimmed(url.pathname));
  if (url.hostname === "api.prefect.cloud" && !isWorkspace)
    throw new UserError(
      `${origin}: the URL leads to no workspace: give https://api.prefect.cloud/api/accounts/ACCOUNT_ID/workspaces/WORKSPACE_ID`,
    );
  return {
    apiUrl: trimmed(`${url.origin}${url.pathname}`),
    isCloud: isWorkspace,
    origin,
    ...(auth === undefined || auth === "" ? {} : { auth: new Secret([{ pointer: "/prefect/auth" }], auth) }),
  };
}

/** The value of an `Authorization` header. A key of Prefect Cloud never holds a colon. */
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

import { createHash, timingSafeEqual } from "node:crypto";

/** What opens the page: the token of its address, then the cookie. */
export interface Lock {
  /** In the address that is printed. */
  token: string;
  /** Cookies have no port: several pages of one machine need several names. */
  cookieName: string;
  /** The value of the cookie, which is not the token. */
  cookie: string;
}

/** What a request shows of itself. */
export interface Visit {
  method: string;
  /** With its query, such as `/runs?token=…`. */
  target: string;
  host: string | undefined;
  origin: string | undefined;
  cookies: string | undefined;
  /** `Sec-Fetch-Site`: where a browser's request comes from. */
  site?: string;
}

export type Admission =
  | { kind: "pass" }
  /** It brought the token: set the cookie, and go to the same address without the token. */
  | { kind: "enter"; location: string }
  /** Another site or a file linked here, so the browser held back its cookie: let it ask again by itself. */
  | { kind: "again" }
  | { kind: "refuse"; status: 401 | 403 | 421; message: string };

const READING = new Set(["GET", "HEAD"]);

/**
 * Whether a request may pass.
 *
 * - Its Host is a loopback address or `localhost`, with any port: a tunnel has another port. A name that someone rebinds to this machine
 *   is refused.
 * - Its Origin, if there is one, is the same host. A request that changes something must have one.
 * - It brings the cookie, or (to read a page) the token.
 */
export function admit({ method, target, host, origin, cookies, site }: Visit, { token, cookieName, cookie }: Lock): Admission {
  const url = parsed(target);
  if (host === undefined || url === undefined || !isLoopback(host))
    return refuse(421, "this page answers only to localhost and loopback addresses: open the address that `pushpool ui` prints");
  const own = origin?.toLowerCase() === `http://${host.toLowerCase()}`;
  if (origin !== undefined && !own) return refuse(403, "the request comes from another site: it is refused");
  if (!READING.has(method) && !own) return refuse(403, "a request that changes something must come from the page itself (Origin)");
  const isElsewhere = site === "cross-site" || site === "same-site";
  // A page on another port of this machine is of the same site, so its request brings the cookie. It cannot read the answer.
  if (isElsewhere && url.pathname.startsWith("/api/")) return refuse(403, "the request comes from another page: it is refused");
  if (READING.has(method) && !url.pathname.startsWith("/api/")) {
    const given = url.searchParams.get("token");
    if (given !== null) {
      if (!isSame(given, token)) return refuse(401, "the token is wrong: open the address that `pushpool ui` prints now");
      url.searchParams.delete("token");
      return { kind: "enter", location: `${url.pathname}${url.search}` };
    }
  }
  if (cookiesNamed(cookieName, cookies).some((value) => isSame(value, cookie))) return { kind: "pass" };
  if (READING.has(method) && isElsewhere) return { kind: "again" };
  return refuse(401, "this browser has not signed in: open the address that `pushpool ui` prints, with its token");
}

/** Headers of every answer. The page loads nothing from elsewhere, has no inline script, and cannot be framed. */
export const SAFE_HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

/** The `Set-Cookie` of a visitor who brought the token. It lasts until the browser closes. */
export function cookieHeader({ cookieName, cookie }: Lock): string {
  return `${cookieName}=${cookie}; HttpOnly; SameSite=Strict; Path=/`;
}

function refuse(status: 401 | 403 | 421, message: string): Admission {
  return { kind: "refuse", status, message };
}

/** @returns `undefined` for a target that no browser sends */
function parsed(target: string): URL | undefined {
  // `//other.example/` would be a redirect to another host.
  if (!target.startsWith("/") || target.startsWith("//") || target.includes("\\")) return undefined;
  try {
    return new URL(target, "http://localhost");
  } catch {
    return undefined;
  }
}

function isLoopback(host: string): boolean {
  const [, name = ""] = /^(\[[0-9a-f:.]+\]|[^:/@\s]+)(?::\d{1,5})?$/i.exec(host) ?? [];
  return name.toLowerCase() === "localhost" || name === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(name);
}

function cookiesNamed(name: string, header: string | undefined): string[] {
  return (header ?? "")
    .split(";")
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
}

/** Compares in the same time, however much is right. */
function isSame(given: string, wanted: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}

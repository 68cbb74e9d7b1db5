import { suggestion } from "../../nearest";
import { UserError } from "../../userError";

export type SslMode = (typeof SSL_MODES)[number];
const SSL_MODES = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] as const;

/**
 * What the URL of a ledger says. What it leaves out, the driver takes from `PGHOST`, `PGUSER`, `PGPASSWORD`, `PGPASSFILE` and so on, as
 * libpq does.
 */
export interface LedgerUrl {
  /** The URL without its password and its parameters, for messages. */
  name: string;
  /** `schema=NAME`, or the first schema of `search_path`. */
  schema?: string;
  /** A name, an address, or the folder of a Unix socket. */
  host?: string;
  port?: number;
  user?: string;
  password?: string;
  database?: string;
  /** @default `PGSSLMODE`, else prefer */
  sslMode: SslMode;
  sslRootCert?: string;
  sslCert?: string;
  sslKey?: string;
  sslPassword?: string;
  /** In milliseconds. */
  connectTimeout?: number;
  /** `-c NAME=VALUE …` for the server. */
  options?: string;
  applicationName?: string;
  /** Whether the login must be bound to the TLS connection. */
  requiresBinding: boolean;
}

/** libpq's parameters that work here (https://www.postgresql.org/docs/current/libpq-connect.html), and pushpool's own. */
const PARAMETERS = [
  "host",
  "port",
  "user",
  "password",
  "dbname",
  "sslmode",
  "sslrootcert",
  "sslcert",
  "sslkey",
  "sslpassword",
  "connect_timeout",
  "options",
  "application_name",
  "channel_binding",
  "target_session_attrs",
  "schema",
  "search_path",
];

/**
 * Read the URL of a ledger: `postgres://USER:PASSWORD@HOST/DATABASE?sslmode=verify-full`.
 * @throws {UserError} if it is invalid. The message never has the URL: it contains a password
 */
export function readLedgerUrl(text: string, env: NodeJS.ProcessEnv = process.env): LedgerUrl {
  const url = parsed(text);
  const { searchParams } = url;
  const unknown = [...searchParams.keys()].find((key) => !PARAMETERS.includes(key));
  if (unknown !== undefined)
    throw new UserError(`the URL of the ledger: the parameter "${unknown}" is unknown: ${suggestion(unknown, PARAMETERS)}`);
  const given = (key: string, inUrl = "") => searchParams.get(key) || decoded(inUrl) || undefined;
  const sslMode = given("sslmode") ?? env.PGSSLMODE ?? "prefer";
  const mode = SSL_MODES.find((one) => one === sslMode);
  if (!mode) throw new UserError(`the URL of the ledger: sslmode must be one of ${SSL_MODES.join(", ")}`);
  const host = given("host", url.hostname.replace(/^\[(.*)\]$/, "$1"));
  if (host?.includes(",")) throw severalHosts();
  const attributes = given("target_session_attrs");
  if (attributes !== undefined && attributes !== "any" && attributes !== "read-write" && attributes !== "primary")
    throw new UserError("the URL of the ledger: target_session_attrs must be any, read-write or primary: the ledger is written");
  const user = given("user", url.username);
  const database = given("dbname", url.pathname.slice(1));
  const port = numberIn("port", given("port", url.port));
  const timeout = numberIn("connect_timeout", given("connect_timeout"));
  const at = `${host === undefined ? "" : host.includes(":") ? `[${host}]` : host.startsWith("/") ? encodeURIComponent(host) : host}`;
  return present({
    name: `postgres://${user === undefined ? "" : `${encodeURIComponent(user)}@`}${at}${port === undefined ? "" : `:${port}`}/${database ?? ""}`,
    schema: given("schema") ?? searchPathOf(searchParams),
    host,
    port,
    user,
    password: given("password", url.password),
    database,
    sslMode: mode,
    sslRootCert: given("sslrootcert") ?? env.PGSSLROOTCERT,
    sslCert: given("sslcert") ?? env.PGSSLCERT,
    sslKey: given("sslkey") ?? env.PGSSLKEY,
    sslPassword: given("sslpassword"),
    connectTimeout: timeout === undefined ? undefined : timeout * 1000,
    options: given("options"),
    applicationName: given("application_name"),
    requiresBinding: given("channel_binding") === "require",
  });
}

/** Check the URL of a ledger, and its schema. @throws {UserError} without the URL */
export function checkLedgerUrl(text: string, schema?: string): void {
  checkSchema(readLedgerUrl(text).schema ?? schema ?? "pushpool");
}

/** @throws {UserError} */
export function checkSchema(schema: string): void {
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema))
    throw new UserError(`the schema of a ledger must consist of a-z, 0-9 and _, not "${schema}"`);
}

/** Whether nobody but this machine sees what is sent there. */
export function isLoopback(host: string | undefined): boolean {
  return host === undefined || host.startsWith("/") || host === "localhost" || host === "::1" || /^127(\.\d+){3}$/.test(host);
}

function parsed(text: string): URL {
  // Before the parser: it takes only one host and one port.
  if (/^postgres(ql)?:\/\/[^/?#]*,/.test(text) && /,/.test(text.replace(/^[^/]*\/\/(?:[^/?#]*@)?/, "").split(/[/?#]/)[0] ?? ""))
    throw severalHosts();
  try {
    const url = new URL(text);
    if (url.protocol === "postgres:" || url.protocol === "postgresql:") return url;
  } catch {
    // The error below covers this too. The URL's own error would show its password.
  }
  throw new UserError(
    "the URL of the ledger is invalid: write it as postgres://USER:PASSWORD@HOST/DATABASE, with special characters of the password as %XX",
  );
}

function severalHosts(): UserError {
  return new UserError(
    "the URL of the ledger has several hosts, which is not supported: give one name that leads to the primary, such as that of the cluster or of a pooler",
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new UserError("the URL of the ledger has a % that is no %XX: write a % in its password as %25");
  }
}

function numberIn(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,5}$/.test(text)) return Number(text);
  throw new UserError(`the URL of the ledger: ${name} must be a whole number`);
}

/** `search_path=NAME`, by itself or in `options=-c search_path=NAME`, as libpq passes it on. */
function searchPathOf(searchParams: URLSearchParams): string | undefined {
  const path = searchParams.get("search_path") ?? /(?:-c\s*|--)search_path=(\S+)/.exec(searchParams.get("options") ?? "")?.[1];
  return path?.split(",")[0]?.trim();
}

function present(url: { [Key in keyof LedgerUrl]: LedgerUrl[Key] | undefined }): LedgerUrl {
  return Object.fromEntries(Object.entries(url).filter(([, value]) => value !== undefined)) as unknown as LedgerUrl;
}

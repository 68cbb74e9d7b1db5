import { suggestion } from "../../nearest";
import { quoted } from "../../shown";
import { UserError } from "../../userError";
import type { LedgerSource } from "../ledgerAddress";

export type SslMode = (typeof SSL_MODES)[number];
const SSL_MODES = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] as const;

/**
 * What the URL of a ledger says. The driver takes the parts that it leaves out from `PGHOST`, `PGUSER`, `PGPASSWORD`, `PGPASSFILE` and so
 * on, as libpq does.
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

const CHANNEL_BINDINGS = ["disable", "prefer", "require"];

/**
 * Read the URL of a ledger: `postgres://USER:PASSWORD@HOST/DATABASE?sslmode=verify-full`.
 * @param from the setting that named it, for messages
 * @throws {UserError} if it is invalid. The message never has the URL: it contains a password
 */
export function readLedgerUrl(text: string, env: NodeJS.ProcessEnv = process.env, from?: LedgerSource): LedgerUrl {
  const refuse: Refuse = (problem) => {
    throw new UserError(`the URL of the ledger${from === undefined ? "" : ` in ${from}`}${problem}`);
  };
  const url = parsed(text, refuse);
  const { searchParams } = url;
  checkParameters(searchParams, refuse);
  const given = (key: string, inUrl = "") => searchParams.get(key) || decoded(inUrl, refuse) || undefined;
  const sslMode = given("sslmode") ?? (env.PGSSLMODE || undefined);
  const mode = SSL_MODES.find((one) => one === (sslMode ?? "prefer"));
  if (!mode) {
    const allowed = `must be one of ${SSL_MODES.join(", ")}`;
    if (searchParams.has("sslmode")) refuse(`: sslmode ${allowed}`);
    throw new UserError(`$PGSSLMODE ${allowed}, not ${quoted(sslMode)}: the URL of the ledger does not set sslmode`);
  }
  const host = given("host", url.hostname === NO_HOST ? "" : url.hostname.replace(/^\[(.*)\]$/, "$1"));
  if (host?.includes(",")) refuse(SEVERAL_HOSTS);
  if (host === undefined && env.PGHOST?.includes(",")) throw new UserError(`$PGHOST${SEVERAL_HOSTS}`);
  const attributes = given("target_session_attrs");
  if (attributes !== undefined && attributes !== "any" && attributes !== "read-write" && attributes !== "primary")
    refuse(": target_session_attrs must be any, read-write or primary, because pushpool writes to the ledger");
  const binding = given("channel_binding");
  if (binding !== undefined && !CHANNEL_BINDINGS.includes(binding))
    refuse(`: channel_binding must be one of ${CHANNEL_BINDINGS.join(", ")}`);
  const user = given("user", url.username);
  const database = given("dbname", url.pathname.slice(1));
  const port = portIn(given("port", url.port), env, refuse);
  const timeout = given("connect_timeout");
  if (timeout !== undefined && !/^\d{1,5}$/.test(timeout)) refuse(": connect_timeout must be a whole number of seconds");
  const password = given("password", url.password);
  // The protocol ends a string with a NUL. Any other would be a mistake.
  for (const [part, value] of Object.entries({ user, password, database, host }))
    if (/\p{Cc}/u.test(value ?? "")) refuse(`: its ${part} has a control character`);
  const at = `${host === undefined ? "" : host.includes(":") ? `[${host}]` : host.startsWith("/") ? encodeURIComponent(host) : host}`;
  return present({
    name: `postgres://${user === undefined ? "" : `${encodeURIComponent(user)}@`}${at}${port === undefined ? "" : `:${port}`}/${database ?? ""}`,
    schema: given("schema") ?? searchPathOf(searchParams),
    host,
    port,
    user,
    password,
    database,
    sslMode: mode,
    sslRootCert: given("sslrootcert") ?? (env.PGSSLROOTCERT || undefined),
    sslCert: given("sslcert") ?? (env.PGSSLCERT || undefined),
    sslKey: given("sslkey") ?? (env.PGSSLKEY || undefined),
    sslPassword: given("sslpassword"),
    connectTimeout: timeout === undefined ? undefined : Number(timeout) * 1000,
    options: optionsOf(searchParams),
    applicationName: given("application_name"),
    requiresBinding: binding === "require",
  });
}

/** Check the URL of a ledger, and its schema. @throws {UserError} without the URL */
export function checkLedgerUrl(text: string, schema?: string): void {
  checkSchema(readLedgerUrl(text).schema ?? schema ?? "pushpool");
}

/** @throws {UserError} */
export function checkSchema(schema: string, from?: LedgerSource): void {
  const of = `the schema of a ledger${from === undefined ? "" : ` in ${from}`}`;
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema))
    throw new UserError(`${of} must have at most 63 characters of a-z, 0-9 and _, and not begin with a digit, not ${quoted(schema)}`);
  if (schema.startsWith("pg_") || schema === "information_schema")
    throw new UserError(`${of} must not be ${quoted(schema)}: Postgres reserves that name`);
}

/** Whether nobody but this machine sees what is sent there. */
export function isLoopback(host: string | undefined): boolean {
  return host === undefined || host.startsWith("/") || host === "localhost" || host === "::1" || /^127(\.\d+){3}$/.test(host);
}

/** Refuses the URL. @param problem follows "the URL of the ledger" */
type Refuse = (problem: string) => never;

const ENCODE = "write special characters of the password as %XX";
const SEVERAL_HOSTS =
  " has several hosts, which is not supported: give one name that leads to the primary, such as that of the cluster or of a pooler";
/** Stands for a host that the URL leaves out, which libpq allows beside a user and a port. */
const NO_HOST = "none.invalid";

function parsed(text: string, refuse: Refuse): URL {
  const [, scheme = "", authority = "", rest = ""] = /^(postgres(?:ql)?:\/\/)([^/?#]*)(.*)$/is.exec(text.trim()) ?? [];
  const [, credentials = "", place = ""] = /^(.*@)?(.*)$/s.exec(authority) ?? [];
  // Before the parser: it takes only one host and one port.
  if (place.includes(",")) refuse(SEVERAL_HOSTS);
  // A password with one of these characters ends early. What follows it must not become a host, a database or a message.
  if (/#|^[^?]*@/.test(rest) || (credentials === "" && /^\?.*@/s.test(rest))) refuse(` has a # or an @ after its host: ${ENCODE}`);
  const url = `${scheme}${credentials}${/^(:|$)/.test(place) ? NO_HOST : ""}${place}${rest}`;
  if (scheme === "" || !URL.canParse(url))
    refuse(` is invalid: write it as postgres://USER:PASSWORD@HOST/DATABASE, with special characters of the password as %XX`);
  // To libpq a + is a plus, not a blank.
  return new URL(url.replaceAll("+", "%2B"));
}

function checkParameters(parameters: URLSearchParams, refuse: Refuse): void {
  const names = [...parameters.keys()];
  const unknown = names.find((name) => !PARAMETERS.includes(name));
  if (unknown !== undefined) {
    // It may be the rest of a password that contains a question mark.
    if (!/^[a-z_]{1,40}$/i.test(unknown)) refuse(` has a parameter with an invalid name after the ?: ${ENCODE}`);
    if (unknown === "service") refuse(": service files are not read: write the host, the database and the user into the URL");
    refuse(`: the parameter "${unknown}" is unknown: ${suggestion(unknown, PARAMETERS)}`);
  }
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) refuse(`: the parameter "${twice}" is given twice`);
  const blank = names.find((name) => parameters.get(name)?.trim() === "");
  if (blank !== undefined) refuse(`: ${blank} is blank: give it a value, or leave it out`);
}

function decoded(text: string, refuse: Refuse): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return refuse(" has a % without two hexadecimal digits after it: write a % in its password as %25");
  }
}

function portIn(text: string | undefined, env: NodeJS.ProcessEnv, refuse: Refuse): number | undefined {
  const isPort = (port: string) => /^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535;
  if (text !== undefined) return isPort(text) ? Number(text) : refuse(": port must be a whole number from 1 to 65535");
  const { PGPORT: usual = "" } = env;
  if (usual !== "" && !isPort(usual))
    throw new UserError(`$PGPORT must be a whole number from 1 to 65535, not ${quoted(usual)}: the URL of the ledger does not set a port`);
  return undefined;
}

/** Most libraries that write URLs write a blank as +. Beside a `-c` or `--`, nothing else can be meant. */
function optionsOf(searchParams: URLSearchParams): string | undefined {
  return searchParams.get("options")?.replace(/(?<=-c)\+|\+(?=-)/g, " ");
}

/** `search_path=NAME`, by itself or in `options=-c search_path=NAME`, as libpq passes it on. */
function searchPathOf(searchParams: URLSearchParams): string | undefined {
  const path = searchParams.get("search_path") ?? /(?:-c\s*|--)search_path=(\S+)/.exec(optionsOf(searchParams) ?? "")?.[1];
  return path?.split(",")[0]?.trim();
}

function present(url: { [Key in keyof LedgerUrl]: LedgerUrl[Key] | undefined }): LedgerUrl {
  return Object.fromEntries(Object.entries(url).filter(([, value]) => value !== undefined)) as unknown as LedgerUrl;
}

import { LedgerError, UserError } from "../../userError";

/** An error of the driver: of the server with a SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html), or of the network. */
interface PostgresFault extends Error {
  code?: string;
  /** Of the operating system: what failed, such as `connect`. */
  syscall?: string;
  /** Of the server. */
  severity?: string;
  /** The connection broke while the transaction was committed. */
  isAmbiguous?: boolean;
  /** It was not connected yet. */
  isConnecting?: boolean;
  /** The password with which it tried to connect. */
  password?: PasswordOrigin;
}

/** Where a password came from. */
export interface PasswordOrigin {
  /** Absent: there was none. */
  place?: string;
  /** A file that is not read because others may read it. */
  ignored?: string;
}

/** Whether a transaction met another one, and may be repeated: serialization_failure, deadlock_detected. */
export function isConflict(error: unknown): boolean {
  return ["40001", "40P01"].includes(codeOf(error));
}

/** Whether a lock was not free in time: lock_not_available. */
export const isLockTimeout = (error: unknown): boolean => codeOf(error) === "55P03";

/** Whether a table does not exist: undefined_table, invalid_schema_name. */
export const isNotThere = (error: unknown): boolean => ["42P01", "3F000"].includes(codeOf(error));

/** Whether a connection broke during a COMMIT: only a read shows whether it took effect. */
export function isAmbiguous(error: unknown): boolean {
  return (error as PostgresFault).isAmbiguous === true && isBroken(error as PostgresFault);
}

/**
 * Whether the database may be back in a moment: it restarts, fails over, or has too many connections.
 * @param hasReached whether this process has used it before; if not, its URL may be wrong
 */
export function isAway(error: unknown, hasReached: boolean): boolean {
  if (error instanceof UserError) return false;
  const code = codeOf(error);
  if (/^(57P03|57P01|53300)$/.test(code)) return true;
  if (/unsupported startup parameter/.test((error as Error).message)) return false;
  // 25006: the other half of a fail-over is still read-only.
  // ENOENT: a server that restarts removes its Unix socket.
  const isUnreached = /^(ECONNREFUSED|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|25006)$/.test(code) || isNoSocket(error);
  return hasReached && (isBroken(error as PostgresFault) || isUnreached);
}

/** Why a database that may be back is waited for, after "the ledger NAME". */
export function whyAway(error: unknown): string {
  return codeOf(error) === "25006" ? "is read-only, as a replica is: waiting for its primary" : "does not answer now: waiting for it";
}

/** Whether the server wants a connection with TLS, or one without it. */
export function isAboutTls(error: unknown): boolean {
  const { message = "" } = error as PostgresFault;
  return (
    /does not support SSL|establishing an SSL connection/.test(message) || (codeOf(error) === "28000" && /encryption|SSL/.test(message))
  );
}

/** The driver's own words for a connection that broke, or gave no answer in time. */
const NO_ANSWER = /Connection terminated|not queryable|timeout exceeded|Query read timeout/;

/** Whether the connection of an error is of no use any more. 25P03: the server ended a transaction that did nothing for long. */
export function isBroken(error: Error): boolean {
  return /^(57P0[123]|25P03|08\w{3}|ECONNRESET|EPIPE)$/.test(codeOf(error)) || NO_ANSWER.test(error.message ?? "");
}

const isNoSocket = (error: unknown) => codeOf(error) === "ENOENT" && (error as PostgresFault).syscall === "connect";

/** Node gives one error for all addresses of a host. */
function codeOf(error: unknown): string {
  const { code, errors } = error as PostgresFault & { errors?: PostgresFault[] };
  return code ?? errors?.[0]?.code ?? "";
}

const SAFE = "What was recorded is safe, and runs in flight continue";

const CHANGED_TABLES =
  "somebody changed its tables: a table or a column of this version is missing. Restore them from a backup, or use another schema";

const ADVICE: Record<string, string> = {
  "28000": "the server refuses this user or this kind of connection: check the URL and its sslmode",
  "3D000": "the database does not exist: create it, or check the URL",
  "42501":
    "the role has too few rights: run `pushpool ledger migrate` with a role that has CREATE on the database, or grant it the rights of docs/ledger.md",
  "22P05": "its encoding lacks a character that must be recorded: use a database with ENCODING 'UTF8'",
  "42P01": CHANGED_TABLES,
  "42703": CHANGED_TABLES,
  "3F000": CHANGED_TABLES,
  "42P07": "its schema has other tables of these names: use another schema, as ?schema=NAME in the URL",
  "53100": `its disk is full: make room on the server, then repeat the command. ${SAFE}`,
  "53300": "it has too many connections: raise max_connections, or use a pooler such as pgbouncer",
  "57014": `a statement took longer than the server's statement_timeout: raise it for this role, then repeat the command. ${SAFE}`,
  "57P01": `it is shutting down: repeat the command when it is back. ${SAFE}`,
  "57P02": `it has crashed: repeat the command when it is back. ${SAFE}`,
  "57P03": "it is starting up: repeat the command in a moment",
  "25006": `it is a read-only replica: use the URL of the primary. ${SAFE}`,
  ENOTFOUND: "its host does not exist: check the URL",
  EAI_AGAIN: "its host cannot be looked up: check the network",
  ECONNREFUSED: "nothing listens there: check the host and the port of the URL",
  ECONNRESET: `the connection broke: repeat the command. ${SAFE}`,
  EPIPE: `the connection broke: repeat the command. ${SAFE}`,
  ETIMEDOUT: "it does not answer: check the network and its firewall",
  EHOSTUNREACH: "it does not answer: check the network and its firewall",
  ENETUNREACH: "it does not answer: check the network and its firewall",
  EADDRNOTAVAIL: "its host is not an address to which a connection is possible: check the URL",
  CERT_HAS_EXPIRED: "its certificate has expired: renew it on the server",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for another host: use the name in the certificate, or sslmode=verify-ca",
};

/** Messages of pgbouncer itself, all with the code 08P01 (its `src/client.c` and `src/objects.c`). */
const OF_PGBOUNCER: readonly (readonly [RegExp, (match: RegExpExecArray) => string])[] = [
  [
    /unsupported startup parameter: (\w+)/,
    ([, name]) => `pgbouncer refuses "${name}" of the URL: leave it out, or add it to ignore_startup_parameters in pgbouncer.ini`,
  ],
  [
    /unsupported startup parameter in options: (\w+)/,
    ([, name]) => `pgbouncer refuses "${name}" in the URL's options: leave it out, or add it to ignore_startup_parameters in pgbouncer.ini`,
  ],
  [/no more connections allowed/, () => "pgbouncer has too many clients: raise max_client_conn in pgbouncer.ini"],
  [/query_wait_timeout/, () => `pgbouncer had no free connection in time: raise default_pool_size in pgbouncer.ini. ${SAFE}`],
];

function adviceOfPgbouncer({ message = "" }: PostgresFault): string | undefined {
  for (const [words, advice] of OF_PGBOUNCER) {
    const match = words.exec(message);
    if (match) return advice(match);
  }
  return undefined;
}

/** Codes of OpenSSL for a certificate that no known authority has signed. */
const UNTRUSTED =
  /^(SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT(_LOCALLY)?|CERT_SIGNATURE_FAILURE)$/;

/** Classes of the server's codes that say something about its state, or its machine: never about a statement. */
const STATE_OF_SERVER = /^(08|28|53|55|57|58|F0|XX)\w{3}$/;

function adviceFor(error: PostgresFault): string | undefined {
  const { message = "" } = error;
  const code = codeOf(error);
  if (code === "28P01") return adviceOnPassword(error);
  if (error.syscall === "connect" && code === "ENOENT") return "there is no socket of a server: check its folder and its port";
  if (error.syscall === "connect" && code === "EACCES") return "this user may not use the socket: check its folder and its rights";
  if (code === "28000" && /certificate/.test(message))
    return "the server wants a certificate of this client: give sslcert=FILE and sslkey=FILE in the URL";
  if (code === "28000" && /no encryption|SSL off/.test(message)) return "the server wants TLS: use sslmode=require, or better verify-full";
  if (/does not support SSL|establishing an SSL connection/.test(message))
    return "its server does not support TLS: turn it on there, or use sslmode=disable on a network that nobody else can read";
  if (UNTRUSTED.test(code))
    return "an unknown authority signed its certificate: give the authority's file with sslrootcert=FILE in the URL";
  if (/^(ERR_SSL|ERR_OSSL)/.test(code)) return "the TLS connection failed: check sslcert, sslkey and sslrootcert of the URL";
  if (ADVICE[code] !== undefined) return ADVICE[code];
  const ofPgbouncer = code === "08P01" ? adviceOfPgbouncer(error) : undefined;
  if (ofPgbouncer !== undefined) return ofPgbouncer;
  if (NO_ANSWER.test(message)) return `${ADVICE.ETIMEDOUT}. ${SAFE}`;
  // The driver finds no password to send.
  if (/password must be a (non-empty )?string/.test(message)) return adviceOnPassword(error);
  if (/^08/.test(code) && !error.isConnecting) return ADVICE.ECONNRESET;
  const isOfServer = error.severity !== undefined && (error.isConnecting || STATE_OF_SERVER.test(code));
  if (isOfServer) return `the server says: ${message} (${code})`;
  // Something else than a Postgres server may answer with any error.
  return error.isConnecting && !(error instanceof TypeError) && !(error instanceof RangeError) ? message : undefined;
}

function adviceOnPassword({ password: { place, ignored } = { place: "the URL" } }: PostgresFault): string {
  if (place === "the URL") return "the password or the user is wrong: check the URL";
  if (place !== undefined) return `the user, or its password, which comes from ${place}, is wrong`;
  const unread = ignored === undefined ? "" : `. ${ignored} is not read, because others may read it too: chmod 600 ${ignored}`;
  return `the server wants a password: give it in the URL, in PGPASSWORD or in ~/.pgpass${unread}`;
}

/** The driver's errors as messages that say what the user can do (exit code 5). Other errors stay as they are. */
export function asUserError(error: unknown, name: string): unknown {
  if (error instanceof UserError) return error;
  const advice = adviceFor(error as PostgresFault);
  return advice === undefined ? error : new LedgerError(`the ledger ${name} cannot be used: ${advice}`, 5);
}

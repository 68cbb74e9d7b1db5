import { UserError } from "../../userError";

/** An error of the driver: of the server with a SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html), or of the network. */
interface PostgresFault extends Error {
  code?: string;
  /** The connection broke while the transaction was committed. */
  isAmbiguous?: boolean;
}

/** Whether a transaction met another one, and may be repeated: serialization_failure, deadlock_detected. */
export function isConflict(error: unknown): boolean {
  return ["40001", "40P01"].includes((error as PostgresFault).code ?? "");
}

/** Whether a connection broke during a COMMIT: only reading tells whether it took effect. */
export function isAmbiguous(error: unknown): boolean {
  return (error as PostgresFault).isAmbiguous === true && isBroken(error as PostgresFault);
}

/** Whether a connection broke before its transaction was committed: nothing was written. */
export function wasNotCommitted(error: unknown): boolean {
  return (error as PostgresFault).isAmbiguous !== true && isBroken(error as PostgresFault);
}

function isBroken({ code = "", message = "" }: PostgresFault): boolean {
  return (
    /^(57P0[123]|08\w{3}|ECONNRESET|EPIPE)$/.test(code) ||
    /Connection terminated(?! due to connection timeout)|Query read timeout/.test(message)
  );
}

const ADVICE: Record<string, string> = {
  "28P01": "the password or the user is wrong: check the URL",
  "28000": "the server refuses this user or this kind of connection: check the URL and its sslmode",
  "3D000": "the database does not exist: create it, or check the URL",
  "42501": "the role has too few rights: it needs CREATE on the database, or the rights on the schema's tables",
  "53100": "its disk is full: make room on the server",
  "53300": "it has too many connections: raise max_connections, or use a pooler such as pgbouncer",
  "57014": "a statement took longer than the server's statement_timeout: raise it",
  "57P01": "it is shutting down: repeat the command when it is back",
  "57P03": "it is starting up: repeat the command in a moment",
  "25006": "it is a read-only replica: use the URL of the primary",
  ENOTFOUND: "its host does not exist: check the URL",
  EAI_AGAIN: "its host cannot be looked up: check the network",
  ECONNREFUSED: "nothing listens there: check the host and the port of the URL",
  ECONNRESET: "the connection broke: repeat the command",
  ETIMEDOUT: "it does not answer: check the network and its firewall",
};

/** The driver's errors as messages that say what the user can do (exit code 5). Other errors stay as they are. */
export function asUserError(error: unknown, name: string): unknown {
  const { code = "", message = "" } = error as PostgresFault;
  if (error instanceof UserError) return error;
  const cause = (error as AggregateError).errors?.[0] as PostgresFault | undefined;
  const advice = ADVICE[code] ?? ADVICE[cause?.code ?? ""];
  if (advice !== undefined) return new UserError(`the ledger ${name} cannot be used: ${advice}`, 5);
  if (/Connection terminated|Query read timeout|timeout exceeded when trying to connect/.test(message))
    return new UserError(`the ledger ${name} cannot be used: ${ADVICE.ETIMEDOUT}`, 5);
  return error;
}

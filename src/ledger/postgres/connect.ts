import type { Client, ClientConfig, Pool } from "pg";
import { UserError } from "../../userError";
import { boundClient } from "./boundClient";
import { isLoopback, type LedgerUrl } from "./ledgerUrl";
import { type LoginPlace, passwordInFile } from "./passwordFile";
import { isAboutTls, type PasswordOrigin } from "./postgresFaults";
import { type TlsAttempt, tlsAttempts } from "./tls";

/** How many connections one process uses at most. A managed database often has a hundred for all. */
const MAX_CONNECTIONS = 4;
/** How long to wait for a connection, in milliseconds. */
const CONNECT_TIMEOUT = 15_000;
/** How long to wait for an answer, in milliseconds: a line that was cut without a word gives none. */
const ANSWER_TIMEOUT = 30_000;

/** The ledgers whose connection is known not to be encrypted: each gets one warning. */
const told = new Set<string>();

/** A pool of connections, and how to make another one like these. */
export interface Connected {
  pool: Pool;
  /** Another client, which is not connected yet. */
  client(): Client;
}

/**
 * Connect as the URL's `sslmode` says: the first way that the server takes.
 * @param check uses the new pool; it is connected then
 * @param warn gets a warning if others may read what is sent
 */
export async function connectPool(
  url: LedgerUrl,
  check: (pool: Pool) => Promise<void>,
  warn: (message: string) => void = () => {},
): Promise<Connected> {
  const { Pool: PgPool, Client: AnyClient } = await driver();
  const PgClient = url.requiresBinding ? boundClient(AnyClient) : AnyClient;
  const attempts = tlsAttempts(url);
  const password = passwordOf(url.password);
  for (const [index, ssl] of attempts.entries()) {
    const config = configOf(url, ssl, password);
    const pool = new PgPool({ ...config, Client: PgClient, max: MAX_CONNECTIONS, allowExitOnIdle: true });
    // An idle connection that breaks is replaced by the next statement.
    pool.on("error", () => {});
    // The pool does not listen while somebody has a connection, and he who gets it can only begin a moment later. If the server shuts down
    // in between, the error would end the process.
    pool.on("connect", (client) => client.on("error", () => {}));
    try {
      await check(pool);
    } catch (error) {
      await pool.end();
      if (index === attempts.length - 1 || !isAboutTls(error))
        throw Object.assign(error as Error, { isConnecting: true, password: password.origin() });
      continue;
    }
    if (ssl === false && !isLoopback(url.host) && !told.has(url.name)) {
      told.add(url.name);
      warn(
        `warning: the connection to the ledger ${url.name} is not encrypted: others may read its password and its runs. Add ?sslmode=verify-full to its URL`,
      );
    }
    return { pool, client: () => new PgClient(config) };
  }
  throw new Error("there was no way to connect");
}

function configOf(url: LedgerUrl, ssl: TlsAttempt, { password }: Password): ClientConfig {
  const { host, port, user, database, options, applicationName = "pushpool", connectTimeout = CONNECT_TIMEOUT } = url;
  return {
    ...(host === undefined ? {} : { host }),
    ...(port === undefined ? {} : { port }),
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
    ...(database === undefined ? {} : { database }),
    ...(options === undefined ? {} : { options }),
    ...(url.requiresBinding ? { enableChannelBinding: true } : {}),
    ssl,
    connectionTimeoutMillis: connectTimeout,
    query_timeout: ANSWER_TIMEOUT,
    keepAlive: true,
    application_name: applicationName,
  };
}

/** The password of a login. */
interface Password {
  /** Absent: the driver takes `PGPASSWORD`. */
  password?: NonNullable<ClientConfig["password"]>;
  /** Where it came from, if somebody asked. */
  origin(): PasswordOrigin;
}

/** The driver reads `~/.pgpass` only with a warning that it will no longer do so. */
function passwordOf(password: string | undefined): Password {
  if (password !== undefined) return { password, origin: () => ({ place: "the URL" }) };
  if (process.env.PGPASSWORD) return { origin: () => ({ place: "PGPASSWORD" }) };
  let origin: PasswordOrigin = {};
  // It passes the place, which its types do not know.
  const look = (async (login: LoginPlace) => {
    const { path, isIgnored, password: found } = await passwordInFile(login);
    origin = found !== undefined ? { place: path } : isIgnored ? { ignored: path } : {};
    return found;
  }) as unknown as () => Promise<string>;
  return { password: look, origin: () => origin };
}

/** The driver, which only those who use such a ledger install. @throws {UserError} with its install line */
export async function driver(): Promise<typeof import("pg")> {
  try {
    const loaded = await import("pg");
    return (loaded as unknown as { default?: typeof import("pg") }).default ?? loaded;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND" && (error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND")
      throw error;
    throw new UserError("a ledger in Postgres needs a package that is not installed: npm install pg");
  }
}

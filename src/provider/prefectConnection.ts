import type { JsonObject } from "../json";
import { checkServer } from "../prefect/api/server";
import { type ApiConnection, connectionOf } from "../prefect/apiConnection";
import { type Client, createClient } from "../prefect/client";
import { type Explicit, findConnection, findConnectionTo } from "../prefect/findConnection";
import { UserError } from "../userError";
import type { Configuring } from "./operations";
import { printLine } from "./printLine";

/** The connection of this provider process. An explicit provider has its own process, and so does the default one. */
let explicit: Explicit | undefined;
let open: Promise<Client> | undefined;

/**
 * Take the connection from an explicit provider (`new prefect.Connection(…)`), or from the stack's configuration (`prefect:apiUrl`,
 * `prefect:auth`). Each resource kind is configured once, all with the same values.
 */
export async function configureConnection({ config }: Configuring): Promise<void> {
  const apiUrl = config.get("prefect:apiUrl");
  const auth = config.get("prefect:auth");
  explicit = apiUrl ? { apiUrl, ...(auth ? { auth } : {}), origin: "prefect:apiUrl of the connection" } : undefined;
  open = undefined;
}

/**
 * A client for the configured API, else for the Prefect API that the environment of `pulumi up` names. The server is checked once.
 * @throws {UserError} if no API is configured, it is unreachable, or too old
 */
export function configuredClient(): Promise<Client> {
  open ??= connect();
  // After a failure the next resource tries again.
  open.catch(() => {
    open = undefined;
  });
  return open;
}

async function connect(): Promise<Client> {
  const connection = findConnection(process.env, explicit);
  if (!connection) {
    throw new UserError(
      "no Prefect API is configured: pass a prefect.Connection as provider, set PREFECT_API_URL (and PREFECT_API_KEY), or select a profile that has it with `prefect profile use`",
    );
  }
  // A server on SQLite answers slowly to several resources at once.
  const client = createClient(connection, {
    patienceMs: 120_000,
    exactNumbers: false,
    tell: (message) => printLine(`warning: ${message}`),
  });
  await checkServer(client);
  return client;
}

/** The API that is configured now. `undefined` if there is none, or its URL is unknown, as in a preview. */
export function configuredConnection(): ApiConnection | undefined {
  try {
    return findConnection(process.env, explicit);
  } catch {
    return undefined;
  }
}

/** Whether a resource is on another API than the configured one. Then it is replaced: deleted there and created here. */
export function hasMoved({ apiUrl }: JsonObject): boolean {
  const now = configuredConnection()?.apiUrl;
  return typeof apiUrl === "string" && now !== undefined && now !== apiUrl;
}

/**
 * A client for the API of a resource, which may differ from the configured one.
 * @param outs of the state
 */
export async function openClientFor(outs: JsonObject): Promise<Client> {
  if (typeof outs.apiUrl !== "string" || configuredConnection()?.apiUrl === outs.apiUrl) return configuredClient();
  const { connectionAuth: auth } = outs;
  const connection =
    typeof auth === "string"
      ? connectionOf(outs.apiUrl, auth, "where it was made")
      : findConnectionTo(process.env, outs.apiUrl, configuredConnection());
  const client = createClient(connection, { patienceMs: 120_000 });
  await checkServer(client);
  return client;
}

/**
 * The connection in the outputs of a resource: the URL, and the key of an explicit connection. The component declares `connectionAuth`
 * secret.
 * A deletion gets only these outputs, and the connection may name another server by then. A key from the shell belongs to the user and is
 * not stored.
 */
export function connectionOuts({ connection }: Client): { apiUrl: string; connectionAuth?: string } {
  const isExplicit = explicit?.auth !== undefined && configuredConnection()?.apiUrl === connection.apiUrl;
  return { apiUrl: connection.apiUrl, ...(isExplicit ? { connectionAuth: explicit?.auth as string } : {}) };
}

/** Outputs after a read. The key stays as in the state, because only the program can declare it secret. */
export function readOuts(props: JsonObject, outs: JsonObject): JsonObject {
  const { connectionAuth: _, ...rest } = outs;
  return props.connectionAuth === undefined ? rest : { ...rest, connectionAuth: props.connectionAuth };
}

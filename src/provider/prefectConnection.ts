import type { JsonObject } from "../json";
import { checkServer } from "../prefect/api/server";
import { type ApiConnection, connectionOf } from "../prefect/apiConnection";
import { type Client, createClient } from "../prefect/client";
import { type Explicit, findConnection, findConnectionTo } from "../prefect/findConnection";
import { PrefectRefusal } from "../prefect/prefectRefusal";
import { UserError } from "../userError";
import { releaseObject } from "./holders";
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
export function openClient(): Promise<Client> {
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
function configuredConnection(): ApiConnection | undefined {
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
  if (typeof outs.apiUrl !== "string" || configuredConnection()?.apiUrl === outs.apiUrl) return openClient();
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

/** An environment variable with the URL of an API that no longer exists. Resources there are removed from the state without a deletion. */
const FORGET = "PUSHPOOL_FORGET_PREFECT_API";

/**
 * Delete a resource's object on its API, unless another resource of the program holds it now.
 * @param about its name in messages, such as `work pool "etl"`
 * @param object its id on the server, a UUID
 * @throws {UserError} with the next steps, if that API is unreachable or refuses
 */
export async function deleteObject(
  about: string,
  object: unknown,
  outs: JsonObject,
  remove: (client: Client) => Promise<void>,
): Promise<void> {
  if (!releaseObject(object, outs)) return printLine(`${about} is kept: it belongs to another resource of the program now`);
  const { apiUrl } = outs;
  if (typeof apiUrl === "string" && process.env[FORGET]?.replace(/\/+$/, "") === apiUrl)
    return printLine(`warning: ${about} is removed from the state, but was not deleted at ${apiUrl} (${FORGET})`);
  try {
    await remove(await openClientFor(outs));
  } catch (error) {
    if (!(error instanceof PrefectRefusal) || typeof apiUrl !== "string") throw error;
    const key =
      configuredConnection()?.apiUrl !== apiUrl
        ? ` If it needs a key: set PREFECT_API_URL=${apiUrl} and PREFECT_API_KEY for this command.`
        : "";
    throw new UserError(
      `${about} was not deleted at ${apiUrl}: ${error.message}.${key} If that API no longer exists: set ${FORGET}=${apiUrl} and run this again, which removes it from the state`,
      5,
    );
  }
}

/**
 * The error for an existing object that must not be adopted, with the ways to continue.
 * @param other the field to give another name in
 */
export function alreadyExists(about: string, client: Client, other: string): UserError {
  return new UserError(
    `${about} is already there, at ${client.connection.apiUrl}: set adoptExisting: true to take it over, or set another ${other}. If only the name of this resource has changed: add its former name with aliases: [{ name: "FORMER NAME" }]`,
    5,
  );
}

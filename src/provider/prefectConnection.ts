import type { JsonObject } from "../json";
import { checkServer } from "../prefect/api/server";
import { type Client, createClient } from "../prefect/client";
import { type ApiConnection, connectionOf } from "../prefect/connection";
import { type Explicit, findConnection, findConnectionTo } from "../prefect/findConnection";
import { PrefectRefusal } from "../prefect/refusal";
import { UserError } from "../userError";
import { letGo } from "./holders";
import type { Configuring } from "./operations";
import { tell } from "./tell";

/** What the provider of this process was given: the explicit one has a process of its own, and so has the default one. */
let explicit: Explicit | undefined;
let open: Promise<Client> | undefined;

/**
 * Take the connection from an explicit provider (`new prefect.Connection(…)`), or from the stack's configuration (`prefect:apiUrl`,
 * `prefect:auth`). Each kind of resource is configured once, all with the same.
 */
export async function configureConnection({ config }: Configuring): Promise<void> {
  const apiUrl = config.get("prefect:apiUrl");
  const auth = config.get("prefect:auth");
  explicit = apiUrl ? { apiUrl, ...(auth ? { auth } : {}), origin: "prefect:apiUrl of the connection" } : undefined;
  open = undefined;
}

/**
 * A client for what was configured, else for the Prefect API that the environment of `pulumi up` means; its server is looked at once.
 * @throws {UserError} if no API is named, it cannot be reached, or is too old
 */
export function openClient(): Promise<Client> {
  open ??= connect();
  // What failed is tried afresh by the next resource.
  open.catch(() => {
    open = undefined;
  });
  return open;
}

async function connect(): Promise<Client> {
  const connection = findConnection(process.env, explicit);
  if (!connection) {
    throw new UserError(
      "no Prefect API is named: pass a prefect.Connection as provider, or set PREFECT_API_URL (and PREFECT_API_KEY), or `prefect profile use` one that has it",
    );
  }
  // Several resources at once keep a server on SQLite busy.
  const client = createClient(connection, {
    patienceMs: 120_000,
    exactNumbers: false,
    tell: (message) => tell(`warning: ${message}`),
  });
  await checkServer(client);
  return client;
}

/** The API that is meant now; `undefined` if none is named, or its URL is not known yet, as in a preview. */
function meant(): ApiConnection | undefined {
  try {
    return findConnection(process.env, explicit);
  } catch {
    return undefined;
  }
}

/**
 * Whether a resource is on another API than the one that is meant now: then it is replaced, deleted there and made here.
 * @param outs of the state
 */
export function hasMoved({ apiUrl }: JsonObject): boolean {
  const now = meant()?.apiUrl;
  return typeof apiUrl === "string" && now !== undefined && now !== apiUrl;
}

/** A client for the API that a resource is on, which need not be the one that is meant now. @param outs of the state */
export async function openClientOf(outs: JsonObject): Promise<Client> {
  if (typeof outs.apiUrl !== "string" || meant()?.apiUrl === outs.apiUrl) return openClient();
  const { connectionAuth: auth } = outs;
  const connection =
    typeof auth === "string" ? connectionOf(outs.apiUrl, auth, "where it was made") : findConnectionTo(process.env, outs.apiUrl, meant());
  const client = createClient(connection, { patienceMs: 120_000 });
  await checkServer(client);
  return client;
}

/**
 * What the outputs of a resource say of its connection: the URL, and the key of an explicit one. A component declares `connectionAuth` secret.
 * A deletion gets nothing but these outputs, when the connection is to another server by then. The key of a shell is its user's, and stays there.
 */
export function connectionOuts({ connection }: Client): { apiUrl: string; connectionAuth?: string } {
  const isExplicit = explicit?.auth !== undefined && meant()?.apiUrl === connection.apiUrl;
  return { apiUrl: connection.apiUrl, ...(isExplicit ? { connectionAuth: explicit?.auth as string } : {}) };
}

/** Outputs that were read anew. The key stays as the state has it: only what a program has declared is kept secret there. */
export function readOuts(props: JsonObject, outs: JsonObject): JsonObject {
  const { connectionAuth: _, ...rest } = outs;
  return props.connectionAuth === undefined ? rest : { ...rest, connectionAuth: props.connectionAuth };
}

/** Its value: the URL of an API that is no more. What was made there is dropped from the state. */
const FORGET = "PUSHPOOL_FORGET_PREFECT_API";

/**
 * Delete an object of a resource on the API that it was made on, unless another resource of the program holds it now.
 * @param about what messages call it, as `work pool "etl"`
 * @param object its id on the server, a UUID
 * @throws {UserError} with the way out, if that API is out of reach or refuses
 */
export async function deleteThere(
  about: string,
  object: unknown,
  outs: JsonObject,
  remove: (client: Client) => Promise<void>,
): Promise<void> {
  if (!letGo(object, outs)) return tell(`${about} stays: another resource of the program has it now`);
  const { apiUrl } = outs;
  if (typeof apiUrl === "string" && process.env[FORGET]?.replace(/\/+$/, "") === apiUrl)
    return tell(`warning: ${about} is dropped from the state, and was not deleted at ${apiUrl} (${FORGET})`);
  try {
    await remove(await openClientOf(outs));
  } catch (error) {
    if (!(error instanceof PrefectRefusal) || typeof apiUrl !== "string") throw error;
    const key =
      meant()?.apiUrl !== apiUrl ? ` If it wants a key: set PREFECT_API_URL=${apiUrl} and PREFECT_API_KEY for this one time.` : "";
    throw new UserError(
      `${about} was not deleted at ${apiUrl}: ${error.message}.${key} If that API is gone for good: set ${FORGET}=${apiUrl} and do this again, which drops it from the state`,
      5,
    );
  }
}

/** Why something that is there already is not taken over, and the ways on. @param other the field for another name */
export function alreadyThere(about: string, client: Client, other: string): UserError {
  return new UserError(
    `${about} is already there, at ${client.connection.apiUrl}: set adoptExisting: true to take it over, or give another ${other}. If only this resource's own name has changed: give it its former one, as aliases: [{ name: "FORMER NAME" }]`,
    5,
  );
}

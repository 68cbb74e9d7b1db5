import type { JsonObject } from "../json";
import { checkServer } from "../prefect/api/server";
import { type Client, createClient } from "../prefect/client";
import { type Explicit, findConnection } from "../prefect/findConnection";
import { UserError } from "../userError";
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

/**
 * Whether the resource is of another API than the one that is meant now, as far as that can be told without asking it: an update then
 * looks whether it is there too, as it is where only the server's address has changed.
 * @param outputs of the state
 */
export function apiMoved(outputs: JsonObject): boolean {
  if (typeof outputs.apiUrl !== "string") return false;
  try {
    const meant = findConnection(process.env, explicit)?.apiUrl;
    return meant !== undefined && meant !== outputs.apiUrl;
  } catch {
    // In a preview the URL may not be known yet.
    return false;
  }
}

import type { Json } from "../../json";
import type { Client } from "../client";

/** The value of a Prefect variable; `undefined` if it does not exist. */
export async function readVariable(client: Client, name: string): Promise<Json | undefined> {
  const path = `/variables/name/${encodeURIComponent(name)}`;
  const { status, body } = await client.request<{ value: Json }>("GET", path, { allow: [404], about: `variable "${name}"` });
  return status === 404 ? undefined : body.value;
}

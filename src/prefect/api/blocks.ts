import { setTimeout as sleep } from "node:timers/promises";
import type { JsonObject } from "../../json";
import { suggestion } from "../../nearest";
import { UserError } from "../../userError";
import type { Client } from "../client";

export interface BlockSchema {
  id: string;
  block_type_id: string;
  /** JSON Schema of the data, with Prefect's `secret_fields`. */
  fields: JsonObject;
}

export interface BlockDocument {
  id: string;
  name: string;
  /** ISO 8601. */
  updated: string;
  data: JsonObject;
  block_type: { slug: string };
  block_schema: { fields: JsonObject };
}

/** A block's key in messages and in manifests: `<block type slug>/<block document name>`. */
export const blockKey = (slug: string, name: string) => `${slug}/${name}`;

/**
 * Read the newest schema of a block type.
 * @param patienceMs how long to wait for the type, in milliseconds. A server registers the types of Prefect's collections soon after its
 * start; Prefect Cloud does it some time after the workspace was created
 * @throws {UserError} if the type does not exist (exit code 5); the message lists similar types
 */
export async function newestSchema(client: Client, slug: string, patienceMs: number): Promise<BlockSchema> {
  const until = Date.now() + patienceMs;
  for (;;) {
    const type = await client.request<{ id: string }>("GET", `/block_types/slug/${encodeURIComponent(slug)}`, { allow: [404] });
    if (type.status !== 404) {
      const json = { block_schemas: { block_type_id: { any_: [type.body.id] } } };
      const [newest] = (await client.request<BlockSchema[]>("POST", "/block_schemas/filter", { json })).body;
      if (newest) return newest;
    }
    if (Date.now() >= until) break;
    await sleep(Math.min(1_000, patienceMs));
  }
  const known = (await client.request<{ slug: string }[]>("POST", "/block_types/filter", { json: {} })).body.map((type) => type.slug);
  throw new UserError(
    `the Prefect API at ${client.connection.apiUrl} has no block type "${slug}" (${suggestion(slug, known)}): register it with \`prefect block register -m MODULE\` naming the package that defines it`,
    5,
  );
}

/** @param secrets whether to return secret values; if not, Prefect masks them with asterisks */
export async function readBlock(client: Client, id: string, { secrets = false } = {}): Promise<BlockDocument | undefined> {
  const query: Record<string, string> = secrets ? { include_secrets: "true" } : {};
  const { status, body } = await client.request<BlockDocument>("GET", `/block_documents/${id}`, { query, allow: [404] });
  return status === 404 ? undefined : body;
}

export async function readBlockByName(
  client: Client,
  slug: string,
  name: string,
  { secrets = false } = {},
): Promise<BlockDocument | undefined> {
  const path = `/block_types/slug/${encodeURIComponent(slug)}/block_documents/name/${encodeURIComponent(name)}`;
  const query: Record<string, string> = secrets ? { include_secrets: "true" } : {};
  const { status, body } = await client.request<BlockDocument>("GET", path, {
    query,
    allow: [404],
    about: `block "${blockKey(slug, name)}"`,
  });
  return status === 404 ? undefined : body;
}

/** Keys of blocks to suggest, as many as the server returns at once. */
export async function blockNames(client: Client): Promise<string[]> {
  const { body } = await client.request<BlockDocument[]>("POST", "/block_documents/filter", { json: {} });
  return body.map(({ block_type, name }) => blockKey(block_type.slug, name));
}

export async function createBlock(
  client: Client,
  key: { slug: string; name: string },
  schema: BlockSchema,
  data: JsonObject,
  redact: readonly string[],
): Promise<BlockDocument | { exists: true; maybeOurs: boolean }> {
  const json = { name: key.name, data, block_schema_id: schema.id, block_type_id: schema.block_type_id, is_anonymous: false };
  const about = `block "${blockKey(key.slug, key.name)}"`;
  const { status, body, repeated } = await client.request<BlockDocument>("POST", "/block_documents/", {
    json,
    allow: [409],
    about,
    redact,
  });
  return status === 409 ? { exists: true, maybeOurs: repeated } : body;
}

/** Replace all of the data. Prefect merges by default, and a merge can never remove a field. */
export async function replaceBlockData(
  client: Client,
  id: string,
  about: string,
  data: JsonObject,
  redact: readonly string[],
): Promise<void> {
  await client.request("PATCH", `/block_documents/${id}`, { json: { data, merge_existing_data: false }, about, redact });
}

export async function deleteBlock(client: Client, id: string): Promise<void> {
  await client.request("DELETE", `/block_documents/${id}`, { allow: [404] });
}

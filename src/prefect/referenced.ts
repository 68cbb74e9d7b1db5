import { isJsonObject, type Json, type JsonObject, type Value, type ValueObject } from "../json";
import { suggestion } from "../nearest";
import { Secret } from "../secret";
import { placeholdersIn } from "../template/placeholders";
import { blockKey, blockNames, readBlock, readBlockByName } from "./api/blocks";
import { readVariable } from "./api/variables";
import type { Client } from "./client";

/** Blocks by `<type>/<name>`, as in a manifest. */
export type ReferencedBlocks = Record<string, { id: string; createdAt: string; data: ValueObject; missing?: string }>;

/**
 * Read the blocks that values reference, or that placeholders name. Their secret fields are wrapped. A block that does not exist is marked
 * `missing`, with similar names.
 */
export async function readBlocks(client: Client, used: Json[]): Promise<ReferencedBlocks> {
  const ids = new Set(used.flatMap(referencedIds));
  const names = new Set(
    used.flatMap((value) =>
      [...placeholdersIn(value, "")].filter(({ kind }) => kind === "block").map(({ name }) => name.split(".").slice(2, 4).join("/")),
    ),
  );
  const wanted = [...ids, ...[...names].filter((key) => /^[^/]+\/[^/]+$/.test(key))];
  const found = await Promise.all(
    wanted.map((key) => {
      const [slug = "", name] = key.split("/");
      return name === undefined ? readBlock(client, key, { secrets: true }) : readBlockByName(client, slug, name, { secrets: true });
    }),
  );
  const there = found.every((block) => block) ? [] : await blockNames(client);
  return Object.fromEntries(
    found.map((block, index) => {
      const asked = wanted[index] as string;
      if (!block) {
        const missing = ` at ${client.connection.apiUrl}: ${suggestion(asked, there) || "it has none"}`;
        return [asked, { id: asked, createdAt: "", data: {}, missing }];
      }
      const key = blockKey(block.block_type.slug, block.name);
      return [key, { id: block.id, createdAt: inOurs(client, block.updated), data: wrapped(key, block.data, block.block_schema.fields) }];
    }),
  );
}

/**
 * Convert a server's time to our clock, by which the age of a key is measured. Rounded to the minute, so that the result stays the same
 * each time.
 */
function inOurs({ clock }: Client, time: string): string {
  const ahead = Math.round(clock.ahead / 60_000) * 60_000;
  return new Date(Date.parse(time) - ahead).toISOString();
}

/** The ids of the block documents that a tree references by `$ref`. */
export function referencedIds(value: Json): string[] {
  if (Array.isArray(value)) return value.flatMap(referencedIds);
  if (!isJsonObject(value)) return [];
  const { $ref: reference } = value;
  const id = isJsonObject(reference) ? reference.block_document_id : undefined;
  return [...(typeof id === "string" ? [id] : []), ...Object.values(value).flatMap(referencedIds)];
}

/** `secret_fields` has paths such as `aws_secret_access_key` or `credentials.password`. The whole top-level field is wrapped. */
function wrapped(key: string, data: JsonObject, fields: JsonObject): ValueObject {
  const secret = new Set((Array.isArray(fields.secret_fields) ? fields.secret_fields : []).map((path) => String(path).split(".")[0]));
  const pointer = `/blocks/${key.replaceAll("~", "~0").replaceAll("/", "~1")}/data`;
  return Object.fromEntries(
    Object.entries(data).map(([field, value]): [string, Value] => [
      field,
      secret.has(field) && value !== null ? new Secret([{ pointer: `${pointer}/${field}` }], value) : value,
    ]),
  );
}

/** Read the variables that placeholders name. Variables that do not exist are left out. */
export async function readVariables(client: Client, used: Json[]): Promise<Record<string, Value>> {
  const names = used.flatMap((value) =>
    [...placeholdersIn(value, "")].filter(({ kind }) => kind === "variable").map(({ name }) => name.replace("prefect.variables.", "")),
  );
  const read = await Promise.all([...new Set(names)].map(async (name) => [name, await readVariable(client, name)] as const));
  return Object.fromEntries(read.filter((entry): entry is [string, Json] => entry[1] !== undefined));
}

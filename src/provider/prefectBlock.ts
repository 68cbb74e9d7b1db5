import { isDeepStrictEqual } from "node:util";
import type { JsonObject } from "../json";
import { blockKey, createBlock, deleteBlock, newestSchema, readBlock, readBlockByName, replaceBlockData } from "../prefect/api/blocks";
import { blockFaults } from "../prefect/blockData";
import type { Client } from "../prefect/client";
import { longTexts } from "../prefect/managedFields";
import { quoted } from "../shown";
import { holdsUnknown } from "../unknown";
import { UserError } from "../userError";
import { adoptObject, isMoving, keptAdoption } from "./holders";
import type { CheckFailure, Operations } from "./operations";
import { configureConnection, configuredClient, connectionOuts, openClientFor } from "./prefectConnection";
import { alreadyExists, deleteObject, movedFields } from "./prefectObject";

interface Inputs extends JsonObject {
  blockTypeSlug: string;
  blockName: string;
  data: JsonObject;
}

/** Prefect's rule for the names of block documents and the slugs of block types. */
const NAME = /^[a-z0-9-]+$/;

/** A Prefect block document. Its id is the document's id. All its data is secret. */
export const operations: Operations = {
  configure: configureConnection,

  async check(_olds, news) {
    const failures: CheckFailure[] = [];
    for (const property of ["blockTypeSlug", "blockName"]) {
      const value = news[property];
      if (holdsUnknown(value) || (typeof value === "string" && NAME.test(value))) continue;
      failures.push({ property, reason: `${property} must consist of lowercase letters, digits and dashes, not ${quoted(value)}` });
    }
    const { data } = news;
    if (!holdsUnknown(data) && (data === null || typeof data !== "object" || Array.isArray(data)))
      failures.push({ property: "data", reason: "data must be an object: the fields of the block" });
    return { inputs: news, failures };
  },

  async diff(id, olds, news) {
    const replaces = [...["blockTypeSlug", "blockName"].filter((key) => olds[key] !== news[key]), ...movedFields(id, olds)];
    return { changes: replaces.length > 0 || !isDeepStrictEqual(olds.data, news.data), replaces };
  },

  async create(inputs) {
    const { blockTypeSlug: slug, blockName: name, data } = inputs as Inputs;
    const client = await configuredClient();
    const schema = await checkedSchema(client, slug, name, data);
    const made = await createBlock(client, { slug, name }, schema, data, secretsOf(data));
    if (!("exists" in made)) return { id: made.id, outs: outsOf(client, made.id, inputs) };

    const there = await readBlockByName(client, slug, name, { secrets: true });
    const isOurs = made.maybeOurs && there !== undefined && isDeepStrictEqual(there.data, data);
    if (!there || (inputs.adoptExisting !== true && !isOurs && !isMoving(there.id)))
      throw alreadyExists(`block "${blockKey(slug, name)}"`, client, "blockName");
    if (isOurs) return { id: there.id, outs: outsOf(client, there.id, inputs) };
    const adoption = adoptObject(there.id);
    await replaceBlockData(client, there.id, `block "${blockKey(slug, name)}"`, data, secretsOf(data));
    return { id: there.id, outs: outsOf(client, there.id, { ...inputs, ...adoption }) };
  },

  async read(id, props) {
    const client = await openClientFor(props);
    const there = await readBlock(client, id, { secrets: true });
    return there ? { id, props: { ...props, data: keepingReferences(props.data as JsonObject, there.data) } } : {};
  },

  async update(id, olds, news) {
    const { blockTypeSlug: slug, blockName: name, data } = news as Inputs;
    const client = await configuredClient();
    await checkedSchema(client, slug, name, data);
    await replaceBlockData(client, id, `block "${blockKey(slug, name)}"`, data, [
      ...secretsOf(data),
      ...secretsOf(olds.data as JsonObject),
    ]);
    return { outs: outsOf(client, id, { ...news, ...keptAdoption(olds) }) };
  },

  async delete(id, props) {
    const { blockTypeSlug: slug, blockName: name } = props as Inputs;
    await deleteObject(`block "${blockKey(slug, name)}"`, id, props, (client) => deleteBlock(client, id));
  },
};

/** A server accepts any data for a block, and mistakes show only when a run fails. So the data is checked here. */
async function checkedSchema(client: Client, slug: string, name: string, data: JsonObject) {
  const schema = await newestSchema(client, slug, client.connection.isCloud ? 60_000 : 5_000);
  const faults = blockFaults(schema.fields, data);
  if (faults.length > 0) throw new UserError(`block "${blockKey(slug, name)}": ${faults.join("; ")}`);
  return schema;
}

/**
 * A server returns a reference to another block as that block's data, so a change of the reference cannot be seen. The given one is kept.
 */
function keepingReferences(given: JsonObject, there: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(there).map(([key, value]) => {
      const said = given[key];
      const isReference = said !== null && typeof said === "object" && !Array.isArray(said) && Object.hasOwn(said, "$ref");
      return [key, isReference ? said : value];
    }),
  );
}

function outsOf(client: Client, id: string, inputs: JsonObject): JsonObject {
  return { ...inputs, blockDocumentId: id, ...connectionOuts(client) };
}

function secretsOf(data: JsonObject): string[] {
  return longTexts(data, 4);
}

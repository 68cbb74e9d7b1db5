import type { Value, ValueObject } from "../json";
import { suggestion } from "../nearest";
import { Secret } from "../secret";
import { UserError } from "../userError";
import { compose } from "./compose";
import { isTruthy } from "./merge";
import { getPath, isObject, objectOf, opened } from "./paths";
import { BLOCKS, only, type Placeholder, pieces } from "./placeholders";

/** Blocks by `<block type slug>/<block document name>`. */
export type Blocks = Record<string, Block>;

interface Block {
  id?: string | null;
  data: ValueObject;
  /** Set if the server does not have the block: the end of a sentence with the server and the most similar names. */
  missing?: string;
}

/**
 * Replace references by blocks (`prefect.utilities.templating.resolve_block_document_references`). An object
 * `{"$ref": {"block_document_id": …}}` becomes the data of the block; its other keys are ignored. If a string is a single
 * `{{ prefect.blocks.… }}`, the value replaces it. A longer string cannot contain a list or object.
 *
 * Without a Prefect API a block has no id. Then `block_document_id` may be the key of the block in the manifest.
 * @param finish see {@link compose}
 * @throws {UserError} with the path, and the most similar block
 */
export function resolveBlocks(value: Value, blocks: Blocks, path: string, finish: (text: string) => readonly Value[]): Value {
  if (typeof value === "string") {
    const found = pieces(value);
    const single = only(found);
    if (single?.kind === "block") return blockValue(single, blocks, path);
    return found.some((piece) => typeof piece === "object" && piece.kind === "block")
      ? compose(blocksInText(value, blocks, path), path, finish)
      : value;
  }
  if (Array.isArray(value)) return value.map((item, index) => resolveBlocks(item, blocks, `${path}[${index}]`, finish));
  if (!isObject(value)) return value;
  if (Object.hasOwn(value, "$ref")) {
    if (!isObject(value.$ref)) throw new UserError(`${path}.$ref: must be an object with a block_document_id`);
    const { block_document_id: id } = value.$ref;
    if (isTruthy(id)) return dataById(id as Value, blocks, path);
  }
  return objectOf(Object.entries(value).map(([key, inner]) => [key, resolveBlocks(inner, blocks, `${path}.${key}`, finish)]));
}

/** Split a string at its block placeholders, and insert their values. */
export function blocksInText(text: string, blocks: Blocks, path: string): Value[] {
  return pieces(text).map((piece) => {
    if (typeof piece === "string") return piece;
    if (piece.kind !== "block") return piece.text;
    const value = blockValue(piece, blocks, path);
    const plain: Value = value instanceof Secret && value.known ? value.reveal() : value;
    if (Array.isArray(plain) || isObject(plain)) {
      throw new UserError(`${path}: ${piece.text} is a list or object and cannot be part of a string; name one of its fields`);
    }
    return value;
  });
}

function dataById(id: Value, blocks: Blocks, path: string): Value {
  const found = Object.entries(blocks).find(([key, block]) => block.id === id || key === id);
  if (found && found[1].missing === undefined) return opened(found[1].data);
  throw new UserError(
    `${path}.$ref.block_document_id: there is no block "${String(id)}"${found?.[1].missing ?? others(String(id), blocks)}`,
  );
}

/**
 * The value of `prefect.blocks.<slug>.<name>[.<path>]`. If `value` is the only field of a block, a reference to the block means this value.
 */
function blockValue({ name: whole, text }: Placeholder, blocks: Blocks, path: string): Value {
  const [slug, name, ...rest] = whole.replaceAll(BLOCKS, "").split(".");
  if (slug === undefined || name === undefined) {
    throw new UserError(`${path}: ${text} must be {{ prefect.blocks.<block type slug>.<block document name> }}, optionally with a path`);
  }
  const key = `${slug}/${name}`;
  const block = Object.hasOwn(blocks, key) ? blocks[key] : undefined;
  if (!block || block.missing !== undefined)
    throw new UserError(`${path}: there is no block "${key}" for ${text}${block?.missing ?? others(key, blocks)}`);
  const inside = rest.length > 0 ? rest.join(".") : undefined;
  const fields = opened(block.data);
  const isValueOnly = isObject(fields) && Object.keys(fields).length === 1 && Object.hasOwn(fields, "value");
  const data = isValueOnly && !/^value([.[]|$)/.test(inside ?? "") ? (fields.value as Value) : fields;
  if (inside === undefined) return data;
  const value = getPath(data, inside);
  if (value !== undefined) return value;
  const hint = isObject(data) ? suggestion(inside, Object.keys(data)) : "";
  throw new UserError(`${path}: block "${key}" has no "${inside}", which ${text} refers to${hint ? `: ${hint}` : ""}`);
}

function others(key: string, blocks: Blocks): string {
  const there = Object.keys(blocks).filter((each) => blocks[each]?.missing === undefined);
  return `: ${suggestion(key, there) || "the manifest has none"}`;
}

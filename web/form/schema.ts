import { isObject } from "../server/exactJson";

/** A JSON schema, or a part of one. */
export type Schema = Record<string, unknown>;

/** `allOf` and `$ref` put into one schema. A reference to itself gives an empty schema: any value. */
export function resolved(schema: Schema, root: Schema, seen: readonly string[] = []): { schema: Schema; seen: readonly string[] } {
  const reference = schema.$ref;
  if (typeof reference === "string") {
    const target = seen.includes(reference) ? undefined : at(root, reference);
    const { $ref: _, ...beside } = schema;
    if (!target) return { schema: onlyWords(beside), seen };
    const inner = resolved(target, root, [...seen, reference]);
    return { schema: { ...inner.schema, ...beside }, seen: inner.seen };
  }
  if (!Array.isArray(schema.allOf)) return { schema, seen };
  const { allOf, ...own } = schema;
  let path = seen;
  const parts = (allOf as Schema[]).filter(isObject).map((part) => {
    const inner = resolved(part, root, seen);
    path = [...path, ...inner.seen];
    return inner.schema;
  });
  const all = [...parts, own];
  const merged: Schema = Object.assign({}, ...all);
  const properties = all.map((part) => part.properties).filter(isObject);
  const required = all.flatMap((part) => (Array.isArray(part.required) ? part.required : []));
  if (properties.length > 0) merged.properties = Object.assign({}, ...properties);
  if (required.length > 0) merged.required = required;
  return { schema: merged, seen: path };
}

/** The alternatives of a schema without null, and whether null is one of them. */
export function alternatives(schema: Schema): { options: Schema[]; nullable: boolean } {
  const either = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(either)) {
    const { anyOf: _, oneOf: __, ...beside } = schema;
    const all = either.filter(isObject);
    const options = all.filter((one) => one.type !== "null");
    const words = onlyWords(beside);
    // A single alternative keeps what the schema says beside it: its title, its default.
    return { options: options.length === 1 ? [{ ...options[0], ...words }] : options, nullable: options.length < all.length };
  }
  if (Array.isArray(schema.type)) {
    const types = (schema.type as unknown[]).filter((type) => type !== "null");
    const nullable = types.length < schema.type.length;
    return { options: types.map((type) => ({ ...schema, type })), nullable };
  }
  const isEnumWithNull = Array.isArray(schema.enum) && schema.enum.includes(null);
  if (isEnumWithNull) return { options: [{ ...schema, enum: (schema.enum as unknown[]).filter((one) => one !== null) }], nullable: true };
  return { options: [schema], nullable: schema.nullable === true };
}

function onlyWords({ title, description, default: preset }: Schema): Schema {
  return {
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    ...(preset === undefined ? {} : { default: preset }),
  };
}

/** What a reference such as `#/definitions/Site` names. */
function at(root: Schema, reference: string): Schema | undefined {
  if (!reference.startsWith("#")) return undefined;
  let place: unknown = root;
  for (const segment of reference.split("/").slice(1)) {
    const key = decodeURIComponent(segment).replaceAll("~1", "/").replaceAll("~0", "~");
    place = isObject(place) || Array.isArray(place) ? (place as Schema)[key] : undefined;
  }
  return isObject(place) ? place : undefined;
}

import { isSecret, OUTPUT_MARK, SIGNATURE, secretOf } from "../src/engine/propertyWire";
import { isJsonObject, type Json, type JsonObject } from "../src/json";
import { pointerTo } from "../src/jsonPointer";
import { UNKNOWN } from "../src/unknown";

/** A tree in plain text, and JSON pointers to what was secret in it. */
export interface Plain {
  tree: JsonObject;
  secrets: string[];
}

/** Read properties from the wire. An unknown value stays Pulumi's placeholder for it. */
export function plainOf(properties: JsonObject): Plain {
  const secrets: string[] = [];
  const read = (value: Json, path: string[]): Json => {
    if (isSecret(value)) {
      secrets.push(pointerTo(path));
      return read(value.value ?? null, path);
    }
    if (Array.isArray(value)) return value.map((item, index) => read(item, [...path, String(index)]));
    if (!isJsonObject(value)) return value;
    if (value[SIGNATURE] === OUTPUT_MARK) {
      if (value.secret === true) secrets.push(pointerTo(path));
      return value.value === undefined ? UNKNOWN : read(value.value, path);
    }
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, read(inner, [...path, key])]));
  };
  const tree = read(properties, []) as JsonObject;
  return { tree, secrets: [...new Set(secrets)] };
}

/** Write properties to the wire, with these values as secrets. A secret in a secret is not marked again. */
export function wireOf(tree: JsonObject, secrets: readonly string[]): JsonObject {
  const marked = new Set(secrets);
  const write = (value: Json, path: string[]): Json => {
    if (marked.has(pointerTo(path))) return secretOf(value);
    if (Array.isArray(value)) return value.map((item, index) => write(item, [...path, String(index)]));
    if (!isJsonObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, write(inner, [...path, key])]));
  };
  return Object.fromEntries(Object.entries(tree).map(([key, value]) => [key, write(value, [key])]));
}

import { isJsonObject, type Json, type JsonObject } from "../../../json";
import { ArmError } from "./azureErrors";

/** What a part of a request's body may be. */
export type Shape =
  | "string"
  | "number"
  | "integer"
  | "boolean"
  /** Whatever it is, the fake does not look into it. */
  | "any"
  | { list: Shape }
  /** Any names, each with such a value. */
  | { map: Shape }
  | { type: string; members: Record<string, Shape>; required?: readonly string[] };

/** The words in which the shape of a body is written. */
export const list = <const S extends Shape>(of: S) => ({ list: of });
export const map = <const S extends Shape>(of: S) => ({ map: of });
/** @param type as Azure's errors name it */
export const object = <const Members extends Record<string, Shape>, const Required extends keyof Members & string = never>(
  type: string,
  members: Members,
  required: readonly Required[] = [],
) => ({ type, members, required });

/** A value of a shape. What the fake does not look into may be any object. */
export type ValueOf<S> = S extends "string"
  ? string
  : S extends "number" | "integer"
    ? number
    : S extends "boolean"
      ? boolean
      : S extends "any"
        ? JsonObject
        : S extends { list: infer Item }
          ? ValueOf<Item>[]
          : S extends { map: infer Item }
            ? Record<string, ValueOf<Item>>
            : S extends { members: infer Members; required: readonly (infer Required)[] }
              ? { -readonly [Name in keyof Members as Name extends Required ? Name : never]: ValueOf<Members[Name]> } & {
                  -readonly [Name in keyof Members as Name extends Required ? never : Name]?: ValueOf<Members[Name]>;
                }
              : never;

/**
 * A body as Azure's JSON reader reads it: null means absent, "1.5" means 1.5, and an unknown member is refused.
 * @throws {ArmError} 400 InvalidRequestContent
 */
export function deserialized(value: Json, shape: Shape, path = ""): Json {
  if (shape === "any") return value;
  if (typeof shape === "string") return scalar(value, shape, path);
  if ("list" in shape) {
    if (!Array.isArray(value)) throw wrongType(value, "array", path);
    return value.map((each, index) => deserialized(each, shape.list, `${path}[${index}]`));
  }
  if (!isJsonObject(value)) throw wrongType(value, "object", path);
  const members: JsonObject = {};
  for (const [name, inner] of Object.entries(value)) {
    const at = path === "" ? name : `${path}.${name}`;
    const known = "map" in shape ? shape.map : Object.hasOwn(shape.members, name) ? shape.members[name] : undefined;
    if (known === undefined) throw invalid(`Could not find member '${name}' on object of type '${"type" in shape ? shape.type : ""}'.`, at);
    // A managed identity is named by a key whose value may be null or empty.
    if (inner === null && "map" in shape) members[name] = {};
    else if (inner !== null) members[name] = deserialized(inner, known, at);
  }
  for (const name of "required" in shape ? (shape.required ?? []) : []) {
    if (members[name] === undefined) throw invalid(`Required property '${name}' not found in JSON.`, path);
  }
  return members;
}

function scalar(value: Json, shape: "string" | "number" | "integer" | "boolean", path: string): Json {
  if (typeof value === "object" && value !== null) throw wrongType(value, shape, path);
  const text = String(value);
  if (shape === "string") return text;
  if (shape === "boolean") {
    if (!/^(true|false)$/i.test(text)) throw invalid(`Could not convert string to boolean: ${text}.`, path);
    return text.toLowerCase() === "true";
  }
  const number = Number(text);
  if (text.trim() === "" || !Number.isFinite(number) || (shape === "integer" && !Number.isInteger(number)))
    throw invalid(`Could not convert string to ${shape === "integer" ? "integer" : "double"}: ${text}.`, path);
  return number;
}

function wrongType(value: Json, expected: string, path: string): ArmError {
  const found = Array.isArray(value) ? "array" : typeof value;
  return invalid(`Error converting value of type '${found}' to type '${expected}'.`, path);
}

function invalid(what: string, path: string): ArmError {
  return new ArmError(
    400,
    "InvalidRequestContent",
    `The request content was invalid and could not be deserialized: '${what} Path '${path}', line 1, position 1.'.`,
  );
}

import { isJsonObject, type Json, type JsonObject } from "../../../json";

/** The part of protobufjs' JSON descriptors that is used here. */
interface Descriptor {
  nested?: Record<string, Descriptor>;
  fields?: Record<string, { type: string; rule?: string; keyType?: string }>;
  oneofs?: Record<string, { oneof: string[] }>;
  values?: Record<string, number>;
}

const NUMBERS = ["int32", "uint32", "sint32", "fixed32", "float", "double"];
const LONGS = ["int64", "uint64", "sint64", "fixed64"];

/** One difference between a value and Google's contract. */
export interface Difference {
  /** In the spelling of Google's protocol buffers: `job.template.task_count`. */
  path: string;
  kind: "unknown" | "invalid" | "twice";
  /** The unknown name, the expected type, or the oneof that has two values (then `value` is the second). */
  what: string;
  value: Json;
}

/**
 * Google's description of Cloud Run's messages, from the SDK that users install anyway. The fake's requests and replies are checked with
 * it.
 */
export class GoogleContract {
  readonly #root: Descriptor;

  /** @param root the SDK's `protos.json` */
  constructor(root: unknown) {
    this.#root = root as Descriptor;
  }

  /** The first difference between JSON and its message, depth first. */
  difference(value: Json, type: string, path = ""): Difference | undefined {
    const known = this.#find(type);
    if (type === ".google.protobuf.Any") return undefined;
    const invalid = (what: string): Difference => ({ path, kind: "invalid", what, value });
    const scalar = scalarFault(value, type);
    if (scalar !== undefined) return scalar === "" ? undefined : invalid(scalar);
    if (!known) throw new Error(`the contract has no type ${type}`);
    if (known.values) {
      const fits =
        typeof value === "number" ? Object.values(known.values).includes(value) : typeof value === "string" && value in known.values;
      return fits ? undefined : invalid(type.replace(/^\./, ""));
    }
    if (value === null || typeof value !== "object" || Array.isArray(value)) return invalid(type.replace(/^\./, ""));
    const twice = Object.entries(known.oneofs ?? {})
      .map(([oneof, { oneof: names }]) => ({ oneof: snake(oneof), given: names.filter((name) => name in value) }))
      .find(({ given }) => given.length > 1);
    if (twice) return { path, kind: "twice", what: twice.oneof, value: twice.given[1] as string };
    for (const [name, inner] of Object.entries(value)) {
      if (name === "@type") continue;
      const field = known.fields?.[name];
      if (!field) return { path, kind: "unknown", what: name, value: inner };
      const at = path === "" ? snake(name) : `${path}.${snake(name)}`;
      const inside = this.#resolve(field.type, type);
      const parts: [string, Json][] =
        field.keyType !== undefined
          ? Object.entries(inner as JsonObject).map(([key, each]) => [`${at}[${key}]`, each])
          : field.rule === "repeated"
            ? (Array.isArray(inner) ? inner : [inner]).map((each, index) => [`${at}[${index}]`, each])
            : [[at, inner]];
      for (const [place, each] of parts) {
        const found = this.difference(each, inside, place);
        if (found) return found;
      }
    }
    return undefined;
  }

  /** The same value with its enums as names or as numbers. */
  withEnums(value: Json, type: string, as: "names" | "numbers"): Json {
    const known = this.#find(type);
    if (known?.values) {
      const { values } = known;
      if (as === "numbers") return typeof value === "string" ? (values[value] ?? value) : value;
      return typeof value === "number" ? (Object.keys(values).find((name) => values[name] === value) ?? value) : value;
    }
    if (!known?.fields || value === null || typeof value !== "object" || Array.isArray(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => {
        const field = known.fields?.[name];
        if (!field) return [name, inner];
        const inside = this.#resolve(field.type, type);
        if (field.keyType !== undefined || inner === null) return [name, inner];
        if (Array.isArray(inner)) return [name, inner.map((each) => this.withEnums(each, inside, as))];
        // The value in an Any names its own type.
        const held = inside === ".google.protobuf.Any" ? anyType(inner) : inside;
        return [name, this.withEnums(inner, held, as)];
      }),
    );
  }

  /** The same value as proto3 stores it: zero, false and empty are absent, unless the field distinguishes them from absence. */
  withoutDefaults(value: Json, type: string): Json {
    const known = this.#find(type);
    if (!known?.fields || value === null || typeof value !== "object" || Array.isArray(value)) return value;
    const told = new Set(Object.values(known.oneofs ?? {}).flatMap(({ oneof }) => oneof));
    return Object.fromEntries(
      Object.entries(value).flatMap(([name, inner]): [string, Json][] => {
        const field = known.fields?.[name];
        if (!field || field.keyType !== undefined) return [[name, inner]];
        const empty = Array.isArray(inner) ? inner.length === 0 : inner === "" || inner === 0 || inner === false;
        if (empty && !told.has(name)) return [];
        const inside = this.#resolve(field.type, type);
        return [
          [name, Array.isArray(inner) ? inner.map((each) => this.withoutDefaults(each, inside)) : this.withoutDefaults(inner, inside)],
        ];
      }),
    );
  }

  #resolve(type: string, scope: string): string {
    if (isScalar(type)) return type;
    const parts = scope.split(".").filter(Boolean);
    for (let length = parts.length; length >= 0; length--) {
      const name = `.${[...parts.slice(0, length), type].join(".")}`;
      if (this.#find(name)) return name;
    }
    throw new Error(`the contract has no type ${type} (from ${scope})`);
  }

  #find(type: string): Descriptor | undefined {
    if (isScalar(type)) return undefined;
    let found: Descriptor | undefined = this.#root;
    for (const part of type.split(".").filter(Boolean)) found = found?.nested?.[part];
    return found;
  }
}

/** The SDK's description, if it is installed. */
export function runContract(): GoogleContract {
  return new GoogleContract(require("@google-cloud/run/build/protos/protos.json"));
}

function anyType(value: Json): string {
  const named = isJsonObject(value) ? value["@type"] : undefined;
  return typeof named === "string" ? named.replace(/^type\.googleapis\.com\//, ".") : ".google.protobuf.Any";
}

function isScalar(type: string): boolean {
  return !type.includes(".") && /^[a-z]/.test(type);
}

/** The scalar or well-known type that was expected; empty if the value has it; `undefined` if the type is neither. */
function scalarFault(value: Json, type: string): string | undefined {
  const given = (fits: boolean, what: string) => (fits ? "" : what);
  switch (type) {
    case "string":
      return given(typeof value === "string", "TYPE_STRING");
    case "bool":
      return given(typeof value === "boolean", "TYPE_BOOL");
    case "bytes":
      return given(typeof value === "string", "TYPE_BYTES");
    case ".google.protobuf.Timestamp":
      return given(
        typeof value === "string" && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(value),
        "type.googleapis.com/google.protobuf.Timestamp",
      );
    case ".google.protobuf.Duration":
      return given(typeof value === "string" && /^-?\d+(\.\d{1,9})?s$/.test(value), "type.googleapis.com/google.protobuf.Duration");
  }
  if (NUMBERS.includes(type)) return given(typeof value === "number", `TYPE_${type.toUpperCase()}`);
  if (LONGS.includes(type)) return given(typeof value === "string" && /^-?\d+$/.test(value), `TYPE_${type.toUpperCase()}`);
  return undefined;
}

function snake(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

import { createRequire } from "node:module";
import { isJsonObject, type Json, type JsonObject } from "../../../json";
import { AwsError } from "./awsError";

/** The part of the SDK's reader of descriptions that is used here (`NormalizedSchema` of @smithy/core). */
interface Shape {
  isListSchema(): boolean;
  isMapSchema(): boolean;
  isStructSchema(): boolean;
  isStringSchema(): boolean;
  isNumericSchema(): boolean;
  isTimestampSchema(): boolean;
  isBooleanSchema(): boolean;
  getValueSchema(): Shape;
  structIterator(): Iterable<[name: string, member: Shape]>;
  getSchema(): unknown;
}

/** One difference between a value and AWS' description. */
export type Difference = { path: string } & ({ kind: "type"; wanted: string; value: Json } | { kind: "unknown" } | { kind: "missing" });

/** AWS' own description of its APIs, from the SDKs that users install anyway. The fake's requests and replies are checked with it. */
export class AwsContract {
  readonly #descriptions: Record<string, unknown>;
  readonly #reader: { of(description: unknown): Shape };

  /** @param descriptions exports of the SDK's clients @param reader the SDK's `NormalizedSchema` */
  constructor(descriptions: Record<string, unknown>, reader: { of(description: unknown): Shape }) {
    this.#descriptions = descriptions;
    this.#reader = reader;
  }

  /** The first difference between a value and its shape, depth first. @param name such as `RunTaskRequest` */
  difference(value: JsonObject, name: string): Difference | undefined {
    const description = this.#descriptions[`${name}$`];
    if (description === undefined) throw new Error(`the SDK has no description of ${name}`);
    return differenceIn(value, this.#reader.of(description), "");
  }

  /** AWS ignores unknown fields. The fake refuses them, since nobody sends them on purpose. @throws {AwsError} */
  checkRequest(body: JsonObject, name: string): void {
    const found = this.difference(body, name);
    if (!found) return;
    if (found.kind === "type") throw new AwsError("SerializationException", unreadable(found.wanted, found.value));
    const problem = found.kind === "missing" ? "must not be null" : "is not a member of the request";
    throw new AwsError(
      "ClientException",
      `1 validation error detected: Value at '${found.path}' failed to satisfy constraint: Member ${problem}`,
    );
  }

  /** @throws {Error} if the fake's own reply differs from AWS' description */
  checkReply(reply: JsonObject, name: string): void {
    const found = this.difference(reply, name);
    if (found) throw new Error(`the fake's ${name} differs from AWS' description: ${JSON.stringify(found)}`);
  }
}

/** The SDK's descriptions, if it is installed. */
export async function awsContract(): Promise<AwsContract> {
  const [ssm, ecs] = await Promise.all([import("@aws-sdk/client-ssm"), import("@aws-sdk/client-ecs")]);
  // The copy with which the SDK itself reads them.
  const { NormalizedSchema } = createRequire(require.resolve("@aws-sdk/client-ecs"))("@smithy/core/schema");
  return new AwsContract({ ...ssm, ...ecs }, NormalizedSchema);
}

function differenceIn(value: Json, shape: Shape, path: string): Difference | undefined {
  const not = (wanted: string): Difference => ({ path, kind: "type", wanted, value });
  if (shape.isStructSchema()) return isJsonObject(value) ? differenceInStructure(value, shape, path) : not("structure");
  if (shape.isListSchema()) {
    if (!Array.isArray(value)) return not("list");
    return first(value.map((item, index) => () => differenceIn(item, shape.getValueSchema(), `${path}[${index}]`)));
  }
  if (shape.isMapSchema()) {
    if (!isJsonObject(value)) return not("map");
    return first(
      Object.entries(value).map(
        ([key, item]) =>
          () =>
            differenceIn(item, shape.getValueSchema(), `${path}.${key}`),
      ),
    );
  }
  if (shape.isStringSchema()) return typeof value === "string" ? undefined : not("string");
  if (shape.isNumericSchema() || shape.isTimestampSchema()) return typeof value === "number" ? undefined : not("number");
  if (shape.isBooleanSchema()) return typeof value === "boolean" ? undefined : not("boolean");
  return undefined;
}

function differenceInStructure(value: JsonObject, shape: Shape, path: string): Difference | undefined {
  const members = new Map(shape.structIterator());
  const at = (name: string) => (path === "" ? name : `${path}.${name}`);
  const missing = [...members.keys()].slice(0, requiredOf(shape)).find((name) => value[name] === undefined);
  if (missing !== undefined) return { path: at(missing), kind: "missing" };
  return first(
    Object.entries(value).map(([name, item]) => () => {
      const member = members.get(name);
      return member ? differenceIn(item, member, at(name)) : { path: at(name), kind: "unknown" as const };
    }),
  );
}

/** How many members are required: they come first. The number is the seventh item of a structure's description. */
function requiredOf(shape: Shape): number {
  const description = shape.getSchema();
  return Array.isArray(description) ? Number(description[6] ?? 0) : 0;
}

/** The message of AWS' JSON reader about a value of the wrong type. */
function unreadable(wanted: string, given: Json): string {
  if (Array.isArray(given)) return "Start of list found where not expected";
  if (isJsonObject(given)) return "Start of structure or map found where not expected.";
  const token =
    typeof given === "number" ? "NUMBER_VALUE" : typeof given === "string" ? "STRING_VALUE" : `${String(given).toUpperCase()}_VALUE`;
  const type = { string: "a String", number: "an Integer", boolean: "a Boolean" }[wanted];
  return type === undefined ? "Unexpected field type" : `${token} can not be converted to ${type}`;
}

function first(checks: (() => Difference | undefined)[]): Difference | undefined {
  for (const check of checks) {
    const found = check();
    if (found) return found;
  }
  return undefined;
}

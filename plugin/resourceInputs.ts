import { nameOf } from "../src/engine/urn";
import { isJsonObject, type Json, type JsonObject } from "../src/json";
import { suggestion } from "../src/nearest";
import type { CheckFailure } from "../src/provider/operations";
import { UNKNOWN } from "../src/unknown";
import { UserError } from "../src/userError";
import { textParts } from "./definitionParts";
import { fieldsAt, packageSchema, type TypeSpec } from "./packageSchema";
import type { Plain } from "./wireValues";

/** The kinds of resource that this provider makes itself: the last part of their token. */
export type Kind = "FlowRun" | "KeyProof" | "PrefectAutomation" | "PrefectBlock" | "PrefectDeployment" | "PrefectWorkPool";

/** The argument of a kind whose default is the resource's name. */
const NAMED: Partial<Record<Kind, string>> = {
  PrefectAutomation: "automationName",
  PrefectBlock: "blockName",
  PrefectDeployment: "deploymentName",
  PrefectWorkPool: "workPoolName",
};

/** The secrets of every resource of a kind, in addition to those of the program: JSON pointers. */
const ALWAYS_SECRET: Record<Kind, string[]> = {
  FlowRun: ["/secrets"],
  KeyProof: ["/key"],
  PrefectAutomation: ["/connectionAuth"],
  PrefectBlock: ["/data", "/connectionAuth"],
  PrefectDeployment: ["/connectionAuth"],
  PrefectWorkPool: ["/connectionAuth"],
};

/**
 * The inputs of a resource as the TypeScript class of its kind would register them.
 * @param given by the program
 * @throws {UserError} if a definition is invalid
 */
export function registeredInputs(kind: Kind, urn: string, given: Plain): Plain {
  if (kind === "FlowRun") return flowRunInputs(urn, given);
  const named = NAMED[kind];
  const tree = named === undefined ? given.tree : { [named]: nameOf(urn), ...given.tree };
  return { tree, secrets: [...given.secrets, ...ALWAYS_SECRET[kind].filter((pointer) => Object.hasOwn(tree, pointer.slice(1)))] };
}

/** Which outputs of a resource are secret. Those of a FlowRun contain its secrets in one place. */
export function secretOutputs(kind: Kind, inputSecrets: readonly string[]): string[] {
  return kind === "FlowRun" ? ALWAYS_SECRET.FlowRun : [...inputSecrets, ...ALWAYS_SECRET[kind]];
}

/** Faults that TypeScript finds when it compiles a program, or its classes when they are called. */
export function givenFaults(kind: Kind, { tree, secrets }: Plain): CheckFailure[] {
  const spec = packageSchema().resources[`pushpool:index:${kind}`];
  // Only components declare a proof.
  if (!spec) return [];
  const { inputProperties, requiredInputs } = spec;
  const missing = requiredInputs
    .filter((name) => tree[name] === undefined || tree[name] === null)
    .map((property) => ({ property, reason: `${property} is missing: ${kind} needs it` }));
  const clear = kind === "PrefectDeployment" ? secrets.find((pointer) => /^\/parameters(\/|$)/.test(pointer)) : undefined;
  const secret =
    clear === undefined
      ? []
      : [
          {
            property: "parameters",
            reason: `parameters${clear.slice("/parameters".length)} is secret, but a Prefect server stores parameters in plain text: use a block, or jobVariables.env`,
          },
        ];
  return [...unknownFields(tree, inputProperties, ""), ...missing, ...secret];
}

function unknownFields(tree: JsonObject, fields: Record<string, TypeSpec>, at: string): CheckFailure[] {
  return Object.entries(tree).flatMap(([key, value]) => {
    const property = at === "" ? key : `${at}.${key}`;
    const spec = Object.hasOwn(fields, key) ? fields[key] : undefined;
    if (spec) return unknownIn(value, spec, property);
    return [{ property, reason: `${property} is unknown: ${suggestion(key, Object.keys(fields))}` }];
  });
}

function unknownIn(value: Json, spec: TypeSpec, at: string): CheckFailure[] {
  if (!isJsonObject(value)) return [];
  const fields = spec.$ref === undefined ? undefined : fieldsAt(spec.$ref);
  if (fields) return unknownFields(value, fields, at);
  const { additionalProperties: inside } = spec;
  return inside ? Object.entries(value).flatMap(([key, inner]) => unknownIn(inner, inside, `${at}.${key}`)) : [];
}

/** The definitions come as JSON strings that name their secrets. */
function flowRunInputs(urn: string, { tree, secrets }: Plain): Plain {
  const read = { ...tree };
  const inside = (["pool", "deployment"] as const).flatMap((field) => {
    const value = tree[field];
    if (value === undefined || value === UNKNOWN) return [];
    const { tree: definition, secrets: within } = textParts(value, field, field === "pool" ? "etl.definition" : "hello.definition");
    if (!isJsonObject(definition[field] ?? null) || typeof definition.name !== "string")
      throw new UserError(`${field} must be the definition of a ${field}`);
    read[field] = definition;
    return within.map((pointer) => `/${field}${pointer}`);
  });
  // The string as a whole is secret only because of the secrets in it.
  const own = secrets.filter((pointer) => pointer !== "/pool" && pointer !== "/deployment");
  const secretPaths = [...new Set([...own, ...inside, ...(isJsonObject(tree.ledger ?? null) ? ["/ledger/url"] : [])])];
  return { tree: { source: sourceOf(urn), ...read, secretPaths }, secrets: secretPaths };
}

/** @param urn `urn:pulumi:<stack>::<project>::<types>::<name>`; the types begin with those of the components around it */
function sourceOf(urn: string): JsonObject {
  const [head = "", project = "", types = ""] = urn.split("::");
  const around = types.split("$").slice(0, -1).join("$");
  const source = { project, stack: head.replace(/^urn:pulumi:/, ""), name: nameOf(urn) };
  return around === "" ? source : { ...source, parent: [head, project, around].join("::") };
}

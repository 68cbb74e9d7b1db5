import { type Declared, refuse } from "../components/checks";
import { OUTPUT_MARK, SECRET_MARK, SIGNATURE } from "../src/engine/propertyWire";
import { isJsonObject, type Json, type JsonObject } from "../src/json";
import { UNKNOWN } from "../src/unknown";
import { fieldsAt, type TypeSpec } from "./packageSchema";
import { outputOf, pulumiInternals } from "./pulumiSdk";

/** What the surrounding value says about a value. */
interface Around {
  isSecret: boolean;
  /** URNs of the resources that it comes from. */
  resources: readonly string[];
}

/**
 * Convert the arguments of a component from the wire to what its class takes in a TypeScript program. There a secret or unknown value is an
 * output in its own place, and everything around it is plain. Other languages often send a whole argument as one output.
 * @param dependencies URNs by argument
 * @param specs the component's arguments in the schema
 * @throws {pulumi.ResourceError} if a value must be known, and is not, or must not be secret, and is
 */
export function constructInputs(
  inputs: JsonObject,
  dependencies: ReadonlyMap<string, readonly string[]>,
  specs: Record<string, TypeSpec>,
  of: Declared,
): Record<string, unknown> {
  const revived = Object.entries(inputs).map(([name, value]) => {
    // Values that say what they depend on say it more precisely than their argument.
    const resources = holdsOutputs(value) ? [] : (dependencies.get(name) ?? []);
    return [name, revive(value, specs[name], name, { isSecret: false, resources }, of)] as const;
  });
  return Object.fromEntries(revived);
}

function revive(value: Json, spec: TypeSpec | undefined, at: string, around: Around, of: Declared): unknown {
  if (value === UNKNOWN) return unknownAt(spec, at, around, of);
  if (Array.isArray(value)) return value.map((item, index) => revive(item, spec?.items, `${at}[${index}]`, around, of));
  if (!isJsonObject(value)) return leaf(value, spec, at, around, of);
  switch (value[SIGNATURE]) {
    case undefined:
      return reviveFields(value, spec, at, around, of);
    case SECRET_MARK:
      return revive(value.value ?? null, spec, at, { ...around, isSecret: true }, of);
    case OUTPUT_MARK: {
      const resources = [...around.resources, ...((value.dependencies ?? []) as string[])];
      const inside = { isSecret: around.isSecret || value.secret === true, resources };
      return value.value === undefined ? unknownAt(spec, at, inside, of) : revive(value.value, spec, at, inside, of);
    }
    default:
      return pulumiInternals().rpc.deserializeProperty(value);
  }
}

function reviveFields(value: JsonObject, spec: TypeSpec | undefined, at: string, around: Around, of: Declared): Record<string, unknown> {
  const fields = spec?.$ref === undefined ? undefined : fieldsAt(spec.$ref);
  const specOf = (key: string) => fields?.[key] ?? spec?.additionalProperties;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, revive(inner, specOf(key), `${at}.${key}`, around, of)]));
}

function leaf(value: Json, spec: TypeSpec | undefined, at: string, { isSecret, resources }: Around, of: Declared): unknown {
  if (spec?.plain) {
    if (isSecret) refuse(`${at} must not be secret: it is part of names and of the structure of the program`, of);
    return value;
  }
  return isSecret || resources.length > 0 ? outputOf({ value, isKnown: true, isSecret, resources }) : value;
}

function unknownAt(spec: TypeSpec | undefined, at: string, { isSecret, resources }: Around, of: Declared): unknown {
  if (spec?.plain) {
    const inside = spec.type === "object" || spec.type === "array" || (spec.$ref !== undefined && fieldsAt(spec.$ref) !== undefined);
    const fix = inside ? "only the values in it may come from other resources" : "it cannot come from another resource";
    refuse(`${at} must be known while the program runs: ${fix}`, of);
  }
  return outputOf({ value: undefined, isKnown: false, isSecret, resources });
}

function holdsOutputs(value: Json | undefined): boolean {
  if (typeof value !== "object" || value === null) return false;
  return (value as JsonObject)[SIGNATURE] === OUTPUT_MARK || Object.values(value).some(holdsOutputs);
}

import { AwsError } from "./awsError";

export type OneOrMany = string | readonly string[];

/** The condition keys of a call, with their value or values. `undefined`: the call does not have the key. */
export type Context = Record<string, OneOrMany | undefined>;

/**
 * Whether one operator of a policy's condition holds
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html).
 */
export function holds(operator: string, given: OneOrMany | undefined, wanted: readonly string[]): boolean {
  if (operator === "Null") return wanted.some((each) => (each === "true") === (given === undefined));
  const [, quantifier, base = operator, optional] = /^(ForAnyValue:|ForAllValues:)?(.*?)(IfExists)?$/.exec(operator) ?? [];
  const negated = /^(String|Arn|Numeric)Not/.test(base);
  const one = oneValue(base.replace("Not", ""));
  if (!one) throw new AwsError("MalformedPolicyDocument", `the fake does not support the condition operator ${operator}`);
  // "All of no values" is true, "any of no values" is false.
  if (given === undefined) return optional !== undefined || quantifier === "ForAllValues:" || (negated && quantifier === undefined);
  const fits = (value: string) => wanted.some((each) => one(value, each)) !== negated;
  return quantifier === "ForAnyValue:" ? listOf(given).some(fits) : listOf(given).every(fits);
}

function oneValue(operator: string): ((value: string, wanted: string) => boolean) | undefined {
  switch (operator) {
    case "StringEquals":
      return (value, wanted) => value === wanted;
    case "StringEqualsIgnoreCase":
    case "Bool":
      return (value, wanted) => value.toLowerCase() === wanted.toLowerCase();
    case "StringLike":
    case "ArnEquals":
    case "ArnLike":
      return (value, wanted) => like(wanted, value);
    case "NumericEquals":
      return (value, wanted) => Number(value) === Number(wanted);
    case "NumericLessThan":
      return (value, wanted) => Number(value) < Number(wanted);
    case "NumericLessThanEquals":
      return (value, wanted) => Number(value) <= Number(wanted);
    case "NumericGreaterThan":
      return (value, wanted) => Number(value) > Number(wanted);
    case "NumericGreaterThanEquals":
      return (value, wanted) => Number(value) >= Number(wanted);
    default:
      return undefined;
  }
}

export function listOf(value: OneOrMany): readonly string[] {
  return typeof value === "string" ? [value] : value;
}

/** `*` matches any characters, `?` matches one. */
export function like(pattern: string, value: string): boolean {
  const escaped = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${escaped}$`, "s").test(value);
}

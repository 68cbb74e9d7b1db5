import { AwsError } from "./errors";

export type OneOrMany = string | readonly string[];

/** What a call is judged by beside its action and resource: condition keys with their value, or their values. `undefined`: the call has none. */
export type Context = Record<string, OneOrMany | undefined>;

/** One operator of a policy's condition (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html). */
export function holds(operator: string, given: OneOrMany | undefined, wanted: readonly string[]): boolean {
  if (operator === "Null") return wanted.some((each) => (each === "true") === (given === undefined));
  const [, quantifier, base = operator, optional] = /^(ForAnyValue:|ForAllValues:)?(.*?)(IfExists)?$/.exec(operator) ?? [];
  const negated = /^(String|Arn|Numeric)Not/.test(base);
  const one = oneValue(base.replace("Not", ""));
  if (!one) throw new AwsError("MalformedPolicyDocument", `the fake knows no condition operator ${operator}`);
  // "All of no values" holds, and "any of no values" does not.
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

/** `*` stands for any characters, `?` for one. */
export function like(pattern: string, value: string): boolean {
  const escaped = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${escaped}$`, "s").test(value);
}

import { AwsError } from "./errors";

export type Several = string | readonly string[];

/** What a call is judged by, beside its action and resource: condition keys with their value, or with several. Absent: the call has none. */
export type Context = Record<string, Several | undefined>;

/** One operator of a policy's condition (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html). */
export function holds(operator: string, given: Several | undefined, wanted: readonly string[]): boolean {
  if (operator === "Null") return wanted.some((each) => (each === "true") === (given === undefined));
  const [, quantifier, base = operator, optional] = /^(ForAnyValue:|ForAllValues:)?(.*?)(IfExists)?$/.exec(operator) ?? [];
  const negated = /^(String|Arn|Numeric)Not/.test(base);
  const one = oneValue(base.replace("Not", ""));
  if (!one) throw new AwsError("MalformedPolicyDocument", `the fake knows no condition operator ${operator}`);
  // Of no values all are as wanted, and none is.
  if (given === undefined) return optional !== undefined || quantifier === "ForAllValues:" || (negated && quantifier === undefined);
  const fits = (value: string) => wanted.some((each) => one(value, each)) !== negated;
  return quantifier === "ForAnyValue:" ? several(given).some(fits) : several(given).every(fits);
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

export function several(value: Several): readonly string[] {
  return typeof value === "string" ? [value] : value;
}

/** `*` is any text, `?` one character. */
export function like(pattern: string, text: string): boolean {
  const escaped = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${escaped}$`, "s").test(text);
}

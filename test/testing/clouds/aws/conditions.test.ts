import { expect, test } from "vitest";
import { holds } from "../../../../src/testing/clouds/aws/conditions";

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
test.each<[operator: string, given: string | string[] | undefined, wanted: string[], boolean]>([
  ["StringEquals", "a", ["a", "b"], true],
  ["StringEquals", "A", ["a"], false],
  ["StringEquals", undefined, ["a"], false],
  ["StringNotEquals", "c", ["a", "b"], true],
  ["StringNotEquals", "a", ["a", "b"], false],
  ["StringNotEquals", undefined, ["a"], true],
  ["StringEqualsIgnoreCase", "A", ["a"], true],
  ["StringLike", "role/etl-1", ["role/etl-*"], true],
  ["StringLike", "role.etl", ["role?etl"], true],
  ["StringLike", "roleXetl", ["role.etl"], false],
  ["StringEqualsIfExists", undefined, ["a"], true],
  ["StringEqualsIfExists", "b", ["a"], false],
  ["ArnLike", "arn:aws:ecs:eu-west-1:1:cluster/flows", ["arn:*:ecs:*:*:cluster/flows"], true],
  ["ArnNotEquals", "arn:aws:ecs:eu-west-1:1:cluster/flows", ["arn:*:ecs:*:*:cluster/flows"], false],
  ["Bool", "True", ["true"], true],
  ["Bool", "false", ["true"], false],
  ["Bool", undefined, ["true"], false],
  ["Null", undefined, ["true"], true],
  ["Null", undefined, ["false"], false],
  ["Null", "a", ["false"], true],
  ["NumericLessThan", "9", ["10"], true],
  ["NumericLessThan", "10", ["10"], false],
  ["NumericLessThanEquals", "10", ["10"], true],
  ["NumericGreaterThan", "11", ["10"], true],
  ["NumericGreaterThanEquals", "9", ["10"], false],
  ["NumericNotEquals", "9", ["10"], true],
  ["ForAnyValue:StringEquals", ["a", "b"], ["b"], true],
  ["ForAnyValue:StringEquals", ["a"], ["b"], false],
  ["ForAnyValue:StringEquals", undefined, ["b"], false],
  ["ForAllValues:StringLike", ["x-1", "x-2"], ["x-*"], true],
  ["ForAllValues:StringLike", ["x-1", "y"], ["x-*"], false],
  ["ForAllValues:StringLike", undefined, ["x-*"], true],
])("%s: %j against %j is %s", (operator, given, wanted, expected) => {
  expect(holds(operator, given, wanted)).toBe(expected);
});

test("an unknown operator is an error, not a silent denial", () => {
  expect(() => holds("DateGreaterThan", "2026-01-01", ["2025-01-01"])).toThrow("DateGreaterThan");
  expect(() => holds("DateGreaterThan", undefined, ["2025-01-01"])).toThrow("DateGreaterThan");
});

import { expect, test } from "vitest";
import { leastPrivilege, policyDocument } from "../../../components/aws/leastPrivilege";

const ROLES = ["arn:aws:iam::111111111111:role/execution", "arn:aws:iam::111111111111:role/flows"];
const PLACE = {
  partition: "aws",
  region: "eu-west-1",
  clusterArn: "arn:aws:ecs:eu-west-1:111111111111:cluster/flows",
  roleArns: ROLES,
  logGroupName: "/pushpool/etl",
  parameterPath: "/pushpool/etl/data-dev-1a2b3c4d5e/",
  stack: "data-dev-1a2b3c4d5e",
};

test("each action once, with a reason; all resources only for actions that AWS cannot restrict", () => {
  const needed = leastPrivilege(PLACE);
  expect(new Set(needed.map(({ action }) => action)).size).toBe(needed.length);
  for (const { action, reason } of needed) expect([action, reason]).toEqual([action, expect.stringMatching(/\w{3}/)]);
  // https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
  expect(
    needed.filter(({ resources }) => resources.includes("*")).map(({ action, condition }) => [action, condition !== undefined]),
  ).toEqual([
    ["ecs:RegisterTaskDefinition", true],
    ["ecs:DescribeTaskDefinition", false],
    ["ecs:DeregisterTaskDefinition", false],
    ["ecs:ListTasks", true],
    ["ecs:ListTaskDefinitionFamilies", false],
    ["ecs:ListTaskDefinitions", false],
    ["ssm:DescribeParameters", false],
  ]);
  expect(needed.flatMap(({ action }) => (action.includes("*") ? [action] : []))).toEqual([]);
});

test("only the pool's own roles can be passed, and only to tasks", () => {
  expect(leastPrivilege(PLACE).find(({ action }) => action === "iam:PassRole")).toMatchObject({
    resources: ROLES,
    condition: { StringEquals: { "iam:PassedToService": ["ecs-tasks.amazonaws.com"] } },
  });
});

test("the longest names that AWS allows still give a valid policy", () => {
  // 6,144 characters without whitespace: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
  const longest = {
    ...PLACE,
    partition: "aws-us-gov",
    region: "us-gov-west-1",
    clusterArn: `arn:aws-us-gov:ecs:us-gov-west-1:111111111111:cluster/${"c".repeat(255)}`,
    roleArns: [1, 2].map((n) => `arn:aws-us-gov:iam::111111111111:role/${"r".repeat(63)}${n}`),
    logGroupName: "l".repeat(512),
  };
  expect(policyDocument(leastPrivilege(longest)).length).toBeLessThan(6144);
});

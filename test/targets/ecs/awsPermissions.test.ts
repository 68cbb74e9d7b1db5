import { expect, test } from "vitest";
import { leastPrivilege } from "../../../components/aws/leastPrivilege";
import { asFailure } from "../../../src/targets/ecs/awsFailures";
import { actionIn, explained, remedy } from "../../../src/targets/ecs/awsPermissions";
import { refusal } from "../../../src/targets/ecs/awsRefusals";

const denied = (action: string) =>
  `User: arn:aws:iam::111111111111:user/etl is not authorized to perform: ${action} on resource: * because no identity-based policy allows the ${action} action`;

const PLACE = {
  partition: "aws",
  region: "eu-west-1",
  clusterArn: "arn:aws:ecs:eu-west-1:1:cluster/c",
  roleArns: [],
  parameterPath: "/pushpool/etl/",
  stack: "data-dev-1a2b3c4d5e",
};

test.each(leastPrivilege(PLACE).map(({ action }) => action))("a submitter without %s gets advice", (action) => {
  expect(actionIn(denied(action))).toBe(action);
  expect(remedy(denied(action), "AKIA")).toMatch(
    new RegExp(`It needs ${action}.*EcsPushPool grants it for .*pushpool up. grant it again$`),
  );
  expect(remedy(denied(action), undefined)).toMatch(/EcsPushPool grants it for .*, to everyone in submitters$/);
  const managed = !action.startsWith("ssm:");
  expect(remedy(denied(action), "AKIA").includes("as in AmazonECS_FullAccess")).toBe(managed);
});

test("a denial with another error code is one, and its message is shown once", () => {
  const failure = asFailure(
    Object.assign(new Error(denied("iam:PassRole")), { name: "ClientException", $metadata: { httpStatusCode: 400 } }),
  );
  expect(failure.kind).toBe("denied");
  const { message, exitCode } = refusal("submitting the run", failure, { region: "eu-west-1", pool: "etl" });
  expect([exitCode, message.match(/iam:PassRole on resource/g)]).toEqual([5, ["iam:PassRole on resource"]]);
});

test("a message that is unknown here stays as AWS wrote it", () => {
  expect([remedy("it is not", "AKIA"), remedy(denied("s3:GetObject"), "AKIA"), remedy(denied("ecr:BatchGetImage"), "AKIA")]).toEqual([
    "",
    "",
    "",
  ]);
  expect(explained("Task failed to start")).toBe("Task failed to start");
});

test.each<[string, string, RegExp]>([
  [
    "an ECR token",
    `ResourceInitializationError: … AccessDeniedException: ${denied("ecr:GetAuthorizationToken")}`,
    /needs ecr:GetAuthorizationToken, as in AmazonECSTaskExecutionRolePolicy: the role that EcsPushPool makes/,
  ],
  [
    "an image of ECR",
    "CannotPullContainerError: failed to resolve ref 111111111111.dkr.ecr.eu-west-1.amazonaws.com/etl:1: … 403 Forbidden",
    /needs ecr:BatchGetImage, ecr:GetDownloadUrlForLayer and/,
  ],
  ["a log stream", `… AccessDeniedException: ${denied("logs:CreateLogStream")}`, /needs logs:CreateLogStream, as in Amazon/],
  ["a log group", `… AccessDeniedException: ${denied("logs:CreateLogGroup")}`, /needs logs:CreateLogGroup: EcsPushPool makes/],
  ["a parameter", `… AccessDeniedException: ${denied("ssm:GetParameters")}`, /needs ssm:GetParameters: the role that EcsPushPool makes/],
  ["a secret", `… AccessDeniedException: ${denied("secretsmanager:GetSecretValue")}`, /needs secretsmanager:GetSecretValue:/],
])("an execution role that may not fetch %s", (_, reason, told) => {
  expect(explained(reason)).toMatch(told);
  expect(explained(reason).startsWith(`${reason}. The task's execution role`)).toBe(true);
});

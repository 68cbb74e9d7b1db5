import type { Policy } from "./iam";

/** Managed policies of AWS, as far as the fake's services go (their documents: https://docs.aws.amazon.com/aws-managed-policy/latest/reference/). */
export const MANAGED: Record<string, Policy> = {
  AmazonECS_FullAccess: {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Action: [
          "ecs:*",
          "events:DescribeRule",
          "events:PutRule",
          "events:PutTargets",
          "logs:CreateLogGroup",
          "logs:DescribeLogGroups",
          "logs:FilterLogEvents",
        ],
        Resource: ["*"],
      },
      {
        Effect: "Allow",
        Action: ["ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"],
        Resource: "arn:aws:ssm:*:*:parameter/aws/service/ecs*",
      },
      {
        Effect: "Allow",
        Action: "iam:PassRole",
        Resource: ["*"],
        Condition: { StringLike: { "iam:PassedToService": "ecs-tasks.amazonaws.com" } },
      },
    ],
  },
  AmazonECSTaskExecutionRolePolicy: {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Action: [
          "ecr:GetAuthorizationToken",
          "ecr:BatchCheckLayerAvailability",
          "ecr:GetDownloadUrlForLayer",
          "ecr:BatchGetImage",
          "logs:CreateLogStream",
          "logs:PutLogEvents",
        ],
        Resource: "*",
      },
    ],
  },
  AdministratorAccess: { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] },
};

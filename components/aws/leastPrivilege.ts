import { STACK_TAG } from "../../src/manifest/cloudNames";

/** An action, where it is allowed, and what of submitting runs needs it. */
export interface NeededAction {
  action: string;
  resources: string[];
  /** As in a policy: by operator, then by key. */
  condition?: Record<string, Record<string, string[]>>;
  reason: string;
}

/** What runs are submitted to. */
export interface SubmitPlace {
  /** `aws`, `aws-cn` … */
  partition: string;
  region: string;
  clusterArn: string;
  /** Roles that runs may have: the execution role and, if there is one, the task role. */
  roleArns: readonly string[];
  /** Without it, log groups of any name. */
  logGroupName?: string;
  /** Folder of the parameters that hold runs' secrets, with a slash at both ends. */
  parameterPath: string;
  /** The stack, as tags have it. */
  stack: string;
}

/**
 * What submitting, following, stopping and tidying up runs takes, and no more. What carries the tag of another stack is out of reach. What carries no
 * such tag is not: task definitions of one's own, and those that Prefect Cloud registers by this key.
 */
export function leastPrivilege({
  partition,
  region,
  clusterArn,
  roleArns,
  logGroupName = "*",
  parameterPath,
  stack,
}: SubmitPlace): NeededAction[] {
  const ecs = (what: string) => `arn:${partition}:ecs:${region}:*:${what}`;
  const inCluster = { ArnEquals: { "ecs:cluster": [clusterArn] } };
  const tasks = [ecs(`task/${clusterArn.slice(clusterArn.lastIndexOf("/") + 1)}/*`)];
  const definitions = [ecs("task-definition/*:*")];
  const created = {
    StringEquals: { "ecs:CreateAction": ["RunTask", "RegisterTaskDefinition"] },
    StringEqualsIfExists: { [`aws:RequestTag/${STACK_TAG}`]: [stack] },
  };
  const notAnothers = { StringEqualsIfExists: { [`aws:ResourceTag/${STACK_TAG}`]: [stack] } };
  return [
    {
      action: "ecs:RegisterTaskDefinition",
      resources: ["*"],
      condition: { StringEqualsIfExists: { [`aws:RequestTag/${STACK_TAG}`]: [stack] } },
      reason: "a deployment's first run registers its task definition",
    },
    { action: "ecs:DescribeTaskDefinition", resources: ["*"], reason: "a task definition that is there already is used again" },
    {
      action: "ecs:DeregisterTaskDefinition",
      resources: ["*"],
      reason: "auto_deregister_task_definition asks for it, and Prefect's own dispatcher does it",
    },
    {
      action: "ecs:RunTask",
      resources: definitions,
      condition: { ...inCluster, ...notAnothers },
      reason: "a run is a task of the pool's cluster",
    },
    {
      action: "ecs:DescribeTasks",
      resources: tasks,
      condition: { ...inCluster, ...notAnothers },
      reason: "runs are followed, a hundred at a time",
    },
    { action: "ecs:ListTasks", resources: ["*"], condition: inCluster, reason: "a run whose start is in doubt is looked for" },
    { action: "ecs:StopTask", resources: tasks, condition: { ...inCluster, ...notAnothers }, reason: "a run can be cancelled" },
    {
      action: "ecs:TagResource",
      resources: [...tasks, ecs("task/*"), ecs("task-definition/*")],
      condition: created,
      reason: "tasks and definitions tell by their tags which run and deployment they are of",
    },
    {
      action: "iam:PassRole",
      resources: [...roleArns],
      condition: { StringEquals: { "iam:PassedToService": ["ecs-tasks.amazonaws.com"] } },
      reason: "tasks have the pool's own roles, and no others",
    },
    {
      action: "logs:FilterLogEvents",
      resources: [`arn:${partition}:logs:${region}:*:log-group:${logGroupName}:*`],
      reason: "the run's log lines are shown, live and later",
    },
    { action: "ecs:ListTaskDefinitionFamilies", resources: ["*"], reason: "task definitions that no run uses any more are looked for" },
    { action: "ecs:ListTaskDefinitions", resources: ["*"], reason: "task definitions that no run uses any more are looked for" },
    {
      action: "ecs:DeleteTaskDefinitions",
      resources: definitions,
      condition: { StringEquals: { [`aws:ResourceTag/${STACK_TAG}`]: [stack] } },
      reason: "task definitions that no run uses any more are deleted, and all of them with the stack",
    },
    ...secretsActions(partition, region, parameterPath),
  ];
}

/** What the managed policy of Prefect's guide leaves out: a secret in a run's environment goes through Parameter Store. */
export function secretsActions(partition: string, region: string, parameterPath: string): NeededAction[] {
  const own = [`arn:${partition}:ssm:${region}:*:parameter${parameterPath}*`];
  return [
    {
      action: "ssm:PutParameter",
      resources: own,
      reason: "a secret in a run's environment is named in its task definition, and kept in Parameter Store",
    },
    { action: "ssm:DeleteParameters", resources: own, reason: "secrets that no run uses any more go, and all of them with the stack" },
    { action: "ssm:DescribeParameters", resources: ["*"], reason: "secrets to delete are looked for by name; this shows no values" },
  ];
}

/** A policy document. */
export function policyDocument(actions: readonly Omit<NeededAction, "reason">[]): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: actions.map(({ action, resources, condition }) => ({
      Effect: "Allow",
      Action: action,
      Resource: resources,
      ...(condition ? { Condition: condition } : {}),
    })),
  });
}

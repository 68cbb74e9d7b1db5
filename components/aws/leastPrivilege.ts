import { STACK_TAG } from "../../src/manifest/cloudNames";

/** An action, where it is allowed, and why a submission needs it. */
export interface NeededAction {
  action: string;
  resources: string[];
  /** In the format of a policy: by operator, then by key. */
  condition?: Record<string, Record<string, string[]>>;
  reason: string;
}

/** Where runs are submitted. */
export interface SubmitPlace {
  /** `aws`, `aws-cn` … */
  partition: string;
  region: string;
  clusterArn: string;
  /** The roles that runs may have: the execution role, and the task role if there is one. */
  roleArns: readonly string[];
  /** If absent, log groups of any name. */
  logGroupName?: string;
  /** Folder of the parameters with the secrets of runs, with a slash at both ends. */
  parameterPath: string;
  /** The stack, as in tags. */
  stack: string;
}

/**
 * The actions that submitting, following, stopping and cleaning up runs needs, and no others. Resources with the tag of another stack are
 * excluded. Resources without that tag are not: a user's own task definitions, and those that Prefect Cloud registers with this key.
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
    { action: "ecs:DescribeTaskDefinition", resources: ["*"], reason: "an existing task definition is used again" },
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
      reason: "watches runs, a hundred at a time",
    },
    { action: "ecs:ListTasks", resources: ["*"], condition: inCluster, reason: "finds a run after a lost reply" },
    { action: "ecs:StopTask", resources: tasks, condition: { ...inCluster, ...notAnothers }, reason: "stops a cancelled run" },
    {
      action: "ecs:TagResource",
      resources: [...tasks, ecs("task/*"), ecs("task-definition/*")],
      condition: created,
      reason: "tags show to which run and deployment a task or definition belongs",
    },
    {
      action: "iam:PassRole",
      resources: [...roleArns],
      condition: { StringEquals: { "iam:PassedToService": ["ecs-tasks.amazonaws.com"] } },
      reason: "tasks get the roles of the pool, and no others",
    },
    {
      action: "logs:FilterLogEvents",
      resources: [`arn:${partition}:logs:${region}:*:log-group:${logGroupName}:*`],
      reason: "shows the output of a run, live and later",
    },
    { action: "ecs:ListTaskDefinitionFamilies", resources: ["*"], reason: "finds task definitions that no run uses any more" },
    { action: "ecs:ListTaskDefinitions", resources: ["*"], reason: "finds task definitions that no run uses any more" },
    {
      action: "ecs:DeleteTaskDefinitions",
      resources: definitions,
      condition: { StringEquals: { [`aws:ResourceTag/${STACK_TAG}`]: [stack] } },
      reason: "deletes task definitions that no run uses any more, and all of them with the stack",
    },
    ...secretsActions(partition, region, parameterPath),
  ];
}

/** The actions that the managed policy of Prefect's guide does not have. Secrets in a run's environment go through Parameter Store. */
export function secretsActions(partition: string, region: string, parameterPath: string): NeededAction[] {
  const own = [`arn:${partition}:ssm:${region}:*:parameter${parameterPath}*`];
  return [
    {
      action: "ssm:PutParameter",
      resources: own,
      reason: "stores the secrets in a run's environment, which its task definition only names",
    },
    { action: "ssm:DeleteParameters", resources: own, reason: "deletes secrets that no run uses any more, and all of them with the stack" },
    { action: "ssm:DescribeParameters", resources: ["*"], reason: "finds the names of secrets to delete; shows no values" },
  ];
}

/** Make a policy document. */
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

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
  /** Path of the parameters that hold runs' secrets. */
  parameterPath: string;
}

/** What submitting, following and stopping runs takes, and no more. */
export function leastPrivilege({
  partition,
  region,
  clusterArn,
  roleArns,
  logGroupName = "*",
  parameterPath,
}: SubmitPlace): NeededAction[] {
  const ecs = (what: string) => `arn:${partition}:ecs:${region}:*:${what}`;
  const inCluster = { ArnEquals: { "ecs:cluster": [clusterArn] } };
  const tasks = [ecs(`task/${clusterArn.slice(clusterArn.lastIndexOf("/") + 1)}/*`)];
  const created = { StringEquals: { "ecs:CreateAction": ["RunTask", "RegisterTaskDefinition"] } };
  return [
    { action: "ecs:RegisterTaskDefinition", resources: ["*"], reason: "a deployment's first run registers its task definition" },
    { action: "ecs:DescribeTaskDefinition", resources: ["*"], reason: "a task definition that is there already is used again" },
    {
      action: "ecs:DeregisterTaskDefinition",
      resources: ["*"],
      reason: "auto_deregister_task_definition asks for it, and Prefect's own dispatcher does it",
    },
    {
      action: "ecs:RunTask",
      resources: [ecs("task-definition/*:*")],
      condition: inCluster,
      reason: "a run is a task of the pool's cluster",
    },
    { action: "ecs:DescribeTasks", resources: tasks, condition: inCluster, reason: "runs are followed, a hundred at a time" },
    { action: "ecs:ListTasks", resources: ["*"], condition: inCluster, reason: "a run whose start is in doubt is looked for" },
    { action: "ecs:StopTask", resources: tasks, condition: inCluster, reason: "a run can be cancelled" },
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
    secretsAction(partition, region, parameterPath),
  ];
}

/** What the managed policy of Prefect's guide leaves out: a secret in a run's environment goes through Parameter Store. */
export function secretsAction(partition: string, region: string, parameterPath: string): NeededAction {
  return {
    action: "ssm:PutParameter",
    resources: [`arn:${partition}:ssm:${region}:*:parameter${parameterPath}*`],
    reason: "a secret in a run's environment is named in its task definition, and kept in Parameter Store",
  };
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

/** Where the secrets of a work pool's runs are kept. */
export function parameterPathOf(workPoolName: string): string {
  return `/pushpool/${workPoolName.replaceAll(/[^a-zA-Z0-9_.-]/g, "-")}/`;
}

import { AGAIN, type Remedy, remedyFor } from "../cloud/remedy";

/** A policy that includes some actions. */
interface Policy extends Remedy {
  /** The policy of AWS that includes them. */
  managed?: string;
  /** No declaration grants them: they must be added by hand. */
  byHand?: true;
}

/** For the actions that this target's calls need. */
const OF_SUBMITTERS: readonly Policy[] = [
  {
    has: /^iam:PassRole$/i,
    managed: "AmazonECS_FullAccess",
    gives: "EcsPushPool grants it for its executionRoleArn and taskRoleArn",
  },
  { has: /^ecs:/, managed: "AmazonECS_FullAccess", gives: "EcsPushPool grants it for its cluster" },
  {
    has: /^logs:(Filter|Get)LogEvents$/,
    managed: "AmazonECS_FullAccess",
    gives: "EcsPushPool grants it for its log group",
  },
  {
    has: /^ssm:(PutParameter|DeleteParameters|DescribeParameters)$/,
    gives: "EcsPushPool grants it for the parameters under its name, besides AmazonECS_FullAccess",
  },
];

/** For the actions that ECS needs as the execution role of the task. */
const OF_EXECUTION_ROLE: readonly Policy[] = [
  { has: /^ecr:/, managed: "AmazonECSTaskExecutionRolePolicy", gives: "the role that EcsPushPool makes has it" },
  {
    has: /^logs:(CreateLogStream|PutLogEvents)$/,
    managed: "AmazonECSTaskExecutionRolePolicy",
    gives: "the role that EcsPushPool makes has it for its log group",
  },
  { has: /^logs:CreateLogGroup$/, gives: "EcsPushPool makes the log group itself, without awslogs-create-group" },
  {
    has: /^(ssm:GetParameters|secretsmanager:GetSecretValue)$/,
    gives: "the role that EcsPushPool makes has it for the parameters under its name and the secrets that its job variables name",
  },
  {
    has: /^kms:Decrypt$/,
    gives: "no policy of EcsPushPool has it. Add it, for the key in the denial, to the role in executionRoleArn",
    byHand: true,
  },
];

/** The policy that forbids a call although its permission is granted, as the denial names it. */
function ceilingIn(message: string): string | undefined {
  const [, denies, allows] =
    /explicit deny in an? ([a-z]+(?:[ -][a-z]+)* (?:policy|boundary))|because no (service control policy|resource control policy|permissions boundary|session policy) allows/i.exec(
      message,
    ) ?? [];
  return denies ?? allows;
}

function ceilingText(ceiling: string): string {
  return `. A ${ceiling} forbids it, even if another policy allows it: ask whoever manages it to change it`;
}

/** The action that a denial of AWS names. */
export function actionIn(message: string): string | undefined {
  return /not authorized to perform: ([a-z0-9-]+:[A-Za-z]+)/.exec(message)?.[1];
}

/**
 * What to do about a denied call.
 * @param message of AWS
 * @param accessKeyId of the pool's key; absent: the caller's own login
 * @returns "" if the message names no known action
 */
export function remedy(message: string, accessKeyId: string | undefined): string {
  const ceiling = ceilingIn(message);
  if (ceiling !== undefined) return ceilingText(ceiling);
  const takes = ({ managed }: Policy, action: string) =>
    managed === undefined ? action : `${action}, as in ${managed} or in a policy of your own`;
  return remedyFor(actionIn(message), OF_SUBMITTERS, takes, accessKeyId === undefined);
}

/**
 * The reason of a task that did not start. If its execution role was denied something, it says what to do.
 * @param reason of ECS
 */
export function explained(reason: string): string {
  const ceiling = ceilingIn(reason);
  if (ceiling !== undefined) return `${reason.replace(/\.$/, "")}${ceilingText(ceiling)}`;
  // Secrets Manager and Parameter Store do not name the action if a KMS key may not be used.
  const action = /access to KMS is not allowed|ciphertext refers to a customer master key/i.test(reason) ? "kms:Decrypt" : actionIn(reason);
  // The registry gives no further details.
  const forbidden = /\.dkr\.ecr\..*403 Forbidden/.test(reason);
  const found = OF_EXECUTION_ROLE.find(({ has }) => (forbidden ? has.test("ecr:") : action && has.test(action)));
  if (!found) return reason;
  const actions = forbidden ? "ecr:BatchGetImage, ecr:GetDownloadUrlForLayer and ecr:BatchCheckLayerAvailability" : action;
  const policy = found.managed ? `, as in ${found.managed}` : "";
  return `${reason.replace(/\.$/, "")}. The task's execution role needs ${actions}${policy}: ${found.gives}${found.byHand ? "" : `; ${AGAIN}`}`;
}

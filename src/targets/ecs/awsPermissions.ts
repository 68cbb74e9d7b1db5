import { AGAIN, type Remedy, remedyFor } from "../cloud/remedy";

/** What has an action. */
interface Policy extends Remedy {
  /** The policy of AWS' own that has it. */
  managed?: string;
  /** No declaration gives it: it has to be added by hand. */
  byHand?: true;
}

/** For the actions that this target's calls take. */
const OF_SUBMITTERS: readonly Policy[] = [
  {
    has: /^iam:PassRole$/i,
    managed: "AmazonECS_FullAccess",
    gives: "EcsPushPool gives it for its executionRoleArn and taskRoleArn",
  },
  { has: /^ecs:/, managed: "AmazonECS_FullAccess", gives: "EcsPushPool gives it for its cluster" },
  {
    has: /^logs:(Filter|Get)LogEvents$/,
    managed: "AmazonECS_FullAccess",
    gives: "EcsPushPool gives it for its log group",
  },
  {
    has: /^ssm:(PutParameter|DeleteParameters|DescribeParameters)$/,
    gives: "EcsPushPool gives it for the parameters under its name, beside AmazonECS_FullAccess",
  },
];

/** For the actions that ECS takes as the task's execution role. */
const OF_EXECUTION_ROLE: readonly Policy[] = [
  { has: /^ecr:/, managed: "AmazonECSTaskExecutionRolePolicy", gives: "EcsPushPool's own has it" },
  {
    has: /^logs:(CreateLogStream|PutLogEvents)$/,
    managed: "AmazonECSTaskExecutionRolePolicy",
    gives: "EcsPushPool's own has it for its log group",
  },
  { has: /^logs:CreateLogGroup$/, gives: "EcsPushPool makes the log group itself in place of awslogs-create-group" },
  {
    has: /^(ssm:GetParameters|secretsmanager:GetSecretValue)$/,
    gives: "EcsPushPool's own has it for the parameters under its name and the secrets that its job variables name",
  },
  {
    has: /^kms:Decrypt$/,
    gives: "no policy of EcsPushPool has it; add it for the key that the denial is about, to the role in executionRoleArn",
    byHand: true,
  },
];

/** A denial that no further permission lifts, and what it names as its cause. */
function ceilingIn(message: string): string | undefined {
  const [, denies, allows] =
    /explicit deny in an? ([a-z]+(?:[ -][a-z]+)* (?:policy|boundary))|because no (service control policy|resource control policy|permissions boundary|session policy) allows/i.exec(
      message,
    ) ?? [];
  return denies ?? allows;
}

function ceilingText(ceiling: string): string {
  return `. A ${ceiling} forbids it, whatever else allows it: only whoever manages that can lift it`;
}

/** The action that a denial of AWS names. */
export function actionIn(message: string): string | undefined {
  return /not authorized to perform: ([a-z0-9-]+:[A-Za-z]+)/.exec(message)?.[1];
}

/**
 * What to do about a call that was denied.
 * @param message as AWS has it
 * @param accessKeyId of the pool's key; absent: the caller's own login
 * @returns "" where it names no action that is known here
 */
export function remedy(message: string, accessKeyId: string | undefined): string {
  const ceiling = ceilingIn(message);
  if (ceiling !== undefined) return ceilingText(ceiling);
  const takes = ({ managed }: Policy, action: string) =>
    managed === undefined ? action : `${action}, as in ${managed} or in a policy of your own`;
  return remedyFor(actionIn(message), OF_SUBMITTERS, takes, accessKeyId === undefined);
}

/**
 * A task that did not start, with what to do where its execution role was denied something.
 * @param reason as ECS has it
 */
export function explained(reason: string): string {
  const ceiling = ceilingIn(reason);
  if (ceiling !== undefined) return `${reason.replace(/\.$/, "")}${ceilingText(ceiling)}`;
  // Secrets Manager and Parameter Store name no action for a key that they may not use.
  const action = /access to KMS is not allowed|ciphertext refers to a customer master key/i.test(reason) ? "kms:Decrypt" : actionIn(reason);
  // The registry says no more than this.
  const forbidden = /\.dkr\.ecr\..*403 Forbidden/.test(reason);
  const found = OF_EXECUTION_ROLE.find(({ has }) => (forbidden ? has.test("ecr:") : action && has.test(action)));
  if (!found) return reason;
  const actions = forbidden ? "ecr:BatchGetImage, ecr:GetDownloadUrlForLayer and ecr:BatchCheckLayerAvailability" : action;
  const policy = found.managed ? `, as in ${found.managed}` : "";
  return `${reason.replace(/\.$/, "")}. The task's execution role has to have ${actions}${policy}: ${found.gives}${found.byHand ? "" : `; ${AGAIN}`}`;
}

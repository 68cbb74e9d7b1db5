import * as pulumi from "@pulumi/pulumi";
import { checkChoice, type Declared, refuse } from "../checks";
import { Permissions } from "../submitting";

/** AWS' rules: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html and the API references of ECS, ECR and CloudWatch Logs. */
const REGION = /^[a-z]{2,4}(-[a-z]+)+-[0-9]$/;
const ROLE_ARN = /^arn:aws[a-z-]*:iam::[0-9]{12}:role\/.+$/;

/** The names that AWS accepts, by kind: a pattern, and its description for messages. */
const NAMES = {
  user: [/^[\w+=,.@-]{1,64}$/, "up to 64 letters, digits and + = , . @ _ -"],
  cluster: [/^[a-zA-Z][a-zA-Z0-9_-]{0,254}$/, "up to 255 letters, digits, hyphens and underscores, beginning with a letter"],
  logGroup: [/^[.\-_/#A-Za-z0-9]{1,512}$/, "up to 512 letters, digits and . - _ / #"],
  repository: [
    /^(?=.{2,256}$)[a-z0-9]+([._-][a-z0-9]+)*(\/[a-z0-9]+([._-][a-z0-9]+)*)*$/,
    "2 to 256 lowercase letters and digits, with single . _ - / between them",
  ],
} as const;

/** The retention periods that CloudWatch Logs accepts, in days. 0 means no limit. */
const RETENTION = [0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/** The region of a component's resources: the given one, else `aws:region` of the stack's configuration, else AWS_REGION. */
export function regionOf(given: pulumi.Input<string> | undefined, of: Declared): pulumi.Input<string> {
  const value = given ?? new pulumi.Config("aws").get("region") ?? process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION;
  if (value === undefined || value === "")
    refuse(
      'region is missing: give it, for example region: "eu-west-1", or set it for the stack: pulumi config set aws:region eu-west-1',
      of,
    );
  if (typeof value === "string" && !REGION.test(value)) {
    const zone = /^(.*[0-9])[a-z]$/.exec(value)?.[1];
    refuse(`region "${value}" is not a region of AWS: ${zone ? `it is a zone of ${zone}` : "give one such as eu-west-1"}`, of);
  }
  return value;
}

/**
 * Check the name of a component. The provider makes the names of resources from it.
 * @param longest in characters. It leaves room for what the provider appends, because IAM accepts at most 64.
 */
export function checkComponentName(name: string, longest: number, of: Declared, hint = ""): void {
  if (name.length <= longest && /^(?!sg-)[A-Za-z][A-Za-z0-9_-]*$/i.test(name)) return;
  refuse(
    `name "${name}" becomes part of names in AWS: use at most ${longest} letters, digits, - and _. Begin with a letter, but not with sg-${hint}`,
    of,
  );
}

/** Check a name by the rules of AWS. */
export function checkAwsName(field: string, kind: keyof typeof NAMES, value: unknown, of: Declared): void {
  if (typeof value !== "string") return;
  const [rule, words] = NAMES[kind];
  if (!rule.test(value)) refuse(`${field} "${value}" is invalid: AWS accepts ${words}`, of);
}

export function checkRole(field: string, value: unknown, of: Declared): void {
  if (typeof value === "string" && !ROLE_ARN.test(value))
    refuse(`${field} "${value}" must be the ARN of a role, such as arn:aws:iam::123456789012:role/flows`, of);
}

export function checkRetention(field: string, days: unknown, of: Declared): void {
  if (typeof days !== "number" || RETENTION.includes(days)) return;
  refuse(`${field} must be 0 (no limit), or one of ${RETENTION.slice(1).join(", ")}, not ${days}`, of);
}

/** Check who may submit: users and roles of the account. */
export function checkMembers(field: string, members: readonly pulumi.Input<string>[] | undefined, of: Declared): void {
  (members ?? []).forEach((member, index) => {
    if (typeof member === "string" && !/^(user|role)\/[\w+=,.@-]{1,64}$/.test(member))
      refuse(`${field}[${index}] "${member}" must begin with its kind, such as user/ada or role/data`, of);
  });
}

/** Check the arguments of a component that lets somebody submit. */
export function checkSubmitAccess(
  args: { permissions?: Permissions; executionRoleArn?: unknown; taskRoleArn?: unknown },
  of: Declared,
): void {
  checkChoice("permissions", args.permissions, Permissions, of);
  checkRole("executionRoleArn", args.executionRoleArn, of);
  checkRole("taskRoleArn", args.taskRoleArn, of);
}

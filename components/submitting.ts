import * as pulumi from "@pulumi/pulumi";

/** As whom runs are submitted. */
export const Credentials = {
  /** An identity of the pool's own with a key, as Prefect's guides have it. */
  Key: "key",
  /** The login of the machine that submits. There is no key anywhere. */
  Ambient: "ambient",
} as const;
export type Credentials = (typeof Credentials)[keyof typeof Credentials];

/** What those who submit runs may do. */
export const Permissions = {
  /** What Prefect's guide gives them: Cloud Run Developer on Google Cloud, AmazonECS_FullAccess on AWS. */
  Documented: "documented",
  /** What the pool's runs take, and no more. */
  LeastPrivilege: "leastPrivilege",
} as const;
export type Permissions = (typeof Permissions)[keyof typeof Permissions];

/** What a pool's credentials block is called: its work pool's name, of which Prefect takes only lowercase letters, digits and dashes here. */
export function blockNameOf(workPoolName: string): string {
  return workPoolName.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
}

/** Arguments with what is kept as a secret marked as one, whether the program did so or not: a component's arguments stand in the stack's state. */
export function withSecretsMarked<Args extends { secretEnv?: Record<string, pulumi.Input<string>>; prefectApiKey?: pulumi.Input<string> }>(
  args: Args,
): Args {
  const { secretEnv, prefectApiKey } = args;
  const marked = secretEnv && Object.fromEntries(Object.entries(secretEnv).map(([name, value]) => [name, pulumi.secret(value)]));
  return {
    ...args,
    ...(marked ? { secretEnv: marked } : {}),
    ...(prefectApiKey === undefined ? {} : { prefectApiKey: pulumi.secret(prefectApiKey) }),
  };
}

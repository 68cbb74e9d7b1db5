import * as pulumi from "@pulumi/pulumi";
import { asRegistered, type ImageBuildArgs } from "./imageBuild";

/** Who submits runs. */
export const Credentials = {
  /** An identity of the pool, with a key, as in Prefect's guides. */
  Key: "key",
  /** An identity of the pool, without a key: the cloud trusts the identity tokens of those that federation names. */
  Federated: "federated",
  /** The login of the machine that submits. No key is made. */
  Ambient: "ambient",
} as const;
export type Credentials = (typeof Credentials)[keyof typeof Credentials];

/** The permissions of those who submit runs. */
export const Permissions = {
  /**
   * The permissions of Prefect's guide: Cloud Run Developer on Google Cloud, AmazonECS_FullAccess on AWS. On Azure the guide gives Contributor;
   * this is Azure Container Instances Contributor.
   */
  Documented: "documented",
  /** Only what the runs of the pool need. */
  LeastPrivilege: "leastPrivilege",
} as const;
export type Permissions = (typeof Permissions)[keyof typeof Permissions];

/**
 * The name of a pool's credentials block: the name of the work pool, converted to lowercase letters, digits and dashes, which Prefect
 * requires here.
 */
export function blockNameOf(workPoolName: string): string {
  return workPoolName.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
}

/** The arguments of a pool that may be secret. */
interface WithSecrets {
  secretEnv?: Record<string, pulumi.Input<string>>;
  prefectApiKey?: pulumi.Input<string>;
  image?: ImageBuildArgs;
}

/** Mark the secret arguments as secrets, if the program did not. The stack's state contains the arguments of a component. */
export function withSecretsMarked<Args extends WithSecrets>(args: Args): Args {
  const { secretEnv, prefectApiKey, image } = args;
  const marked = secretEnv && Object.fromEntries(Object.entries(secretEnv).map(([name, value]) => [name, pulumi.secret(value)]));
  return {
    ...args,
    ...(marked ? { secretEnv: marked } : {}),
    ...(image ? { image: asRegistered(image) } : {}),
    ...(prefectApiKey === undefined ? {} : { prefectApiKey: pulumi.secret(prefectApiKey) }),
  };
}

import { AccessKey, getAccessKeys, User } from "@pulumi/aws/iam";
import * as pulumi from "@pulumi/pulumi";
import type { AnyJson } from "../anyJson";
import { type ArgumentNames, declared, partOf } from "../checks";
import { checkKeysAllowed } from "../federation";
import { inPlaceOf } from "../inPlaceOf";
import { type PoolRotation, rotatingKey } from "../rotatingKeys";
import { checkAwsName, checkComponentName, checkSubmitAccess, regionOf } from "./awsChecks";
import { letSubmit } from "./taskSubmitAccess";
import { TASK_SUBMIT_ARGUMENTS, type TaskSubmitArgs } from "./taskSubmitArgs";

/** Arguments of a `PushUser`. */
export interface PushUserArgs extends TaskSubmitArgs {
  /**
   * Name of an existing user. By default a new one.
   * @example user: "prefect-submitter"
   */
  user?: pulumi.Input<string>;
}

const PUSH_USER_ARGUMENTS: ArgumentNames<PushUserArgs> = {
  ...TASK_SUBMIT_ARGUMENTS,
  user: "optional",
};

/**
 * The IAM user that submits runs, with its permissions and an access key, as in Prefect's guide.
 *
 * ```ts
 * const push = new PushUser("etl-push", { workPoolName: "etl", clusterArn: cluster.arn, executionRoleArn: role.arn });
 * ```
 */
export class PushUser extends pulumi.ComponentResource {
  /**
   * Name of the user.
   */
  readonly userName: pulumi.Output<string>;
  /**
   * Id of the user's access key.
   */
  readonly accessKeyId: pulumi.Output<string>;
  /**
   * The secret of the access key, marked as secret.
   */
  readonly secretAccessKey: pulumi.Output<string>;
  /**
   * When the key was created, as ISO 8601.
   */
  readonly keyCreatedAt: pulumi.Output<string>;

  constructor(name: string, args: PushUserArgs, opts?: pulumi.ComponentResourceOptions) {
    const of = declared("PushUser", name, args, PUSH_USER_ARGUMENTS);
    checkComponentName(name, 50, of);
    checkAwsName("user", "user", args.user, of);
    checkSubmitAccess(args, of);
    const region = regionOf(args.region, of);
    checkKeysAllowed("this component", "use WebIdentityRole, or TaskSubmitAccess for those with their own login", of);
    super("pushpool:index:PushUser", name, args, opts);
    const made = pushUser(name, { ...args, region }, partOf(this, opts));

    this.userName = made.userName;
    this.accessKeyId = made.accessKeyId;
    this.secretAccessKey = made.secretAccessKey;
    this.keyCreatedAt = made.keyCreatedAt;
    this.registerOutputs({
      userName: this.userName,
      accessKeyId: this.accessKeyId,
      secretAccessKey: this.secretAccessKey,
      keyCreatedAt: this.keyCreatedAt,
    });
  }
}

/** Make the resources of {@link PushUser}, for a pool that does not create the component. @param rotation of the key @default none */
export function pushUser(
  name: string,
  { user: given, ...access }: PushUserArgs & { region: pulumi.Input<string> },
  options: pulumi.CustomResourceOptions,
  rotation?: PoolRotation,
): Pick<PushUser, "userName" | "accessKeyId" | "secretAccessKey" | "keyCreatedAt"> & { rotation?: pulumi.Output<AnyJson> } {
  const user = given === undefined ? new User(`${name}-user`, {}, options) : undefined;
  const userName = pulumi.output(given ?? user?.name ?? "");
  const allowed = letSubmit(`${name}-access`, { ...access, members: [userName] }, inPlaceOf("TaskSubmitAccess", `${name}-access`, options));
  // The key comes after the policies, because IAM is eventually consistent: the policies then have some time to take effect.
  const make = (keyName: string, adopt?: string) =>
    new AccessKey(keyName, { user: userName }, { ...options, dependsOn: allowed, ...(adopt === undefined ? {} : { import: adopt }) });
  const existing = given === undefined ? undefined : userName;
  if (rotation) return { userName, ...changingKey(name, access.region, make, options, rotation, existing) };
  const key = make(`${name}-key`);
  return { userName, accessKeyId: key.id, secretAccessKey: pulumi.secret(key.secret), keyCreatedAt: key.createDate };
}

/** The current key of the user, once it is proved. */
function changingKey(
  name: string,
  region: pulumi.Input<string>,
  make: (name: string, adopt?: string) => AccessKey,
  options: pulumi.CustomResourceOptions,
  rotation: PoolRotation,
  existingOwner: pulumi.Output<string> | undefined,
): Omit<ReturnType<typeof pushUser>, "userName"> {
  const key = rotatingKey(
    {
      cloud: "aws",
      type: "aws:iam/accessKey:AccessKey",
      name: `${name}-key`,
      proof: `${name}-proof`,
      fields: { createdAt: "createDate", secret: "secret", owner: "user" },
      limit: 2,
      canImport: true,
      deleteCommand: (user, id) => `aws iam delete-access-key --user-name ${user} --access-key-id ${id}`,
      rotation,
      existingOwner,
      make,
      list: async (user) => {
        const { accessKeys } = await getAccessKeys({ user }, options.parent ? { parent: options.parent } : {});
        return accessKeys.map(({ accessKeyId, createDate, status }) => ({
          keyId: accessKeyId,
          createdAt: createDate,
          isDisabled: status === "Inactive",
        }));
      },
      idOf: ({ id }) => id,
      createdAtOf: ({ createDate }) => createDate,
      secretOf: ({ secret }) => ({ secretAccessKey: secret }),
      place: { region },
    },
    options,
  );
  const secretAccessKey = pulumi.secret(key.read(({ secret }) => secret));
  return { accessKeyId: key.keyId, secretAccessKey, keyCreatedAt: key.createdAt, rotation: key.rotation };
}

import { getClientConfig } from "@pulumi/gcp/organizations/getClientConfig";
import { Account, Key } from "@pulumi/gcp/serviceaccount";
import * as pulumi from "@pulumi/pulumi";
import { listGoogleKeys } from "../../src/keys/listKeys";
import { type ArgumentNames, checkChoice, declared, partOf } from "../checks";
import type { KeyInManifest } from "../definitions";
import { checkKeysAllowed } from "../federation";
import { inPlaceOf } from "../inPlaceOf";
import { physicalName } from "../physicalName";
import { type PoolRotation, rotatingKey } from "../rotatingKeys";
import { Permissions } from "../submitting";
import { checkAccount, checkAccountId, placeOf } from "./gcpChecks";
import { JOB_SUBMIT_ARGUMENTS, type JobSubmitArgs } from "./jobSubmitArgs";
import { letSubmit } from "./submitAccess";

/** Arguments of a `PushServiceAccount`. */
export interface PushServiceAccountArgs extends JobSubmitArgs {
  /**
   * The account's id, the part of its e-mail before the at sign. By default generated from the component's name.
   * @example accountId: "etl-push"
   */
  accountId?: string;
  /**
   * E-mail of an existing service account. By default a new one.
   * @example serviceAccount: "submitter@acme-data.iam.gserviceaccount.com"
   */
  serviceAccount?: pulumi.Input<string>;
}

const PUSH_SERVICE_ACCOUNT_ARGUMENTS: ArgumentNames<PushServiceAccountArgs> = {
  ...JOB_SUBMIT_ARGUMENTS,
  accountId: "optional",
  serviceAccount: "optional",
};

/**
 * The service account that submits runs, with its permissions and a JSON key, as in Prefect's guide.
 *
 * ```ts
 * const push = new PushServiceAccount("etl-push", { runtimeServiceAccount: runtime.email });
 * ```
 */
export class PushServiceAccount extends pulumi.ComponentResource {
  /**
   * E-mail of the account.
   */
  readonly email: pulumi.Output<string>;
  /**
   * The content of the account's key file, marked as secret.
   */
  readonly key: pulumi.Output<Record<string, string>>;
  /**
   * When the key was created, as ISO 8601.
   */
  readonly keyCreatedAt: pulumi.Output<string>;

  constructor(name: string, args: PushServiceAccountArgs, opts?: pulumi.ComponentResourceOptions) {
    const of = declared("PushServiceAccount", name, args, PUSH_SERVICE_ACCOUNT_ARGUMENTS);
    const { accountId = physicalName(name, 30), runtimeServiceAccount, permissions } = args;
    const project = placeOf("project", args.project, of);
    checkAccountId("accountId", accountId, of);
    checkAccount("serviceAccount", args.serviceAccount, project, of);
    checkAccount("runtimeServiceAccount", runtimeServiceAccount, project, of);
    checkChoice("permissions", permissions, Permissions, of);
    checkKeysAllowed("this component", "use WorkloadIdentityFederation, or SubmitAccess for those with their own login", of);
    super("pushpool:index:PushServiceAccount", name, args, opts);
    const made = pushAccount(name, { ...args, project, accountId }, partOf(this, opts));

    this.email = made.email;
    this.key = made.key;
    this.keyCreatedAt = made.keyCreatedAt;
    this.registerOutputs({ email: this.email, key: this.key, keyCreatedAt: this.keyCreatedAt });
  }
}

/** Make the resources of {@link PushServiceAccount}, for a pool that does not create the component. @param rotation of the key @default none */
export function pushAccount(
  name: string,
  { project, accountId = physicalName(name, 30), serviceAccount, ...access }: PushServiceAccountArgs & { project: pulumi.Input<string> },
  options: pulumi.CustomResourceOptions,
  rotation?: PoolRotation,
): Pick<PushServiceAccount, "email" | "key" | "keyCreatedAt"> & Required<Pick<KeyInManifest, "keyId">> & KeyInManifest {
  const { account, email, allowed } = pushIdentity(name, { project, accountId, serviceAccount, ...access }, options);
  const serviceAccountId = pulumi.interpolate`projects/${project}/serviceAccounts/${email}`;
  // The key comes after the roles, because IAM is eventually consistent: the roles then have some time to take effect.
  const make = (keyName: string) =>
    new Key(keyName, { serviceAccountId }, { ...options, dependsOn: allowed, ...(account ? { deletedWith: account } : {}) });
  const existing = serviceAccount === undefined ? undefined : serviceAccountId;
  if (rotation) return { email, ...changingKey(name, email, make, options, rotation, existing) };
  const key = make(`${name}-key`);
  return { email, key: pulumi.secret(key.privateKey.apply(keyFile)), keyCreatedAt: key.validAfter, keyId: keyIdOf(key) };
}

/** The current key of the account, once it is proved. */
function changingKey(
  name: string,
  email: pulumi.Output<string>,
  make: (name: string) => Key,
  options: pulumi.CustomResourceOptions,
  rotation: PoolRotation,
  existingOwner: pulumi.Output<string> | undefined,
): Omit<ReturnType<typeof pushAccount>, "email"> {
  const {
    keyId,
    createdAt,
    read,
    rotation: shown,
  } = rotatingKey(
    {
      cloud: "gcp",
      type: "gcp:serviceaccount/key:Key",
      name: `${name}-key`,
      proof: `${name}-proof`,
      fields: { createdAt: "validAfter", secret: "privateKey", owner: "serviceAccountId" },
      limit: 10,
      canImport: false,
      deleteCommand: (account, id) =>
        `gcloud iam service-accounts keys delete ${id} --iam-account ${account.slice(account.lastIndexOf("/") + 1)}`,
      list: (account, service) => {
        // The token of the provider, as in `registryLogin`. Without it the state counts.
        const asked = getClientConfig(options.parent ? { parent: options.parent } : {});
        return asked.then(({ accessToken: token }) => listGoogleKeys({ service, token }, account)).catch(() => undefined);
      },
      ifRefused:
        "Google allows ten keys for an account. If it refuses the new one, nothing else was changed: delete unused keys (`gcloud iam service-accounts keys list`)",
      rotation,
      existingOwner,
      make,
      idOf: keyIdOf,
      createdAtOf: ({ validAfter }) => validAfter,
      secretOf: ({ privateKey }) => ({ privateKey: privateKey.apply((known) => keyFile(known).private_key ?? "") }),
      place: { email },
    },
    options,
  );
  return { key: pulumi.secret(read(({ privateKey }) => privateKey.apply(keyFile))), keyCreatedAt: createdAt, keyId, rotation: shown };
}

/** The last part of `projects/…/serviceAccounts/…/keys/ID`. */
function keyIdOf({ id }: Key): pulumi.Output<string> {
  return id.apply((known) => known.slice(known.lastIndexOf("/") + 1));
}

/** The account that submits, and its access, without a key. `allowed`: the resources that must exist before it can submit. */
export function pushIdentity(
  name: string,
  { project, accountId = physicalName(name, 30), serviceAccount, ...access }: PushServiceAccountArgs & { project: pulumi.Input<string> },
  options: pulumi.CustomResourceOptions,
): { account: Account | undefined; email: pulumi.Output<string>; allowed: pulumi.Resource[] } {
  const account = serviceAccount
    ? undefined
    : new Account(`${name}-account`, { project, accountId, displayName: `Submits flow runs: ${name}`.slice(0, 100) }, options);
  const email = pulumi.output(serviceAccount ?? account?.email ?? "");
  const members = [pulumi.interpolate`serviceAccount:${email}`];
  const allowed = letSubmit(`${name}-access`, { ...access, project, members }, inPlaceOf("SubmitAccess", `${name}-access`, options));
  return { account, email, allowed };
}

/** The key file, from the reply of Google's API. Under Pulumi's mocks in unit tests there is no reply. */
function keyFile(base64: string | undefined): Record<string, string> {
  return base64 ? JSON.parse(Buffer.from(base64, "base64").toString("utf8")) : {};
}

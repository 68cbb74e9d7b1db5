import { Secret, SecretIamMember, SecretVersion } from "@pulumi/gcp/secretmanager";
import * as pulumi from "@pulumi/pulumi";
import type { AnyJson } from "../anyJson";
import { type ArgumentNames, checkVariableNames, declared, partOf } from "../checks";
import { physicalName } from "../physicalName";
import { checkAccount, placeOf } from "./gcpChecks";

/** Arguments of `RuntimeSecrets`. */
export interface RuntimeSecretsArgs {
  /**
   * Values by the name of their environment variable. They are stored as secrets, marked or not. Secret Manager charges for each secret and
   * each access.
   * @example values: { DATABASE_PASSWORD: config.requireSecret("password") }
   */
  values: Record<string, pulumi.Input<string>>;
  /**
   * E-mail of the service account that reads them: that of the runs.
   * @example runtimeServiceAccount: runtime.email
   */
  runtimeServiceAccount: pulumi.Input<string>;
  /**
   * Project of the secrets. By default the provider's (`gcp:project`).
   * @example project: "acme-data"
   */
  project?: pulumi.Input<string>;
}

const RUNTIME_SECRETS_ARGUMENTS: ArgumentNames<RuntimeSecretsArgs> = {
  values: "required",
  runtimeServiceAccount: "required",
  project: "optional",
};

/**
 * Secrets of Secret Manager that only the service account of runs may read. The job of a run then contains only their names.
 *
 * ```ts
 * const secrets = new RuntimeSecrets("etl-secrets", { runtimeServiceAccount: runtime.email, values: { DATABASE_PASSWORD: config.requireSecret("password") } });
 * ```
 */
export class RuntimeSecrets extends pulumi.ComponentResource {
  /**
   * References by the name of the variable, for the job variable env_from_secrets. They name the latest version, so the next run gets a new
   * value.
   */
  readonly references: Record<string, AnyJson>;

  constructor(name: string, args: RuntimeSecretsArgs, opts?: pulumi.ComponentResourceOptions) {
    const of = declared("RuntimeSecrets", name, args, RUNTIME_SECRETS_ARGUMENTS);
    const values = Object.fromEntries(Object.entries(args.values).map(([key, value]) => [key, pulumi.secret(value)]));
    checkVariableNames("values", args.values, of);
    const project = placeOf("project", args.project, of);
    checkAccount("runtimeServiceAccount", args.runtimeServiceAccount, project, of);
    super("pushpool:index:RuntimeSecrets", name, { ...args, values }, opts);
    const options = partOf(this, opts);
    const member = pulumi.interpolate`serviceAccount:${args.runtimeServiceAccount}`;

    this.references = {};
    for (const [variable, secretData] of Object.entries(values)) {
      const secretId = physicalName(`${name}-${variable}`, 63);
      const secret = new Secret(`${name}-${variable}`, { project, secretId, replication: { auto: {} } }, options);
      const parts = { ...options, deletedWith: secret };
      const version = new SecretVersion(`${name}-${variable}-value`, { secret: secret.id, secretData }, parts);
      const reader = new SecretIamMember(
        `${name}-${variable}-reader`,
        { project, secretId: secret.secretId, role: "roles/secretmanager.secretAccessor", member },
        parts,
      );
      // Resolves only when runs may read the secret.
      this.references[variable] = {
        secret: pulumi.all([secret.secretId, version.id, reader.id]).apply(([id]) => id),
        version: "latest",
      };
    }
    this.registerOutputs({});
  }
}

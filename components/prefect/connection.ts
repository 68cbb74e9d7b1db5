import * as pulumi from "@pulumi/pulumi";
import { type ArgumentNames, declared, refuse } from "../checks";

/** Arguments of a `Connection`. */
export interface ConnectionArgs {
  /**
   * Base URL of the Prefect API, as PREFECT_API_URL. Prefect Cloud's is https://api.prefect.cloud/api/accounts/…/workspaces/….
   * @example apiUrl: "http://prefect.internal:4200/api"
   */
  apiUrl: pulumi.Input<string>;
  /**
   * API key. It is kept secret, marked or not. By default none. It excludes authString.
   * @example apiKey: config.requireSecret("prefectApiKey")
   */
  apiKey?: pulumi.Input<string>;
  /**
   * user:password of a self-hosted server, as PREFECT_API_AUTH_STRING. It is kept secret, marked or not. By default none. It excludes
   * apiKey.
   * @example authString: config.requireSecret("prefectAuth")
   */
  authString?: pulumi.Input<string>;
}

const CONNECTION_ARGUMENTS: ArgumentNames<ConnectionArgs> = {
  apiUrl: "required",
  apiKey: "optional",
  authString: "optional",
};

/**
 * Which Prefect API pools, blocks and deployments are registered with, and as whom. A provider: what is given it as `provider` goes
 * there, so that one program can have several. Its key lies encrypted in the stack's state, also beside what is made with it: another URL means
 * another server, and what was made on the old one is deleted there with the old key.
 *
 * Without one, the resources go to the Prefect API that the environment of `pulumi up` means: `PREFECT_API_URL` with `PREFECT_API_KEY` or
 * `PREFECT_API_AUTH_STRING`, else the active Prefect profile.
 *
 * ```ts
 * const connection = new Connection("prefect", { apiUrl: "http://prefect.internal:4200/api", authString: config.requireSecret("auth") });
 * ```
 */
export class Connection extends pulumi.ProviderResource {
  /** Base URL of the API. */
  readonly apiUrl: pulumi.Output<string>;
  /** The key, or user:password. Secret. */
  readonly auth: pulumi.Output<string> | undefined;

  constructor(name: string, args: ConnectionArgs, opts?: pulumi.ResourceOptions) {
    const of = declared("Connection", name, args, CONNECTION_ARGUMENTS);
    const { apiUrl, apiKey, authString } = args;
    if (apiKey !== undefined && authString !== undefined) refuse("apiKey and authString cannot both be given: leave one of them out", of);
    if (typeof apiUrl === "string" && !/^https?:\/\//.test(apiUrl))
      refuse(`apiUrl must begin with http:// or https://, for example http://HOST:4200/api, not "${apiUrl}"`, of);
    const given = authString ?? apiKey;
    const auth = given === undefined ? undefined : pulumi.secret(given);
    // Names with a namespace, as those of a stack's configuration: the process of a dynamic provider gets either.
    super("pulumi-nodejs", name, { "prefect:apiUrl": apiUrl, ...(auth ? { "prefect:auth": auth } : {}) }, opts);
    this.apiUrl = pulumi.output(apiUrl);
    this.auth = auth;
  }
}

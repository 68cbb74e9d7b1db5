import * as pulumi from "@pulumi/pulumi";
import { type ArgumentNames, declared, refuse } from "../checks";

/** Arguments of a `Connection`. */
export interface ConnectionArgs {
  /**
   * Base URL of the Prefect API, like PREFECT_API_URL. That of Prefect Cloud is https://api.prefect.cloud/api/accounts/…/workspaces/….
   * @example apiUrl: "http://prefect.internal:4200/api"
   */
  apiUrl: pulumi.Input<string>;
  /**
   * API key. It is stored as a secret, marked or not. By default none. It excludes authString.
   * @example apiKey: config.requireSecret("prefectApiKey")
   */
  apiKey?: pulumi.Input<string>;
  /**
   * user:password of a self-hosted server, like PREFECT_API_AUTH_STRING. It is stored as a secret, marked or not. By default none. It
   * excludes apiKey.
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
 * The Prefect API on which pools, blocks and deployments are registered, and the login to it. It is a provider: resources with it as
 * `provider` are registered there. One program can have several.
 *
 * Its key is stored, encrypted, in the stack's state, also with each resource. Another URL means another server: the resources are created
 * there, and deleted on the old server with the old key.
 *
 * Resources without a connection use the Prefect API of the environment of `pulumi up`: `PREFECT_API_URL` with `PREFECT_API_KEY` or
 * `PREFECT_API_AUTH_STRING`, else the active Prefect profile.
 *
 * ```ts
 * const connection = new Connection("prefect", { apiUrl: "http://prefect.internal:4200/api", authString: config.requireSecret("auth") });
 * ```
 */
export class Connection extends pulumi.ProviderResource {
  /** Base URL of the API. */
  readonly apiUrl: pulumi.Output<string>;
  /** The key, or user:password. Marked as secret. */
  readonly auth: pulumi.Output<string> | undefined;

  constructor(name: string, args: ConnectionArgs, opts?: pulumi.ResourceOptions) {
    const of = declared("Connection", name, args, CONNECTION_ARGUMENTS);
    const { apiUrl, apiKey, authString } = args;
    if (apiKey !== undefined && authString !== undefined) refuse("apiKey and authString cannot both be given: leave one of them out", of);
    if (typeof apiUrl === "string" && !/^https?:\/\//.test(apiUrl))
      refuse(`apiUrl must begin with http:// or https://, for example http://HOST:4200/api, not "${apiUrl}"`, of);
    const given = authString ?? apiKey;
    const auth = given === undefined ? undefined : pulumi.secret(given);
    // The process of a dynamic provider gets names with a namespace, from here and from the stack's configuration.
    super("pulumi-nodejs", name, { "prefect:apiUrl": apiUrl, ...(auth ? { "prefect:auth": auth } : {}) }, opts);
    this.apiUrl = pulumi.output(apiUrl);
    this.auth = auth;
  }
}

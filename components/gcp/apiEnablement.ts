import { Service } from "@pulumi/gcp/projects";
import * as pulumi from "@pulumi/pulumi";
import { type ArgumentNames, declared, partOf } from "../checks";
import { placeOf } from "./gcpChecks";

/** The APIs for provisioning a pool and running on it. */
const ALWAYS = ["cloudresourcemanager", "iam", "run", "logging"];

/** Arguments of an `ApiEnablement`. */
export interface ApiEnablementArgs {
  /**
   * Project in which to enable the APIs. By default the provider's (`gcp:project`).
   * @example project: "acme-data"
   */
  project?: pulumi.Input<string>;
  /**
   * APIs besides those of Cloud Run, Logging, IAM and Resource Manager. By default none.
   * @example apis: ["secretmanager.googleapis.com"]
   */
  apis?: string[];
}

const API_ENABLEMENT_ARGUMENTS: ArgumentNames<ApiEnablementArgs> = {
  project: "optional",
  apis: "optional",
};

/**
 * Enables the APIs of Google Cloud that a pool needs. They stay enabled when the stack is destroyed, because others may need them by then.
 *
 * ```ts
 * const apis = new ApiEnablement("apis", { project: "acme-data" });
 * const pool = new CloudRunPushPool("etl", { … }, { dependsOn: apis });
 * ```
 */
export class ApiEnablement extends pulumi.ComponentResource {
  constructor(name: string, args: ApiEnablementArgs = {}, opts?: pulumi.ComponentResourceOptions) {
    const of = declared("ApiEnablement", name, args, API_ENABLEMENT_ARGUMENTS);
    const project = placeOf("project", args.project, of);
    super("pushpool:index:ApiEnablement", name, args, opts);
    const services = new Set([...ALWAYS.map((api) => `${api}.googleapis.com`), ...(args.apis ?? [])]);
    for (const service of services) {
      new Service(`${name}-${service.replace(".googleapis.com", "")}`, { project, service, disableOnDestroy: false }, partOf(this, opts));
    }
    this.registerOutputs({});
  }
}

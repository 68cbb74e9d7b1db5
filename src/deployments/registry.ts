import type { JsonObject } from "../json";
import type { DeploymentRecord } from "../ledger";
import type { DeployPlace, GivenSettings, PlaceholderValues, PrefectYaml } from "../prefectYaml";
import type { DeploymentChange } from "./deploymentDiff";

/** A deployment of a file, and which fields the file sets. */
export interface ToDeploy extends DeploymentRecord {
  said: GivenSettings;
}

/** How a deployment differs from the deployed one. */
export interface Comparison extends DeploymentChange {
  /** Sentences to show. */
  warnings: string[];
  /** Why it cannot replace the deployed one. */
  problem?: string;
}

/** A deployment that could not be written. Its partial changes are undone. */
export interface RefusedDeployment {
  name: string;
  /** One sentence. */
  message: string;
  /** 2: the request is invalid. 5: the server failed, refused the key, or cannot be reached. */
  exitCode: 2 | 5;
}

/** Where deployments are stored: the ledger of this workspace, or a Prefect API. */
export interface DeploymentRegistry {
  /** `<project>/<stack>` */
  stack: string;
  /** Its name in messages: `stack data/dev`, or a Prefect API with its URL. */
  name: string;
  /** Names of the deployments that the Pulumi program declares. */
  declared: ReadonlySet<string>;
  /** Read what a file's deployments can refer to: work pools, blocks and variables. */
  place(file: PrefectYaml): Promise<DeployPlace & Pick<PlaceholderValues, "blocks" | "variables">>;
  /** The environment variables by which Prefect's own code reaches the API. */
  prefectEnv: Record<string, string>;
  /** Whether it stores the version that Prefect infers from the commit, and whether with all that is known of the commit. */
  versions: "none" | "text" | "info";
  /** Whether schedules work there without `pushpool serve`. */
  schedules: boolean;
  /** Whether triggers become automations there. */
  automations: boolean;
  /** Whether service level agreements work there. */
  slas: boolean;
  /** Whether to import flows, if Python has Prefect, for the fields that are stored about them. */
  imports: boolean;
  compare(records: readonly ToDeploy[]): Promise<Comparison[]>;
  /** What would be stored or sent for a deployment. */
  shown(record: ToDeploy): JsonObject;
  /**
   * Write deployments that {@link compare} found new or changed.
   * @param options.unchanged those that it found unchanged; the registry notes that they came from this file
   * @param options.allOrNothing after the first refusal, undo those before it and send no more
   * @returns those that were not written
   */
  write(records: readonly ToDeploy[], options: { unchanged: readonly ToDeploy[]; allOrNothing: boolean }): Promise<RefusedDeployment[]>;
  /** Names of the deployments known to come from this file (an absolute path). */
  cameFrom(file: string): Promise<string[]>;
  /**
   * Plan to remove deployments.
   * @throws {UserError} if one was not deployed, with similar names; or if the Pulumi program declares it
   */
  planRemoval(names: readonly string[]): Promise<DeploymentChange[]>;
  remove(names: readonly string[]): Promise<void>;
}

import type { JsonObject } from "../json";
import type { DeploymentRecord } from "../ledger";
import type { Place, PrefectYaml, Said, Surroundings } from "../prefectYaml";
import type { DeploymentChange } from "./diff";

/** A deployment of a file, and what of it the file says. */
export interface ToDeploy extends DeploymentRecord {
  said: Said;
}

/** How a deployment differs from what is there. */
export interface Comparison extends DeploymentChange {
  /** What is to be said of it. */
  warnings: string[];
  /** Why it cannot be deployed over what is there. */
  problem?: string;
}

/** A deployment that could not be written. What was changed of it is undone. */
export interface Refused {
  name: string;
  /** One sentence. */
  message: string;
  /** 2: what was sent is wrong. 5: the server failed, refused the key, or cannot be reached. */
  exitCode: 2 | 5;
}

/** Where deployments go: the ledger of this workspace, or a Prefect API. */
export interface DeploymentRegistry {
  /** `<project>/<stack>` */
  stack: string;
  /** What messages call it: `stack data/dev`, or a Prefect API by its URL. */
  name: string;
  /** Names that the Pulumi program declares. */
  declared: ReadonlySet<string>;
  /** What it has that a file's deployments can refer to. */
  place(file: PrefectYaml): Promise<Place & Pick<Surroundings, "blocks" | "variables">>;
  /** Whether schedules are acted on there without anything more. */
  schedules: boolean;
  /** Whether flows are imported, where Python has Prefect, for what it stores of them. */
  imports: boolean;
  compare(records: readonly ToDeploy[]): Promise<Comparison[]>;
  /** What would be recorded or sent for a deployment. */
  shown(record: ToDeploy): JsonObject;
  /**
   * Write deployments that {@link compare} found new or changed.
   * @param options.unchanged those that it found unchanged: it is noted that they came from this file
   * @param options.allOrNothing once one is refused, undo those before it and send no more
   * @returns those that were not written
   */
  write(records: readonly ToDeploy[], options: { unchanged: readonly ToDeploy[]; allOrNothing: boolean }): Promise<Refused[]>;
  /** Names of the deployments there that came from this file (an absolute path), as far as that was noted. */
  cameFrom(file: string): Promise<string[]>;
  /**
   * Which deployments to remove.
   * @throws {UserError} if one was not deployed, with the nearest; or is the Pulumi program's
   */
  planRemoval(names: readonly string[]): Promise<DeploymentChange[]>;
  remove(names: readonly string[]): Promise<void>;
}

import type { JsonObject } from "../json";
import type { DeploymentRecord } from "../ledger";
import type { Place, PrefectYaml, Surroundings } from "../prefectYaml";
import type { DeploymentChange } from "./diff";

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
  /** How each differs from what is there, with what is to be said of it. */
  compare(records: readonly DeploymentRecord[]): Promise<(DeploymentChange & { warnings: string[] })[]>;
  /** What would be recorded or sent for a deployment. */
  shown(record: DeploymentRecord): JsonObject;
  /** Write deployments that {@link compare} found new or changed. */
  write(records: readonly DeploymentRecord[]): Promise<void>;
  /**
   * Which deployments to remove.
   * @throws {UserError} if one was not deployed, with the nearest; or is the Pulumi program's
   */
  planRemoval(names: readonly string[]): Promise<DeploymentChange[]>;
  remove(names: readonly string[]): Promise<void>;
}

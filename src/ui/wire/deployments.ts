import type { State } from "../../model/run";
import type { JsonObject } from "./json";
import type { PoolVariable } from "./pools";

/** A recent run of a deployment, for a strip. */
export interface RecentRun {
  id: string;
  name: string;
  state: State;
  createdAt: string;
  startedAt?: string;
  endedAt?: string;
}

export interface DeploymentRow {
  /** `<flow name>/<deployment name>` */
  name: string;
  workPool: string;
  /** Whether its schedules are paused. Absent: it has none. */
  paused?: boolean;
  /** How many schedules it has. */
  schedules: number;
  /** The next time of an active schedule. */
  nextRun?: string;
  /** Newest first, at most 30. */
  lastRuns: RecentRun[];
  /** Where it is defined. */
  from: "pulumi" | "prefect.yaml" | "server";
  /** Why it cannot run. */
  error?: string;
}

export interface DeploymentList {
  deployments: DeploymentRow[];
  /** Why some are missing, such as a server that does not answer. */
  notice?: string;
}

export interface DeploymentDetail extends DeploymentRow {
  /** What is declared, as `pushpool deployments --json` shows it; secrets are `[secret]`. */
  definition: JsonObject;
  /** JSON schema of the parameters; null if there is none: then any object. */
  parameterSchema: JsonObject | null;
  /** The deployment's own parameters, which a run inherits. */
  defaults: JsonObject;
  tags: string[];
  scheduleList: ScheduleInfo[];
  /** Newest first, at most 50. */
  recentRuns: RecentRun[];
  /** The job variables that its work pool takes. */
  poolVariables: PoolVariable[];
  /** Its page on Prefect's own pages. */
  prefectUrl?: string;
  commands: { run: string };
}

export interface ScheduleInfo {
  /** In words, such as `every day at 07:00 (Europe/Berlin)` or the cron expression. */
  description: string;
  active: boolean;
  /** The next times, at most 5; empty if it is not active or has ended. */
  next: string[];
}

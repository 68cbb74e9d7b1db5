import type { JsonObject } from "../../json";
import type { Secret } from "../../secret";

/** A Cloud Run submission: the Job that must exist, and the parameters of this run. */
export interface CloudRunRequest {
  /** `projects/P/locations/R` */
  parent: string;
  jobId: string;
  /** A Job of the v2 API as JSON, without secrets. With a Job per run it contains everything, and `overrides` nothing. */
  job: JsonObject;
  /** The overrides of the Job's first container in `jobs.run`. Values may be secret until they are sent. */
  overrides: {
    /** Needed if a Job has several containers. */
    container?: string;
    args?: string[];
    env: Record<string, string | Secret>;
    /** Seconds. */
    timeout?: number;
  };
  /** A run's own Job, which starts when it is created. */
  jobPerRun: boolean;
}

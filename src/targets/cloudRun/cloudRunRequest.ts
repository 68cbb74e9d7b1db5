import type { JsonObject } from "../../json";
import type { Secret } from "../../secret";

/** What a Cloud Run submission says: the Job that has to be there, and what is said of this one run. */
export interface CloudRunRequest {
  /** `projects/P/locations/R` */
  parent: string;
  jobId: string;
  /** A Job of the v2 API as JSON; nothing in it is secret. With a Job per run it holds everything, and `overrides` nothing. */
  job: JsonObject;
  /** What `jobs.run` overrides of the Job's first container. Values may be secret until they are sent. */
  overrides: {
    /** Needed where a Job has several containers. */
    container?: string;
    args?: string[];
    env: Record<string, string | Secret>;
    /** Seconds. */
    timeout?: number;
  };
  /** A Job of the run's own, started as it is made. */
  jobPerRun: boolean;
}

import type { JsonObject } from "../../json";
import type { SentRequest, TargetView } from "../targetView";
import { parseExecutionName, projectOf, regionOf } from "./cloudRunNames";

export const view: TargetView = {
  requests: ({ parent, jobId, job, overrides, jobPerRun }): SentRequest[] => [
    { call: "CreateJob", body: { parent: parent ?? null, jobId: jobId ?? null, job: job ?? null } },
    // A run's own Job starts when it is created.
    ...(jobPerRun === true
      ? []
      : [{ call: "RunJob", body: { name: `${parent}/jobs/${jobId}`, overrides: (overrides ?? {}) as JsonObject } }]),
  ],
  consoleUrl: (id) => {
    const { parent, execution } = parseExecutionName(id);
    const [project, region, name] = [projectOf(parent), regionOf(parent), execution].map(encodeURIComponent);
    return `https://console.cloud.google.com/run/jobs/executions/details/${region}/${name}?project=${project}`;
  },
};

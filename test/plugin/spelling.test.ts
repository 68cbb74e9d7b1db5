import { expect, test } from "vitest";
import { spelled } from "../../plugin/spelling";

const POOL = "pushpool:index:ProcessPushPool";
const DEPLOYMENT = "pushpool:index:Deployment";

// The message in the schema's names, as the components write it; in Python; in Go and .NET.
test.each<[string, string, string, string]>([
  [
    POOL,
    'concurrencyLimit must be 1, not "workPoolName"',
    'concurrency_limit must be 1, not "workPoolName"',
    'ConcurrencyLimit must be 1, not "workPoolName"',
  ],
  [
    POOL,
    "queues.nightRuns.concurrencyLimit must be 1",
    "queues.nightRuns.concurrency_limit must be 1",
    "Queues.nightRuns.ConcurrencyLimit must be 1",
  ],
  [
    POOL,
    'queues.u.concurencyLimit is unknown: did you mean "concurrencyLimit"?',
    'queues.u.concurencyLimit is unknown: did you mean "concurrency_limit"?',
    'Queues.u.concurencyLimit is unknown: did you mean "ConcurrencyLimit"?',
  ],
  [
    POOL,
    'x is unknown: did you mean "isPaused" or "workPoolName"?',
    'x is unknown: did you mean "is_paused" or "work_pool_name"?',
    'x is unknown: did you mean "IsPaused" or "WorkPoolName"?',
  ],
  [
    POOL,
    "jobVariables.workPoolName is not a variable of the work pool",
    "job_variables.workPoolName is not a variable of the work pool",
    "JobVariables.workPoolName is not a variable of the work pool",
  ],
  [
    POOL,
    "jobVariables must have labels, as in image: labels of isPaused",
    "job_variables must have labels, as in image: labels of is_paused",
    "JobVariables must have labels, as in image: labels of IsPaused",
  ],
  [
    DEPLOYMENT,
    "workPoolName is missing: Deployment needs it",
    "work_pool_name is missing: Deployment needs it",
    "WorkPoolName is missing: Deployment needs it",
  ],
  [DEPLOYMENT, "see /etc/workPoolName and manifest()", "see /etc/workPoolName and manifest()", "see /etc/workPoolName and manifest()"],
  ["pulumi:providers:pushpool", "apiUrl must be a URL", "api_url must be a URL", "ApiUrl must be a URL"],
  ["pushpool:index:Unheard", "workPoolName is missing", "workPoolName is missing", "workPoolName is missing"],
])("%s: %s", (token, message, python, pascal) => {
  expect(spelled(message, token, "python")).toBe(python);
  expect([spelled(message, token, "go"), spelled(message, token, "dotnet")]).toEqual([pascal, pascal]);
  for (const runtime of ["yaml", "nodejs", "java", undefined]) expect(spelled(message, token, runtime)).toBe(message);
});

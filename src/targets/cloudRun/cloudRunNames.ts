import { hash } from "node:crypto";
import { canonicalJson } from "../../canonicalJson";
import type { Json } from "../../json";

/** Full name of an execution: the target's infrastructure id. */
export interface ExecutionName {
  /** `projects/P/locations/R` */
  parent: string;
  job: string;
  execution: string;
}

const EXECUTION = /^(projects\/[^/]+\/locations\/[^/]+)\/jobs\/([^/]+)\/executions\/([^/]+)$/;

/** @throws {Error} if it is not an execution's name: infrastructure ids come from this target only */
export function parseExecutionName(name: string): ExecutionName {
  const [, parent, job, execution] = EXECUTION.exec(name) ?? [];
  if (parent === undefined || job === undefined || execution === undefined)
    throw new Error(`"${name}" is not the name of an execution of a Cloud Run job`);
  return { parent, job, execution };
}

/** `projects/P/locations/R` from the name of anything in it. */
export function parentOf(name: string): string {
  return name.split("/").slice(0, 4).join("/");
}

export function projectOf(parent: string): string {
  return parent.split("/")[1] ?? "";
}

export function regionOf(parent: string): string {
  return parent.split("/")[3] ?? "";
}

/** Google allows job ids of up to 63 characters; an execution adds six to its Job's. */
const MAX_SLUG = 30;

/**
 * The name of the Job that runs with the same configuration share: a readable part, the stack's id, and a digest of the whole Job.
 * @param what the deployment, in any characters
 * @param stack the stack's id: ten characters
 */
export function durableJobId(what: string, stack: string, job: Json): string {
  const digest = hash("sha256", canonicalJson(job), "hex").slice(0, 12);
  const slug = what
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, MAX_SLUG)
    .replaceAll(/^-+|-+$/g, "");
  return slug === "" ? `pp-${stack}-${digest}` : `pp-${slug}-${stack}-${digest}`;
}

/** With a Job per run, the suffix of its only execution: `startExecutionToken`. */
export const EXECUTION_TOKEN = "run";

/** Whether its Job has no other execution, because it was created for this run. */
export function hasOneExecution({ job, execution }: ExecutionName): boolean {
  return execution === `${job}-${EXECUTION_TOKEN}`;
}

const OWN_JOB = "pp-run-";
const KEPT_JOB = "pp-kept-";
/** No shared Job has such a name: its readable part has no room for 32 digits. */
const OWN_JOB_ID = /^pp-run-[0-9a-f]{32}-\d+$/;

/** The name of a run's own Job, the same from any machine. It also shows whether the Job stays after the run. */
export function ownJobId(runId: string, attempt: number, keep: boolean): string {
  const id = runId.replaceAll("-", "").toLowerCase();
  return `${keep ? KEPT_JOB : OWN_JOB}${/^[0-9a-f]{32}$/.test(id) ? id : digestOf(runId)}-${attempt}`;
}

/** Whether a Job was created for one run and is removed with it. */
export function goesWithItsRun(jobId: string): boolean {
  return OWN_JOB_ID.test(jobId);
}

/** Whether a Job was created for one run and stays after it. */
export function staysAfterItsRun(jobId: string): boolean {
  return jobId.startsWith(KEPT_JOB);
}

/** The variable by which the execution of an attempt is found among all others. */
export const MARKER = "PUSHPOOL_SUBMISSION";

export function markerOf(runId: string, attempt: number): string {
  return `${runId}/${attempt}`;
}

/** When a run was created, in milliseconds: its id is a UUID v7, which starts with the time; `undefined` for any other id. */
export function timeOfRun(runId: string): number | undefined {
  const id = runId.replaceAll("-", "");
  if (!/^[0-9a-f]{12}7[0-9a-f]{19}$/i.test(id)) return undefined;
  return Number.parseInt(id.slice(0, 12), 16);
}

function digestOf(text: string): string {
  return hash("sha256", text, "hex").slice(0, 32);
}

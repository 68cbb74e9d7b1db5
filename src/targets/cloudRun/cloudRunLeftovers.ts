import { POOL_TAG, STACK_TAG } from "../../manifest/cloudNames";
import { allItems, itemsOf } from "../cloud/pages";
import { A_FEW, type LeftoversOf, Removal } from "../cloud/removal";
import type { Leftovers } from "../target";
import type { FoundJob, RunApi } from "./cloudRunApi";
import { labelValue, OURS } from "./cloudRunLabels";
import { regionOf, staysAfterItsRun } from "./cloudRunNames";
import { jobNote } from "./cloudRunNotes";
import { asFailure } from "./googleFailures";

/** The owner of the leftovers, and where they are. */
export interface CloudRunLeftovers extends LeftoversOf {
  api: RunApi;
  /** `projects/P/locations/R`, where its runs may have gone. */
  parents: string[];
  /** Service accounts of the pool's runs, by which Jobs of pushpool 0.1.0 are recognized. */
  accounts: string[];
}

/** Pages of Jobs: Google allows 1,000 Jobs in a region (https://cloud.google.com/run/quotas). */
const PAGES = 15;
/** If one pool has this many Jobs, those that no run has used for a day are removed. */
const CROWDED = 300;
const DAY = 86_400_000;

/**
 * Remove the Jobs that no run has used for a while, with a limited number of calls.
 * @param unused milliseconds
 * @returns whether more is left
 */
export async function tidyCloudRun(of: CloudRunLeftovers, unused: number): Promise<boolean> {
  let left = A_FEW;
  let more = false;
  for (const parent of of.parents) {
    const own = (await jobsIn(of, parent)).filter((job) => isOfStack(of, job) && !staysAfterItsRun(job.id));
    const before = Date.now() - (own.length > CROWDED ? Math.min(unused, DAY) : unused);
    const old = own.filter((job) => job.usedAt < before && !job.busy).sort((one, other) => one.usedAt - other.usedAt);
    for (const job of old) {
      if (left-- <= 0) return true;
      if (!(await isBusy(of, job))) await remove(of, job);
    }
    more ||= own.length > CROWDED;
  }
  return more;
}

/** Remove every Job that the pool's runs created; its executions are removed with it. */
export async function removeCloudRunLeftovers(of: CloudRunLeftovers): Promise<Leftovers> {
  const removal = new Removal(of);
  for (const parent of of.parents) {
    await removal.part(`removing the Jobs of its runs in ${regionOf(parent)}`, async () => {
      for (const job of (await jobsIn(of, parent)).filter((each) => isOfStack(of, each) || isOfBefore(of, each))) {
        if (job.busy || (await isBusy(of, job)))
          removal.keep(`Job ${job.id} stays, because one of its executions is still running: ${command(job)}`);
        else if (await remove(of, job)) removal.count("Cloud Run Jobs", 1);
        else removal.keep(`Job ${job.id} stays, because it was changed just now: ${command(job)}`);
      }
    });
  }
  return removal.done();
}

async function jobsIn({ api, signal }: CloudRunLeftovers, parent: string): Promise<FoundJob[]> {
  return allItems((token) => api.listJobs(parent, token, signal), PAGES);
}

function isOfStack({ stack, pool }: CloudRunLeftovers, { labels }: FoundJob): boolean {
  return labels[OURS.key] === OURS.value && labels[STACK_TAG] === stack && labels[POOL_TAG] === labelValue(pool);
}

/** Created by pushpool 0.1.0, whose labels do not contain the stack. */
function isOfBefore({ pool, accounts }: CloudRunLeftovers, { labels, serviceAccount }: FoundJob): boolean {
  const ours = labels[OURS.key] === OURS.value && labels[STACK_TAG] === undefined && labels[POOL_TAG] === labelValue(pool);
  return ours && serviceAccount !== undefined && accounts.includes(serviceAccount);
}

/** Whether any execution is running: earlier ones may be, even if the latest has ended. */
async function isBusy({ api, signal }: CloudRunLeftovers, { name }: FoundJob): Promise<boolean> {
  for await (const { completionTime, deleteTime } of itemsOf((token) => api.listExecutions(name, "state", token, signal)))
    if (completionTime === undefined && deleteTime === undefined) return true;
  return false;
}

/** @returns false if it has changed since it was seen */
async function remove({ api, notes, signal }: CloudRunLeftovers, { name, etag }: FoundJob): Promise<boolean> {
  // First the note: a process that reads it from now on creates the Job again.
  await jobNote(notes, name).remove();
  try {
    await api.deleteJob(name, signal, etag);
  } catch (error) {
    const { kind } = asFailure(error);
    if (kind === "missing") return true;
    if (kind === "exists" || kind === "precondition") return false;
    throw error;
  }
  return true;
}

function command({ id, name }: FoundJob): string {
  const [, project, , region] = name.split("/");
  return `once it has ended, \`gcloud run jobs delete ${id} --region ${region} --project ${project}\``;
}

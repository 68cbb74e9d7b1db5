import type { InfrastructureId } from "../target";

/** Noted before an execution is cancelled: Google does not say by whom one was. */
export function stopKey(id: InfrastructureId): string {
  return `cloud-run/stop/${id}`;
}

/** How an execution ended, noted before its Job is removed. */
export function endKey(id: InfrastructureId): string {
  return `cloud-run/end/${id}`;
}

/** Regions that the runs of a pool of a stack went to, beside its usual one: a JSON list. */
export function regionsKey(stack: string, pool: string): string {
  return `cloud-run/regions/${stack}/${pool}`;
}

/** A Job that was seen ready: runs of its shape need not look again. */
export function jobKey(name: string): string {
  return `cloud-run/job/${name}`;
}

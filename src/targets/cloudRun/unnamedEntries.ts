import type { RunApi } from "./cloudRunApi";
import type { ExecutionName } from "./cloudRunNames";
import type { Entry } from "./entryLines";
import { asFailure } from "./googleFailures";

/** How long after its execution's completion an entry may be stamped, in milliseconds. */
export const AFTER_END = 2_000;
/** Pages of a Job's executions, a hundred each: Google keeps the newest 1,000 completed ones (https://cloud.google.com/run/quotas). */
const MAX_PAGES = 10;
/** How many Jobs' executions are remembered. */
const MAX_JOBS = 50;

/** When an execution of a Job ran, in milliseconds. */
export interface Span {
  execution: string;
  from: number;
  to: number;
}

/** The executions of a Job, or why they are unknown. */
export type Spans = { known: readonly Span[] } | { unknown: string };

/** `own`: of this execution; `other`: of another one; `unclear`: nobody can know. */
export type Belonging = "own" | "other" | "unclear";

/**
 * The owner of an entry that names no execution: the only one that ran at the entry's time.
 * @param execution the one in question
 */
export function belongingOf(time: number, execution: string, spans: Spans): Belonging {
  if ("unknown" in spans) return "unclear";
  const running = spans.known.filter(({ from, to }) => from <= time && time <= to);
  if (running.length === 1) return running[0]?.execution === execution ? "own" : "other";
  // Without its own span, nothing is known about the time: Google has deleted the execution.
  return running.length > 1 || !spans.known.some((each) => each.execution === execution) ? "unclear" : "other";
}

/** The message about entries that are not shown. */
export function notShown({ execution }: ExecutionName, count: number, why: string): string {
  const entries = count === 1 ? "1 log entry that names no execution is" : `${count} log entries that name no execution are`;
  return (
    `${entries} not shown for execution ${execution}: ${why}. Give them the label run.googleapis.com/execution_name ` +
    "(google-cloud-logging for Python sets it from 3.11 on), or each run a Job of its own: job variable job_per_run"
  );
}

export const SEVERAL = "several executions of its Job ran at that time";

/** Lists the executions of Jobs, once for all entries that this can decide. */
export class JobSpans {
  readonly #listed = new Map<string, { at: number; spans: Promise<Spans> }>();

  constructor(private readonly api: Pick<RunApi, "listExecutions">) {}

  /**
   * @param asOf the list must not be older than this, in milliseconds of Google's clock
   * @param now the time by that clock
   */
  of({ parent, job }: ExecutionName, asOf: number, now: number): Promise<Spans> {
    const name = `${parent}/jobs/${job}`;
    const last = this.#listed.get(name);
    if (last && last.at >= asOf) return last.spans;
    const spans = this.#list(name);
    this.#listed.delete(name);
    this.#listed.set(name, { at: now, spans });
    spans.catch(() => this.#listed.delete(name));
    if (this.#listed.size > MAX_JOBS) this.#listed.delete(this.#listed.keys().next().value as string);
    return spans;
  }

  async #list(job: string): Promise<Spans> {
    const known: Span[] = [];
    try {
      let next: string | undefined;
      for (let pages = 0; pages < MAX_PAGES; pages++) {
        const page = await this.api.listExecutions(job, "state", next);
        for (const { name, createTime, completionTime } of page.items) {
          known.push({
            execution: name.split("/").at(-1) ?? "",
            from: createTime === undefined ? 0 : Date.parse(createTime),
            to: completionTime === undefined ? Number.POSITIVE_INFINITY : Date.parse(completionTime) + AFTER_END,
          });
        }
        next = page.next;
        if (next === undefined) return { known };
      }
      return { unknown: `its Job has more than ${MAX_PAGES * 100} executions` };
    } catch (error) {
      const { kind, message } = asFailure(error);
      if (kind === "denied") return { unknown: `the executions of its Job may not be listed (${message})` };
      if (kind === "missing") return { unknown: "its Job is gone" };
      throw error;
    }
  }
}

/** The execution that an entry names: in Google's label, or in any label whose value is the name of an execution of its Job. */
export function namedExecution({ labels = {}, resource }: Entry): string | undefined {
  const named = labels["run.googleapis.com/execution_name"];
  if (named !== undefined) return named;
  const job = resource?.labels?.job_name;
  if (job === undefined) return undefined;
  const names = Object.values(labels).map((value) => value.split("/").at(-1) ?? "");
  return names.find((value) => value.startsWith(`${job}-`) && /^[a-z0-9]{5}$/.test(value.slice(job.length + 1)));
}

import type { JsonObject, ValueObject } from "../../json";
import { stackName } from "../../manifest/cloudNames";
import { UserError } from "../../userError";
import type { CallOptions } from "../cloud/calls";
import { CloudFailure, ifThere, isRefusal } from "../cloud/failure";
import type { LogReader } from "../cloud/logPosition";
import { lookFor } from "../cloud/lookFor";
import { explaining } from "../cloud/refusal";
import { declaredValues, usualValue } from "../cloud/removal";
import { readSettings } from "../cloud/settings";
import { revealedVariables } from "../revealed";
import type {
  InfrastructureId,
  Leftovers,
  LeftoversAsked,
  LogPage,
  Observation,
  PoolAccess,
  Prepared,
  RunToPlan,
  Started,
  Submission,
  Target,
  TargetPlace,
} from "../target";
import { giveUp, openRunApi, type RunApi } from "./cloudRunApi";
import { type CloudRunLeftovers, removeCloudRunLeftovers, tidyCloudRun } from "./cloudRunLeftovers";
import { openLogReader } from "./cloudRunLogs";
import { EXECUTION_TOKEN, goesWithItsRun, parentOf, parseExecutionName, regionOf } from "./cloudRunNames";
import { endNote, jobNote, regionsNote, stopNote, type Whereabouts } from "./cloudRunNotes";
import { planCloudRun } from "./cloudRunPlan";
import type { CloudRunRequest } from "./cloudRunRequest";
import { openSends, type Sends } from "./cloudRunSends";
import { openWatcher, type Watcher } from "./cloudRunWatcher";
import { type Access, accessOf } from "./googleAccess";
import { asFailure, type GoogleFailure } from "./googleFailures";

/** How long Google may take until a Job is ready, in milliseconds. */
const READY_TIMEOUT = 300_000;

/**
 * Runs as executions of Cloud Run jobs, for the runs of one `cloud-run-v2:push` pool.
 *
 * - Runs with the same configuration share a Job, created on first use. A run is one call of `jobs.run`.
 * - An infrastructure id is the execution's full name.
 * - Cloud Run ignores the requested grace period: SIGKILL follows SIGTERM after ten seconds
 * (https://cloud.google.com/run/docs/container-contract#jobs-sigterm).
 * @throws {UserError} if the pool's credentials or endpoints cannot be used
 */
export async function createCloudRunTarget(place: Omit<TargetPlace, "home">): Promise<Target> {
  const pool = await place.pool();
  return targetOver(await accessOf(pool, place.env), pool, place);
}

/** The same for a known project. */
export function targetOver(access: Access, pool: PoolAccess, place: Omit<TargetPlace, "home" | "pool">): Target {
  return new CloudRunTarget(access, pool, place);
}

class CloudRunTarget implements Target {
  readonly pace = { first: 500, longest: 5_000 };
  readonly ownGrace = "Cloud Run gives a cancelled execution 10 s between SIGTERM and SIGKILL";
  readonly #access: Access;
  readonly #pool: PoolAccess;
  readonly #unused: number;
  readonly #usualPlace: Whereabouts | undefined;
  readonly #notes: TargetPlace["notes"];
  readonly #api: RunApi;
  readonly #sends: Sends;
  readonly #watcher: Watcher;
  readonly #logs: LogReader;
  /** Attempts that Google has refused, by run id and attempt: nothing of them exists. */
  readonly #refused = new Set<string>();

  constructor(access: Access, pool: PoolAccess, { notes, env, warn = () => {}, answered, isReplaced }: Omit<TargetPlace, "home" | "pool">) {
    const { settle, logDrain, unused } = readSettings(env, "CLOUD_RUN", 15);
    this.#access = access;
    this.#pool = pool;
    this.#unused = unused;
    this.#usualPlace = usualPlaceOf(access, pool);
    this.#notes = notes;
    this.#api = openRunApi(access, notes, { tell: warn, answered, isReplaced });
    this.#sends = openSends({ api: this.#api, notes, settle });
    this.#watcher = openWatcher({ api: this.#api, notes, settle });
    this.#logs = openLogReader({ access, api: this.#api, notes, watcher: this.#watcher, late: logDrain, tell: warn });
  }

  plan(job: ValueObject, run: RunToPlan): Submission {
    return planCloudRun(job, run, this.#access);
  }

  async prepare(submission: Submission, signal: AbortSignal): Promise<Prepared> {
    const request = requestOf(submission);
    // A run's own Job starts when it is created.
    if (!request.jobPerRun) await this.#orRefuse(submission, "making the job", () => this.#makeReady(request, signal));
    return { submission, resources: { job: nameOf(request) } };
  }

  async submit({ submission }: Prepared, signal: AbortSignal, started?: Started): Promise<InfrastructureId> {
    const request = requestOf(submission);
    return this.#orRefuse(submission, "submitting the run", () =>
      request.jobPerRun ? this.#startOwnJob(request, submission, signal, started) : this.#run(request, submission, signal, started),
    );
  }

  async find(runId: string, attempt: number, submission?: JsonObject, signal?: AbortSignal): Promise<InfrastructureId | undefined> {
    if (this.#refused.has(`${runId}/${attempt}`)) return undefined;
    const where =
      submission === undefined
        ? { elsewhere: this.#usualPlace }
        : { planned: whereaboutsOf(submission.request as unknown as CloudRunRequest) };
    return this.#orExplain("looking for the run", () => this.#sends.find({ runId, attempt }, where, signal));
  }

  async observe(ids: readonly InfrastructureId[], signal?: AbortSignal): Promise<Map<InfrastructureId, Observation>> {
    return this.#orExplain("observing runs", () => this.#watcher.observe(ids, signal));
  }

  async logs(id: InfrastructureId, cursor?: string, signal?: AbortSignal): Promise<LogPage> {
    return this.#orExplain("reading the log", () => this.#logs.page(id, cursor, signal));
  }

  async stop(id: InfrastructureId, { reason }: { reason: string; graceSeconds: number }, signal?: AbortSignal): Promise<void> {
    // Before the request: whoever sees the end then knows who stopped it.
    const first = await stopNote(this.#notes, id).create(reason);
    await this.#orExplain("cancelling the run", async () => {
      try {
        await this.#api.cancelExecution(id, signal);
      } catch (error) {
        const { kind } = asFailure(error);
        if (kind !== "precondition" && kind !== "missing") throw error;
        // It had already ended, by itself or by someone else.
        if (first) await stopNote(this.#notes, id).remove();
      }
    });
  }

  async cleanup(id: InfrastructureId, signal?: AbortSignal): Promise<void> {
    const { parent, job } = parseExecutionName(id);
    if (!goesWithItsRun(job)) return;
    await this.#orExplain("removing the run's job", async () => {
      const end = (await this.#watcher.observe([id], signal)).get(id);
      if (end?.phase !== "ended") return;
      await endNote(this.#notes, id).create(end);
      await ifThere(this.#api.deleteJob(`${parent}/jobs/${job}`, signal));
    });
  }

  async tidy(signal: AbortSignal): Promise<boolean> {
    return this.#orExplain("removing Jobs that no run uses any more", async () =>
      tidyCloudRun(await this.#leftovers({ jobVariables: [], signal }), this.#unused),
    );
  }

  async removeLeftovers(asked: LeftoversAsked): Promise<Leftovers> {
    if (this.#access.project === undefined)
      return { removed: {}, kept: ["the Google Cloud project of its runs is unknown: set GOOGLE_CLOUD_PROJECT"] };
    return removeCloudRunLeftovers(await this.#leftovers(asked));
  }

  async #leftovers({ jobVariables, signal }: LeftoversAsked): Promise<CloudRunLeftovers> {
    const { name: pool, source, baseJobTemplate } = this.#pool;
    const known = (variable: string) => declaredValues(variable, { baseJobTemplate, jobVariables });
    const usual = this.#usualPlace && parentOf(this.#usualPlace.job);
    const regions = [...known("region"), ...(await this.#noteRegion())].map(
      (region) => `projects/${this.#access.project}/locations/${region}`,
    );
    return {
      api: this.#api,
      notes: this.#notes,
      stack: stackName(source),
      pool,
      parents: [...new Set([...(usual === undefined ? [] : [usual]), ...regions])],
      accounts: known("service_account_name"),
      explained: (what, work) => this.#orExplain(what, work),
      signal,
    };
  }

  /** Remember that runs went to a region. @returns all remembered regions */
  async #noteRegion(parent?: string): Promise<string[]> {
    const region = parent === undefined ? undefined : regionOf(parent);
    const regions = await regionsNote(this.#notes, stackName(this.#pool.source), this.#pool.name).update((known) =>
      region === undefined || known?.includes(region) ? known : [...(known ?? []), region],
    );
    return regions ?? [];
  }

  async #makeReady(request: CloudRunRequest, signal: AbortSignal): Promise<void> {
    const name = nameOf(request);
    if ((await jobNote(this.#notes, name).value()) !== undefined) return;
    const problem = await this.#make(request, signal);
    if (problem === undefined) {
      await this.#noteRegion(request.parent);
      await jobNote(this.#notes, name).create(new Date().toISOString());
      return;
    }
    // A later process must create it again: its problem may be fixed by then.
    await this.#api.deleteJob(name, signal).catch(() => {});
    throw new UserError(`Cloud Run cannot run this job: ${problem}`, 5);
  }

  /** @returns why the Job cannot become ready */
  async #make(request: CloudRunRequest, signal: AbortSignal): Promise<string | undefined> {
    const { parent, jobId, job } = request;
    for (let made = false; ; made = true) {
      const existed = await this.#create(parent, jobId, job, { signal });
      const problem = await this.#untilReady(nameOf(request), signal);
      // An old Job that failed then may work now: create it again, once.
      if (problem === undefined || !existed || made) return problem;
      await this.#api.deleteJob(nameOf(request), signal);
    }
  }

  async #create(parent: string, jobId: string, job: JsonObject, options: CallOptions): Promise<boolean> {
    try {
      await this.#api.createJob(parent, jobId, job, options);
      return false;
    } catch (error) {
      if (asFailure(error).kind !== "exists") throw error;
      return true;
    }
  }

  async #untilReady(name: string, signal: AbortSignal): Promise<string | undefined> {
    const settled = async () => {
      const { ready, problem } = await this.#api.getJob(name, signal);
      return ready === "yes" ? {} : ready === "no" ? { problem } : undefined;
    };
    const found = await lookFor(settled, { until: Date.now() + READY_TIMEOUT, first: 100, longest: 2_000, signal });
    return found ? found.problem : `it was not ready within ${READY_TIMEOUT / 1000} s`;
  }

  async #run(request: CloudRunRequest, submission: Submission, signal: AbortSignal, started?: Started): Promise<InfrastructureId> {
    const job = nameOf(request);
    const { env, ...overrides } = request.overrides;
    const start = (lastStep: () => Promise<void>) => this.#api.runJob(job, { ...overrides, env: revealedVariables(env) }, { lastStep });
    const send = () => this.#sends.send(submission, { job }, { start, ...(started ? { started } : {}) }, signal);
    try {
      return await send();
    } catch (error) {
      if (!(error instanceof CloudFailure) || error.kind !== "missing") throw error;
      // Someone has deleted the Job since it was seen.
      await jobNote(this.#notes, job).remove();
      await this.#makeReady(request, signal);
      return send();
    }
  }

  /** Create and start the Job in one call, which is safe to repeat: the names of the Job and the execution come from the run. */
  async #startOwnJob(
    { parent, jobId, job }: CloudRunRequest,
    submission: Submission,
    signal: AbortSignal,
    started?: Started,
  ): Promise<InfrastructureId> {
    const where = whereaboutsOf({ parent, jobId, jobPerRun: true });
    const start = async (lastStep: () => Promise<void>) => {
      await this.#create(parent, jobId, job, { signal, lastStep });
      return where.own as string;
    };
    return this.#sends.send(submission, where, { start, ...(started ? { started } : {}) }, signal);
  }

  /** Like {@link #orExplain}, and remembers that nothing was started. */
  async #orRefuse<T>({ runId, attempt }: Submission, what: string, work: () => Promise<T>): Promise<T> {
    this.#refused.delete(`${runId}/${attempt}`);
    return this.#orExplain(what, async () => {
      try {
        return await work();
      } catch (error) {
        if (isRefusal(error)) this.#refused.add(`${runId}/${attempt}`);
        throw error;
      }
    });
  }

  #orExplain<T>(what: string, work: () => Promise<T>): Promise<T> {
    return explaining(what, work, (task, failure: GoogleFailure) => giveUp(task, failure, this.#access));
  }
}

function requestOf({ request }: Submission): CloudRunRequest {
  return request as unknown as CloudRunRequest;
}

function nameOf({ parent, jobId }: CloudRunRequest): string {
  return `${parent}/jobs/${jobId}`;
}

function whereaboutsOf({ parent, jobId, jobPerRun }: Pick<CloudRunRequest, "parent" | "jobId" | "jobPerRun">): Whereabouts {
  const job = `${parent}/jobs/${jobId}`;
  return jobPerRun ? { job, own: `${job}/executions/${jobId}-${EXECUTION_TOKEN}` } : { job };
}

/** The default region of the pool's runs: the one in its template. */
function usualPlaceOf({ project }: Access, { baseJobTemplate }: PoolAccess): Whereabouts | undefined {
  const region = usualValue(baseJobTemplate, "region");
  return project === undefined || region === undefined ? undefined : { job: `projects/${project}/locations/${region}/jobs/-` };
}

import type { JsonObject, ValueObject } from "../../json";
import { parameterFolder, sharedParameterFolder, stackName } from "../../manifest/cloudNames";
import type { CallOptions } from "../cloud/calls";
import { ifThere, isRefusal } from "../cloud/failure";
import type { LogReader } from "../cloud/logPosition";
import { lookFor, whileSettling } from "../cloud/lookFor";
import { explaining } from "../cloud/refusal";
import { declaredValues, usualValue } from "../cloud/removal";
import { readSettings } from "../cloud/settings";
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
import { type Access, accessOf, loaded } from "./awsAccess";
import { type AwsKind, asFailure } from "./awsFailures";
import { refusal } from "./awsRefusals";
import { fieldOf, type Shape } from "./awsShapes";
import { type EcsApi, openEcsApi } from "./ecsApi";
import { type EcsLeftovers, removeEcsLeftovers, tidyEcs } from "./ecsLeftovers";
import { openLogReader } from "./ecsLogs";
import { formatId, parseId, regionOfArn, startedBy, type TaskName } from "./ecsNames";
import { sendNote, taskNote } from "./ecsNotes";
import { STOP_REASON } from "./ecsOutcome";
import { type PoolFacts, planEcs } from "./ecsPlan";
import type { EcsRequest } from "./ecsRequest";
import { recordSend, taskOf } from "./ecsSends";
import { openWatcher, type Watcher } from "./ecsWatcher";
import { type Definitions, openDefinitions, type ReadyDefinition } from "./registeredDefinitions";
import { openSecretStore } from "./secretStore";

/** How long to look for a task that a repeated request would find, in milliseconds. */
const SHORT_LOOK = 5_000;
/** How often a submission may find its definition deregistered. */
const TRIES = 3;

/**
 * Runs as ECS tasks, for the runs of one `ecs:push` pool.
 *
 * - Runs with the same configuration share a task definition, registered on first use. A run is one call of `RunTask`, which ECS recognizes
 * by its token.
 * - An infrastructure id is `<cluster ARN>::<task ARN>`, as in Prefect's worker.
 * - ECS has no time limit for a task: whoever watches one to its end asks it to stop (`enforceLimits`). A mere look does not.
 * - ECS ignores the requested grace period; it kills the task after its own `stopTimeout` (30 s unless the container sets it).
 * - A secret in the environment is in Parameter Store (SecureString), and the definition names it. Everyone who may look at the task could
 * read an override.
 * @throws {UserError} if the pool's credentials or endpoints cannot be used
 */
export async function createEcsTarget(place: Omit<TargetPlace, "home">): Promise<Target> {
  const open = await openerFor(await place.pool(), place.env);
  return open(place);
}

/** The same for a known pool. Each target that it opens is like one of another process. */
export async function openerFor(pool: PoolAccess, env: NodeJS.ProcessEnv): Promise<(place: Omit<TargetPlace, "home" | "pool">) => Target> {
  const access = accessOf(pool, env);
  const { RegisterTaskDefinitionRequest$: register, RunTaskRequest$: run } = await loaded(() => import("@aws-sdk/client-ecs"));
  const facts: PoolFacts = {
    ...(access.region === undefined ? {} : { region: access.region }),
    ...(access.accessKeyId === undefined ? {} : { accessKeyId: access.accessKeyId }),
    stack: stackName(pool.source),
    fields: { register: fieldOf(register as unknown as Shape), run: fieldOf(run as unknown as Shape) },
  };
  return (place) => new EcsTarget(access, facts, pool, place);
}

class EcsTarget implements Target {
  readonly pace = { first: 500, longest: 5_000 };
  readonly ownGrace =
    "ECS gives a stopped task its containers' stopTimeout between SIGTERM and SIGKILL, 30 s unless the task definition says otherwise";
  readonly #access: Access;
  readonly #facts: PoolFacts;
  readonly #pool: PoolAccess;
  readonly #unused: number;
  readonly #usualCluster: string | undefined;
  readonly #notes: TargetPlace["notes"];
  readonly #settle: number;
  readonly #warn: (message: string) => void;
  readonly #api: EcsApi;
  readonly #definitions: Definitions;
  readonly #watcher: Watcher;
  readonly #logs: LogReader;
  /** Attempts of which nothing can exist: this process was the first to send them, and AWS refused. */
  readonly #refused = new Set<string>();

  constructor(
    access: Access,
    facts: PoolFacts,
    pool: PoolAccess,
    { notes, env, digestKey, warn = () => {}, answered, isReplaced }: Omit<TargetPlace, "home" | "pool">,
  ) {
    const { settle, logDrain, unused } = readSettings(env, "ECS", 60);
    const { source } = pool;
    this.#access = access;
    this.#facts = facts;
    this.#pool = pool;
    this.#unused = unused;
    this.#usualCluster = usualClusterOf(pool);
    this.#notes = notes;
    this.#settle = settle;
    this.#warn = warn;
    this.#api = openEcsApi(access, notes, { tell: warn, answered, isReplaced });
    const secretStore = openSecretStore({ api: this.#api, source, key: () => access.secretKey ?? digestKey() });
    this.#definitions = openDefinitions({ api: this.#api, notes, secretStore, stack: facts.stack, place: access.place });
    this.#watcher = openWatcher({ api: this.#api, notes, settle });
    this.#logs = openLogReader({ api: this.#api, notes, watcher: this.#watcher, late: logDrain });
  }

  plan(job: ValueObject, run: RunToPlan): Submission {
    return planEcs(job, run, this.#facts);
  }

  async prepare(submission: Submission, signal: AbortSignal): Promise<Prepared> {
    const ready = await this.#orExplain("registering the task definition", () =>
      this.#definitions.ready(requestOf(submission), submission.pool, signal),
    ).catch(async (error) => {
      const { runId, attempt } = submission;
      if ((await sendNote(this.#notes, runId, attempt).value()) === undefined) this.#refused.add(`${runId}/${attempt}`);
      throw error;
    });
    return { submission, resources: ready as unknown as JsonObject };
  }

  async submit({ submission, resources }: Prepared, signal: AbortSignal, started?: Started): Promise<InfrastructureId> {
    return this.#orExplain("submitting the run", () => this.#send(submission, resources as unknown as ReadyDefinition, signal, started));
  }

  async find(
    runId: string,
    attempt: number,
    _?: JsonObject,
    signal?: AbortSignal,
    isSentAgain = false,
  ): Promise<InfrastructureId | undefined> {
    // Who may not submit can often not look either.
    if (this.#refused.has(`${runId}/${attempt}`)) return undefined;
    return this.#orExplain("looking for the run", async () => {
      const send = await sendNote(this.#notes, runId, attempt).value();
      if (send?.id !== undefined) return send.id;
      // Without a note, no process of this ledger has sent it. One look finds what processes of another ledger may have sent.
      const longest = send === undefined ? 0 : isSentAgain ? Math.min(this.#settle, SHORT_LOOK) : this.#settle;
      if (longest > SHORT_LOOK)
        this.#warn(
          `looking for the task that another process may have started just before its end: ECS may take ${longest / 1000} s to list it`,
        );
      const look = () => this.#look(send?.cluster ?? this.#usualCluster, runId, attempt, signal);
      const found = await lookFor(look, whileSettling(longest, signal));
      return found && formatId(found);
    });
  }

  async observe(ids: readonly InfrastructureId[], signal?: AbortSignal): Promise<Map<InfrastructureId, Observation>> {
    return this.#orExplain("observing runs", () => this.#watcher.observe(ids, signal));
  }

  async enforceLimits(ids: readonly InfrastructureId[], signal?: AbortSignal): Promise<void> {
    await this.#orExplain("stopping what is past its time limit", async () => {
      await Promise.all(ids.map((id) => this.#watcher.enforceLimit(id, signal)));
    });
  }

  async logs(id: InfrastructureId, cursor?: string, signal?: AbortSignal): Promise<LogPage> {
    return this.#orExplain("reading the log", () => this.#logs.page(id, cursor, signal));
  }

  async stop(id: InfrastructureId, { reason }: { reason: string; graceSeconds: number }, signal?: AbortSignal): Promise<void> {
    await this.#orExplain("cancelling the run", async () => {
      const seen = await this.#watcher.observe([id], signal);
      if (seen.get(id)?.phase === "ended") return;
      try {
        await this.#api.stopTask(parseId(id), `${STOP_REASON.cancelled}${reason}`, signal);
      } catch (error) {
        // It has ended meanwhile, and was forgotten.
        const { kind, message } = asFailure(error);
        if (kind !== "missing" && !/task was not found/i.test(message)) throw error;
      }
    });
  }

  async cleanup(id: InfrastructureId, signal?: AbortSignal): Promise<void> {
    const { deregister } = (await taskNote(this.#notes, id).value()) ?? {};
    if (deregister === undefined) return;
    await this.#orExplain("deregistering the task definition", () => this.#api.deregisterTaskDefinition(deregister, signal)).catch(
      (error) => {
        // Someone has already done it, or it is done a second time.
        if (!/inactive|refused by AWS/i.test(String(error))) throw error;
      },
    );
  }

  async tidy(signal: AbortSignal): Promise<boolean> {
    return this.#orExplain("removing what no run uses any more", () =>
      tidyEcs(this.#leftovers({ jobVariables: [], signal }), this.#unused),
    );
  }

  async removeLeftovers(asked: LeftoversAsked): Promise<Leftovers> {
    return removeEcsLeftovers(this.#leftovers(asked));
  }

  #leftovers({ jobVariables, signal }: LeftoversAsked): EcsLeftovers {
    const { name: pool, source, baseJobTemplate } = this.#pool;
    const { task_definition } = (baseJobTemplate.job_configuration ?? {}) as { task_definition?: ValueObject };
    return {
      api: this.#api,
      notes: this.#notes,
      stack: this.#facts.stack,
      pool,
      folder: parameterFolder(source, pool),
      sharedFolder: sharedParameterFolder(pool),
      families: declaredValues("family", { baseJobTemplate, jobVariables, fixed: task_definition?.family }),
      roles: declaredValues("execution_role_arn", { baseJobTemplate, jobVariables, fixed: task_definition?.executionRoleArn }),
      place: this.#access.place,
      explained: (what, work) => this.#orExplain(what, work),
      signal,
    };
  }

  async #send(submission: Submission, first: ReadyDefinition, signal: AbortSignal, started?: Started): Promise<InfrastructureId> {
    const { runId, attempt, pool } = submission;
    const request = requestOf(submission);
    const note = sendNote(this.#notes, runId, attempt);
    const send = await note.value();
    if (send?.id !== undefined) return send.id;
    this.#refused.delete(`${runId}/${attempt}`);
    const cluster = typeof request.runTask.cluster === "string" ? { cluster: request.runTask.cluster } : {};
    // It need not wait for this write to take its turn among the calls: both are one step, and nothing is sent before.
    const noted = note.create({ ...cluster, at: note.now() });
    // If the call is given up before that, nobody else hears of its failure.
    noted.catch(() => {});
    const beforeTry = async () => void (await noted);
    let definition = first;
    for (let tries = 1; ; tries++) {
      try {
        const task = await this.#run(request, definition, { signal, beforeTry });
        const sent = { ...cluster, at: note.now(), id: formatId(task) };
        return await recordSend(this.#notes, { note, sent, task: taskOf(request, definition) }, started);
      } catch (error) {
        const failure = asFailure(error);
        if (failure.kind !== "inactive" || "given" in request.definition || tries === TRIES) {
          if (send === undefined && isRefusal(failure)) this.#refused.add(`${runId}/${attempt}`);
          throw failure;
        }
        await this.#definitions.forget(request, pool);
        definition = await this.#definitions.ready(request, pool, signal);
      }
    }
  }

  async #run(request: EcsRequest, definition: ReadyDefinition, options: CallOptions): Promise<TaskName> {
    const { launchType, capacityProviderStrategy } = request.runTask as {
      launchType?: string;
      capacityProviderStrategy?: { capacityProvider: string }[];
    };
    const launches =
      launchType === "FARGATE" || (capacityProviderStrategy ?? []).some(({ capacityProvider }) => capacityProvider.startsWith("FARGATE"));
    const sent = { ...named(request.runTask, definition.container), taskDefinition: definition.arn };
    try {
      return await this.#api.runTask(sent, launches, options);
    } catch (error) {
      const failure = asFailure(error);
      const [existing] = failure.kind === "conflict" ? (failure.details.existing ?? []) : [];
      if (existing === undefined) throw failure;
      // The token was already used: whatever differs, the attempt has its task.
      return { cluster: clusterOf(existing, request.runTask.cluster as string | undefined), task: existing };
    }
  }

  async #look(cluster: string | undefined, runId: string, attempt: number, signal?: AbortSignal): Promise<TaskName | undefined> {
    for (const status of ["RUNNING", "STOPPED"] as const) {
      const [task] = (await ifThere(this.#api.listTasks(cluster, startedBy(runId, attempt), status, signal))) ?? [];
      if (task !== undefined) return { cluster: clusterOf(task, cluster), task };
    }
    return undefined;
  }

  #orExplain<T>(what: string, work: () => Promise<T>): Promise<T> {
    const { region = "", accessKeyId, role, pool } = this.#access;
    const caller = { region, pool, ...(accessKeyId === undefined ? {} : { accessKeyId }), ...(role ? { role: role.roleArn } : {}) };
    return explaining<AwsKind, T>(what, work, (task, failure) => refusal(task, failure, caller));
  }
}

function requestOf({ request }: Submission): EcsRequest {
  return request as unknown as EcsRequest;
}

/** A container that was known only after its definition was read. */
function named(runTask: JsonObject, container: string | undefined): JsonObject {
  const { overrides } = runTask as { overrides?: { containerOverrides?: JsonObject[] } };
  if (container === undefined || !overrides?.containerOverrides) return runTask;
  const containerOverrides = overrides.containerOverrides.map((each) => ({ name: container, ...each }));
  return { ...runTask, overrides: { ...overrides, containerOverrides } };
}

/** A task's ARN contains its cluster's name, unless it has the old format. */
function clusterOf(task: string, cluster: string | undefined): string {
  const [, prefix, name] = /^(arn:[^:]+:ecs:[^:]+:[^:]+):task\/([^/]+)\/[^/]+$/.exec(task) ?? [];
  if (prefix !== undefined && name !== undefined) return `${prefix}:cluster/${name}`;
  return cluster ?? `default-${regionOfArn(task) ?? ""}`;
}

/** The cluster for runs of this pool that set none. */
function usualClusterOf({ baseJobTemplate }: PoolAccess): string | undefined {
  return usualValue(baseJobTemplate, "cluster");
}

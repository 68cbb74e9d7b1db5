import type { JsonObject, Value, ValueObject } from "../../json";
import { stackId, stackName } from "../../manifest/cloudNames";
import { isObject } from "../../template/paths";
import { UserError } from "../../userError";
import type { End } from "../cloud/absences";
import { isRefusal } from "../cloud/failure";
import { explaining } from "../cloud/refusal";
import { usualValue } from "../cloud/removal";
import { readSettings } from "../cloud/settings";
import { revealed } from "../revealed";
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
import { type AciApi, openAciApi } from "./aciApi";
import { type Deletions, EARLIER, openDeletions } from "./aciDeletions";
import { removeAciLeftovers } from "./aciLeftovers";
import { type AciLogs, openLogs } from "./aciLogs";
import { locationNote, placesNote, type RunNote, runNote } from "./aciNotes";
import { openSends, type Sends } from "./aciSends";
import { goesOn, openStops, type Stops } from "./aciStops";
import { openWatcher, type Watcher } from "./aciWatcher";
import { type Access, accessOf } from "./azureAccess";
import type { AzureKind } from "./azureFailures";
import { refusal } from "./azureRefusals";
import { formatId, type GroupPlace, groupName, parseId, runTagValue } from "./groupNames";
import { planGroup } from "./groupPlan";
import type { GroupRequest } from "./groupRequest";

/**
 * Runs as container groups of Azure Container Instances, for the runs of one `azure-container-instance:push` pool.
 *
 * - Each run is a separate container group. Its name has the stack, the run and the attempt. An infrastructure id is its resource id.
 * - Azure has only the end of a container's output, and nothing after the group is deleted. A process that watches a run or reads its log copies
 *   the output first. Then the group is deleted.
 * - Azure may start a container again whatever its restart policy says. The first end counts, and what runs after it is stopped.
 * - Azure has no time limit for a group. A process that watches a run to its end stops it (`enforceLimits`). A single look does not.
 * @throws {UserError} if the pool's credentials or endpoints cannot be used
 */
export async function createContainerInstancesTarget(place: Omit<TargetPlace, "home">): Promise<Target> {
  const pool = await place.pool();
  return targetOver(accessOf(pool, place.env), pool, place);
}

/** The same for a known login. */
export function targetOver(access: Access, pool: PoolAccess, place: Omit<TargetPlace, "home" | "pool">): Target {
  return new ContainerInstancesTarget(access, pool, place);
}

/** How many earlier deletions to look at once a day. */
const MANY = 100;

class ContainerInstancesTarget implements Target {
  // Azure shows one group in each call, and allows 25 calls a second.
  readonly pace = { first: 1_000, longest: 5_000, together: 50 };
  readonly ownGrace = "Azure itself decides how long the containers of a stopped group have between SIGTERM and SIGKILL";
  readonly #access: Access;
  readonly #pool: PoolAccess;
  readonly #notes: TargetPlace["notes"];
  readonly #api: AciApi;
  readonly #sends: Sends;
  readonly #stops: Stops;
  readonly #watcher: Watcher;
  readonly #logs: AciLogs;
  readonly #deletions: Deletions;
  readonly #warn: (message: string) => void;
  /** Attempts that Azure has refused, by infrastructure id: nothing of them exists. */
  readonly #refused = new Set<InfrastructureId>();

  constructor(access: Access, pool: PoolAccess, { notes, env, warn = () => {}, answered, isReplaced }: Omit<TargetPlace, "home" | "pool">) {
    const { settle, logDrain } = readSettings(env, "ACI", 15);
    this.#access = access;
    this.#pool = pool;
    this.#notes = notes;
    this.#api = openAciApi(access, notes, { tell: warn, answered, isReplaced });
    this.#sends = openSends({ api: this.#api, notes, settle });
    this.#stops = openStops({
      api: this.#api,
      notes,
      look: async (id, signal) => (await this.#watcher.observe([id], signal)).get(id),
      readLog: (id, signal) => this.#untilRead(() => this.#logs.pull(id, signal)),
    });
    this.#watcher = openWatcher({ api: this.#api, notes, settle, stop: (id, why, signal) => this.#stops.stop(id, { why }, signal) });
    this.#warn = warn;
    this.#deletions = openDeletions({ api: this.#api, notes });
    this.#logs = openLogs({ api: this.#api, notes, watcher: this.#watcher, late: logDrain });
  }

  plan(job: ValueObject, run: RunToPlan): Submission {
    return planGroup(job, run, this.#access);
  }

  async prepare(submission: Submission, signal: AbortSignal): Promise<Prepared> {
    const { name, group } = requestOf(submission);
    const location = await this.#orExplain("reading the resource group", async () =>
      typeof group.location === "string" ? group.location : this.#locationOf(name, signal),
    ).catch((error) => {
      // Nothing is sent without it.
      if (error instanceof UserError) this.#refused.add(formatId(name));
      throw error;
    });
    return { submission, resources: { location } };
  }

  async submit({ submission, resources }: Prepared, signal: AbortSignal, started?: Started): Promise<InfrastructureId> {
    const request = requestOf(submission);
    const id = formatId(request.name);
    this.#refused.delete(id);
    await this.#notePlace(request.name);
    return this.#orExplain("submitting the run", async () => {
      try {
        const group = forSdk({ ...request.group, location: resources.location ?? null });
        const wanted = { name: request.name, run: runTagValue(submission.runId, submission.attempt) };
        return await this.#sends.send(wanted, group, { ...remembered(request), location: String(group.location) }, signal, started);
      } catch (error) {
        if (isRefusal(error)) this.#refused.add(id);
        throw error;
      }
    });
  }

  async find(runId: string, attempt: number, submission?: JsonObject, signal?: AbortSignal): Promise<InfrastructureId | undefined> {
    const request = submission?.request as unknown as GroupRequest | undefined;
    const place = request?.name ?? usualPlaceOf(this.#pool);
    if (place === undefined) return undefined;
    const { subscription, resourceGroup } = place;
    const name = { subscription, resourceGroup, group: groupName(stackId(this.#access.source), runId, attempt) };
    if (this.#refused.has(formatId(name))) return undefined;
    return this.#orExplain("looking for the run", () =>
      this.#sends.find({ name, run: runTagValue(runId, attempt) }, request && remembered(request), signal),
    );
  }

  async observe(ids: readonly InfrastructureId[], signal?: AbortSignal): Promise<Map<InfrastructureId, Observation>> {
    return this.#orExplain("observing runs", () => this.#watcher.observe(ids, signal));
  }

  /** Also copies the output of running runs, because Azure has only the end of it. */
  async enforceLimits(ids: readonly InfrastructureId[], signal?: AbortSignal): Promise<void> {
    await this.#orExplain("stopping what is past its time limit", async () => {
      await Promise.all(ids.map((id) => this.#watcher.enforceLimit(id, signal)));
    });
    await Promise.all(ids.filter((id) => this.#watcher.goesOn(id)).map((id) => this.#untilRead(() => this.#logs.keep(id, signal))));
  }

  async logs(id: InfrastructureId, cursor?: string, signal?: AbortSignal): Promise<LogPage> {
    return this.#orExplain("reading the log", () => this.#logs.page(id, cursor, signal));
  }

  async stop(id: InfrastructureId, { reason }: { reason: string; graceSeconds: number }, signal?: AbortSignal): Promise<void> {
    await this.#orExplain("cancelling the run", async () => {
      const seen = await this.#watcher.observe([id], signal);
      if (seen.get(id)?.phase !== "ended") await this.#stops.stop(id, { why: "cancelled", reason }, signal);
    });
  }

  async cleanup(id: InfrastructureId, signal?: AbortSignal): Promise<void> {
    await this.#orExplain("deleting the run's container group", async () => {
      const end = (await this.#watcher.observe([id], signal)).get(id);
      if (end?.phase !== "ended") return;
      const { keep = false, location } = (await runNote(this.#notes, id).value()) ?? {};
      const found = await this.#api.get(parseId(id), signal);
      await this.#logs.drain(id, end as End, signal);
      if (!found) return this.#deletions.gone(id);
      if (goesOn(found.facts)) await this.#stops.stopRest(id, keep, signal);
      if (!keep) await this.#deletions.delete(id, location, signal);
    });
    await this.#proveEarlier(EARLIER, signal);
  }

  /** Prove earlier deletions, and remove the ledger's copies of old logs. */
  async tidy(signal: AbortSignal): Promise<boolean> {
    await this.#proveEarlier(MANY, signal);
    return this.#logs.prune();
  }

  async #proveEarlier(most: number, signal?: AbortSignal): Promise<void> {
    const overdue = await this.#orExplain("deleting earlier container groups", () => this.#deletions.proveEarlier(most, signal));
    for (const each of overdue) this.#warn(`work pool "${this.#pool.name}": ${each}`);
  }

  async removeLeftovers({ jobVariables, signal }: LeftoversAsked): Promise<Leftovers> {
    const { name: pool, source } = this.#pool;
    const usual = usualPlaceOf(this.#pool, jobVariables);
    return removeAciLeftovers({
      api: this.#api,
      notes: this.#notes,
      stack: stackName(source),
      pool,
      places: [...(usual ? [usual] : []), ...((await this.#notePlace()) ?? [])],
      readLog: (id) => this.#untilRead(() => this.#logs.pull(id, signal)),
      explained: (what, work) => this.#orExplain(what, work),
      signal,
    });
  }

  /** Read output before it is lost. If that is not possible, the work continues without it. */
  async #untilRead(read: () => Promise<void>): Promise<void> {
    await this.#orExplain("reading the log", read).catch((error) => {
      if (!(error instanceof UserError)) throw error;
    });
  }

  /** Remember that runs went to a resource group. @returns those that are remembered */
  async #notePlace(place?: GroupPlace): Promise<GroupPlace[] | undefined> {
    const text = place && `${place.subscription}/${place.resourceGroup}`;
    const places = await placesNote(this.#notes, stackName(this.#pool.source), this.#pool.name).update((known) =>
      text === undefined || known?.includes(text) ? known : [...(known ?? []), text],
    );
    return places?.map((each) => {
      const [subscription = "", resourceGroup = ""] = each.split("/");
      return { subscription, resourceGroup };
    });
  }

  async #locationOf(place: GroupPlace, signal: AbortSignal): Promise<string> {
    const note = locationNote(this.#notes, place);
    const known = await note.value();
    if (known !== undefined) return known;
    const found = await this.#api.locationOf(place, signal);
    await note.create(found);
    return found;
  }

  #orExplain<T>(what: string, work: () => Promise<T>): Promise<T> {
    const { clientId, pool } = this.#access;
    const caller = { pool, ...(clientId === undefined ? {} : { clientId }) };
    return explaining<AzureKind, T>(what, work, (task, failure) => refusal(task, failure, caller));
  }
}

function requestOf({ request }: Submission): GroupRequest {
  return request as unknown as GroupRequest;
}

function remembered({ container, keep, timeoutSeconds, startTimeoutSeconds, group }: GroupRequest): Omit<RunNote, "at"> {
  const { diagnostics } = group.properties as { diagnostics?: { logAnalytics?: { workspaceId?: string } } };
  const workspace = diagnostics?.logAnalytics?.workspaceId;
  return { container, keep, timeoutSeconds, startTimeoutSeconds, ...(workspace === undefined ? {} : { workspace }) };
}

/** A group in the form of the SDK: secrets revealed, and without the levels called `properties`. */
function forSdk(group: ValueObject): JsonObject {
  const flat = (value: Value | undefined): Value => {
    if (!isObject(value)) return value ?? null;
    const { properties, ...rest } = value;
    return { ...rest, ...(isObject(properties) ? properties : {}) };
  };
  const whole = flat(group) as ValueObject;
  for (const list of ["containers", "initContainers", "extensions"]) if (Array.isArray(whole[list])) whole[list] = whole[list].map(flat);
  return revealed(whole) as JsonObject;
}

/** Where the pool's runs usually go. */
function usualPlaceOf({ baseJobTemplate }: PoolAccess, jobVariables: readonly ValueObject[] = []): GroupPlace | undefined {
  const subscription = usualValue(baseJobTemplate, "subscription_id", jobVariables);
  const resourceGroup = usualValue(baseJobTemplate, "resource_group_name", jobVariables);
  return subscription === undefined || resourceGroup === undefined ? undefined : { subscription, resourceGroup };
}

import pLimit from "p-limit";
import { CALL_TIMEOUT, isGrowingPain } from "../cloud/calls";
import { CloudFailure, mayPass } from "../cloud/failure";
import { gather, type Tell } from "../cloud/gather";
import { begunAt, formatCursor, isDrained, type LogReader, parseCursor, sinceOf } from "../cloud/logPosition";
import { inBatches } from "../cloud/pages";
import { tryTurn } from "../cloud/tokenBucket";
import type { InfrastructureId, LogPage, SharedNotes } from "../target";
import type { RunApi } from "./cloudRunApi";
import { cloudRunBucket } from "./cloudRunBuckets";
import { type ExecutionName, parseExecutionName, projectOf } from "./cloudRunNames";
import type { Watcher } from "./cloudRunWatcher";
import {
  afterOf,
  type EntryPlace,
  type EntryPosition,
  type Fate,
  filterOf,
  isOf,
  mayStillCome,
  type Read,
  take,
  type WantedEntries,
  wasSeen,
} from "./entries";
import { type Entry, isOutput } from "./entryLines";
import type { Access } from "./googleAccess";
import { asFailure } from "./googleFailures";
import { getToken, withFreshToken } from "./googleToken";
import { AFTER_END, belongingOf, JobSpans, notShown, SEVERAL } from "./unnamedEntries";

/** Executions in one query: Cloud Logging allows filters of up to 20,000 characters. */
const TOGETHER = 35;
/** Entries in one page; Cloud Logging's maximum. */
const PAGE = 1000;
/** Pages in one reply: the rest is left for the next call. */
const MAX_PAGES = 20;
/** After reading everything, a caller causes no new query for this long, in milliseconds. */
const APART = 1_000;

/** One caller's request. */
interface Asked {
  id: InfrastructureId;
  position: EntryPosition;
}

/** The request, with what the query needs to know. */
interface WantedBy extends WantedEntries {
  asked: Asked;
  /** Times of the execution, in milliseconds. */
  created: number;
  ended?: number;
}

type Reply = Read & { entries: Entry[] };

/**
 * The logs of a pool's runs, read from Cloud Logging by one query for all callers in this process. All processes share the project's quota.
 * If it is used up, a page is empty, and the next call tries again.
 * @param late how much later than its time a line may appear, in milliseconds
 * @param tell reports that entries are not shown
 */
export function openLogReader({
  access,
  api,
  notes,
  watcher,
  late,
  tell: hear,
}: {
  access: Access;
  api: Pick<RunApi, "listExecutions">;
  notes: SharedNotes;
  watcher: Watcher;
  late: number;
  tell: (message: string) => void;
}): LogReader {
  const limit = pLimit(1);
  const readWhole = new Map<InfrastructureId, { cursor: string; until: number }>();
  const jobSpans = new JobSpans(api);
  /** Entries that were not shown, by execution, with the number in the last notice to the user. */
  const hidden = new Map<InfrastructureId, { count: number; told: number }>();

  /** What the query needs to know about its callers: the times come from the watcher, which may have to look first. */
  async function wantedBy(asked: Asked, signal: AbortSignal): Promise<WantedBy> {
    const { id, position } = asked;
    const { createTime, endTime } = await watcher.times(id, signal);
    const created = createTime === undefined ? 0 : Date.parse(createTime) - 60_000;
    const ended = endTime === undefined ? undefined : Date.parse(endTime);
    const after = afterOf(position);
    return {
      asked,
      created,
      name: parseExecutionName(id),
      since: sinceOf(position, late, created),
      ...(ended === undefined ? {} : { ended, until: ended + AFTER_END }),
      ...(after === undefined ? {} : { after }),
    };
  }

  async function together(some: readonly Asked[], tell: Tell<Asked, LogPage>, signal: AbortSignal): Promise<void> {
    const wanted = await Promise.all(some.map((each) => wantedBy(each, signal)));
    const [{ name }] = wanted as [WantedBy];
    const reply = await limit(() => query(projectOf(name.parent), filterOf(wanted), signal));
    for (const each of wanted) {
      const { asked } = each;
      tell(asked, reply ? pageFor(each, reply) : { lines: [], cursor: formatCursor(asked.position), complete: false });
    }
  }

  async function pageFor({ asked, name, since, created, ended, until }: WantedBy, reply: Reply): Promise<LogPage> {
    const { id, position } = asked;
    const complete = isDrained(position, reply, ended, late);
    const own = reply.entries.filter((entry) => {
      const isOwn = isOf(entry, name);
      if (isOwn !== undefined) return isOwn;
      const time = Date.parse(entry.timestamp);
      return isOutput(entry) && created <= time && time <= (until ?? time);
    });
    const { fateOf, why } = await fates(name, position, own, reply.at, complete);
    const taken = take(position, own, reply, { since, late, fateOf });
    const cursor = formatCursor(taken.position);
    if (taken.hidden > 0 || complete) tellHidden(id, name, taken.hidden, why, complete);
    if (complete || reply.cut !== undefined) readWhole.delete(id);
    else readWhole.set(id, { cursor, until: performance.now() + Math.min(APART, late / 4) });
    return { lines: taken.lines, cursor, complete };
  }

  /** Find the owner of entries that name no execution. They wait until Google's list has all executions of their time. */
  async function fates(name: ExecutionName, position: EntryPosition, entries: readonly Entry[], at: number, complete: boolean) {
    const begun = begunAt(position, at);
    const isDue = (entry: Entry) => complete || !mayStillCome(Date.parse(entry.timestamp), begun, late);
    const due = entries.filter((entry) => isOf(entry, name) === undefined && !wasSeen(position, entry) && isDue(entry));
    if (due.length === 0) return { fateOf: (entry: Entry): Fate => (isOf(entry, name) === undefined ? "later" : "shown"), why: SEVERAL };
    const newest = Math.max(...due.map(({ timestamp }) => Date.parse(timestamp)));
    const spans = await jobSpans.of(name, Math.min(newest + late / 2, at), at);
    const fateOf = (entry: Entry): Fate => {
      if (isOf(entry, name) !== undefined) return "shown";
      if (!isDue(entry)) return "later";
      const belonging = belongingOf(Date.parse(entry.timestamp), name.execution, spans);
      return belonging === "own" ? "shown" : belonging === "unclear" ? "hidden" : "later";
    };
    return { fateOf, why: "unknown" in spans ? spans.unknown : SEVERAL };
  }

  /** Once when the first ones are not shown, and again at the end if there were more. */
  function tellHidden(id: InfrastructureId, name: ExecutionName, more: number, why: string, complete: boolean): void {
    const { count, told } = hidden.get(id) ?? { count: 0, told: 0 };
    const now = count + more;
    const tells = now > told && (complete || told === 0);
    if (tells) hear(notShown(name, now, why));
    if (complete) hidden.delete(id);
    else hidden.set(id, { count: now, told: tells ? now : told });
  }

  /** @returns `undefined` if the quota or the service does not allow it at the moment */
  async function query(project: string, filter: string, signal: AbortSignal): Promise<Reply | undefined> {
    const { client } = await access.auth();
    const entries: Entry[] = [];
    let pageToken: string | undefined;
    let at = 0;
    const left = () => ({ entries, at, cut: placeOf(entries.at(-1) as Entry) });
    for (let pages = 0; pages < MAX_PAGES; pages++) {
      signal.throwIfAborted();
      if (!(await tryTurn(notes, cloudRunBucket("logReads", project)))) return entries.length === 0 ? undefined : left();
      try {
        if (access.federated) await getToken(access);
        const { data, headers } = await withFreshToken(access, () =>
          client.request<{ entries?: Entry[]; nextPageToken?: string }>({
            url: new URL("/v2/entries:list", access.endpoints.logging).href,
            method: "POST",
            data: {
              resourceNames: [`projects/${project}`],
              filter,
              orderBy: "timestamp asc",
              pageSize: PAGE,
              ...(pageToken ? { pageToken } : {}),
            },
            retry: false,
            timeout: CALL_TIMEOUT,
            signal,
            responseType: "json",
          }),
        );
        entries.push(...(data.entries ?? []));
        // The first page's time: entries that arrived while the others were read may come before their start.
        at ||= Date.parse(headers.get("date") ?? "") || Date.now();
        pageToken = data.nextPageToken || undefined;
      } catch (error) {
        const failure = asFailure(error);
        const notYet = isGrowingPain(failure, access.createdAt);
        if (!mayPass(failure) && !notYet)
          throw failure.kind === "denied" && failure.details.advice === undefined ? denied(project) : failure;
        return entries.length === 0 ? undefined : left();
      }
      if (pageToken === undefined) return { entries, at };
    }
    return entries.length === 0 ? undefined : left();
  }

  const pageOf = gather<Asked, LogPage>({
    groups: (all) => [...Map.groupBy(all, ({ id }) => parseExecutionName(id).parent).values()].flatMap((of) => inBatches(of, TOGETHER)),
    look: together,
  });
  return {
    page: async (id, cursor, signal) => {
      const read = readWhole.get(id);
      if (read !== undefined && read.cursor === cursor && performance.now() < read.until) return { lines: [], cursor, complete: false };
      const asked: Asked = { id, position: parseCursor(cursor) };
      return (await pageOf([asked], signal)).get(asked) as LogPage;
    },
  };
}

function placeOf({ timestamp, insertId }: Entry): EntryPlace {
  return { timestamp, insertId };
}

/** Cloud Logging reports a denial without naming the permission. */
function denied(project: string): CloudFailure {
  return new CloudFailure("denied", `Permission 'logging.logEntries.list' denied on resource 'projects/${project}'`);
}

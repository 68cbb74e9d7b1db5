import pLimit from "p-limit";
import { UserError } from "../../userError";
import { ifThere } from "../cloud/failure";
import { gather } from "../cloud/gather";
import {
  begunAt,
  formatCursor,
  isDrained,
  type LogPosition,
  type LogReader,
  parseCursor,
  readToEnd,
  readUpTo,
  sinceOf,
} from "../cloud/logPosition";
import { inBatches } from "../cloud/pages";
import type { InfrastructureId, LogLine, Observation, SharedNotes } from "../target";
import { asFailure } from "./awsFailures";
import { ownContainerOf } from "./containers";
import type { EcsApi, LogEvents } from "./ecsApi";
import { parseId, regionOfArn, taskIdOf } from "./ecsNames";
import { taskNote } from "./ecsNotes";
import type { LogPlace } from "./ecsRequest";
import type { Watcher } from "./ecsWatcher";
import { logPlaceOf } from "./taskDefinition";

/** Streams in one query. */
const TOGETHER = 100;
/** Queries at the same time. */
const AT_A_TIME = 2;

/** One caller's request. */
interface Asked {
  place: LogPlace;
  stream: string;
  since: number;
}

/**
 * The logs of a pool's runs, read by `FilterLogEvents`: the managed policy AmazonECS_FullAccess allows it, but not `GetLogEvents`. The
 * driver writes both of a container's streams into one, so all lines come as stdout.
 * @param late how much later than its time a line may appear, in milliseconds
 */
export function openLogReader({
  api,
  notes,
  watcher,
  late,
}: {
  api: EcsApi;
  notes: SharedNotes;
  watcher: Watcher;
  late: number;
}): LogReader {
  const limit = pLimit(AT_A_TIME);
  const places = new Map<InfrastructureId, { place: LogPlace; container: string } | undefined>();

  /** `undefined`: its output is stored nowhere that can be read. */
  async function placeOf(id: InfrastructureId): Promise<{ place: LogPlace; container: string } | "forgotten" | undefined> {
    if (places.has(id)) return places.get(id);
    const note = await taskNote(notes, id).value();
    const { cluster, task } = parseId(id);
    let found: { place: LogPlace; container: string } | undefined;
    if (note) found = note.logs && note.container !== undefined ? { place: note.logs, container: note.container } : undefined;
    else {
      // Another machine's run: its definition has the place.
      const described = (await api.describeTasks(cluster, [task])).get(task);
      if (!described?.definition) return "forgotten";
      const definition = (await api.describeTaskDefinition(described.definition))?.definition;
      const all = definition?.containerDefinitions ?? [];
      const name = ownContainerOf(described.facts, all);
      const own = all.find((each) => each.name === name);
      const place = own && logPlaceOf(own, regionOfArn(task) ?? "");
      found = place && own?.name ? { place, container: own.name } : undefined;
    }
    places.set(id, found);
    return found;
  }

  const query = (some: readonly Asked[], signal: AbortSignal) => {
    const [{ place }] = some as [Asked];
    const streams = [...new Set(some.map(({ stream }) => stream))];
    return limit(() => api.logEvents(place, streams, Math.min(...some.map(({ since }) => since)), signal));
  };

  /** The events of several streams in one query; `undefined`: one of them makes CloudWatch fail. */
  const inOne = (some: readonly Asked[], signal: AbortSignal) =>
    query(some, signal).catch((error) => {
      signal.throwIfAborted();
      const { kind } = asFailure(error);
      if (kind !== "missing" && kind !== "refused") throw error;
      return undefined;
    });

  /** The stream does not exist before the first line. */
  const alone = async (asked: Asked, signal: AbortSignal): Promise<LogEvents> => (await ifThere(query([asked], signal))) ?? { events: [] };

  const eventsOf = gather<Asked, LogEvents>({
    groups: (all) =>
      [...Map.groupBy(all, ({ place }) => `${place.region}/${place.group}`).values()].flatMap((of) => inBatches(of, TOGETHER)),
    look: async (some, tell, signal) => {
      const found = some.length > 1 ? await inOne(some, signal) : undefined;
      for (const each of some)
        tell(each, found ? { ...found, events: found.events.filter(({ stream }) => stream === each.stream) } : alone(each, signal));
    },
  });

  return {
    async page(id, cursor, signal) {
      // Look at the task before the log: what is written after an end does not belong to the run.
      const end = (await watcher.observe([id], signal)).get(id) as Observation;
      const now = Date.now();
      const ended = end.phase === "ended" ? Date.parse(end.endedAt) : undefined;
      const position = parseCursor<unknown>(cursor);
      const where = await placeOf(id);
      if (where === "forgotten" && ended !== undefined) throw new UserError(forgotten(id), 5);
      if (!where || where === "forgotten") return { lines: [], cursor: formatCursor(position), complete: ended !== undefined };
      const { place, container } = where;
      const stream = `${place.prefix}/${container}/${taskIdOf(parseId(id).task)}`;
      const since = sinceOf(position, late, startOf(watcher.createdAt(id)));
      const asked: Asked = { place, stream, since };
      const events = (await eventsOf([asked], signal)).get(asked) as LogEvents;
      const taken = take(position, events, { since, late, now });
      const complete = isDrained(position, { at: now, cut: events.cut }, ended, late) && taken.lines.length === 0;
      return { lines: taken.lines, cursor: formatCursor(taken.position), complete };
    },
  };
}

function forgotten(id: InfrastructureId): string {
  const { task } = parseId(id);
  return `ECS has forgotten task ${task}, an hour after its end, and the place of its log is unknown here: look in CloudWatch Logs in ${regionOfArn(task)} for the stream that ends in /${taskIdOf(task)}`;
}

/** A task has no older line, except for a difference of clocks. */
function startOf(createdAt: number | undefined): number {
  return createdAt === undefined ? 0 : createdAt - 60_000;
}

/**
 * The events that are new at a position, in order, and the position after them.
 * @param since the start of the query
 * @param late how much later than its time a line may appear
 * @param now when they were requested
 */
export function take(
  position: LogPosition,
  { events, cut }: LogEvents,
  { since, late, now }: { since: number; late: number; now: number },
): { lines: LogLine[]; position: LogPosition } {
  const lines: LogLine[] = [];
  const seen = { ...position.seen };
  for (const { eventId, timestamp, message } of events) {
    if (seen[eventId] !== undefined || timestamp < since) continue;
    seen[eventId] = timestamp;
    lines.push({ at: new Date(timestamp).toISOString(), stream: "stdout", text: message.replace(/\r?\n$/, "") });
  }
  if (cut !== undefined) {
    const walk = { on: Math.max(since, cut), at: begunAt(position, now) };
    return { lines, position: readUpTo<unknown>(position, seen, walk, late) };
  }
  // A reading that did not stop early is so short that the difference of clocks would count more.
  return { lines, position: readToEnd(position, seen, position.walk?.at ?? Number.POSITIVE_INFINITY, late) };
}

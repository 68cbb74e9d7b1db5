import { UserError } from "../../userError";
import type { InfrastructureId, LogLine, LogPage, Observation, SharedNotes } from "../target";
import { asFailure } from "./awsFailures";
import { ownContainerOf } from "./containers";
import type { EcsApi, LogEvents } from "./ecsApi";
import { taskNote } from "./ecsNotes";
import { parseId, regionOfArn, taskIdOf } from "./names";
import type { LogPlace } from "./request";
import { logPlaceOf } from "./taskDefinition";
import type { Watcher } from "./watcher";

/** Those who ask at about the same time are answered by one query, in milliseconds. */
const GATHER = 15;
/** Streams a query. */
const TOGETHER = 100;

/** Up to where a run's log has been read. */
export interface Position {
  /** Time of the newest line that was given out, in milliseconds; 0: none was. */
  time: number;
  /** Lines that may come again, since late ones are looked for: event id and time. */
  seen: Record<string, number>;
  /** A reading that was left before its end, for its size: where it goes on, and when it began. */
  walk?: { on: number; at: number };
}

interface Waiting {
  position: Position;
  stream: string;
  resolve: (answer: LogEvents) => void;
  reject: (error: unknown) => void;
}

export interface LogReader {
  page(id: InfrastructureId, cursor: string | undefined): Promise<LogPage>;
}

/**
 * The logs of a pool's runs by `FilterLogEvents`, which the managed policy AmazonECS_FullAccess allows and `GetLogEvents` it does not.
 * The driver writes both of a container's streams into one: all lines are told as stdout.
 * @param late how much later than its time a line may show up, in milliseconds
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
  const waiting = new Map<string, { place: LogPlace; asked: Waiting[] }>();
  const places = new Map<InfrastructureId, { place: LogPlace; container: string } | undefined>();

  /** `undefined`: nothing of it is kept anywhere that can be read. */
  async function placeOf(id: InfrastructureId): Promise<{ place: LogPlace; container: string } | "forgotten" | undefined> {
    if (places.has(id)) return places.get(id);
    const note = await taskNote(notes, id).value();
    const { cluster, task } = parseId(id);
    let found: { place: LogPlace; container: string } | undefined;
    if (note) found = note.logs && note.container !== undefined ? { place: note.logs, container: note.container } : undefined;
    else {
      // Another machine's run: its definition tells.
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

  async function answer(key: string): Promise<void> {
    const group = waiting.get(key);
    waiting.delete(key);
    if (!group) return;
    for (let from = 0; from < group.asked.length; from += TOGETHER) await together(group.place, group.asked.slice(from, from + TOGETHER));
  }

  async function together(place: LogPlace, some: Waiting[]): Promise<void> {
    const since = Math.min(...some.map(({ position }) => sinceOf(position, late)));
    try {
      const { events, cut } = await api.logEvents(place, [...new Set(some.map(({ stream }) => stream))], since);
      for (const { stream, resolve } of some)
        resolve({ events: events.filter((each) => each.stream === stream), ...(cut === undefined ? {} : { cut }) });
    } catch (error) {
      if (asFailure(error).kind !== "missing") for (const { reject } of some) reject(error);
      // No stream before the first line; of several, one that is missing hides the others.
      else if (some.length === 1) some[0]?.resolve({ events: [] });
      else for (const each of some) await together(place, [each]);
    }
  }

  return {
    async page(id, cursor) {
      // Looked at before the log is: what is written later than an end is not of the run.
      const end = (await watcher.observe([id])).get(id) as Observation;
      const now = Date.now();
      const drained = end.phase === "ended" && now > Date.parse(end.endedAt) + late;
      const position: Position = cursor === undefined || cursor === "" ? { time: 0, seen: {} } : (JSON.parse(cursor) as Position);
      const where = await placeOf(id);
      if (where === "forgotten" && end.phase === "ended") throw new UserError(forgotten(id), 5);
      if (!where || where === "forgotten") return { lines: [], cursor: JSON.stringify(position), complete: end.phase === "ended" };
      const { place, container } = where;
      const { events, cut } = await new Promise<LogEvents>((resolve, reject) => {
        const key = `${place.region}/${place.group}`;
        const group = waiting.get(key) ?? { place, asked: [] };
        group.asked.push({ position, stream: `${place.prefix}/${container}/${taskIdOf(parseId(id).task)}`, resolve, reject });
        if (waiting.has(key)) return;
        waiting.set(key, group);
        setTimeout(() => answer(key), GATHER);
      });
      const taken = take(position, { events, ...(cut === undefined ? {} : { cut }) }, late, now);
      const complete = drained && cut === undefined && taken.lines.length === 0;
      return { lines: taken.lines, cursor: JSON.stringify(taken.position), complete };
    },
  };
}

function forgotten(id: InfrastructureId): string {
  const { task } = parseId(id);
  return `ECS has forgotten task ${task}, an hour after its end, and nothing here says where its log is: look in CloudWatch Logs in ${regionOfArn(task)} for the stream that ends in /${taskIdOf(task)}`;
}

/** From when on a query has to look: late lines are older than what was read before. */
function sinceOf({ time, walk }: Position, late: number): number {
  return walk?.on ?? Math.max(0, time - late);
}

/**
 * What of some events is new at a position, in their order, and the position after them.
 * @param now when they were asked for
 */
export function take(position: Position, { events, cut }: LogEvents, late: number, now: number): { lines: LogLine[]; position: Position } {
  const lines: LogLine[] = [];
  const seen = { ...position.seen };
  let newest = position.time;
  for (const { eventId, timestamp, message } of events) {
    if (seen[eventId] !== undefined || timestamp < sinceOf(position, late)) continue;
    seen[eventId] = timestamp;
    lines.push({ at: new Date(timestamp).toISOString(), stream: "stdout", text: message.replace(/\r?\n$/, "") });
  }
  const begun = position.walk?.at ?? now;
  // The next query goes on where this one was left: were it to begin again it might never get further.
  if (cut !== undefined)
    return { lines, position: { time: position.time, seen, walk: { on: Math.max(sinceOf(position, late), cut), at: begun } } };
  for (const at of Object.values(seen)) newest = Math.max(newest, at);
  // After a long reading, lines may have come in behind it since it began.
  const time = position.walk ? Math.max(position.time, Math.min(newest, begun)) : newest;
  return { lines, position: { time, seen: Object.fromEntries(Object.entries(seen).filter(([, at]) => at >= time - late)) } };
}

import { randomBytes } from "node:crypto";
import type { JsonObject } from "../../../json";
import { AwsError, invalid } from "./errors";

interface LogEvent {
  eventId: string;
  timestamp: number;
  ingestionTime: number;
  message: string;
}

const LARGEST_PAGE = 10_000;

/** CloudWatch Logs: groups, streams, events. */
export class LogStore {
  readonly groups = new Map<string, Map<string, LogEvent[]>>();
  /** In days, by group; absent: for ever. Nothing is as old as that here. */
  readonly retention = new Map<string, number>();
  readonly #delay: number;
  #count = 0n;

  /** @param delay how much later than its time an event can be read, in milliseconds */
  constructor(delay: number) {
    this.#delay = delay;
  }

  createGroup(name: string): void {
    if (!this.groups.has(name)) this.groups.set(name, new Map());
  }

  write(group: string, stream: string, message: string): void {
    const streams = this.groups.get(group);
    if (!streams) return;
    const events = streams.get(stream) ?? [];
    streams.set(stream, events);
    const now = Date.now();
    this.#count += 1n;
    const eventId = `3${String(now).padStart(20, "0")}${String(this.#count).padStart(12, "0")}${randomBytes(4).readUInt32BE()}`;
    events.push({ eventId, timestamp: now, ingestionTime: now, message });
  }

  /** `FilterLogEvents`. */
  filter({
    logGroupName = "",
    logStreamNames,
    startTime = 0,
    endTime = Number.POSITIVE_INFINITY,
    limit = LARGEST_PAGE,
    nextToken,
  }: {
    logGroupName?: string;
    logStreamNames?: string[];
    startTime?: number;
    endTime?: number;
    limit?: number;
    nextToken?: string;
  }): JsonObject {
    if (limit > LARGEST_PAGE)
      throw invalid(
        `1 validation error detected: Value '${limit}' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 10000`,
      );
    const streams = this.#group(logGroupName);
    const names = logStreamNames ?? [...streams.keys()];
    if (names.length > 100)
      throw invalid(
        "1 validation error detected: Value at 'logStreamNames' failed to satisfy constraint: Member must have length less than or equal to 100",
      );
    const readable = Date.now() - this.#delay;
    const found = names
      .flatMap((name) => this.#stream(streams, name).map((event) => ({ ...event, logStreamName: name })))
      .filter(({ timestamp }) => timestamp >= startTime && timestamp < endTime && timestamp <= readable)
      .sort((a, b) => a.timestamp - b.timestamp || a.eventId.localeCompare(b.eventId));
    const after = nextToken === undefined ? 0 : found.findIndex(({ eventId }) => eventId === nextToken) + 1;
    if (nextToken !== undefined && after === 0) throw invalid("The specified nextToken is invalid.");
    const page = found.slice(after, after + limit);
    const last = page.at(-1);
    return { events: page, searchedLogStreams: [], ...(last && after + limit < found.length ? { nextToken: last.eventId } : {}) };
  }

  /** `GetLogEvents`, from the head: its token comes back unchanged at the end. */
  get({
    logGroupName = "",
    logStreamName = "",
    limit = LARGEST_PAGE,
    nextToken,
  }: {
    logGroupName?: string;
    logStreamName?: string;
    limit?: number;
    nextToken?: string;
  }): JsonObject {
    if (limit > LARGEST_PAGE)
      throw invalid(
        `1 validation error detected: Value '${limit}' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 10000`,
      );
    const events = this.#stream(this.#group(logGroupName), logStreamName);
    const [, from = nextToken === undefined ? "0" : undefined] = /^f\/(\d{56})$/.exec(nextToken ?? "") ?? [];
    if (from === undefined) throw invalid("The specified nextToken is invalid.");
    const start = Number(BigInt(from));
    const page = events.slice(start, start + limit).map(({ timestamp, ingestionTime, message }) => ({ timestamp, ingestionTime, message }));
    const token = (at: number) => String(at).padStart(56, "0");
    return { events: page, nextForwardToken: `f/${token(start + page.length)}`, nextBackwardToken: `b/${token(start)}` };
  }

  #group(name: string): Map<string, LogEvent[]> {
    const streams = this.groups.get(name);
    if (!streams) throw new AwsError("ResourceNotFoundException", "The specified log group does not exist.");
    return streams;
  }

  #stream(streams: Map<string, LogEvent[]>, name: string): LogEvent[] {
    const events = streams.get(name);
    if (!events) throw new AwsError("ResourceNotFoundException", "The specified log stream does not exist.");
    return events;
  }
}

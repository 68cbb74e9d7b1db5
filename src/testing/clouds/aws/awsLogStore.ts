import { randomBytes } from "node:crypto";
import type { JsonObject } from "../../../json";
import { pageOf } from "../shared/replyPages";
import { AwsError, invalid } from "./awsError";

interface LogEvent {
  eventId: string;
  timestamp: number;
  ingestionTime: number;
  message: string;
}

const MAX_PAGE = 10_000;
const MAX_AGE = 14 * 86_400_000;
const MAX_LEAD = 2 * 3_600_000;

/**
 * The allowed characters in names of groups and streams. Names have 1 to 512 characters (the model's constraints on `LogGroupName` and
 * `LogStreamName`).
 */
const NAMES = { logGroupName: /^[.\-_/#A-Za-z0-9]+$/, logStreamName: /^[^:*]*$/ };
const PATTERNS = { logGroupName: "[\\.\\-_/#A-Za-z0-9]+", logStreamName: "[^:*]*" };
const MAX_NAME = 512;

/** @throws {AwsError} with AWS' message */
export function checkLogName(field: keyof typeof NAMES, name: string): void {
  const refuse = (constraint: string) =>
    invalid(`1 validation error detected: Value '${name}' at '${field}' failed to satisfy constraint: Member must ${constraint}`);
  if (name === "") throw refuse("have length greater than or equal to 1");
  if (name.length > MAX_NAME) throw refuse(`have length less than or equal to ${MAX_NAME}`);
  if (!NAMES[field].test(name)) throw refuse(`satisfy regular expression pattern: ${PATTERNS[field]}`);
}

/** CloudWatch Logs: groups, streams, events. */
export class LogStore {
  readonly groups = new Map<string, Map<string, LogEvent[]>>();
  /** In days, by group; absent: for ever. Nothing gets that old here. */
  readonly retention = new Map<string, number>();
  /** When a group, or a stream in it, was created, in milliseconds. */
  readonly #created = new Map<string, number>();
  readonly #delay: number;
  readonly #page: number;
  #count = 0n;

  /**
   * @param delay how much later than its time an event can be read, in milliseconds
   * @param page how many events a page of `FilterLogEvents` has if the request sets no limit
   */
  constructor(delay: number, page = MAX_PAGE) {
    this.#delay = delay;
    this.#page = page;
  }

  createGroup(name: string): void {
    if (this.groups.has(name)) return;
    this.groups.set(name, new Map());
    this.#created.set(name, Date.now());
  }

  write(group: string, stream: string, message: string): void {
    const streams = this.groups.get(group);
    if (!streams) return;
    if (!streams.has(stream)) this.createStream({ logGroupName: group, logStreamName: stream });
    streams.get(stream)?.push(this.#event(Date.now(), message));
  }

  #event(timestamp: number, message: string): LogEvent {
    const now = Date.now();
    this.#count += 1n;
    const eventId = `3${String(now).padStart(20, "0")}${String(this.#count).padStart(12, "0")}${randomBytes(4).readUInt32BE()}`;
    return { eventId, timestamp, ingestionTime: now, message };
  }

  /** `CreateLogGroup`. */
  create({ logGroupName = "" }: { logGroupName?: string }): JsonObject {
    if (this.groups.has(logGroupName)) throw new AwsError("ResourceAlreadyExistsException", "The specified log group already exists");
    this.createGroup(logGroupName);
    return {};
  }

  /** `CreateLogStream`. */
  createStream({ logGroupName = "", logStreamName = "" }: { logGroupName?: string; logStreamName?: string }): JsonObject {
    const streams = this.#group(logGroupName);
    if (streams.has(logStreamName)) throw new AwsError("ResourceAlreadyExistsException", "The specified log stream already exists");
    streams.set(logStreamName, []);
    this.#created.set(`${logGroupName} ${logStreamName}`, Date.now());
    return {};
  }

  /** `PutLogEvents`: skips events that are too old or too new, and reports that. */
  put({
    logGroupName = "",
    logStreamName = "",
    logEvents = [],
  }: {
    logGroupName?: string;
    logStreamName?: string;
    logEvents?: { timestamp: number; message: string }[];
  }): JsonObject {
    const events = this.#stream(this.#group(logGroupName), logStreamName);
    if (logEvents.some(({ timestamp }, index) => timestamp < (logEvents[index - 1]?.timestamp ?? 0)))
      throw invalid("Log events in a single PutLogEvents request must be in chronological order.");
    const now = Date.now();
    const old = logEvents.filter(({ timestamp }) => timestamp < now - MAX_AGE).length;
    const early = logEvents.findIndex(({ timestamp }) => timestamp > now + MAX_LEAD);
    const taken = logEvents.slice(old, early === -1 ? undefined : early);
    events.push(...taken.map(({ timestamp, message }) => this.#event(timestamp, message)));
    const rejected = {
      ...(old === 0 ? {} : { tooOldLogEventEndIndex: old }),
      ...(early === -1 ? {} : { tooNewLogEventStartIndex: early }),
    };
    return {
      nextSequenceToken: `495${String(this.#count).padStart(53, "0")}`,
      ...(Object.keys(rejected).length === 0 ? {} : { rejectedLogEventsInfo: rejected }),
    };
  }

  /** `DescribeLogGroups`. @param arnOf returns the ARN of a group by its name */
  describeGroups({ logGroupNamePrefix = "" }: { logGroupNamePrefix?: string }, arnOf: (name: string) => string): JsonObject {
    const names = [...this.groups.keys()].filter((name) => name.startsWith(logGroupNamePrefix)).sort();
    return {
      logGroups: names.map((name) => ({
        logGroupName: name,
        creationTime: this.#created.get(name) ?? 0,
        ...(this.retention.has(name) ? { retentionInDays: this.retention.get(name) as number } : {}),
        metricFilterCount: 0,
        arn: `${arnOf(name)}:*`,
        storedBytes: [...(this.groups.get(name)?.values() ?? [])].flat().reduce((sum, each) => sum + sizeOf(each), 0),
      })),
    };
  }

  /** `DescribeLogStreams`, with one page. @param group the group's name @param arn the group's ARN */
  describeStreams(
    { logGroupName, logGroupIdentifier, logStreamNamePrefix = "" }: Record<string, string | undefined>,
    group: string,
    arn: string,
  ): JsonObject {
    if (logGroupName !== undefined && logGroupIdentifier !== undefined)
      throw new AwsError("ValidationException", "LogGroup name and LogGroup ARN are mutually exclusive parameters.");
    const streams = [...this.#group(group)].filter(([name]) => name.startsWith(logStreamNamePrefix)).sort(([a], [b]) => (a < b ? -1 : 1));
    return {
      logStreams: streams.map(([name, events]) => {
        const times = events.map(({ timestamp }) => timestamp);
        const last = events.at(-1);
        return {
          logStreamName: name,
          creationTime: this.#created.get(`${group} ${name}`) ?? 0,
          ...(last
            ? {
                firstEventTimestamp: Math.min(...times),
                lastEventTimestamp: Math.max(...times),
                lastIngestionTime: last.ingestionTime,
                uploadSequenceToken: `495${String(this.#count).padStart(53, "0")}`,
              }
            : {}),
          arn: `${arn}:log-stream:${name}`,
          storedBytes: events.reduce((sum, each) => sum + sizeOf(each), 0),
        };
      }),
    };
  }

  /** `FilterLogEvents`. */
  filter({
    logGroupName = "",
    logStreamNames,
    startTime = 0,
    endTime = Number.POSITIVE_INFINITY,
    limit = this.#page,
    nextToken,
  }: {
    logGroupName?: string;
    logStreamNames?: string[];
    startTime?: number;
    endTime?: number;
    limit?: number;
    nextToken?: string;
  }): JsonObject {
    checkLimit(limit);
    const streams = this.#group(logGroupName);
    const names = logStreamNames ?? [...streams.keys()];
    if (names.length > 100)
      throw invalid(
        "1 validation error detected: Value at 'logStreamNames' failed to satisfy constraint: Member must have length less than or equal to 100",
      );
    const readable = Date.now() - this.#delay;
    const found = names
      .flatMap((name) => this.#stream(streams, name).map((event) => ({ ...event, logStreamName: name })))
      .filter(({ timestamp }) => timestamp >= startTime && timestamp <= endTime && timestamp <= readable)
      .sort((a, b) => a.timestamp - b.timestamp || a.eventId.localeCompare(b.eventId));
    const shown = pageOf(found, { size: limit, token: nextToken, keyOf: ({ eventId }) => eventId, names: "lastBefore" });
    if (!shown) throw invalid("The specified nextToken is invalid.");
    const { page, next } = shown;
    return { events: [...page], searchedLogStreams: [], ...(next === undefined ? {} : { nextToken: next }) };
  }

  /** `GetLogEvents`, from the start. At the end it returns the same token again. */
  get({
    logGroupName = "",
    logStreamName = "",
    limit = MAX_PAGE,
    nextToken,
  }: {
    logGroupName?: string;
    logStreamName?: string;
    limit?: number;
    nextToken?: string;
  }): JsonObject {
    checkLimit(limit);
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

function checkLimit(limit: number): void {
  if (limit <= MAX_PAGE) return;
  throw invalid(
    `1 validation error detected: Value '${limit}' at 'limit' failed to satisfy constraint: Member must have value less than or equal to ${MAX_PAGE}`,
  );
}

/** The size as CloudWatch counts it: the text, plus 26 bytes for each event. */
function sizeOf({ message }: LogEvent): number {
  return Buffer.byteLength(message) + 26;
}

import { randomBytes } from "node:crypto";
import type { JsonObject } from "../../../json";
import { pageOf } from "../shared/replyPages";
import type { Clock } from "./googleClock";
import { GoogleError } from "./googleError";
import { matches, parseFilter } from "./logFilter";
import { type Parsed, parsedLine, pieces } from "./logLines";
import { type Execution, idOf } from "./runResources";

export interface LogEntry extends Parsed {
  insertId: string;
  logName: string;
  resource: { type: string; labels: Record<string, string> };
  labels: Record<string, string>;
  timestamp: string;
  receiveTimestamp: string;
  /** The position among the parts of an entry that was too large. */
  split?: { uid: string; index?: number; totalSplits: number };
  protoPayload?: JsonObject;
}

/** The largest page. */
const MAX_PAGE = 1000;

/** Cloud Logging's entries. */
export class LogStore {
  readonly entries: LogEntry[] = [];
  readonly #clock: Clock;
  readonly #options: { delay: number; largestEntry: number };

  /** @param options `delay`: how much later than its time an entry can be read, in milliseconds; `largestEntry`: in characters */
  constructor(clock: Clock, options: { delay: number; largestEntry: number }) {
    this.#clock = clock;
    this.#options = options;
  }

  /** One piece of a container's output: a line, or a traceback. If it is too large for one entry, it is split. */
  write(execution: Execution, stream: "stdout" | "stderr", text: string, attempt: number): void {
    const parsed = parsedLine(text);
    const { textPayload } = parsed;
    const parts = textPayload === undefined ? [] : pieces(textPayload, this.#options.largestEntry);
    if (parts.length < 2) {
      this.#add(execution, stream, attempt, parsed);
      return;
    }
    const uid = randomBytes(8).toString("hex");
    const insertId = randomBytes(10).toString("hex");
    const timestamp = this.#clock.now();
    for (const [index, part] of parts.entries()) {
      const split = { uid, ...(index === 0 ? {} : { index }), totalSplits: parts.length };
      this.#add(execution, stream, attempt, { ...parsed, textPayload: part, split, insertId: `${insertId}${index}`, timestamp });
    }
  }

  /** Cloud Run's own message about an execution. */
  system(execution: Execution, severity: string, text: string, attempt: number): void {
    this.#add(execution, "varlog/system", attempt, { severity, textPayload: text });
  }

  /** `entries:write`: an entry that a program writes itself. */
  take(entry: Partial<LogEntry> & Pick<LogEntry, "logName" | "resource">): void {
    const now = this.#clock.now();
    this.entries.push({ insertId: randomBytes(10).toString("hex"), labels: {}, timestamp: now, ...entry, receiveTimestamp: now });
  }

  #add(execution: Execution, log: string, attempt: number, entry: Partial<LogEntry>): void {
    const [, project = "", , region = ""] = execution.name.split("/");
    this.take({
      logName: `projects/${project}/logs/run.googleapis.com%2F${encodeURIComponent(log)}`,
      resource: { type: "cloud_run_job", labels: { job_name: idOf(execution.job), location: region, project_id: project } },
      ...entry,
      labels: {
        ...execution.labels,
        ...entry.labels,
        "run.googleapis.com/execution_name": idOf(execution.name),
        "run.googleapis.com/task_attempt": String(attempt),
        "run.googleapis.com/task_index": "0",
      },
    });
  }

  /** `entries:list`. @throws {GoogleError} if the filter or the token is invalid */
  list({
    filter = "",
    orderBy = "timestamp asc",
    pageSize = 50,
    pageToken,
  }: {
    filter?: string;
    orderBy?: string;
    pageSize?: number;
    pageToken?: string;
  }) {
    if (pageSize < 1 || pageSize > MAX_PAGE) throw new GoogleError("INVALID_ARGUMENT", `page_size must be between 1 and ${MAX_PAGE}`);
    if (filter.length > 20_000) throw new GoogleError("INVALID_ARGUMENT", "The filter is too long: 20000 characters are allowed.");
    const condition = parseFilter(filter);
    const readable = Date.now() - this.#options.delay;
    const found = this.entries.filter((entry) => Date.parse(entry.timestamp) <= readable && matches(condition, entry));
    found.sort((a, b) => (a.timestamp === b.timestamp ? (a.insertId < b.insertId ? -1 : 1) : a.timestamp < b.timestamp ? -1 : 1));
    if (orderBy === "timestamp desc") found.reverse();
    const shown = pageOf(found, { size: pageSize, token: pageToken, keyOf: ({ insertId }) => insertId, names: "lastBefore" });
    if (!shown) throw new GoogleError("INVALID_ARGUMENT", "page_token is invalid");
    const { page, next } = shown;
    return { ...(page.length > 0 ? { entries: page } : {}), ...(next === undefined ? {} : { nextPageToken: next }) };
  }
}

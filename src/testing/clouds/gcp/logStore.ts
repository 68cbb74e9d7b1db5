import { randomBytes } from "node:crypto";
import type { JsonObject } from "../../../json";
import type { Clock } from "./clock";
import { GoogleError } from "./errors";
import { matches, parseFilter } from "./logFilter";
import { type Execution, idOf } from "./resources";

export interface LogEntry {
  insertId: string;
  logName: string;
  resource: { type: string; labels: Record<string, string> };
  labels: Record<string, string>;
  timestamp: string;
  receiveTimestamp: string;
  severity?: string;
  textPayload?: string;
  jsonPayload?: JsonObject;
}

/** The most that a page holds. */
const LARGEST_PAGE = 1000;

/** Cloud Logging's entries. */
export class LogStore {
  readonly entries: LogEntry[] = [];
  readonly #clock: Clock;
  readonly #delay: number;

  /** @param delay how much later than its time an entry can be read, in milliseconds */
  constructor(clock: Clock, delay: number) {
    this.#clock = clock;
    this.#delay = delay;
  }

  /** A line of a container, or of Cloud Run itself; one that is a JSON object is kept as one. */
  write(execution: Execution, stream: "stdout" | "stderr" | "varlog/system", text: string, attempt: number): void {
    const [, project = "", , region = ""] = execution.name.split("/");
    const timestamp = this.#clock.now();
    const object = stream === "varlog/system" ? undefined : jsonObject(text);
    this.entries.push({
      insertId: randomBytes(10).toString("hex"),
      logName: `projects/${project}/logs/run.googleapis.com%2F${encodeURIComponent(stream)}`,
      resource: { type: "cloud_run_job", labels: { job_name: idOf(execution.job), location: region, project_id: project } },
      labels: {
        ...execution.labels,
        "run.googleapis.com/execution_name": idOf(execution.name),
        "run.googleapis.com/task_attempt": String(attempt),
        "run.googleapis.com/task_index": "0",
      },
      timestamp,
      receiveTimestamp: timestamp,
      ...(stream === "varlog/system" ? { severity: "INFO" } : {}),
      ...(object ? { jsonPayload: object } : { textPayload: text }),
    });
  }

  /** `entries:list`. @throws {GoogleError} if the filter or token cannot be read */
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
    if (pageSize < 1 || pageSize > LARGEST_PAGE)
      throw new GoogleError("INVALID_ARGUMENT", `page_size must be between 1 and ${LARGEST_PAGE}`);
    if (filter.length > 20_000) throw new GoogleError("INVALID_ARGUMENT", "The filter is too long: 20000 characters are allowed.");
    const condition = parseFilter(filter);
    const readable = Date.now() - this.#delay;
    const found = this.entries.filter((entry) => Date.parse(entry.timestamp) <= readable && matches(condition, entry));
    found.sort((a, b) => (a.timestamp === b.timestamp ? a.insertId.localeCompare(b.insertId) : a.timestamp < b.timestamp ? -1 : 1));
    if (orderBy === "timestamp desc") found.reverse();
    const after = pageToken === undefined ? 0 : found.findIndex(({ insertId }) => insertId === pageToken) + 1;
    if (pageToken !== undefined && after === 0) throw new GoogleError("INVALID_ARGUMENT", "page_token is invalid");
    const page = found.slice(after, after + pageSize);
    const last = page.at(-1);
    return {
      ...(page.length > 0 ? { entries: page } : {}),
      ...(last && after + pageSize < found.length ? { nextPageToken: last.insertId } : {}),
    };
  }
}

function jsonObject(text: string): JsonObject | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === "object" && !Array.isArray(value) ? (value as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}

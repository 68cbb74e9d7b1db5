import { isJsonObject, type Json } from "../json";
import { capped, oneLine } from "../shown";
import { UserError } from "../userError";

/** A Prefect API refused a request, or is unreachable. Exit code 5. */
export class PrefectRefusal extends UserError {
  constructor(
    message: string,
    /** HTTP status; absent where there was no reply. */
    readonly status?: number,
  ) {
    super(message, 5);
  }
}

/** Whether the error is this HTTP status of the API. */
export function isRefusal(error: unknown, status: number): boolean {
  return error instanceof PrefectRefusal && error.status === status;
}

/** How much of a server's message to repeat, in characters. */
const MAX_TEXT = 500;

/**
 * The server's own message from an error's body, in one line. It leaves out what the server echoes from the request: that may contain
 * secrets.
 *
 * Prefect has three forms: `detail`, `exception_message` with a list of faults by path, and plain text.
 */
export function serverText(body: Json): string {
  return capped(oneLine(wordsOf(body)), MAX_TEXT);
}

function wordsOf(body: Json): string {
  if (typeof body === "string") return body;
  if (!isJsonObject(body)) return "";
  const { detail, exception_message: message, exception_detail: faults } = body;
  if (typeof detail === "string") return detail;
  const listed = Array.isArray(detail) ? detail : Array.isArray(faults) ? faults : [];
  const lines = [...new Set(telling(listed.flatMap(faultOf)).map(textOf))];
  if (lines.length > 0) return lines.join("; ");
  return typeof message === "string" ? message : "";
}

interface Fault {
  loc: (string | number)[];
  msg: string;
  type: unknown;
}

function faultOf(fault: Json): Fault[] {
  if (!isJsonObject(fault) || typeof fault.msg !== "string") return [];
  const loc = Array.isArray(fault.loc) ? (fault.loc.filter((part) => part !== "body") as (string | number)[]) : [];
  return [{ loc, msg: fault.msg.replace(/^Value error, /, ""), type: fault.type }];
}

/** Whether a part of Pydantic's path is a member of a union: a class, or `function-after[…, CronSchedule]`. */
const isMember = (part: string | number) => typeof part === "string" && /^[A-Z]\w*$|^function-|\]$/.test(part);
const isShape = ({ type, loc }: Fault) =>
  type === "missing" || type === "extra_forbidden" || (type === "literal_error" && loc.at(-1) === "type");

/** Pydantic reports for each member of a union why it does not fit. Keep only the members that have the right fields. */
function telling(faults: Fault[]): Fault[] {
  const unionOf = ({ loc }: Fault) => JSON.stringify(loc.slice(0, loc.findIndex(isMember)));
  const told = new Set(faults.filter((fault) => fault.loc.some(isMember) && !isShape(fault)).map(unionOf));
  return faults.filter((fault) => !fault.loc.some(isMember) || !isShape(fault) || !told.has(unionOf(fault)));
}

function textOf({ loc, msg }: Fault): string {
  const path = loc
    .filter((part) => !isMember(part))
    .map((part, index) => (typeof part === "number" ? `[${part}]` : index === 0 ? part : `.${part}`))
    .join("");
  return path === "" ? msg : `${path}: ${msg}`;
}

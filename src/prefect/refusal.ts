import { isJsonObject, type Json } from "../json";
import { UserError } from "../userError";

/** A Prefect API refused a request, or cannot be reached. Exit code 5. */
export class PrefectRefusal extends UserError {
  constructor(
    message: string,
    /** HTTP status; absent where there was no reply. */
    readonly status?: number,
  ) {
    super(message, 5);
  }
}

/** Whether the API answered with this status. By shape: a refusal may come from another copy of this module. */
export function isRefusal(error: unknown, status: number): boolean {
  return error instanceof PrefectRefusal && error.status === status;
}

/**
 * The server's own words out of the body of an error, without what it echoes of the request: that may hold secrets.
 *
 * Prefect has three forms: `detail`, `exception_message` with a list of faults by path, and text.
 */
export function serverText(body: Json): string {
  if (typeof body === "string") return body.slice(0, 500);
  if (!isJsonObject(body)) return "";
  const { detail, exception_message: message, exception_detail: faults } = body;
  if (typeof detail === "string") return detail;
  const listed = Array.isArray(detail) ? detail : Array.isArray(faults) ? faults : [];
  const lines = [...new Set(listed.map(faultText).filter((line) => line !== ""))];
  if (lines.length > 0) return lines.join("; ");
  return typeof message === "string" ? message : "";
}

function faultText(fault: Json): string {
  if (!isJsonObject(fault) || typeof fault.msg !== "string") return "";
  const path = Array.isArray(fault.loc) ? fault.loc.filter((part) => part !== "body").join(".") : "";
  const text = fault.msg.replace(/^Value error, /, "");
  return path === "" ? text : `${path}: ${text}`;
}

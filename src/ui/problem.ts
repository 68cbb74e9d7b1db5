import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { isJsonObject, type Json, type JsonObject } from "../json";
import { parseJson } from "../jsonText";
import { UserError } from "../userError";
import type { Problem } from "./wire";

/** The largest body of a request, in bytes. Parameters are at most a fraction of it. */
const MAX_BODY = 4 * 1024 * 1024;

/** An answer other than a {@link UserError}'s: the status says more than its exit code. */
export class Refused extends Error {
  constructor(
    readonly status: 400 | 403 | 404 | 405 | 409 | 413 | 415 | 421 | 401 | 429,
    message: string,
  ) {
    super(message);
  }
}

/** What the page shows for an error. For a bug of pushpool, the reply says only that it is a bug. */
export function problemOf(error: unknown): { status: ContentfulStatusCode; problem: Problem } {
  if (error instanceof Refused) return { status: error.status, problem: { message: error.message, exitCode: 2 } };
  if (error instanceof UserError) {
    const { message, exitCode, fields } = error;
    return { status: exitCode === 2 ? 422 : 502, problem: { message, ...(fields ? { fields: [...fields] } : {}), exitCode } };
  }
  return { status: 500, problem: { message: "this is a bug of pushpool: its terminal shows the error", exitCode: 70 } };
}

/** An answer with JSON, in which numbers have their own digits. Browsers do not store it. */
export function answer(context: Context, body: unknown, status: ContentfulStatusCode = 200): Response {
  context.header("cache-control", "no-store");
  return context.json(body as object, status);
}

/**
 * The JSON object that a request brings, with the digits of its numbers.
 * @throws {Refused} if it is too large or of another type
 * @throws {UserError} if it is not a JSON object
 */
export async function bodyOf(context: Context): Promise<JsonObject> {
  const type = (context.req.header("content-type") ?? "").split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") throw new Refused(415, "the body must be JSON (Content-Type: application/json)");
  const body = parseJson(await limitedText(context.req.raw), "the body");
  if (!isJsonObject(body)) throw new UserError("the body must be a JSON object");
  return body;
}

async function limitedText(request: Request): Promise<string> {
  const tooLarge = () => new Refused(413, `the body is too large: the limit is ${MAX_BODY / 1024 / 1024} MiB`);
  if (Number(request.headers.get("content-length") ?? 0) > MAX_BODY) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.length;
    if (size > MAX_BODY) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/**
 * Check the fields of a body.
 * @param checks for each field that the body may have, what is wrong with a value (`undefined`: nothing)
 * @throws {UserError} with every field that is wrong or unknown
 */
export function checkFields(body: JsonObject, checks: Readonly<Record<string, (value: Json | undefined) => string | undefined>>): void {
  const unknown = Object.keys(body).filter((name) => !Object.hasOwn(checks, name));
  const faults = [
    ...Object.entries(checks).flatMap(([name, fault]) => {
      const problem = fault(body[name]);
      return problem === undefined ? [] : [{ name, problem }];
    }),
    ...unknown.map((name) => ({ name, problem: `is unknown: the body may have ${Object.keys(checks).join(", ")}` })),
  ];
  if (faults.length === 0) return;
  throw new UserError(faults.map(({ name, problem }) => `${name} ${problem}`).join("; "), 2, {
    fields: faults.map(({ name, problem }) => ({ path: `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`, message: problem })),
  });
}

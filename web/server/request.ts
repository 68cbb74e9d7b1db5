import type { Problem } from "../../src/ui/wire";
import { lock, reportFailure } from "./connection";
import { parseExact } from "./exactJson";

/** A refused or failed request. Its message is for the reader. */
export class RequestError extends Error {
  constructor(
    readonly problem: Problem,
    /** HTTP status; 0: no answer. */
    readonly status: number,
  ) {
    super(problem.message);
  }
}

interface GetOptions {
  signal?: AbortSignal;
  /** Keep the exact digits of numbers. */
  exact?: boolean;
}

/** @throws {RequestError} */
export async function get<T>(path: string, { signal, exact = false }: GetOptions = {}): Promise<T> {
  const response = await request(path, signal === undefined ? {} : { signal });
  return (exact ? parseExact(await response.text()) : await response.json()) as T;
}

/** @throws {RequestError} */
export async function send<T>(method: "POST" | "PUT", path: string, body?: unknown): Promise<T> {
  const response = await request(path, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  return (response.status === 204 ? undefined : await response.json()) as T;
}

async function request(path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { ...init, credentials: "same-origin" });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    reportFailure();
    throw new RequestError({ message: "pushpool does not answer. This page tries again by itself.", exitCode: 5 }, 0);
  }
  if (response.ok) return response;
  if (response.status === 401) lock();
  throw new RequestError(await problemOf(response), response.status);
}

async function problemOf(response: Response): Promise<Problem> {
  try {
    const body = (await response.json()) as Partial<Problem>;
    if (typeof body.message === "string") return { exitCode: 1, ...body, message: body.message };
  } catch {
    // Not pushpool's answer; the status must do.
  }
  return { message: `pushpool answered with HTTP status ${response.status}.`, exitCode: 1 };
}

import { setTimeout as sleep } from "node:timers/promises";
import { v4 as uuid } from "uuid";
import { isJsonObject, type Json } from "../json";
import { readJson } from "../jsonText";
import { plainNumbers } from "../plainNumbers";
import { type Progress, RetryNotices } from "../retryNotices";
import { MASK } from "../secret";
import { type ApiConnection, authorization } from "./connection";
import { PrefectRefusal, serverText } from "./refusal";
import { nextPause, sureNotSent } from "./repeat";
import { ServerClock } from "./serverClock";

export interface Request {
  json?: Json;
  query?: Record<string, string>;
  /** What it is about, as a message begins: `work pool "etl"`. */
  about?: string;
  /** Statuses that are answers too, beside the 2xx. */
  allow?: readonly number[];
  /** Texts of the request that the server's message must not tell. */
  redact?: readonly string[];
  signal?: AbortSignal;
}

export interface Reply<Body = Json> {
  status: number;
  /** `null` for an empty one. Its type is the caller's word for what Prefect's API promises. */
  body: Body;
  /** An earlier try got no clear answer and may have taken effect: "already exists" can mean this very request. */
  repeated: boolean;
}

/** Talks to one Prefect API over HTTP. */
export interface Client {
  readonly connection: ApiConnection;
  /** How many requests were sent, repeats among them. */
  readonly sent: number;
  /** When it last answered anything, in milliseconds since 1970; at first when this client was made. */
  readonly answeredAt: number;
  /** The server's, which need not be ours. */
  readonly clock: ServerClock;
  /** The version of a server of one's own, as `3.0.11`, once it was asked for; absent on Prefect Cloud, which is always new. */
  version?: string;
  /** @throws {PrefectRefusal} exit code 5, with the server's own words */
  request<Body = Json>(method: "GET" | "POST" | "PATCH" | "DELETE", path: string, request?: Request): Promise<Reply<Body>>;
}

export interface ClientOptions {
  /**
   * Longest time without any reply to one request, in milliseconds. @default 75,000: a server on SQLite waits for its own lock for up to a
   * minute, and longer where its client has left in the middle
   */
  timeoutMs?: number;
  /** How long a request is repeated that gets no clear answer, in milliseconds. @default 120,000 */
  patienceMs?: number;
  /** Whether the first request of all is repeated too where nothing answers; else a wrong URL is said at once. @default false */
  patientAtFirst?: boolean;
  /** Hears of each repeat. */
  onRepeat?: (reason: string, pauseMs: number) => void;
  /** Hears that requests are repeated, after a few seconds and then now and again, in a sentence. @default nobody */
  tell?: (message: string) => void;
  /** Whether users' numbers in replies keep their digits; false where JavaScript's numbers go on into a Pulumi state. @default true */
  exactNumbers?: boolean;
  /** Once it fires nothing is repeated any more. @default it never does */
  lastTries?: AbortSignal;
}

/**
 * A client. It repeats what has no clear answer: 408, 429, 502, 503 (which a server on SQLite gives when it is busy), lost replies; it
 * waits as long as `Retry-After` says, and brings a CSRF token where the server wants one. So whatever is sent must bear being sent
 * twice: see {@link Reply.repeated}.
 */
export function createClient(connection: ApiConnection, options: ClientOptions = {}): Client {
  return new HttpClient(connection, {
    timeoutMs: 75_000,
    patienceMs: 120_000,
    patientAtFirst: false,
    onRepeat: () => {},
    tell: () => {},
    exactNumbers: true,
    lastTries: new AbortController().signal,
    ...options,
  });
}

const REPEATED = new Set([408, 429, 502, 503]);

class HttpClient implements Client {
  sent = 0;
  version?: string;
  answeredAt = Date.now();
  readonly clock = new ServerClock();
  readonly #notices: RetryNotices;
  #answered = false;
  #csrf: { client: string; token: string } | undefined;

  constructor(
    readonly connection: ApiConnection,
    private readonly options: Required<ClientOptions>,
  ) {
    this.#notices = new RetryNotices(options.tell);
  }

  request<Body = Json>(method: string, path: string, request: Request = {}): Promise<Reply<Body>> {
    const { apiUrl, origin } = this.connection;
    const what = `the Prefect API at ${apiUrl} (${origin})`;
    return this.#notices.during(what, (progress) => this.#repeated<Body>(method, path, request, progress));
  }

  async #repeated<Body>(method: string, path: string, request: Request, progress: Progress): Promise<Reply<Body>> {
    const until = Date.now() + this.options.patienceMs;
    let repeated = false;
    let renewed = false;
    for (let tries = 1; ; tries += 1) {
      const outcome = await this.#send(method, path, request);
      let reason: string;
      let retryAfter: string | null = null;
      if (outcome instanceof Error) {
        if (request.signal?.aborted) throw request.signal.reason;
        reason = reasonOf(outcome);
        if (!sureNotSent(outcome)) repeated = true;
        if (!this.#answered && !this.options.patientAtFirst) throw this.#unreachable(reason, request);
      } else {
        this.#answered = true;
        this.answeredAt = Date.now();
        const { status, body } = outcome;
        if (status < 300 || request.allow?.includes(status)) return { status, body: body as Body, repeated };
        if (status === 403 && !renewed && /csrf/i.test(serverText(body)) && (await this.#renewCsrf(request.signal))) {
          renewed = true;
          continue;
        }
        if (!REPEATED.has(status)) throw this.#refused(status, body, request);
        // Prefect can commit and answer 503 all the same.
        if (status !== 429) repeated = true;
        reason = `it answered ${status}`;
        retryAfter = outcome.retryAfter;
      }
      const pause = nextPause(tries, retryAfter, this.clock.now());
      if (Date.now() + pause > until || this.options.lastTries.aborted) throw this.#unreachable(`${reason}, ${tries} times`, request);
      this.options.onRepeat(reason, pause);
      progress.failed(this.#redacted(reason, request));
      const { lastTries } = this.options;
      await sleep(pause, undefined, { signal: request.signal ? AbortSignal.any([request.signal, lastTries]) : lastTries }).catch(() => {
        if (request.signal?.aborted) throw request.signal.reason;
      });
    }
  }

  async #send(method: string, path: string, request: Request): Promise<Error | { status: number; body: Json; retryAfter: string | null }> {
    const { apiUrl, auth } = this.connection;
    const query = Object.keys(request.query ?? {}).length > 0 ? `?${new URLSearchParams(request.query)}` : "";
    const limit = AbortSignal.timeout(this.options.timeoutMs);
    this.sent += 1;
    const sentAt = Date.now();
    try {
      const reply = await fetch(`${apiUrl}${path}${query}`, {
        method,
        // A redirect would carry the key to a place that nobody named.
        redirect: "manual",
        signal: request.signal ? AbortSignal.any([request.signal, limit]) : limit,
        headers: {
          accept: "application/json",
          "user-agent": "pushpool",
          ...(auth ? { authorization: authorization(auth) } : {}),
          ...(this.#csrf && method !== "GET" ? { "prefect-csrf-token": this.#csrf.token, "prefect-csrf-client": this.#csrf.client } : {}),
          ...(request.json === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(request.json === undefined ? {} : { body: JSON.stringify(request.json) }),
      });
      this.clock.answered(reply.headers.get("date"), sentAt);
      const text = await reply.text();
      return { status: reply.status, body: bodyOf(text, this.options.exactNumbers), retryAfter: reply.headers.get("retry-after") };
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  /** @returns whether there is a new token: a server without the protection says so with 422, an older one with 404 */
  async #renewCsrf(signal: AbortSignal | undefined): Promise<boolean> {
    const client = this.#csrf?.client ?? uuid();
    const query = { client };
    const { status, body } = await this.request("GET", "/csrf-token", { query, allow: [404, 422], ...(signal ? { signal } : {}) });
    const token = status === 200 && isJsonObject(body) ? body.token : undefined;
    if (typeof token !== "string") return false;
    this.#csrf = { client, token };
    return true;
  }

  #refused(status: number, body: Json, request: Request): PrefectRefusal {
    const { apiUrl, origin } = this.connection;
    const about = request.about === undefined ? "" : `${request.about}: `;
    const said = this.#redacted(serverText(body), request);
    if (status === 401) {
      const way = this.connection.auth ? "the key is refused" : "it wants a key";
      return new PrefectRefusal(
        `${about}the Prefect API at ${apiUrl} (${origin}) answers 401: ${way}. Set PREFECT_API_KEY, or PREFECT_API_AUTH_STRING for a server of your own`,
        status,
      );
    }
    if (status >= 300 && status < 400)
      return new PrefectRefusal(`${about}${apiUrl} (${origin}) redirects elsewhere: give the URL that it leads to`, status);
    if ((status === 404 || status === 405) && (said === "Not Found" || said === "Method Not Allowed" || /^\s*</.test(said) || said === ""))
      return new PrefectRefusal(
        `${about}there is no Prefect API at ${apiUrl} (${origin}), it answers ${status}: that of a server of your own ends in /api`,
        status,
      );
    return new PrefectRefusal(`${about}the Prefect API at ${apiUrl} refuses it (${status}): ${said || "it does not say why"}`, status);
  }

  #unreachable(reason: string, request: Request): PrefectRefusal {
    const { apiUrl, origin } = this.connection;
    const about = request.about === undefined ? "" : `${request.about}: `;
    return new PrefectRefusal(`${about}the Prefect API at ${apiUrl} (${origin}) cannot be reached: ${this.#redacted(reason, request)}`);
  }

  #redacted(text: string, { redact = [] }: Request): string {
    const { auth } = this.connection;
    const secrets = [...redact, ...(auth ? [String(auth.reveal())] : [])].filter((secret) => secret !== "");
    // Longest first: one may be part of another.
    return secrets.sort((a, b) => b.length - a.length).reduce((masked, secret) => masked.replaceAll(secret, MASK), text);
  }
}

/** Where replies hold users' data. */
const DATA = new Set(["parameters", "job_variables", "parameter_openapi_schema", "base_job_template", "pull_steps", "data", "value"]);

function bodyOf(text: string, exactNumbers: boolean): Json {
  if (text === "") return null;
  try {
    return plainNumbers(readJson(text), (path) => exactNumbers && DATA.has(path.at(-1) ?? ""));
  } catch {
    return text;
  }
}

/** What went wrong, as the system names it; fetch itself says only "fetch failed". */
function reasonOf(error: Error): string {
  if (error.name === "TimeoutError") return "it does not answer";
  const { cause } = error;
  if (cause instanceof AggregateError && cause.errors[0] instanceof Error) return cause.errors[0].message;
  return cause instanceof Error && cause.message !== "" ? cause.message : error.message;
}

import { setTimeout as sleep } from "node:timers/promises";
import { v4 as uuid } from "uuid";
import { isJsonObject, type Json } from "../json";
import { readJson } from "../jsonText";
import { plainNumbers } from "../plainNumbers";
import { type Progress, RetryNotices } from "../retryNotices";
import { MASK } from "../secret";
import { type ApiConnection, authorization } from "./apiConnection";
import { PrefectRefusal, serverText } from "./prefectRefusal";
import { nextPause, sureNotSent } from "./repeat";
import { ServerClock } from "./serverClock";

export interface Request {
  json?: Json;
  query?: Record<string, string>;
  /** The subject, as the start of an error message: `work pool "etl"`. */
  about?: string;
  /** Statuses to return as answers, besides 2xx. */
  allow?: readonly number[];
  /** Strings from the request to mask in the server's messages. */
  redact?: readonly string[];
  signal?: AbortSignal;
}

export interface Reply<Body = Json> {
  status: number;
  /** `null` if the body is empty. The type is the one that Prefect's API promises; nothing checks it. */
  body: Body;
  /** An earlier attempt got no clear answer and may have succeeded. "Already exists" can then be this request's own work. */
  repeated: boolean;
}

/** Talks to one Prefect API over HTTP. */
export interface Client {
  readonly connection: ApiConnection;
  /** How many requests were sent, retries included. */
  readonly sent: number;
  /** When it last answered, in milliseconds since 1970; at first, when this client was created. */
  readonly answeredAt: number;
  /** The server's clock, which may differ from ours. */
  readonly clock: ServerClock;
  /** The version of a self-hosted server, such as `3.0.11`, once it is known. Absent on Prefect Cloud, which is always new. */
  version?: string;
  /** @throws {PrefectRefusal} with the server's own message (exit code 5) */
  request<Body = Json>(method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE", path: string, request?: Request): Promise<Reply<Body>>;
}

export interface ClientOptions {
  /**
   * How long one request may wait for its reply, in milliseconds. A server on SQLite waits up to a minute for its own lock, and longer if a
   * client disconnected in the middle. @default 75,000
   */
  timeoutMs?: number;
  /** How long to retry a request that gets no clear answer, in milliseconds. @default 120,000 */
  patienceMs?: number;
  /** Whether to retry the client's first request too if nothing answers. If not, a wrong URL fails at once. @default false */
  patientAtFirst?: boolean;
  /** Called before each retry. */
  onRepeat?: (reason: string, pauseMs: number) => void;
  /** Called with a sentence that a request is being retried: first after a few seconds, then at intervals. @default nothing */
  tell?: (message: string) => void;
  /** Whether users' numbers in replies keep their digits. False if JavaScript numbers go into a Pulumi state. @default true */
  exactNumbers?: boolean;
  /** When it fires, the client stops retrying. @default never */
  lastTries?: AbortSignal;
}

/**
 * Create a client for one Prefect API.
 *
 * It retries requests without a clear answer: statuses 408, 429, 502, 503 (which a busy server on SQLite sends) and lost replies. It waits
 * as long as `Retry-After` says, and sends a CSRF token if the server requires one. A request can therefore arrive twice: see {@link
 * Reply.repeated}.
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
        // Prefect can commit and still answer 503.
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
        // A redirect would send the key to a host that nobody named.
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

  /** @returns whether there is a new token. A server without CSRF protection answers 422, an older one 404. */
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
      const way = this.connection.auth ? "the key is refused" : "it requires a key";
      return new PrefectRefusal(
        `${about}the Prefect API at ${apiUrl} (${origin}) answers 401: ${way}. Set PREFECT_API_KEY, or PREFECT_API_AUTH_STRING for a self-hosted server`,
        status,
      );
    }
    if (status >= 300 && status < 400)
      return new PrefectRefusal(`${about}${apiUrl} (${origin}) redirects: use the URL that it redirects to`, status);
    if ((status === 404 || status === 405) && (said === "Not Found" || said === "Method Not Allowed" || /^\s*</.test(said) || said === ""))
      return new PrefectRefusal(
        `${about}there is no Prefect API at ${apiUrl} (${origin}), it answers ${status}: the URL of a self-hosted server ends in /api`,
        status,
      );
    return new PrefectRefusal(
      `${about}the Prefect API at ${apiUrl} refuses the request (${status}): ${said || "it gives no reason"}`,
      status,
    );
  }

  #unreachable(reason: string, request: Request): PrefectRefusal {
    const { apiUrl, origin } = this.connection;
    const about = request.about === undefined ? "" : `${request.about}: `;
    return new PrefectRefusal(`${about}the Prefect API at ${apiUrl} (${origin}) cannot be reached: ${this.#redacted(reason, request)}`);
  }

  #redacted(text: string, { redact = [] }: Request): string {
    const { auth } = this.connection;
    const secrets = [...redact, ...(auth ? [String(auth.reveal())] : [])].filter((secret) => secret !== "");
    // Longest first: one secret may be part of another.
    return secrets.sort((a, b) => b.length - a.length).reduce((masked, secret) => masked.replaceAll(secret, MASK), text);
  }
}

/** The fields of replies that hold users' data. */
const DATA = new Set(["parameters", "job_variables", "parameter_openapi_schema", "base_job_template", "pull_steps", "data", "value"]);

function bodyOf(text: string, exactNumbers: boolean): Json {
  if (text === "") return null;
  try {
    return plainNumbers(readJson(text), (path) => exactNumbers && DATA.has(path.at(-1) ?? ""));
  } catch {
    return text;
  }
}

/** The system's error message. That of `fetch` is only "fetch failed". */
function reasonOf(error: Error): string {
  if (error.name === "TimeoutError") return "it does not answer";
  const { cause } = error;
  if (cause instanceof AggregateError && cause.errors[0] instanceof Error) return cause.errors[0].message;
  return cause instanceof Error && cause.message !== "" ? cause.message : error.message;
}

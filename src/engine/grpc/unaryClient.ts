import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants, type IncomingHttpHeaders } from "node:http2";
import * as grpc from "@grpc/grpc-js";

type Done<Response> = (error: grpc.ServiceError | null, response?: Response) => void;

/** How a call ended. */
interface Status {
  code: grpc.status;
  details: string;
}

/** In front of a message: whether it is compressed (1 byte), and its length (4 bytes). */
const PREFIX = 5;
/** How long to wait until the next attempt to connect, in milliseconds. */
const RETRY_MS = 100;
const CLOSED = "the connection was closed";

/** The meaning of an answer that is not of gRPC (https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md). */
const HTTP_STATUS: Record<number, grpc.status> = {
  400: grpc.status.INTERNAL,
  401: grpc.status.UNAUTHENTICATED,
  403: grpc.status.PERMISSION_DENIED,
  404: grpc.status.UNIMPLEMENTED,
  429: grpc.status.UNAVAILABLE,
  502: grpc.status.UNAVAILABLE,
  503: grpc.status.UNAVAILABLE,
  504: grpc.status.UNAVAILABLE,
};

/**
 * Calls unary methods of a gRPC service on this machine. A call takes half the processor time of one by grpc-js, which also looks up
 * addresses, balances load, retries and observes. Errors are those of grpc-js.
 */
export class UnaryClient {
  #session: ClientHttp2Session | undefined;
  #isClosed = false;

  /** @param address such as `127.0.0.1:1234` */
  constructor(readonly address: string) {}

  /** @param limitMs the longest wait for the answer, in milliseconds. By default there is no limit. */
  call<Request, Response>(
    method: grpc.MethodDefinition<Request, Response>,
    request: Request,
    done: Done<Response>,
    limitMs?: number,
  ): void {
    if (this.#isClosed) {
      done(errorOf({ code: grpc.status.UNAVAILABLE, details: CLOSED }, {}));
      return;
    }
    const message = method.requestSerialize(request);
    const framed = Buffer.allocUnsafe(PREFIX + message.length);
    framed[0] = 0;
    framed.writeUInt32BE(message.length, 1);
    framed.set(message, PREFIX);
    const stream = this.#connected().request({
      ":method": "POST",
      ":path": method.path,
      "content-type": "application/grpc",
      te: "trailers",
    });
    receive(stream, method.responseDeserialize, done, limitMs);
    stream.end(framed);
  }

  /**
   * Wait until the service can be reached.
   * @param limitMs the longest wait, in milliseconds, or infinite
   * @throws {Error} if it cannot be reached by then, or the client was closed
   */
  async ready(limitMs: number): Promise<void> {
    const end = performance.now() + limitMs;
    while (!this.#isClosed) {
      const left = end - performance.now();
      if (left <= 0) throw new Error("Failed to connect before the deadline");
      if (await isReady(this.#connected(), left)) return;
      await new Promise((again) => setTimeout(again, Math.min(left, RETRY_MS)));
    }
    throw new Error(CLOSED);
  }

  /** End the connection, and all calls that were not answered. */
  close(): void {
    this.#isClosed = true;
    this.#session?.destroy();
  }

  /** The connection, which is made again if it was lost. */
  #connected(): ClientHttp2Session {
    const known = this.#session;
    if (known && !known.closed && !known.destroyed) return known;
    const session = connect(`http://${this.address}`, {
      // As in grpc-js: otherwise node refuses calls while large messages wait.
      maxSessionMemory: Number.MAX_SAFE_INTEGER,
    });
    // Each call reports the error by itself.
    session.on("error", () => {});
    this.#session = session;
    return session;
  }
}

/** Whether a service says what it allows. If it does not within a time, the connection is closed. */
function isReady(session: ClientHttp2Session, limitMs: number): Promise<boolean> {
  return new Promise((done) => {
    const late = Number.isFinite(limitMs) ? setTimeout(() => session.destroy(), limitMs) : undefined;
    const settle = (isUsable: boolean) => {
      clearTimeout(late);
      done(isUsable);
    };
    session.once("remoteSettings", () => settle(true));
    session.once("close", () => settle(false));
  });
}

/** Read the answer of a call, and report it once. */
function receive<Response>(
  stream: ClientHttp2Stream,
  deserialize: (bytes: Buffer) => Response,
  done: Done<Response>,
  limitMs: number | undefined,
): void {
  const chunks: Buffer[] = [];
  let last: IncomingHttpHeaders = {};
  let httpStatus = 200;
  let unanswered: Status = { code: grpc.status.UNAVAILABLE, details: "the connection was lost" };
  const late = limitMs === undefined ? undefined : setTimeout(giveUp, limitMs);
  function giveUp() {
    unanswered = { code: grpc.status.DEADLINE_EXCEEDED, details: `no answer within ${limitMs} ms` };
    stream.close(constants.NGHTTP2_CANCEL);
  }
  // An answer without a message has its status in the first headers.
  stream.on("response", (headers) => {
    httpStatus = headers[":status"] ?? 200;
    last = headers;
  });
  stream.on("trailers", (headers: IncomingHttpHeaders) => {
    last = headers;
  });
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  stream.on("error", (error) => {
    unanswered = { code: grpc.status.UNAVAILABLE, details: error.message };
  });
  stream.on("close", () => {
    clearTimeout(late);
    const status = statusIn(last) ?? (httpStatus === 200 ? unanswered : statusOfHttp(httpStatus));
    let [error, response]: [grpc.ServiceError | null, Response?] = [status.code === grpc.status.OK ? null : errorOf(status, last)];
    try {
      if (!error) response = messageIn(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks), deserialize);
    } catch (fault) {
      error = errorOf({ code: grpc.status.INTERNAL, details: (fault as Error).message }, last);
    }
    if (error) done(error);
    else done(null, response);
  });
}

function statusIn({ "grpc-status": code, "grpc-message": message = "" }: IncomingHttpHeaders): Status | undefined {
  return code === undefined ? undefined : { code: Number(code), details: decoded(String(message)) };
}

function statusOfHttp(status: number): Status {
  return { code: HTTP_STATUS[status] ?? grpc.status.UNKNOWN, details: `the answer has the HTTP status ${status}` };
}

function messageIn<Response>(bytes: Buffer, deserialize: (bytes: Buffer) => Response): Response {
  const isWhole = bytes.length >= PREFIX && bytes[0] === 0 && bytes.readUInt32BE(1) === bytes.length - PREFIX;
  if (!isWhole) throw new Error(`the answer is not one message: it has ${bytes.length} bytes`);
  return deserialize(bytes.subarray(PREFIX));
}

function errorOf({ code, details }: Status, headers: IncomingHttpHeaders): grpc.ServiceError {
  const error = new Error(`${code} ${grpc.status[code]}: ${details}`);
  return Object.assign(error, { code, details, metadata: grpc.Metadata.fromHttp2Headers(headers) });
}

function decoded(message: string): string {
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}

import type { IncomingMessage } from "node:http";
import type { JsonObject } from "../../../json";

/** How any call can fail: before the cloud looks at it, or after it did what the call asks. */
export type CommonFault =
  | { kind: "throttle" }
  | { kind: "unavailable" }
  | { kind: "internal" }
  /** A proxy answers instead. */
  | { kind: "badGateway" }
  /** The connection breaks. `after`: the cloud has done what the call asks. */
  | { kind: "reset"; after: boolean }
  /** No reply ever comes. `after`: the cloud has done what the call asks. */
  | { kind: "hang"; after: boolean }
  /** The cloud does what the call asks, and answers 503. */
  | { kind: "unavailableAfter" }
  /** The cloud does what the call asks, and the connection breaks in the middle of its reply. */
  | { kind: "halfReply" }
  /** The cloud does what the call asks, and something on the way answers 200 with `{}`. */
  | { kind: "emptyReply" }
  /** A pause before anything happens, in milliseconds. */
  | { kind: "delay"; ms: number }
  /** A pause between the effect and the reply, in milliseconds. */
  | { kind: "slowReply"; ms: number };

/** A fake's record of a call. `status` 0: it got no answer. */
export interface RecordedCall {
  body: JsonObject;
  status: number;
  reply: JsonObject;
}

/** An error as a cloud returns it. */
export class CloudError extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly body: JsonObject,
  ) {
    super(message);
  }
}

/** One call, and how its cloud handles it. */
export interface Exchange<Fault extends { kind: string }> {
  incoming: IncomingMessage;
  /** Gets the status and the reply. */
  record: RecordedCall;
  fault: Fault | undefined;
  /** In milliseconds. */
  latency: number;
  /** The cloud's error for a fault because of which it does not look at the call. @returns `undefined` for any other fault */
  errorOf(fault: CommonFault | Fault): CloudError | undefined;
  /** Check the call, and do what it asks. @throws {CloudError} */
  answer(): JsonObject | Promise<JsonObject>;
  /** Status of a call that was answered without an error. @default 200 */
  success?(): number;
  respond(status: number, reply: JsonObject, error?: CloudError): Response;
}

/** Answer a call with the cloud's latency, and with the fault planted for it, if any. */
export async function exchange<Fault extends { kind: string }>(call: Exchange<Fault>): Promise<Response> {
  const { incoming, record, latency } = call;
  const fault = call.fault as CommonFault | undefined;
  await pause(latency + (fault?.kind === "delay" ? fault.ms : 0));
  if (fault?.kind === "badGateway") {
    record.status = 502;
    return new Response("<html><title>502 Bad Gateway</title></html>", { status: 502, headers: { "content-type": "text/html" } });
  }
  if (fault && "after" in fault && !fault.after) return silent(fault, incoming);
  const before = call.fault && call.errorOf(call.fault);
  const { reply, error } = before ? { reply: before.body, error: before } : await answered(call);
  record.status = error?.status ?? call.success?.() ?? 200;
  record.reply = reply;
  if (fault?.kind === "slowReply") await pause(fault.ms);
  if (fault && "after" in fault) return silent(fault, incoming);
  if (fault?.kind === "emptyReply") return Response.json({});
  if (fault?.kind === "halfReply") return half(call.respond(record.status, reply, error), incoming);
  const after = fault?.kind === "unavailableAfter" ? call.errorOf({ kind: "unavailable" }) : undefined;
  if (after) record.status = after.status;
  return after ? call.respond(after.status, after.body, after) : call.respond(record.status, reply, error);
}

async function answered({ answer }: { answer(): JsonObject | Promise<JsonObject> }): Promise<{ reply: JsonObject; error?: CloudError }> {
  try {
    return { reply: await answer() };
  } catch (error) {
    if (!(error instanceof CloudError)) throw error;
    return { reply: error.body, error };
  }
}

/** Break the connection, or leave it open without a reply. */
function silent({ kind }: { kind: string }, incoming: IncomingMessage): Response | Promise<Response> {
  if (kind === "hang") return new Promise(() => {});
  incoming.socket.destroy();
  // Nobody receives this.
  return new Response(null);
}

/** Send the first half of a reply, and break the connection. */
async function half(reply: Response, incoming: IncomingMessage): Promise<Response> {
  const whole = new Uint8Array(await reply.arrayBuffer());
  const body = new ReadableStream({
    start: (stream) => {
      stream.enqueue(whole.slice(0, whole.length / 2));
      setTimeout(() => incoming.socket.destroy(), 20);
    },
  });
  const headers = new Headers(reply.headers);
  headers.set("content-length", String(whole.length));
  return new Response(body, { status: reply.status, headers });
}

async function pause(milliseconds: number): Promise<void> {
  if (milliseconds > 0) await new Promise((done) => setTimeout(done, milliseconds));
}

import { Hono } from "hono";
import type { JsonObject } from "../../../json";
import { exchange, type RecordedCall } from "../shared/exchange";
import type { FaultQueue } from "../shared/faultQueue";
import { type Listening, listen, type Served } from "../shared/listen";
import type { AwsContract } from "./awsContract";
import { type AwsFault, errorOf } from "./awsFaults";
import type { World } from "./awsWorld";
import { jsonProtocol } from "./jsonProtocol";
import { queryProtocol } from "./query";
import type { SignedRequest } from "./signature";

/** A call that was answered, or that got no answer (`status` 0). */
export interface AwsCallRecord extends RecordedCall {
  /** Such as `ecs:RunTask`. */
  action: string;
  accessKeyId?: string;
}

/** What all calls share. */
export interface Parts {
  world: World;
  faults: FaultQueue<AwsFault>;
  calls: AwsCallRecord[];
  contract: AwsContract;
}

/** One of AWS' ways to send a call by HTTP. */
export interface Protocol {
  /** Such as `ecs:RunTask`. */
  actionOf(request: SignedRequest): string;
  /** @throws {AwsError} */
  answer(request: SignedRequest, record: AwsCallRecord, fault: AwsFault | undefined): JsonObject | Promise<JsonObject>;
  respond(action: string, status: number, reply: JsonObject, failed: boolean): Response;
}

/** Serve all services under one base URL. The headers and forms of a request say which service it is for. */
export function serveAws(parts: Parts, port: number): Promise<Listening> {
  const { world, faults, calls } = parts;
  const json = jsonProtocol(parts);
  const query = queryProtocol(world);
  const app = new Hono<Served>();
  // Without an operation there is nothing to answer; but every reply tells the time.
  app.get("/", (context) => context.body(null, 404));
  app.post("/", async (context) => {
    const url = new URL(context.req.url);
    const headers = context.req.header();
    const request = { method: "POST", path: `${url.pathname}${url.search}`, headers, body: await context.req.text() };
    const protocol = /^application\/x-www-form-urlencoded/.test(headers["content-type"] ?? "") ? query : json;
    const action = protocol.actionOf(request);
    const record: AwsCallRecord = { action, body: {}, status: 0, reply: {} };
    calls.push(record);
    const fault = faults.take(action);
    return exchange({
      incoming: context.env.incoming,
      record,
      fault,
      latency: world.options.latency,
      errorOf,
      answer: () => protocol.answer(request, record, fault),
      respond: (status, reply, error) => protocol.respond(action, status, reply, error !== undefined),
    });
  });
  return listen(app, { port });
}

import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { type HttpBindings, serve } from "@hono/node-server";
import { Hono } from "hono";
import type { Json, JsonObject } from "../../../json";
import { difference, kindOf, type Shape } from "../../../targets/ecs/shapes";
import type { Plants } from "../plants";
import { AwsError, throttled } from "./errors";
import type { AwsFault } from "./faults";
import type { Bucket } from "./options";
import { actionOf, answerQuery } from "./query";
import { JSON_SERVICES } from "./services";
import { checkSignature, readAuthorization } from "./signature";
import type { World } from "./world";

/** A call that was answered, or left without an answer (`status` 0). */
export interface AwsCallRecord {
  /** As `ecs:RunTask`. */
  action: string;
  accessKeyId?: string;
  body: JsonObject;
  status: number;
  reply: JsonObject;
}

interface Parts {
  world: World;
  faults: Plants<AwsFault>;
  calls: AwsCallRecord[];
  /** The SDK's own descriptions of ECS and Parameter Store. */
  shapes: Record<string, unknown>;
}

/** Serve ECS, CloudWatch Logs, Parameter Store and STS under one base URL: their targets tell them apart. */
export async function listen(parts: Parts, port: number): Promise<{ port: number; close: () => Promise<void> }> {
  const levels = new Map<string, { level: number; at: number }>();
  const app = new Hono<{ Bindings: HttpBindings }>();
  app.post("/", async (context) => {
    const text = await context.req.text();
    const headers = context.req.header();
    const incoming = (context.env as { incoming: IncomingMessage }).incoming;
    const url = new URL(context.req.url);
    const request = { method: "POST", path: `${url.pathname}${url.search}`, headers, body: text };
    const { world, faults, calls, shapes } = parts;
    const isQuery = /^application\/x-www-form-urlencoded/.test(headers["content-type"] ?? "");
    const [prefix = "", name = ""] = (headers["x-amz-target"] ?? "").split(".");
    const target = JSON_SERVICES[prefix];
    const action = isQuery ? actionOf(request) : `${target?.service ?? prefix}:${name}`;
    const record: AwsCallRecord = { action, body: {}, status: 0, reply: {} };
    calls.push(record);
    const fault = faults.take(action);
    await pause(world.options.latency + (fault?.kind === "delay" ? fault.ms : 0));
    if (fault?.kind === "reset" && !fault.after) return cut(incoming);
    if (fault?.kind === "hang" && !fault.after) return new Promise(() => {});
    const before = fault && errorBefore(fault);
    if (isQuery) {
      const { accessKeyId, response } = answerQuery(world, request, before);
      if (accessKeyId !== undefined) record.accessKeyId = accessKeyId;
      record.status = response.status;
      if (fault?.kind === "reset") return cut(incoming);
      if (fault?.kind === "hang") return new Promise(() => {});
      return response;
    }
    let status = 200;
    let reply: JsonObject;
    try {
      if (before) throw before;
      const operation = target?.operations.find((each) => each.action === action);
      if (!target || !operation) throw new AwsError("UnknownOperationException", "");
      const signed = readAuthorization(headers.authorization);
      record.accessKeyId = signed.accessKeyId;
      const known = world.iam.usable(signed.accessKeyId, headers["x-amz-security-token"]);
      checkSignature(request, signed, known?.key.secretAccessKey);
      if (signed.region !== world.options.region || signed.service !== target.service)
        throw new AwsError("InvalidSignatureException", `Credential should be scoped to a valid region.`);
      record.body = text === "" ? {} : (JSON.parse(text) as JsonObject);
      for (const bucket of operation.buckets?.(record.body) ?? []) take(levels, world.options.buckets[bucket], bucket);
      if (operation.shapes) checkRequest(record.body, shapes[operation.shapes.request] as Shape);
      if (fault?.kind === "failure")
        reply = { tasks: [], failures: [{ reason: fault.reason, ...(fault.detail === undefined ? {} : { detail: fault.detail }) }] };
      else reply = operation.handle({ world, principal: (known as NonNullable<typeof known>).principal, body: record.body });
      if (operation.shapes) holdTo(reply, shapes[operation.shapes.reply] as Shape, action);
    } catch (error) {
      const said = error instanceof SyntaxError ? new AwsError("SerializationException", "") : error;
      if (!(said instanceof AwsError)) throw said;
      status = said.status;
      reply = said.body;
    }
    record.status = status;
    record.reply = reply;
    if (fault?.kind === "reset") return cut(incoming);
    if (fault?.kind === "hang") return new Promise(() => {});
    if (fault?.kind === "unavailableAfter") {
      record.status = 503;
      status = 503;
      reply = { __type: "ServiceUnavailableException", message: "Service is unavailable. Try again later." };
    }
    // Where there is nothing to say Logs sends nothing.
    const nothing = status === 200 && target?.service === "logs" && Object.keys(reply).length === 0;
    return new Response(nothing ? "" : JSON.stringify(reply), {
      status,
      headers: { "content-type": "application/x-amz-json-1.1", "x-amzn-requestid": randomUUID() },
    });
  });
  return new Promise((resolve) => {
    const server = serve({ fetch: app.fetch, port, hostname: "127.0.0.1" }, ({ port: taken }) =>
      resolve({
        port: taken,
        close: () =>
          new Promise((done) => {
            server.close(() => done());
            if ("closeAllConnections" in server) server.closeAllConnections();
          }),
      }),
    );
  });
}

/** A bucket that refills by and by. @throws {AwsError} when it is empty */
function take(
  levels: Map<string, { level: number; at: number }>,
  size: { burst: number; perSecond: number } | undefined,
  bucket: Bucket,
): void {
  if (!size) return;
  const now = Date.now();
  const { level, at } = levels.get(bucket) ?? { level: size.burst, at: now };
  const filled = Math.min(size.burst, level + ((now - at) * size.perSecond) / 1000);
  levels.set(bucket, { level: filled < 1 ? filled : filled - 1, at: now });
  if (filled < 1) throw throttled();
}

/** AWS drops fields it does not know; the fake does not, since nobody means to send them. @throws {AwsError} */
function checkRequest(body: JsonObject, shape: Shape): void {
  const found = difference(body, shape, "");
  if (!found) return;
  const [, wanted, given] = /^must be (.+?), not (.*)$/s.exec(found.problem) ?? [];
  if (wanted !== undefined) throw new AwsError("SerializationException", unreadable(wanted, JSON.parse(given ?? "null") as Json));
  throw new AwsError("ClientException", `1 validation error detected: ${found.path.slice(1)} ${found.problem}`);
}

/** What AWS' reader of JSON says of a value of the wrong type. */
function unreadable(wanted: string, given: Json): string {
  if (Array.isArray(given)) return "Start of list found where not expected";
  if (typeof given === "object" && given !== null) return "Start of structure or map found where not expected.";
  const token =
    typeof given === "number" ? "NUMBER_VALUE" : typeof given === "string" ? "STRING_VALUE" : `${String(given).toUpperCase()}_VALUE`;
  const type = { "a text": "a String", "a number": "an Integer", "true or false": "a Boolean" }[wanted];
  return type === undefined ? "Unexpected field type" : `${token} can not be converted to ${type}`;
}

/** The fake's own replies are as AWS describes them. */
function holdTo(reply: JsonObject, shape: Shape, action: string): void {
  if (kindOf(shape).kind !== "structure") throw new Error(`no description of the reply of ${action}`);
  const found = difference(reply, shape, "");
  if (found) throw new Error(`the fake's reply to ${action} is not as AWS describes it: ${found.path} ${found.problem}`);
}

function errorBefore(fault: AwsFault): AwsError | undefined {
  switch (fault.kind) {
    case "throttle":
      return throttled();
    case "unavailable":
      return new AwsError("ServiceUnavailableException", "Service is unavailable. Try again later.", 503);
    case "internal":
      return new AwsError("ServerException", "Service Unavailable. Please try again later.", 500);
    case "refuse":
      return new AwsError(fault.type, fault.message);
    default:
      return undefined;
  }
}

/** The connection breaks with no answer; the response is for nobody. */
function cut(incoming: IncomingMessage): Response {
  incoming.socket.destroy();
  return new Response(null);
}

async function pause(milliseconds: number): Promise<void> {
  if (milliseconds > 0) await new Promise((done) => setTimeout(done, milliseconds));
}

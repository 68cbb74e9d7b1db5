import type { IncomingMessage } from "node:http";
import { type HttpBindings, serve } from "@hono/node-server";
import { Hono } from "hono";
import type { Json, JsonObject } from "../../../json";
import type { Plants } from "../plants";
import type { Call, Method } from "./api";
import type { Bearer } from "./bearer";
import { COLLECTION_METHODS } from "./collectionMethods";
import type { Contract, Difference } from "./contract";
import { errorInfo, GoogleError } from "./errors";
import type { Fault } from "./faults";
import { admit, withProjectId } from "./gate";
import { IAM_METHODS } from "./iamMethods";
import { LOGGING_METHODS } from "./loggingMethods";
import type { Quotas } from "./quotas";
import { RUN_METHODS } from "./runMethods";
import { SECRET_METHODS } from "./secretMethods";
import type { World } from "./world";

/** A call that was answered, or left without an answer (`status` 0). */
export interface CallRecord {
  /** As `run.jobs.run`. */
  method: string;
  /** With the query. */
  path: string;
  member?: string;
  body: JsonObject;
  status: number;
  reply: JsonObject;
}

interface Parts {
  world: World;
  bearer: Bearer;
  contract: Contract;
  faults: Plants<Fault>;
  quotas: Quotas;
  calls: CallRecord[];
}

const METHODS: readonly Method[] = [...RUN_METHODS, ...LOGGING_METHODS, ...IAM_METHODS, ...SECRET_METHODS, ...COLLECTION_METHODS];
/** Serve all of Google's APIs that the fake knows under one base URL: their paths tell them apart. */
export async function listen(parts: Parts, port: number): Promise<{ port: number; close: () => Promise<void> }> {
  const app = new Hono<{ Bindings: HttpBindings }>();
  app.post("/token", async (context) => {
    const form = await context.req.parseBody();
    const given = await parts.bearer.exchange(String(form.assertion ?? ""), new URL(context.req.url).href);
    if (typeof given === "string") return context.json({ error: "invalid_grant", error_description: given }, 400);
    return context.json({ access_token: given.token, expires_in: given.seconds, token_type: "Bearer" });
  });
  app.all("*", async (context) => {
    const url = new URL(context.req.url);
    const decoded = decodeURIComponent(url.pathname);
    const found = METHODS.map((method) => ({
      method,
      groups:
        method.verb === context.req.method
          ? (method.pattern.exec(decoded)?.groups ?? (method.pattern.test(decoded) ? {} : undefined))
          : undefined,
    })).find(({ groups }) => groups !== undefined);
    if (!found)
      return context.html(
        `<!DOCTYPE html><title>Error 404 (Not Found)!!1</title><p>The requested URL <code>${url.pathname}</code> was not found on this server.`,
        404,
      );
    const { method, groups = {} } = found;
    const text = await context.req.text();
    const record: CallRecord = { method: method.id, path: `${url.pathname}${url.search}`, body: {}, status: 0, reply: {} };
    parts.calls.push(record);
    const fault = parts.faults.take(method.id);
    const incoming = (context.env as { incoming: IncomingMessage }).incoming;
    await pause(parts.world.options.latency + (fault?.kind === "delay" ? fault.ms : 0));
    if (fault && isBefore(fault)) return broken(fault, incoming, record);

    let status = 200;
    let reply: JsonObject;
    try {
      record.member = await parts.bearer.memberOf(context.req.header("authorization"));
      record.body = text === "" ? {} : (JSON.parse(text) as JsonObject);
      reply = answer(parts, method, {
        world: parts.world,
        member: record.member,
        path: groups,
        query: url.searchParams,
        body: record.body,
      });
    } catch (error) {
      const said =
        error instanceof SyntaxError ? new GoogleError("INVALID_ARGUMENT", `Invalid JSON payload received. ${error.message}`) : error;
      if (!(said instanceof GoogleError)) throw said;
      status = said.status;
      reply = said.body;
    }
    record.status = status;
    record.reply = reply;
    if (fault) {
      const after = await afterwards(fault, incoming, record);
      if (after) return after;
    }
    const mask = context.req.header("x-goog-fieldmask");
    if (status === 200 && mask !== undefined) reply = masked(reply, mask.split(",")) as JsonObject;
    if (status === 200 && method.reply !== undefined && /enum-encoding=int/.test(decodeURIComponent(url.search)))
      reply = parts.contract.withEnums(reply, method.reply, "numbers") as JsonObject;
    return new Response(JSON.stringify(reply), { status, headers: { "content-type": "application/json; charset=UTF-8" } });
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
    // As long as Google's front ends: node's own five seconds close a connection just as a busy client takes it up again.
    if ("keepAliveTimeout" in server) server.keepAliveTimeout = 600_000;
  });
}

function answer({ world, contract, quotas }: Parts, method: Method, call: Call): JsonObject {
  const [service = ""] = method.id.split(".");
  withProjectId(call);
  admit(service, call);
  const project = call.path.project ?? world.options.project;
  if (method.quota !== undefined) quotas.take(method.quota, `${project}/${call.path.region ?? ""}`, world.numberOf(project));
  if (method.request !== undefined) {
    const difference = contract.difference(call.body, method.request, "");
    if (difference) throw asGoogleSays(difference);
    call.body = contract.withoutDefaults(contract.withEnums(call.body, method.request, "names"), method.request) as JsonObject;
  }
  return method.handle(call);
}

function asGoogleSays({ path, kind, what, value }: Difference): GoogleError {
  const message =
    kind === "twice"
      ? `Invalid value${path === "" ? "" : ` at '${path}'`} (oneof), oneof field '${what}' is already set. Cannot set '${String(value)}'`
      : kind === "unknown"
        ? `Invalid JSON payload received. Unknown name "${what}"${path === "" ? "" : ` at '${path}'`}: Cannot find field.`
        : `Invalid value at '${path}' (${what}), ${JSON.stringify(value)}`;
  return new GoogleError("INVALID_ARGUMENT", message, [
    { "@type": "type.googleapis.com/google.rpc.BadRequest", fieldViolations: [{ field: path, description: message }] },
  ]);
}

/** Only the fields that were asked for, in lists too. */
function masked(value: Json, mask: readonly string[]): Json {
  if (Array.isArray(value)) return value.map((each) => masked(each, mask));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]): [string, Json][] => {
      if (mask.includes(name)) return [[name, inner]];
      const below = mask.filter((path) => path.startsWith(`${name}.`)).map((path) => path.slice(name.length + 1));
      return below.length > 0 ? [[name, masked(inner, below)]] : [];
    }),
  );
}

function isBefore(fault: Fault): boolean {
  return (
    ["throttle", "unavailable", "internal", "badGateway", "refuse"].includes(fault.kind) ||
    ((fault.kind === "reset" || fault.kind === "hang") && !fault.after)
  );
}

async function broken(fault: Fault, incoming: IncomingMessage, record: CallRecord): Promise<Response> {
  switch (fault.kind) {
    case "reset":
      return cut(incoming);
    case "hang":
      return new Promise(() => {});
    case "badGateway":
      record.status = 502;
      return new Response("<html><title>502 Bad Gateway</title></html>", { status: 502, headers: { "content-type": "text/html" } });
    default: {
      const error = errorOf(fault);
      record.status = error.status;
      record.reply = error.body;
      return Response.json(error.body, { status: error.status });
    }
  }
}

function errorOf(fault: Fault): GoogleError {
  switch (fault.kind) {
    case "refuse":
      return new GoogleError(fault.code, fault.message, fault.reason === undefined ? [] : [errorInfo(fault.reason, {})]);
    case "throttle":
      return new GoogleError(
        "RESOURCE_EXHAUSTED",
        "Quota exceeded for quota metric 'Job run requests' and limit 'Job run requests per minute per region' of service 'run.googleapis.com'.",
      );
    case "internal":
      return new GoogleError("INTERNAL", "Internal error encountered.");
    default:
      return new GoogleError("UNAVAILABLE", "The service is currently unavailable.");
  }
}

async function afterwards(fault: Fault, incoming: IncomingMessage, record: CallRecord): Promise<Response | undefined> {
  if (fault.kind === "slowReply") await pause(fault.ms);
  if (fault.kind === "reset") return cut(incoming);
  if (fault.kind === "hang") return new Promise(() => {});
  if (fault.kind !== "unavailableAfter") return undefined;
  record.status = 503;
  return Response.json(new GoogleError("UNAVAILABLE", "The service is currently unavailable.").body, { status: 503 });
}

/** The connection breaks with no answer; the response is for nobody. */
function cut(incoming: IncomingMessage): Response {
  incoming.socket.destroy();
  return new Response(null);
}

async function pause(milliseconds: number): Promise<void> {
  if (milliseconds > 0) await new Promise((done) => setTimeout(done, milliseconds));
}

import { Hono } from "hono";
import type { Json, JsonObject } from "../../../json";
import { exchange, type RecordedCall } from "../shared/exchange";
import type { FaultQueue } from "../shared/faultQueue";
import { type Listening, listen, type Served } from "../shared/listen";
import { bodyOf, operationOf } from "../shared/requests";
import type { Bearer } from "./bearer";
import { COLLECTION_METHODS } from "./collectionMethods";
import type { Call, Method } from "./googleCall";
import type { Difference, GoogleContract } from "./googleContract";
import { GoogleError } from "./googleError";
import { errorOf, type Fault } from "./googleFaults";
import { admit, withProjectId } from "./googleGate";
import type { Quotas } from "./googleQuotas";
import type { World } from "./googleWorld";
import { IAM_METHODS } from "./iamMethods";
import { LOGGING_METHODS } from "./loggingMethods";
import { RUN_METHODS } from "./runMethods";
import { SECRET_METHODS } from "./secretMethods";
import { tokenEndpoints } from "./tokenEndpoints";
import { WORKLOAD_IDENTITY_METHODS } from "./workloadIdentityMethods";

/** A call that was answered, or that got no answer (`status` 0). */
export interface CallRecord extends RecordedCall {
  /** Such as `run.jobs.run`. */
  method: string;
  /** Includes the query. */
  path: string;
  member?: string;
}

export interface Parts {
  world: World;
  bearer: Bearer;
  contract: GoogleContract;
  faults: FaultQueue<Fault>;
  quotas: Quotas;
  calls: CallRecord[];
}

const METHODS: readonly Method[] = [
  ...RUN_METHODS,
  ...LOGGING_METHODS,
  ...IAM_METHODS,
  ...WORKLOAD_IDENTITY_METHODS,
  ...SECRET_METHODS,
  ...COLLECTION_METHODS,
];
/**
 * How long Google's front ends keep an idle connection. Node's default of five seconds may close one just as a busy client uses it again.
 */
const KEEP_ALIVE = 600_000;

/** Serve all APIs of the fake under one base URL. A request's path says which API it is for. */
export function serveGoogle(parts: Parts, port: number): Promise<Listening> {
  const { world, bearer, faults, calls } = parts;
  const app = new Hono<Served>();
  tokenEndpoints(app, parts);
  app.all("*", async (context) => {
    const url = new URL(context.req.url);
    const found = operationOf(METHODS, context.req.method, decodeURIComponent(url.pathname));
    if (!found)
      return context.html(
        `<!DOCTYPE html><title>Error 404 (Not Found)!!1</title><p>The requested URL <code>${url.pathname}</code> was not found on this server.`,
        404,
      );
    const { operation: method, path } = found;
    const text = await context.req.text();
    const record: CallRecord = { method: method.id, path: `${url.pathname}${url.search}`, body: {}, status: 0, reply: {} };
    calls.push(record);
    return exchange({
      incoming: context.env.incoming,
      record,
      fault: faults.take(method.id),
      latency: world.options.latency,
      errorOf,
      answer: async () => {
        record.member = await bearer.memberOf(context.req.header("authorization"));
        record.body = bodyOf(text, (why) => new GoogleError("INVALID_ARGUMENT", `Invalid JSON payload received. ${why}`));
        return answer(parts, method, { world, member: record.member, path, query: url.searchParams, body: record.body });
      },
      respond: (status, reply) => {
        const mask = context.req.header("x-goog-fieldmask");
        let shown: Json = status === 200 && mask !== undefined ? masked(reply, mask.split(",")) : reply;
        if (status === 200 && method.reply !== undefined && /enum-encoding=int/.test(decodeURIComponent(url.search)))
          shown = parts.contract.withEnums(shown, method.reply, "numbers");
        return new Response(JSON.stringify(shown), { status, headers: { "content-type": "application/json; charset=UTF-8" } });
      },
    });
  });
  return listen(app, { port, keepAlive: KEEP_ALIVE });
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

/** Only the requested fields, in lists too. */
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

import { randomUUID } from "node:crypto";
import { Hono } from "hono";
import type { JsonObject } from "../../../json";
import { type CloudError, exchange, type RecordedCall } from "../shared/exchange";
import type { FaultQueue } from "../shared/faultQueue";
import { type Listening, listen, type Served } from "../shared/listen";
import { bodyOf, operationOf } from "../shared/requests";
import type { Answer, Call, Operation } from "./api";
import { AUTHORIZATION_OPERATIONS } from "./authorizationOperations";
import { ArmError, gatewayError } from "./azureErrors";
import { errorOf, type Fault } from "./azureFaults";
import { answered } from "./azureGate";
import { exchangeToken } from "./azureRegistry";
import type { World } from "./azureWorld";
import type { Certificates } from "./certificates";
import { CONTAINER_GROUP_OPERATIONS } from "./containerGroupOperations";
import { instanceDiscovery, openidConfiguration } from "./entraRoutes";
import { GRAPH_OPERATIONS, graphAnswer } from "./graph";
import { IDENTITY_OPERATIONS } from "./identityOperations";
import { LOG_OPERATIONS } from "./logQuery";
import { PROVIDER_OPERATIONS } from "./providerOperations";
import { RESOURCE_GROUP_OPERATIONS } from "./resourceGroupOperations";
import { SURROUNDING_OPERATIONS } from "./surroundingOperations";
import type { Throttle } from "./throttle";
import { type Tokens, unknownTenant } from "./tokens";

/** A call that was answered, or left without an answer (`status` 0). */
export interface CallRecord extends RecordedCall {
  /** As `Microsoft.ContainerInstance/containerGroups/write`, or `entra/token`. */
  action: string;
  verb: string;
  /** With the query. */
  path: string;
  /** Object id of who asked. */
  caller?: string;
}

export interface Parts {
  world: World;
  tokens: Tokens;
  throttle: Throttle;
  faults: FaultQueue<Fault>;
  calls: CallRecord[];
}

/** What a request is for. */
interface Route {
  action: string;
  /** @throws {CloudError} */
  answer(request: Asked): Answer | Promise<Answer>;
}

interface Asked {
  url: URL;
  text: string;
  authorization: string | undefined;
  record: CallRecord;
  fault: Fault | undefined;
}

const ARM_OPERATIONS: readonly Operation[] = [
  ...CONTAINER_GROUP_OPERATIONS,
  ...RESOURCE_GROUP_OPERATIONS,
  ...PROVIDER_OPERATIONS,
  ...AUTHORIZATION_OPERATIONS,
  ...IDENTITY_OPERATIONS,
  ...SURROUNDING_OPERATIONS,
];
const MANAGEMENT = ["https://management.core.windows.net", "https://management.azure.com"];

/** What is called with an access token: whom the token must be for, and who answers. */
const SERVICES: readonly {
  audiences: readonly string[];
  operations: readonly Operation[];
  answer(operation: Operation, call: Call, throttle: Throttle): Answer;
}[] = [
  { audiences: MANAGEMENT, operations: ARM_OPERATIONS, answer: answered },
  { audiences: ["https://graph.microsoft.com"], operations: GRAPH_OPERATIONS, answer: graphAnswer },
  {
    audiences: ["https://api.loganalytics.io", "https://api.loganalytics.azure.com"],
    operations: LOG_OPERATIONS,
    answer: (operation, call) => operation.handle(call),
  },
];
/** Bytes of a request's body. */
const LARGEST_BODY = 4 * 1024 * 1024;
/** About how long Azure's front ends keep an idle connection. Node's default of five seconds may close one just as a busy client uses it again. */
const KEEP_ALIVE = 120_000;

/** Serve login, Resource Manager and the services behind it under one base URL: their paths differ. */
export async function serveAzure(parts: Parts, port: number, { cert, key }: Certificates): Promise<Listening> {
  const { world, faults, calls } = parts;
  const app = new Hono<Served>();
  app.all("*", async (context) => {
    const url = new URL(context.req.url);
    const verb = context.req.method;
    const route = routeOf(parts, verb, decodeURIComponent(url.pathname));
    const text = await context.req.text();
    const record: CallRecord = { action: route.action, verb, path: `${url.pathname}${url.search}`, body: {}, status: 0, reply: {} };
    calls.push(record);
    const fault = faults.take(route.action);
    let answer: Answer = {};
    const request = randomUUID();
    return exchange({
      incoming: context.env.incoming,
      record,
      fault,
      latency: world.options.latency,
      errorOf,
      answer: async () => {
        answer = await route.answer({ url, text, authorization: context.req.header("authorization"), record, fault });
        return (answer.body ?? {}) as JsonObject;
      },
      success: () => answer.status ?? 200,
      respond: (status, reply, error) => {
        const body = error ? reply : answer.body;
        return new Response(body === undefined || verb === "HEAD" ? null : JSON.stringify(body), {
          status,
          headers: {
            ...(body === undefined ? {} : { "content-type": "application/json; charset=utf-8" }),
            "cache-control": "no-cache",
            "x-ms-request-id": request,
            "x-ms-correlation-request-id": context.req.header("x-ms-correlation-request-id") ?? request,
            "x-ms-routing-request-id": `${world.options.location.toUpperCase()}:${request}`,
            ...(error ? headersOf(error) : answer.headers),
          },
        });
      },
    });
  });
  return listen(app, { port, keepAlive: KEEP_ALIVE, tls: { cert, key } });
}

function headersOf(error: CloudError): Record<string, string> {
  return error instanceof ArmError ? error.headers : {};
}

function routeOf(parts: Parts, verb: string, pathname: string): Route {
  return (
    loginRoute(parts, verb, pathname) ??
    registryRoute(parts, verb, pathname) ??
    serviceRoute(parts, verb, pathname) ??
    unknownRoute(pathname)
  );
}

function loginRoute({ world, tokens }: Parts, verb: string, pathname: string): Route | undefined {
  if (verb === "GET" && pathname === "/common/discovery/instance") {
    return {
      action: "entra/discovery",
      answer: ({ url }) => ({ body: instanceDiscovery(url.searchParams.get("authorization_endpoint") ?? "") }),
    };
  }
  const [, tenant = "", rest = ""] = /^\/([^/]+)\/(.+)$/.exec(pathname) ?? [];
  if (verb === "GET" && rest === "v2.0/.well-known/openid-configuration") {
    return {
      action: "entra/openidConfiguration",
      answer: () => {
        if (tenant !== world.options.tenant) throw unknownTenant(tenant);
        return { body: openidConfiguration(world), headers: { "cache-control": "max-age=86400, private" } };
      },
    };
  }
  if (verb === "GET" && rest === "discovery/v2.0/keys") return { action: "entra/keys", answer: () => ({ body: { keys: [] } }) };
  if (verb !== "POST" || rest !== "oauth2/v2.0/token") return undefined;
  return {
    action: "entra/token",
    answer: async ({ text, record }) => {
      const form = Object.fromEntries(new URLSearchParams(text));
      record.body = form;
      const { token, seconds } = await tokens.exchange(tenant, form);
      return {
        body: { token_type: "Bearer", expires_in: seconds, ext_expires_in: seconds, access_token: token },
        headers: { "cache-control": "no-store, no-cache", "x-ms-clitelem": "1,0,0,," },
      };
    },
  };
}

/** Each registry has it under its own host; the form says which one is asked. */
function registryRoute({ world, tokens }: Parts, verb: string, pathname: string): Route | undefined {
  if (verb !== "POST" || pathname !== "/oauth2/exchange") return undefined;
  return {
    action: "registry/exchange",
    answer: ({ text, record }) => {
      const form = Object.fromEntries(new URLSearchParams(text));
      const { body, caller } = exchangeToken(world, form, (token) => tokens.principalOf(`Bearer ${token}`, MANAGEMENT));
      record.caller = caller;
      return { body };
    },
  };
}

/** A call with an access token. */
function serviceRoute({ world, tokens, throttle }: Parts, verb: string, pathname: string): Route | undefined {
  for (const { audiences, operations, answer } of SERVICES) {
    const { operation, path } = operationOf(operations, verb, pathname) ?? {};
    if (!operation || !path) continue;
    return {
      action: operation.action,
      answer: ({ url, text, authorization, record, fault }) => {
        const caller = tokens.principalOf(authorization, audiences);
        record.caller = caller.objectId;
        record.body = parsed(text);
        return answer(operation, { world, caller, path, query: url.searchParams, body: record.body, fault }, throttle);
      },
    };
  }
  return undefined;
}

function unknownRoute(pathname: string): Route {
  return {
    action: "unknown",
    answer: () => {
      throw gatewayError(404, "InvalidResourceType", `The fake does not know the path '${pathname}'.`);
    },
  };
}

function parsed(text: string): JsonObject {
  if (Buffer.byteLength(text) > LARGEST_BODY)
    throw gatewayError(413, "RequestContentTooLarge", "The request content size exceeds the maximum size of 4 MB.");
  return bodyOf(text, (why) =>
    gatewayError(400, "InvalidRequestContent", `The request content was invalid and could not be deserialized: '${why}'.`),
  );
}

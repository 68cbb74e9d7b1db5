import { type AddressInfo, isIP } from "node:net";
import { hostname } from "node:os";
import { type ServerType, serve } from "@hono/node-server";
import { Hono } from "hono";
import { quoted } from "../shown";
import { UserError } from "../userError";

/** The state of a dispatcher, for its supervisor. */
export interface Health {
  /** Whether it does its work. If not, a supervisor may restart it. */
  healthy: boolean;
  /** What it can reach, by name: `ok`, or the reason why not. */
  reaches: Readonly<Record<string, string>>;
  /** More facts about it. */
  [detail: string]: string | number | boolean | readonly string[] | Readonly<Record<string, string>>;
}

/** Where an endpoint listens. */
export interface EndpointPlace {
  host: string;
  /** 0 for any free port. */
  port: number;
  /** Names that requests may use in addition to `localhost`, addresses, `host` and (if it is open) this machine's name. @default none */
  allowedHosts?: readonly string[];
}

export interface Endpoint {
  /** Such as `http://127.0.0.1:4201`. */
  url: string;
  close(): Promise<void>;
}

/**
 * `GET /health` (200, or 503 if it is not healthy) and `GET /metrics` for Prometheus.
 *
 * A request whose Host header names another host is refused. Otherwise a page in someone's browser could read the answers, by a name that
 * resolves to this machine (DNS rebinding).
 * @throws {UserError} if the port cannot be opened
 */
export async function openEndpoint({
  host,
  port,
  allowedHosts = [],
  health,
  metrics,
}: EndpointPlace & {
  health: () => Health;
  metrics: () => Promise<string>;
}): Promise<Endpoint> {
  const app = new Hono();
  const names = new Set([host, ...allowedHosts, ...(isOpenToAll(host) ? [hostname()] : [])].map((name) => name.toLowerCase()));
  app.use(async (context, next) => {
    const given = context.req.header("host") ?? "";
    if (isOurs(given, names)) return next();
    return context.text(`this is not ${JSON.stringify(given)}: allow it with \`pushpool serve --allow-host\`\n`, 421);
  });
  app.get("/health", (context) => {
    const now = health();
    return context.json(now, now.healthy ? 200 : 503);
  });
  app.get("/metrics", async (context) =>
    context.text(await metrics(), 200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }),
  );
  const server = await new Promise<ServerType>((resolve, reject) => {
    const opened = serve({ fetch: app.fetch, hostname: host, port }, () => resolve(opened));
    opened.once("error", ({ code = "" }: NodeJS.ErrnoException) => reject(listenFault({ host, port }, code)));
  });
  const { port: given } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${given}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        if ("closeAllConnections" in server) server.closeAllConnections();
      }),
  };
}

/** An address cannot be rebound: only names can lead another site's page here. */
function isOurs(given: string, names: ReadonlySet<string>): boolean {
  const name = given
    .replace(/:\d+$/, "")
    .replace(/^\[(.*)\]$/, "$1")
    .replace(/\.$/, "")
    .toLowerCase();
  return name === "localhost" || name.endsWith(".localhost") || isIP(name) !== 0 || names.has(name);
}

/** Whether everyone who can reach this machine can reach the endpoint. */
export function isOpenToAll(host: string): boolean {
  return host !== "localhost" && host !== "::1" && !host.startsWith("127.");
}

/** Codes of the system for an address that this machine does not have, or a name without an address. */
const NOT_OURS = ["ENOTFOUND", "EAI_AGAIN", "EADDRNOTAVAIL", "EINVAL"];

function listenFault({ host, port }: { host: string; port: number }, code: string): UserError {
  if (NOT_OURS.includes(code))
    return new UserError(`--host ${quoted(host)}: cannot listen there (${code}): give an address of this machine, such as 127.0.0.1`);
  return new UserError(`--port ${port}: cannot listen on ${host} (${code}): give another one, or 0 for any`);
}

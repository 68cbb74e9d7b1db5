import type { AddressInfo } from "node:net";
import { type ServerType, serve } from "@hono/node-server";
import { Hono } from "hono";
import { UserError } from "../userError";

/** How a dispatcher is, for whoever looks after it. */
export interface Health {
  /** It does its work; without, a supervisor may start it anew. */
  healthy: boolean;
  /** What else there is to say. */
  [detail: string]: string | number | boolean | readonly string[];
}

export interface Endpoint {
  /** As `http://127.0.0.1:4201`. */
  url: string;
  close(): Promise<void>;
}

/**
 * `GET /health` (200, or 503 where it is not healthy) and `GET /metrics` for Prometheus.
 * @param port 0 for any free one
 * @throws {UserError} if it cannot be listened there
 */
export async function openEndpoint({
  host,
  port,
  health,
  metrics,
}: {
  host: string;
  port: number;
  health: () => Health;
  metrics: () => Promise<string>;
}): Promise<Endpoint> {
  const app = new Hono();
  app.get("/health", (context) => {
    const now = health();
    return context.json(now, now.healthy ? 200 : 503);
  });
  app.get("/metrics", async (context) =>
    context.text(await metrics(), 200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }),
  );
  const server = await new Promise<ServerType>((resolve, reject) => {
    const opened = serve({ fetch: app.fetch, hostname: host, port }, () => resolve(opened));
    opened.once("error", (error: NodeJS.ErrnoException) =>
      reject(new UserError(`--port ${port}: cannot listen on ${host} (${error.code}): give another one, or 0 for any`)),
    );
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

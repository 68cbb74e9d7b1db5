import { createServer } from "node:https";
import { type HttpBindings, serve } from "@hono/node-server";
import type { Hono } from "hono";

/** The types of a fake's routes. */
export interface Served {
  Bindings: HttpBindings;
}

/** A fake that listens on this machine. */
export interface Listening {
  url: string;
  close(): Promise<void>;
}

export interface ListenOptions {
  port: number;
  /** How long an idle connection stays open, in milliseconds. @default 5000, as in node */
  keepAlive?: number;
  /** Serve https with this certificate, in PEM. @default http */
  tls?: { key: string; cert: string };
}

export function listen(app: Hono<Served>, { port, keepAlive, tls }: ListenOptions): Promise<Listening> {
  // Every reply tells the fake's time. node would use its own clock, which a test cannot set.
  const answer = async (...call: Parameters<typeof app.fetch>) => {
    const response = await app.fetch(...call);
    response.headers.set("date", new Date().toUTCString());
    return response;
  };
  return new Promise((resolve) => {
    const secure = tls ? { createServer, serverOptions: tls } : {};
    const server = serve({ fetch: answer, port, hostname: "127.0.0.1", ...secure }, ({ port: taken }) =>
      resolve({
        url: `${tls ? "https" : "http"}://127.0.0.1:${taken}`,
        close: () =>
          new Promise((done) => {
            server.close(() => done());
            if ("closeAllConnections" in server) server.closeAllConnections();
          }),
      }),
    );
    if (keepAlive !== undefined && "keepAliveTimeout" in server) server.keepAliveTimeout = keepAlive;
  });
}

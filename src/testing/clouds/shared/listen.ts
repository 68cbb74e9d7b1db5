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

/** @param keepAlive how long an idle connection stays open, in milliseconds. @default 5000, as in node */
export function listen(app: Hono<Served>, port: number, keepAlive?: number): Promise<Listening> {
  return new Promise((resolve) => {
    const server = serve({ fetch: app.fetch, port, hostname: "127.0.0.1" }, ({ port: taken }) =>
      resolve({
        url: `http://127.0.0.1:${taken}`,
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

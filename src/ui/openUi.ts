import { randomBytes } from "node:crypto";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type ServerType, serve } from "@hono/node-server";
import { UserError } from "../userError";
import { createApp } from "./app";
import type { Lock } from "./locked";
import type { ShownStack } from "./shownStack";
import { listFiles } from "./staticFiles";
import { Ui } from "./ui";

/** The port of the page if nothing says another: 4200 is Prefect's, 4201 that of `pushpool serve`. */
const USUAL_PORT = 4202;

export interface OpenUi {
  stack: ShownStack;
  version: string;
  env: NodeJS.ProcessEnv;
  /** 0: any free port. `undefined`: {@link USUAL_PORT} if it is free, else any. */
  port?: number;
  /** The folder with the page's files. */
  folder: string;
  /** Gets errors that are bugs. */
  onBug?: (error: unknown) => void;
}

/** A page that is served. */
export interface OpenedUi {
  /** With the token: whoever has it can use the page. */
  url: string;
  port: number;
  /** Ends the page. Runs continue: whoever watches next takes them up. */
  close(): Promise<void>;
}

/**
 * Serve the run page on this machine's loopback address.
 * @throws {UserError} if the port cannot be opened
 */
export async function openUi({ stack, version, env, port, folder, onBug }: OpenUi): Promise<OpenedUi> {
  const end = new AbortController();
  const ui = new Ui({ stack, version, env, signal: end.signal });
  const lock: Lock = {
    token: randomBytes(24).toString("base64url"),
    cookieName: "pushpool",
    cookie: randomBytes(24).toString("base64url"),
  };
  const app = createApp({ ui, lock, files: listFiles(folder), ...(onBug ? { onBug } : {}) });
  const server = await listen(app.fetch, port);
  const { port: given } = server.address() as AddressInfo;
  lock.cookieName = `pushpool_${given}`;
  // The first page then need not wait for it.
  stack.manifest().catch(() => {});
  return {
    url: `http://127.0.0.1:${given}/?token=${lock.token}`,
    port: given,
    close: async () => {
      end.abort();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        if ("closeAllConnections" in server) server.closeAllConnections();
      });
      await ui.follower.settled();
      await stack.close();
    },
  };
}

async function listen(fetch: (request: Request) => Response | Promise<Response>, port: number | undefined): Promise<ServerType> {
  const open = (at: number) =>
    new Promise<ServerType>((resolve, reject) => {
      const opened = serve({ fetch, hostname: "127.0.0.1", port: at }, () => resolve(opened));
      opened.once("error", reject);
    });
  const refused = (error: unknown) =>
    new UserError(`--port ${port}: cannot listen on 127.0.0.1 (${(error as NodeJS.ErrnoException).code}): give another one, or 0 for any`);
  if (port !== undefined)
    return open(port).catch((error) => {
      throw refused(error);
    });
  return open(USUAL_PORT).catch(() => open(0));
}

/** Where the build puts the page's files, from the package's root. */
export function pageFolder(root: string): string {
  return join(root, "lib", "web");
}

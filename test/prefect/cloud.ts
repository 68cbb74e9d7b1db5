import { randomUUID } from "node:crypto";
import { createServer, request } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { onTestFinished } from "vitest";

export interface AsCloud {
  /** Of a workspace, as on Prefect Cloud. */
  apiUrl: string;
  key: string;
  /** Requests that came with the key, such as `POST /flow_runs/…/set_state`. */
  readonly seen: string[];
  /** The service level agreements that were set, by the owner. Prefect's open source server has none. */
  readonly slas: Map<string, unknown>;
}

/**
 * A real server that looks like Prefect Cloud: under an account and a workspace, with an API key, without a version and CSRF tokens. What
 * Cloud does itself (it submits the runs of `:push` pools), the test must do.
 */
export async function asCloud(apiUrl: string): Promise<AsCloud> {
  const { hostname, port } = new URL(apiUrl);
  const base = `/api/accounts/${randomUUID()}/workspaces/${randomUUID()}`;
  const key = `pnu_${randomUUID().replaceAll("-", "")}`;
  const seen: string[] = [];
  const slas = new Map<string, unknown>();
  const server = createServer((incoming, reply) => {
    const { method = "", url = "", headers } = incoming;
    const refuse = (status: number, detail: string) => {
      incoming.resume();
      reply.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ detail }));
    };
    if (!url.startsWith(`${base}/`)) return refuse(404, "Not Found");
    if (headers.authorization !== `Bearer ${key}`) return refuse(401, "Invalid authentication credentials");
    const path = url.slice(base.length);
    seen.push(`${method} ${path}`);
    if (path.startsWith("/admin/") || path.startsWith("/csrf-token")) return refuse(404, "Not Found");
    const [, owner] = method === "POST" ? (/^\/slas\/apply-resource-slas\/(.+)$/.exec(path) ?? []) : [];
    if (owner !== undefined) {
      void text(incoming).then((body) => {
        slas.set(owner, JSON.parse(body));
        reply.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ created: [], updated: [], deleted: [] }));
      });
      return;
    }
    const onward = request({ hostname, port, method, path: `/api${path}`, headers, agent: false }, (answer) => {
      reply.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(reply);
    });
    onward.on("error", () => incoming.socket.destroy());
    incoming.pipe(onward);
  });
  const sockets = new Set<Socket>();
  server.on("upgrade", ({ method, url = "", rawHeaders }, socket: Socket) => {
    if (!url.startsWith(`${base}/`)) {
      socket.destroy();
      return;
    }
    const onward = connect(Number(port), hostname);
    const lines = rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${rawHeaders[index + 1]}`] : []));
    onward.write(`${method} /api${url.slice(base.length)} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
    for (const one of [socket, onward]) {
      sockets.add(one);
      one.on("error", () => one.destroy());
      one.on("close", () => sockets.delete(one));
    }
    socket.pipe(onward).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { apiUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}${base}`, key, seen, slas };
}

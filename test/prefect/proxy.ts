import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { onTestFinished } from "vitest";

/** The fate of one request on its way to the server. */
export interface Mishap {
  /** Delay before it reaches the server, in milliseconds. */
  late?: number;
  /** The server handles the request, and the client gets no reply. */
  replyLost?: boolean;
  /** The client gets this reply; the server never gets the request. */
  instead?: { status: number; headers?: Record<string, string> };
}

export interface Proxy {
  apiUrl: string;
  /** Requests that came, such as `POST /flow_runs/…/set_state PENDING/Pending` or `WEBSOCKET /events/out`. */
  readonly seen: string[];
  /** Cut all WebSockets. */
  cutSockets(): void;
  close(): Promise<void>;
}

/** A proxy to a real server that simulates a bad connection. */
export async function badLine(apiUrl: string, happens: (request: string) => Mishap | undefined): Promise<Proxy> {
  const { hostname, port } = new URL(apiUrl);
  const seen: string[] = [];
  const sockets = new Set<Socket>();
  const pass = async (incoming: IncomingMessage, reply: ServerResponse) => {
    const body = await whole(incoming);
    const named = nameOf(incoming, body);
    seen.push(named);
    const { late = 0, replyLost, instead } = happens(named) ?? {};
    if (late > 0) await sleep(late);
    if (instead) {
      reply.writeHead(instead.status, instead.headers ?? {}).end();
      return;
    }
    const { method, url: path, headers } = incoming;
    const onward = request({ hostname, port, method, path, headers, agent: false }, async (answer) => {
      const text = await whole(answer);
      if (replyLost) incoming.socket.destroy();
      else reply.writeHead(answer.statusCode ?? 502, answer.headers).end(text);
    });
    onward.on("error", () => incoming.socket.destroy());
    onward.end(body);
  };
  const server = createServer((incoming, reply) => void pass(incoming, reply));
  server.on("upgrade", ({ method, url, rawHeaders }, socket: Socket, head) => {
    seen.push(`WEBSOCKET ${url?.replace("/api", "")}`);
    const onward = connect(Number(port), hostname);
    const lines = rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${rawHeaders[index + 1]}`] : []));
    onward.write(`${method} ${url} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
    onward.write(head);
    socket.pipe(onward).pipe(socket);
    for (const one of [socket, onward]) {
      sockets.add(one);
      one.on("error", () => one.destroy());
      one.on("close", () => {
        sockets.delete(one);
        socket.destroy();
        onward.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const cutSockets = () => {
    for (const socket of sockets) socket.destroy();
  };
  const close = async () => {
    cutSockets();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  onTestFinished(close);
  return { apiUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`, seen, cutSockets, close };
}

async function whole(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function nameOf({ method, url = "" }: IncomingMessage, body: Buffer): string {
  const name = `${method} ${url.replace("/api", "")}`;
  if (!url.endsWith("/set_state")) return name;
  const { state } = JSON.parse(String(body)) as { state: { type: string; name: string } };
  return `${name} ${state.type}/${state.name}`;
}

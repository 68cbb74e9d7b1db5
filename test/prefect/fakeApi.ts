import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { onTestFinished } from "vitest";
import type { Json } from "../../src/json";

export interface Seen {
  method: string;
  path: string;
  headers: IncomingMessage["headers"];
  body: Json;
}

/** One answer: a status with a body and headers, a connection cut after the request arrived, or no answer at all. */
export type Answer = { status: number; body?: Json; headers?: Record<string, string> } | "cut" | "silence";

/**
 * An HTTP API that gives the answers of a list, one for each request; the last one repeats. For what a real server cannot be made to do.
 */
export async function fakeApi(answers: Answer[] | ((request: Seen) => Answer)): Promise<{ apiUrl: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const one = { method: request.method ?? "", path: request.url ?? "", headers: request.headers, body: text ? JSON.parse(text) : null };
    seen.push(one);
    give(response, typeof answers === "function" ? answers(one) : (answers[Math.min(seen.length, answers.length) - 1] as Answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { apiUrl: `http://127.0.0.1:${address.port}/api`, seen };
}

function give(response: ServerResponse, answer: Answer): void {
  if (answer === "silence") return;
  if (answer === "cut") {
    response.socket?.destroy();
    return;
  }
  response.writeHead(answer.status, { "content-type": "application/json", ...answer.headers });
  response.end(answer.body === undefined ? "" : JSON.stringify(answer.body));
}

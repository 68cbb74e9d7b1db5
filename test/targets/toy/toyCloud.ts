import { createServer } from "node:http";
import type { LogLine } from "../../../src/targets/target";
import { type Container, type End, ProcessContainer } from "../../../src/testing/clouds/shared/container";

/** What the toy cloud stores about a run. */
export interface ToyRun {
  startedAt: string;
  lines: LogLine[];
  stopRequested: boolean;
  /** It ran longer than its limit. */
  isOver: boolean;
  end?: End & { at: string };
}

/** What one asks the toy cloud to start. */
export interface ToyRequest {
  argv: string[];
  env: Record<string, string>;
  timeoutSeconds: number | null;
}

/**
 * A small cloud that runs commands by name: `PUT /NAME` starts one (again: nothing happens), `GET /NAME` shows it with its lines,
 * `DELETE /NAME?grace=SECONDS` stops it. It keeps no variables.
 */
export async function startToyCloud(): Promise<{ url: string; runs: ReadonlyMap<string, ToyRun>; stop(): Promise<void> }> {
  const runs = new Map<string, ToyRun>();
  const containers = new Map<string, Container>();

  const start = (name: string, { argv, env, timeoutSeconds }: ToyRequest) => {
    const run: ToyRun = { startedAt: new Date().toISOString(), lines: [], stopRequested: false, isOver: false };
    const onLine = (stream: "stdout" | "stderr", text: string) => run.lines.push({ at: new Date().toISOString(), stream, text });
    const container = new ProcessContainer({ argv, env, onLine });
    runs.set(name, run);
    containers.set(name, container);
    const limit = timeoutSeconds === null ? undefined : setTimeout(() => over(run, container), timeoutSeconds * 1000);
    void container.ended.then((end) => {
      clearTimeout(limit);
      run.end = { ...end, at: new Date().toISOString() };
    });
  };
  const over = (run: ToyRun, container: Container) => {
    run.isOver = true;
    container.kill();
  };

  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://toy");
    const name = pathname.slice(1);
    let body = "";
    for await (const chunk of request) body += chunk;
    if (request.method === "PUT" && !runs.has(name)) start(name, JSON.parse(body) as ToyRequest);
    const run = runs.get(name);
    if (request.method === "DELETE" && run && !run.end) {
      run.stopRequested = true;
      containers.get(name)?.stop(Number(searchParams.get("grace")) * 1000);
    }
    response.writeHead(run ? 200 : 404, { "content-type": "application/json" }).end(JSON.stringify(run ?? null));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    runs,
    stop: async () => {
      for (const container of containers.values()) container.kill();
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

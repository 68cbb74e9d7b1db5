import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import type { JsonObject } from "../../src/json";
import type { RunRecord } from "../../src/ledger";
import { listen, type Place, place } from "../e2e/pushpool";
import { until } from "../until";

/** A line to a Postgres server that can be cut without a word, as by a firewall, and healed again. */
export interface Line {
  url: string;
  cut(): void;
  /** From the first request that contains this text on, no answer arrives. */
  muteAfter(text: string): void;
  /** Break what is open, and refuse what is new, as a server that restarts. */
  down(): void;
  heal(): void;
}

export async function lineTo(url: string): Promise<Line> {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  let isCut = false;
  let isDown = false;
  let last: string | undefined;
  let isMute = false;
  const server = createServer((client) => {
    if (isDown) return void client.destroy();
    const onward = connect(Number(port), hostname);
    for (const [from, to] of [
      [client, onward],
      [onward, client],
    ] as const) {
      sockets.add(from);
      from.on("data", (data) => {
        if (last !== undefined && from === client && data.includes(last)) isMute = true;
        if (!isCut && !(isMute && from === onward)) to.write(data);
      });
      from.on("error", () => from.destroy());
      from.on("close", () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const through = new URL(url);
  through.port = String((server.address() as { port: number }).port);
  return {
    url: through.href,
    cut: () => {
      isCut = true;
    },
    muteAfter: (text) => {
      last = text;
    },
    down: () => {
      isDown = true;
      for (const socket of sockets) socket.destroy();
    },
    heal: () => {
      isCut = false;
      isDown = false;
      last = undefined;
      isMute = false;
      // Lost messages are not repeated.
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** One machine: a home with a name of its own, where `pushpool serve` runs. */
export interface Host {
  at: Place;
  /** Start it, again if it was killed. @returns once it serves */
  serve(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** Kill it, and wait until it is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  health(): Promise<{ status: number; body: JsonObject }>;
  /** Run a command there. The lines of {@link lineTo} work meanwhile. @returns its exit code, and its output if that is not 0 */
  run(...args: string[]): Promise<[status: number | null, output: string]>;
  log(): string;
  /** @throws {Error} with its log, if `serve` has ended without being killed */
  checkServes(): void;
}

/** @param url of the ledger, with its schema */
export function hostOf(name: string, url: string, manifest: JsonObject, env: NodeJS.ProcessEnv = {}): Host {
  const at = place({ env: { ...env, PUSHPOOL_LEDGER_URL: url, PUSHPOOL_HOST: name } });
  const file = join(at.folder, "manifest.json");
  writeFileSync(file, JSON.stringify(manifest), { mode: 0o600 });
  at.env.PUSHPOOL_MANIFEST = file;
  let now: { child: ReturnType<Place["start"]>; said: ReturnType<typeof listen> } | undefined;
  let before = "";
  let isKilled = false;
  const kill = async (signal: NodeJS.Signals = "SIGKILL") => {
    isKilled = true;
    now?.child.kill(signal);
    await now?.said.ended;
  };
  onTestFinished(() => kill());
  const log = () => before + (now ? now.said.stdout() + now.said.stderr() : "");
  return {
    at,
    log,
    kill,
    checkServes: () => {
      if (now && !isKilled && (now.child.exitCode ?? now.child.signalCode) !== null)
        throw new Error(`serve on ${name} has ended by itself (${now.child.exitCode ?? now.child.signalCode}): ${log()}`);
    },
    run: async (...args) => {
      const said = listen(at.start(...args));
      const status = await said.ended;
      return [status, status === 0 ? "" : said.stderr() + said.stdout()];
    },
    signal: (signal) => void now?.child.kill(signal),
    serve: async () => {
      before = log();
      const child = at.start("serve", "--port", "0", "--missed", "all", "--grace", "1s");
      const said = listen(child);
      now = { child, said };
      isKilled = false;
      await until(() => {
        if (child.exitCode !== null) throw new Error(`serve ended with ${child.exitCode}: ${said.stderr()}${said.stdout()}`);
        return said.stdout().includes('"endpoint"');
      });
    },
    health: async () => {
      const endpoint = /"endpoint":"([^"]+)"/.exec(now?.said.stdout() ?? "")?.[1];
      const answer = await fetch(`${endpoint}/health`);
      return { status: answer.status, body: (await answer.json()) as JsonObject };
    },
  };
}

/** The marks that runs leave: the id of a run for each time that its command began. */
export function marksIn(file: string): { command: string; read(): string[] } {
  return {
    command: `sh -c 'echo $PUSHPOOL_FLOW_RUN_ID >> ${file}; sleep 0.2'`,
    read: () => (existsSync(file) ? readFileSync(file, "utf8").trim().split("\n").filter(Boolean) : []),
  };
}

/** Each second of a schedule since the first one has one run, which ended well and ran once. @param marks see {@link marksIn} */
export function expectEachSecondOnce(ended: readonly RunRecord[], marks: readonly string[]): void {
  expect(ended.map(({ run }) => run.state.type)).toEqual(ended.map(() => "COMPLETED"));
  const times = ended.map(({ run }) => Date.parse((run.idempotencyKey ?? "").split(" ").at(-1) ?? "")).sort((a, b) => a - b);
  const [first = 0] = times;
  expect(times).toEqual(times.map((_, index) => first + index * 1000));
  expect([...marks].sort()).toEqual(ended.map(({ run }) => run.id).sort());
}

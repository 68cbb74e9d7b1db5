import { join } from "node:path";
import type { Hono } from "hono";
import { onTestFinished } from "vitest";
import { type Ledger, openSqliteLedger } from "../../src/ledger";
import type { LoadedManifest } from "../../src/manifest";
import type { Manifest } from "../../src/manifest/manifest";
import { Secret } from "../../src/secret";
import { defaultTemplate } from "../../src/template";
import { createApp } from "../../src/ui/app";
import type { Lock } from "../../src/ui/locked";
import { ShownStack } from "../../src/ui/shownStack";
import type { StaticFile } from "../../src/ui/staticFiles";
import { Ui } from "../../src/ui/ui";
import { UserError } from "../../src/userError";
import { runsOf } from "../../src/workspaceRuns";
import { ScriptedTarget } from "../runs/scriptedTarget";
import { scratch } from "../scratch";

/** Secrets that no answer may contain. */
export const CANARIES = { variable: "CANARYvariable0001", block: "CANARYblock0002", env: "CANARYenv0003" };

const secret = (pointer: string, value: string) => new Secret([{ pointer }], value);

function manifest(): Manifest {
  const template = defaultTemplate("process:push");
  return {
    kind: "pushpool.dev/manifest",
    version: 1,
    source: { project: "data", stack: "dev" },
    pools: {
      local: { type: "process:push", baseJobTemplate: template, concurrencyLimit: 2, queues: { fast: { priority: 1 } } },
      stopped: { type: "process:push", baseJobTemplate: template, isPaused: true, credentials: "secret/key" },
    },
    blocks: {
      "secret/key": { createdAt: "2026-01-01T00:00:00.000Z", data: { value: secret("/blocks/secret~1key/data/value", CANARIES.block) } },
    },
    variables: { token: secret("/variables/token", CANARIES.variable) },
    deployments: {
      "hello/node": {
        command: "true",
        entrypoint: "flows.py:hello",
        workPool: { name: "local" },
        parameters: { name: "Ada" },
        parameterSchema: {
          type: "object",
          properties: {
            name: { type: "string" },
            n: { type: "integer" },
            who: { type: "object", properties: { age: { type: "integer" } } },
          },
        },
        schedules: [{ schedule: { cron: "0 7 * * *", timezone: "Europe/Berlin" } }, { schedule: { interval: 3600 }, active: false }],
      },
      "hello/secret": {
        command: "true",
        workPool: {
          name: "local",
          jobVariables: {
            env: {
              TOKEN: "Bearer {{ prefect.variables.token }}",
              KEY: secret("/deployments/hello~1secret/workPool/jobVariables/env/KEY", CANARIES.env),
            },
          },
        },
      },
      "hello/lost": { command: "true", workPool: { name: "locl" } },
    },
  };
}

export interface Page {
  app: Hono;
  ui: Ui;
  ledger: Ledger;
  target: ScriptedTarget;
  lock: Lock;
  /** A request of the page itself, signed in. */
  ask(path: string, request?: { method?: string; body?: unknown; headers?: Record<string, string> }): Promise<Response>;
  json<T = unknown>(path: string, request?: { method?: string; body?: unknown }): Promise<T>;
}

export const HOST = "127.0.0.1:4202";

/** The server of a page over its own ledger, without a port. */
export function page({
  broken,
  files = new Map(),
  over = {},
}: {
  broken?: string;
  files?: ReadonlyMap<string, StaticFile>;
  over?: Partial<Manifest>;
} = {}): Page {
  const now = { ...manifest(), ...over };
  const target = new ScriptedTarget();
  const ledger = openSqliteLedger(join(scratch(), "ledger.db"));
  const end = new AbortController();
  const stack = new ShownStack({
    parts: {
      ledger,
      stack: "data/dev",
      readManifest: async (): Promise<LoadedManifest> => {
        if (broken !== undefined) throw new UserError(broken);
        return { manifest: now, origin: "the test's manifest", stack: "data/dev" };
      },
      openTarget: async () => target,
      digestKey: () => Buffer.alloc(32, 7),
      env: {},
    },
    openRuns: runsOf,
    ledgerPlace: "/there/ledger.db",
  });
  const ui = new Ui({ stack, version: "1.2.3", env: {}, signal: end.signal });
  const lock = { token: "the-token", cookieName: "pushpool_4202", cookie: "the-cookie" };
  const app = createApp({
    ui,
    lock,
    files,
    onBug: (error) => {
      throw error;
    },
  });
  onTestFinished(async () => {
    end.abort();
    await ui.follower.settled();
    await stack.close();
  });
  const ask: Page["ask"] = async (path, { method = "GET", body, headers = {} } = {}) =>
    app.request(`http://${HOST}${path}`, {
      method,
      headers: {
        host: HOST,
        cookie: "pushpool_4202=the-cookie",
        ...(method === "GET" ? {} : { origin: `http://${HOST}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
  return { app, ui, ledger, target, lock, ask, json: async (path, request) => (await (await ask(path, request)).json()) as never };
}

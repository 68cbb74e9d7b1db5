import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { JsonObject } from "../../src/json";
import { listen, manifestOf, type Place, placeWith } from "../e2e/pushpool";

/** The stack of {@link project}. */
export const STACK = "data/dev";

/** Parameters of all kinds: with and without defaults, an enum, nested, a list, a limit. */
const SCHEMA: JsonObject = {
  type: "object",
  title: "Parameters",
  required: ["site"],
  properties: {
    site: { type: "string", title: "Site", description: "Which site to load" },
    rows: { type: "integer", title: "Rows", minimum: 1, maximum: 1000, default: 100 },
    mode: { type: "string", title: "Mode", enum: ["full", "delta"], default: "delta" },
    dry: { type: "boolean", title: "Dry run", default: false },
    tables: { type: "array", title: "Tables", items: { type: "string" }, default: ["orders"] },
    target: {
      type: "object",
      title: "Target",
      required: ["host"],
      properties: { host: { type: "string", title: "Host" }, port: { type: "integer", title: "Port" } },
      default: { host: "db", port: 5432 },
    },
  },
};

const KINDS = ["hold", "stubborn", "failsOnce", "flood", "markup"] as const;

export interface Project extends Place {
  /** Make a file that a flow waits for. */
  make(file: string): void;
}

/** A project whose work pool `local` runs `flow.cjs`: deployments `etl/hold`, `etl/flood`, … `etl/load` has parameters of all kinds. */
export function project(over: JsonObject = {}): Project {
  const commandOf = (kind: string, folder: string) => `${process.execPath} ${join(__dirname, "flow.cjs")} ${kind} ${folder}`;
  const made = placeWith({});
  const manifest = manifestOf(Object.fromEntries(KINDS.map((kind) => [`etl/${kind}`, commandOf(kind, made.folder)])), {
    deployments: {
      "etl/load": { command: commandOf("hold", made.folder), workPool: { name: "local" }, parameterSchema: SCHEMA, tags: ["nightly"] },
    },
  });
  writeFileSync(join(made.folder, "manifest.json"), JSON.stringify({ ...manifest, ...over }));
  return { ...made, make: (file) => writeFileSync(join(made.folder, file), "") };
}

/** A running `pushpool ui`. */
export interface Ui {
  /** With the token: opens the page. */
  url: string;
  /** `http://127.0.0.1:PORT` */
  origin: string;
  port: number;
  /** End it and wait for its end. */
  stop(): Promise<void>;
}

/** Start `pushpool ui` and wait for its address. It ends with the test. @param port @default any free port */
export async function startUi(at: Place, port = 0, ...args: string[]): Promise<Ui> {
  const child = at.start("ui", "--no-open", "--port", String(port), ...args);
  const said = listen(child);
  const stop = async () => {
    child.kill("SIGTERM");
    await said.ended;
  };
  onTestFinished(stop);
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.on("data", () => {
      const [line, rest] = said.stdout().split("\n", 2);
      if (line && rest !== undefined) resolve(line);
    });
    void said.ended.then((status) => reject(new Error(`pushpool ui ended with ${status}: ${said.stderr()}`)));
  });
  return { url, origin: new URL(url).origin, port: Number(new URL(url).port), stop };
}

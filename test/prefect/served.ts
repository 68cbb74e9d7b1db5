import type { ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { onTestFinished } from "vitest";
import type { JsonObject } from "../../src/json";
import { type Ended, listen, manifestOf, type Place, placeWith } from "../e2e/pushpool";

/** A folder whose manifest names a Prefect API. */
export const through = (apiUrl: string, over: JsonObject = {}): Place => placeWith({ ...manifestOf({}), prefect: { apiUrl }, ...over });

/** The longest time that one command may take on a busy server, in milliseconds. */
const MAX_WAIT = 400_000;

/** Run a command until it ends. If it does not end, the error has its output. */
export async function pushpool(at: Place, ...args: string[]): Promise<Ended> {
  const child = at.start(...args);
  const said = listen(child);
  const limit = setTimeout(() => child.kill("SIGKILL"), MAX_WAIT);
  const status = await said.ended;
  clearTimeout(limit);
  if (child.signalCode === "SIGKILL") throw new Error(`pushpool ${args.join(" ")} went on and on: ${said.stderr()}${said.stdout()}`);
  return { status, stdout: said.stdout(), stderr: said.stderr() };
}

export interface Served {
  child: ChildProcess;
  /** The URL of health and metrics. */
  endpoint: string;
  /** Its log so far, one object a line. */
  log(): JsonObject[];
  /** Wait for a log line with this message. */
  until(message: string): Promise<JsonObject>;
  ended: Promise<number | null>;
  stderr(): string;
}

/** Start `pushpool serve` and wait until it serves. It ends with the test. */
export async function served(at: Place, ...args: string[]): Promise<Served> {
  const child = at.start("serve", "--port", "0", ...args);
  const said = listen(child);
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await said.ended;
  });
  const log = () =>
    said
      .stdout()
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as JsonObject);
  const until = async (message: string) => {
    for (;;) {
      const found = log().find(({ msg }) => msg === message);
      if (found) return found;
      if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${said.stderr()}${said.stdout()}`);
      await sleep(50);
    }
  };
  const { endpoint } = await until("serving");
  return { child, endpoint: String(endpoint), log, until, ended: said.ended, stderr: said.stderr };
}

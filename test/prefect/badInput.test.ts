import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test, vi } from "vitest";
import type { Client } from "../../src/prefect/client";
import type { Place } from "../e2e/pushpool";
import { aPool, clientOf } from "../serve/server/dispatcher";
import { fakeApi } from "./fakeApi";
import { describePrefect } from "./python";
import { pushpool, through } from "./served";
import { sharedServer } from "./server";

// Each command that uses a Prefect API reports what is wrong with it: one clear line, and exit code 5, or 2 for a user's mistake.

type Command = "run" | "serve" | "deploy";
const COMMANDS: readonly Command[] = ["run", "serve", "deploy"];

function go(command: Command, at: Place, pool: string): ReturnType<typeof pushpool> {
  if (command === "run") return pushpool(at, "run", "hello/prod");
  if (command === "serve") return pushpool(at, "serve", "--port", "0", "--pool", pool);
  writeFileSync(join(at.folder, "prefect.yaml"), `deployments:\n- name: prod\n  flow_name: hello\n  work_pool: { name: ${pool} }\n`);
  writeFileSync(join(at.folder, "hello.py"), "def hello(): pass\n");
  return pushpool(at, "deploy", "--all");
}

/** Expect one line with this message and without internals. */
function said(stderr: string, message: RegExp): void {
  expect(stderr).toMatch(message);
  expect(stderr.trim().split("\n")).toHaveLength(1);
  expect(stderr).not.toMatch(/\n\s+at |fetch failed/);
}

test.each(COMMANDS)("%s: a wrong URL, another program at that URL, a server that is too old", async (command) => {
  const elsewhere = await fakeApi(() => ({ status: 404, body: { detail: "Not Found" } }));
  const old = await fakeApi(() => ({ status: 200, body: "2.20.1" }));
  for (const [url, message] of [
    ["http://127.0.0.1:2/api", /cannot be reached: .*ECONNREFUSED/],
    [elsewhere.apiUrl, /there is no Prefect API at .*the URL of a self-hosted server ends in \/api/],
    [old.apiUrl, /is too old: it is 2\.20\.1, and pushpool needs 3\.0 or newer/],
  ] as const) {
    const ended = await go(command, through(url), "etl");
    expect(ended).toMatchObject({ status: 5, stdout: "" });
    said(ended.stderr, message);
  }
});

describePrefect("through a real Prefect server", () => {
  vi.setConfig({ testTimeout: 900_000 });
  let apiUrl: string;
  let client: Client;
  beforeAll(async () => {
    ({ apiUrl } = await sharedServer());
    client = clientOf(apiUrl);
  }, 600_000);

  test("a wrong key, and no key where the server requires one: the message does not show the key", async () => {
    const server = await sharedServer("locked");
    for (const command of COMMANDS) {
      const wrong = await go(command, through(server.apiUrl, { prefect: { apiUrl: server.apiUrl, auth: "admin:wrong-one" } }), "etl");
      expect(wrong.status).toBe(5);
      said(wrong.stderr, /answers 401: the key is refused\. Set PREFECT_API_KEY, or PREFECT_API_AUTH_STRING/);
      expect(wrong.stderr + wrong.stdout).not.toContain("wrong-one");
      const missing = await go(command, through(server.apiUrl), "etl");
      expect(missing.status).toBe(5);
      said(missing.stderr, /answers 401: it requires a key/);
    }
  });

  test("a pool of another type, and a pool that does not exist (any more)", async () => {
    const { pool, deploymentId } = await aPool(client, { type: "kubernetes" });
    const { name } = (await client.request<{ name: string }>("GET", `/deployments/${deploymentId}`)).body;
    const other = /work pool ".*" is of type "kubernetes", which pushpool cannot run/;
    const at = through(apiUrl);
    // Its own worker runs what is there: `run` would only follow it.
    const refused = await go("serve", at, pool);
    expect(refused.status).toBe(2);
    said(refused.stderr, other);
    await client.request("DELETE", `/work_pools/${pool}`);
    for (const [command, status, message] of [
      ["serve", 5, /there is no work pool ".*" at .*prefect\.register\(\) makes it/],
      ["deploy", 2, /there is no work pool ".*" in the Prefect API at/],
    ] as const) {
      const ended = await go(command, at, pool);
      expect([command, ended.status, ended.stderr]).toEqual([command, status, expect.stringMatching(message)]);
    }
    const run = await pushpool(at, "run", `flow-${pool}/${name}`);
    expect(run.status).toBe(2);
    said(run.stderr, /has no work pool at .* \(any more\)/);
  });
});

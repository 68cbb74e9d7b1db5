import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { RunCreated, RunDetail } from "../../src/ui/wire";
import { until, until as untilAsync } from "../until";
import { listen, manifestOf, type Place, placeWith } from "./pushpool";

// `pushpool ui` and `serve --ui` as users start them.

/** Start a command that ends with the test. */
function started(here: Place, ...args: string[]) {
  const child = here.start(...args);
  onTestFinished(() => void child.kill("SIGKILL"));
  return { child, ...listen(child) };
}

/** Sign in as a browser does. @returns asks the API */
async function signIn(address: string) {
  const { origin } = new URL(address);
  const entered = await fetch(address, { redirect: "manual" });
  expect([entered.status, entered.headers.get("location")]).toEqual([303, "/"]);
  const cookie = entered.headers.get("set-cookie")?.split(";")[0] ?? "";
  return async <T>(path: string, body?: unknown): Promise<T> => {
    const sent = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    const headers = { cookie, origin, "content-type": "application/json" };
    return (await fetch(`${origin}${path}`, { headers, ...sent })).json() as Promise<T>;
  };
}

test("a run that is created on the page continues when the page ends, and `wait` takes it over", async () => {
  const here = placeWith(manifestOf({ "hello/node": "sh -c 'echo hello; sleep 2; echo bye'" }));
  const ui = started(here, "ui", "--port", "0", "--no-open", "--json");
  const { url, port } = JSON.parse(await until(() => /^.*\n/.exec(ui.stdout())?.[0])) as { url: string; port: number };
  expect(here.pushpool("ui", "--port", String(port), "--no-open")).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(new RegExp(`--port ${port}: cannot listen on 127\\.0\\.0\\.1 \\(EADDRINUSE\\)`)),
  });
  const ask = await signIn(url);
  expect(await (await fetch(new URL("/", url))).text()).toMatch(/open the address that `pushpool ui` prints/);
  const { run } = await ask<RunCreated>("/api/runs", { deployment: "hello/node" });
  await untilAsync(async () => (await ask<RunDetail>(`/api/runs/${run.id}`)).state.type === "RUNNING");
  ui.child.kill("SIGTERM");
  expect(await ui.ended).toBe(0);
  expect(here.pushpool("wait", run.id)).toMatchObject({ status: 0, stdout: expect.stringMatching(/hello\nbye\n/) });
});

test("`serve --ui` serves the page in the same process; its address is in a file that only its user can read", async () => {
  const here = placeWith(manifestOf({ "hello/node": "true" }));
  const serve = started(here, "serve", "--port", "0", "--ui", "--ui-port", "0");
  await until(() => serve.stdout().includes("serving the run page"));
  const file = join(here.home, "ui", "serve-address");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const address = readFileSync(file, "utf8").trim();
  expect(serve.stdout() + serve.stderr()).not.toContain(new URL(address).searchParams.get("token"));
  const ask = await signIn(address);
  const { run } = await ask<RunCreated>("/api/runs", { deployment: "hello/node" });
  await untilAsync(async () => (await ask<RunDetail>(`/api/runs/${run.id}`)).state.type === "COMPLETED");
  serve.child.kill("SIGTERM");
  expect(await serve.ended).toBe(0);
  expect(() => statSync(file)).toThrow(/ENOENT/);
});

import { request } from "node:http";
import type { AddressInfo } from "node:net";
import { type ServerType, serve } from "@hono/node-server";
import { expect, onTestFinished, test } from "vitest";
import { state } from "../../src/runs/states";
import type { LogRow, RunCreated, RunRow } from "../../src/ui/wire";
import { ended, RUNNING } from "../runs/scriptedTarget";
import { until } from "../until";
import { type Page, page } from "./page";

// Server-sent events over a real connection.

async function served(here: Page): Promise<number> {
  const server = await new Promise<ServerType>((resolve) => {
    const opened = serve({ fetch: here.app.fetch, hostname: "127.0.0.1", port: 0 }, () => resolve(opened));
  });
  onTestFinished(() => {
    if ("closeAllConnections" in server) server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

interface Heard {
  events: { event: string; id?: string; data: unknown }[];
  of<T>(event: string): T[];
  close(): void;
  closed: boolean;
}

/** Listen to the events of a path, as a browser does. @param pace whether to read at all */
function listen(
  port: number,
  path: string,
  { headers = {}, reads = true }: { headers?: Record<string, string>; reads?: boolean } = {},
): Heard {
  const heard: Heard = {
    events: [],
    of: <T>(event: string) => heard.events.filter((one) => one.event === event).map(({ data }) => data as T),
    close: () => asked.destroy(),
    closed: false,
  };
  const asked = request({ host: "127.0.0.1", port, path, headers: { cookie: "pushpool_4202=the-cookie", ...headers } }, (answer) => {
    if (!reads) {
      answer.pause();
      return;
    }
    let text = "";
    answer.setEncoding("utf8").on("data", (chunk) => {
      text += chunk;
      for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
        const fields = Object.fromEntries(
          text
            .slice(0, end)
            .split("\n")
            .map((line) => line.split(/: (.*)/s, 2) as [string, string]),
        );
        if (fields.event)
          heard.events.push({ event: fields.event, ...(fields.id ? { id: fields.id } : {}), data: JSON.parse(fields.data ?? "null") });
        text = text.slice(end + 2);
      }
    });
    answer.on("close", () => {
      heard.closed = true;
    });
  });
  asked.on("error", () => {});
  asked.end();
  onTestFinished(() => void asked.destroy());
  return heard;
}

async function running(here: Page): Promise<RunRow> {
  const { run } = (await here.json<RunCreated>("/api/runs", {
    method: "POST",
    body: { deployment: "hello/node" },
  })) as unknown as RunCreated;
  await until(() => here.target.started.some(({ runId }) => runId === run.id));
  here.target.set(`${run.id}/1`, RUNNING);
  return run;
}

test("a page gets only changes of what it shows, and new runs", async () => {
  const here = page();
  const port = await served(here);
  const [shown, hidden] = [await running(here), await running(here)];
  const heard = listen(port, "/api/live");
  const { session } = await until(() => heard.of<{ session: string }>("hello")[0]);
  await here.ask(`/api/live/${session}`, { method: "PUT", body: { ids: [shown.id], filters: { text: "node" }, newest: hidden.id } });
  await until(() => heard.of<{ runs: RunRow[] }>("runs").some(({ runs }) => runs[0]?.state.type === "RUNNING"));
  here.target.set(`${hidden.id}/1`, ended({ kind: "exited", code: 0 }));
  here.target.set(`${shown.id}/1`, ended({ kind: "exited", code: 0 }));
  await until(() => heard.of<{ runs: RunRow[] }>("runs").some(({ runs }) => runs[0]?.state.type === "COMPLETED"));
  const added = await running(here);
  expect(await until(() => heard.of<{ runs: RunRow[]; total: number }>("new")[0])).toMatchObject({ runs: [{ id: added.id }], total: 3 });
  await until(() => heard.of("strip").length > 0);
  expect(heard.of<{ runs: RunRow[] }>("runs").flatMap(({ runs }) => runs.map(({ id }) => id))).not.toContain(hidden.id);
});

test("runs that another process began are watched while they are shown", async () => {
  const here = page();
  const port = await served(here);
  const run = await running(here);
  const record = await until(async () => {
    const now = await here.ledger.read(run.id);
    return now?.run.infrastructureId === undefined ? undefined : now;
  });
  // As another process leaves it: this one does not follow it.
  const left = { ...record, run: { ...record.run, id: "left", version: 1, state: state("SCHEDULED", new Date()) } };
  await here.ledger.createRun(left);
  const pending = await here.ledger.change("left", 1, { state: state("PENDING", new Date()), infrastructureId: "left/1" });
  expect(pending?.run.version).toBe(2);
  here.target.set("left/1", ended({ kind: "exited", code: 0 }));
  const heard = listen(port, "/api/live");
  const { session } = await until(() => heard.of<{ session: string }>("hello")[0]);
  await here.ask(`/api/live/${session}`, { method: "PUT", body: { ids: ["left"], filters: {}, newest: run.id } });
  await until(() =>
    heard.of<{ runs: RunRow[] }>("runs").some(({ runs }) => runs.some(({ id, state }) => id === "left" && state.type === "COMPLETED")),
  );
});

test("one run: every change with all of it, then the end; the stream closes", async () => {
  const here = page();
  const port = await served(here);
  const run = await running(here);
  const heard = listen(port, `/api/runs/${run.id}/live`);
  await until(() => heard.of<RunRow>("run").some(({ state }) => state.type === "RUNNING"));
  here.target.set(`${run.id}/1`, ended({ kind: "exited", code: 0 }));
  await until(() => heard.closed);
  expect(heard.of<RunRow>("run").at(-1)).toMatchObject({ state: { type: "COMPLETED" }, exitCode: 0 });
  expect(heard.events.at(-1)?.event).toBe("end");
});

test("twenty pages share one reader of a log; a late one gets all of it, and a reconnected one only the rest", async () => {
  const here = page();
  const port = await served(here);
  const run = await running(here);
  let reads = 0;
  const logs = here.target.logs.bind(here.target);
  here.target.logs = async (id, cursor) => {
    if (cursor === undefined) reads += 1;
    return logs(id, cursor);
  };
  for (let n = 0; n < 500; n += 1) here.target.say(`${run.id}/1`, `line ${n}`);
  const path = `/api/runs/${run.id}/logs`;
  const linesOf = (heard: Heard) => heard.of<{ lines: LogRow[] }>("lines").flatMap(({ lines }) => lines);
  const pages = Array.from({ length: 19 }, () => listen(port, path));
  await until(() => pages.every((one) => linesOf(one).length === 500));
  expect(here.ui.logs.size).toBe(1);
  for (let n = 500; n < 1000; n += 1) here.target.say(`${run.id}/1`, `line ${n} \u001b[31m<script>`);
  const late = listen(port, path);
  const again = listen(port, path, { headers: { "last-event-id": "990" } });
  here.target.set(`${run.id}/1`, ended({ kind: "exited", code: 0 }));
  await until(() => [...pages, late, again].every(({ closed }) => closed));
  for (const one of [...pages, late]) expect(linesOf(one).map(({ n }) => n)).toEqual(Array.from({ length: 1000 }, (_, n) => n));
  expect(linesOf(again).map(({ n, text }) => [n, text])[0]).toEqual([990, "line 990 \u001b[31m<script>"]);
  expect(again.of("end")).toHaveLength(1);
  expect(reads).toBe(1);
});

test("a page that reads nothing takes no memory: what it has not read stays in the file", async () => {
  const here = page();
  const port = await served(here);
  const run = await running(here);
  const text = "x".repeat(10_000);
  const idle = listen(port, `/api/runs/${run.id}/logs`, { reads: false });
  for (let n = 0; n < 2_000; n += 1) here.target.say(`${run.id}/1`, text);
  here.target.set(`${run.id}/1`, ended({ kind: "exited", code: 0 }));
  // Another page gets all 20 MB, though the first one stands still.
  const other = listen(port, `/api/runs/${run.id}/logs`);
  await until(() => other.closed);
  expect(other.of<{ lines: LogRow[] }>("lines").reduce((sum, { lines }) => sum + lines.length, 0)).toBe(2_000);
  expect(idle.closed).toBe(false);
  const file = await here.ask(`/api/runs/${run.id}/logs.txt`);
  expect((await file.text()).length).toBe(2_000 * 10_001);
});

test("a foreign host, a foreign origin and a missing cookie get no stream", async () => {
  const here = page();
  const port = await served(here);
  const status = (headers: Record<string, string>) =>
    new Promise<number | undefined>((resolve, reject) => {
      request({ host: "127.0.0.1", port, path: "/api/live", headers }, (answer) => {
        answer.destroy();
        resolve(answer.statusCode);
      })
        .on("error", reject)
        .end();
    });
  const cookie = "pushpool_4202=the-cookie";
  expect(await status({ cookie, host: "evil.example" })).toBe(421);
  expect(await status({ cookie, origin: "http://evil.example" })).toBe(403);
  expect(await status({})).toBe(401);
  expect(await status({ cookie })).toBe(200);
});

import { randomUUID } from "node:crypto";
import { expect, onTestFinished, test, vi } from "vitest";
import { connectionOf } from "../../../src/prefect/apiConnection";
import { createClient } from "../../../src/prefect/client";
import { Dispatcher } from "../../../src/serve/dispatcher";
import { ServerSource, type ServerSourceParts } from "../../../src/serve/server/serverSource";
import { fakeApi } from "../../prefect/fakeApi";
import { until } from "../../until";

test("while a heartbeat waits for the server's answer no other is sent; then they go on", async () => {
  let isAway = true;
  const { apiUrl, seen } = await fakeApi(({ path }) => {
    if (path.endsWith("/heartbeat")) return isAway ? { status: 503, headers: { "retry-after": "3" } } : { status: 204 };
    return path.endsWith("/get_scheduled_flow_runs") ? { status: 200, body: [] } : { status: 200, body: { type: "process:push" } };
  });
  const sent = () => seen.filter(({ path }) => path.endsWith("/heartbeat")).length;
  const end = new AbortController();
  const client = createClient(connectionOf(apiUrl, undefined, "test"), { patienceMs: 3_600_000 });
  const source = await ServerSource.open({
    client,
    pools: ["etl"],
    dispatcher: new Dispatcher(end.signal, () => {}),
    name: { id: randomUUID(), name: "test" },
    shared: { ledger: {} } as ServerSourceParts["shared"],
  });
  vi.useFakeTimers({ toFake: ["Date"] });
  onTestFinished(() => {
    end.abort();
    vi.useRealTimers();
  });
  for (let looks = 0; looks < 5; looks += 1) {
    await source.look();
    vi.advanceTimersByTime(31_000);
  }
  await until(() => sent() > 0);
  await new Promise((done) => setTimeout(done, 300));
  expect(sent()).toBe(1);
  isAway = false;
  await until(() => sent() === 2);
  await until(async () => {
    await source.look();
    vi.advanceTimersByTime(31_000);
    return sent() >= 4;
  });
});

import { randomUUID } from "node:crypto";
import { afterEach, beforeAll, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import type { JsonObject } from "../../src/json";
import { readBlockByName } from "../../src/prefect/api/blocks";
import { readDeploymentByName } from "../../src/prefect/api/deployments";
import { readWorkPool } from "../../src/prefect/api/workPools";
import { connectionOf } from "../../src/prefect/apiConnection";
import { type Client, createClient } from "../../src/prefect/client";
import type { DispatchCall } from "../../src/provider";
import { scratch } from "../scratch";
import { describePrefect } from "./python";
import { ownServer, sharedServer } from "./server";

vi.setConfig({ testTimeout: 300_000 });

type Kind = "PrefectWorkPool" | "PrefectBlock" | "PrefectDeployment";
interface Made {
  id: string;
  outs: JsonObject;
}

/** A new provider process, which remembers nothing of earlier ones. */
async function providerProcess(settings: { apiUrl?: string; auth?: string }) {
  vi.resetModules();
  const { dispatch } = await import("../../src/provider/index.js");
  const config = { get: (key: string) => settings[key.replace("prefect:", "") as keyof typeof settings], require: () => "" };
  for (const kind of ["PrefectBlock", "PrefectWorkPool", "PrefectDeployment"] as const)
    await dispatch({ v: 1, kind, op: "configure", args: [{ config }] });
  const call = (kind: Kind, op: DispatchCall["op"], args: unknown[]) => dispatch({ v: 1, kind, op, args: structuredClone(args) });
  return {
    create: (kind: Kind, inputs: JsonObject) => call(kind, "create", [inputs]) as Promise<Made>,
    diff: (kind: Kind, { id, outs }: Made, inputs: JsonObject) =>
      call(kind, "diff", [id, outs, inputs]) as Promise<{ changes: boolean; replaces: string[]; deleteBeforeReplace?: boolean }>,
    read: (kind: Kind, { id, outs }: Made) => call(kind, "read", [id, outs]) as Promise<{ id?: string }>,
    delete: (kind: Kind, { id, outs }: Made) => call(kind, "delete", [id, outs]),
  };
}

const kinds: [Kind, (name: string) => JsonObject, (client: Client, name: string) => Promise<unknown>][] = [
  ["PrefectWorkPool", (name) => ({ workPoolName: name, type: "process:push", queues: { high: { priority: 1 } } }), readWorkPool],
  [
    "PrefectBlock",
    (name) => ({ blockTypeSlug: "secret", blockName: name, data: { value: "hidden-value-1" } }),
    (client, name) => readBlockByName(client, "secret", name, { secrets: false }),
  ],
  [
    "PrefectDeployment",
    (name) => ({ deploymentName: `${name}/prod`, entrypoint: "flows/f.py:f", schedules: [{ cron: "0 4 * * *" }] }),
    (client, name) => readDeploymentByName(client, `${name}/prod`),
  ],
];

describePrefect("a renamed resource on a real Prefect server", () => {
  let apiUrl: string;
  let client: Client;
  const clientOf = (url: string) => createClient(connectionOf(url, undefined, "test"));
  beforeAll(async () => {
    ({ apiUrl } = await sharedServer());
    client = clientOf(apiUrl);
  }, 600_000);
  beforeEach(() => void vi.stubEnv("PUSHPOOL_HOME", scratch()));
  afterEach(() => void vi.unstubAllEnvs());

  test.each(kinds)(
    "%s: the new resource adopts it, and the deletion of the old one leaves it; the same on the way back",
    async (kind, inputsOf, find) => {
      const name = `named-${randomUUID().slice(0, 8)}`;
      const inputs = inputsOf(name);
      const adopting = { ...inputs, adoptExisting: true };
      const one = await providerProcess({ apiUrl });
      const first = await one.create(kind, inputs);

      const two = await providerProcess({ apiUrl });
      await expect(two.create(kind, inputs)).rejects.toThrow(/already exists.*adoptExisting: true.*aliases: \[\{ name: "FORMER NAME" \}\]/);
      const second = await two.create(kind, adopting);
      expect(second.id).toBe(first.id);
      // In the same `up`.
      await two.delete(kind, first);
      expect(await find(client, name)).toBeDefined();

      // On the way back, the `up` ended before the deletion: the next `up` has a new process.
      const third = await (await providerProcess({ apiUrl })).create(kind, adopting);
      await (await providerProcess({ apiUrl })).delete(kind, second);
      expect(await find(client, name)).toBeDefined();

      // The resource that owns it deletes it.
      await (await providerProcess({ apiUrl })).delete(kind, third);
      expect(await find(client, name)).toBeUndefined();
    },
  );

  test.each(kinds)("%s: an `up` on another machine learns from the state which resource owns it", async (kind, inputsOf, find) => {
    const name = `named-${randomUUID().slice(0, 8)}`;
    const inputs = inputsOf(name);
    const one = await providerProcess({ apiUrl });
    const first = await one.create(kind, inputs);
    const second = await one.create(kind, { ...inputs, adoptExisting: true });

    vi.stubEnv("PUSHPOOL_HOME", scratch());
    const elsewhere = await providerProcess({ apiUrl });
    await elsewhere.diff(kind, second, { ...inputs, adoptExisting: true });
    await elsewhere.delete(kind, first);
    expect(await find(client, name)).toBeDefined();

    // The program went back to the old resource before that was deleted.
    vi.stubEnv("PUSHPOOL_HOME", scratch());
    const back = await providerProcess({ apiUrl });
    await back.diff(kind, first, inputs);
    await back.delete(kind, second);
    expect(await find(client, name)).toBeDefined();

    // `destroy` deletes both, in either order.
    const last = await providerProcess({ apiUrl });
    await Promise.all([last.delete(kind, second), last.delete(kind, first)]);
    expect(await find(client, name)).toBeUndefined();
  });

  test.each(kinds)("%s: another URL of the same server is the same object", async (kind, inputsOf, find) => {
    const name = `named-${randomUUID().slice(0, 8)}`;
    const inputs = inputsOf(name);
    const first = await (await providerProcess({ apiUrl })).create(kind, inputs);
    const other = apiUrl.replace("127.0.0.1", "localhost");
    expect(other).not.toBe(apiUrl);
    const moved = await providerProcess({ apiUrl: other });
    expect(await moved.diff(kind, first, inputs)).toMatchObject({ changes: true, replaces: ["apiUrl"] });
    const second = await moved.create(kind, inputs);
    expect(second).toMatchObject({ id: first.id, outs: { apiUrl: other } });
    await moved.delete(kind, first);
    expect(await find(client, name)).toBeDefined();
    await moved.delete(kind, second);
    expect(await find(client, name)).toBeUndefined();
  });

  test("another server: created there, deleted here; read and deleted on the server that has it", async () => {
    const there = await ownServer({ oneConnection: true });
    onTestFinished(there.stop);
    for (const [kind, inputsOf, find] of kinds) {
      const name = `named-${randomUUID().slice(0, 8)}`;
      const inputs = inputsOf(name);
      const first = await (await providerProcess({ apiUrl })).create(kind, inputs);
      const moved = await providerProcess({ apiUrl: there.apiUrl });
      expect(await moved.read(kind, first)).toMatchObject({ id: first.id });
      expect(await moved.diff(kind, first, inputs)).toMatchObject({ changes: true, replaces: ["apiUrl"] });
      const second = await moved.create(kind, inputs);
      await moved.delete(kind, first);
      expect([await find(client, name), await find(clientOf(there.apiUrl), name)]).toEqual([undefined, expect.anything()]);
      expect(second.outs.apiUrl).toBe(there.apiUrl);
    }
  });

  test.each(kinds)("%s: if the old server does not answer, the message says what to do", async (kind, inputsOf) => {
    const name = `named-${randomUUID().slice(0, 8)}`;
    const one = await providerProcess({ apiUrl });
    const made = await one.create(kind, inputsOf(name));
    const gone = { ...made, outs: { ...made.outs, apiUrl: "http://127.0.0.1:1/api" } };
    await expect(one.delete(kind, gone)).rejects.toThrow(
      /was not deleted at http:\/\/127\.0\.0\.1:1\/api: .*cannot be reached.*PUSHPOOL_FORGET_PREFECT_API=http:\/\/127\.0\.0\.1:1\/api/,
    );
    vi.stubEnv("PUSHPOOL_FORGET_PREFECT_API", "http://127.0.0.1:1/api/");
    await one.delete(kind, gone);
    await one.delete(kind, made);
  });
});

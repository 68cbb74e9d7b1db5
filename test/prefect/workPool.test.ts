import { randomUUID } from "node:crypto";
import { beforeAll, expect, test } from "vitest";
import { patchWorkPool, readWorkPool } from "../../src/prefect/api/workPools";
import { connectionOf } from "../../src/prefect/apiConnection";
import { type Client, createClient } from "../../src/prefect/client";
import { defaultTemplate } from "../../src/template";
import { describePrefect } from "./python";
import { connectResources, Resource } from "./resource";
import { sharedServer } from "./server";

describePrefect("a work pool on a real Prefect server", () => {
  let client: Client;
  beforeAll(async () => {
    const { apiUrl } = await sharedServer();
    await connectResources({ apiUrl });
    client = createClient(connectionOf(apiUrl, undefined, "test"));
  }, 600_000);

  const named = () => `pool-${randomUUID().slice(0, 8)}`;
  const template = () => defaultTemplate("process:push");
  const there = async (name: string) => (await readWorkPool(client, name)) as NonNullable<Awaited<ReturnType<typeof readWorkPool>>>;

  test("created, unchanged the second time, changed in place, deleted", async () => {
    const name = named();
    const pool = new Resource("PrefectWorkPool");
    const inputs = { workPoolName: name, type: "process:push", baseJobTemplate: template(), concurrencyLimit: 4 };
    expect(await pool.up(inputs)).toBe("created");
    const { id } = await there(name);
    expect(pool.outputs).toMatchObject({ workPoolId: id, apiUrl: client.connection.apiUrl });
    expect(await pool.up(inputs)).toBe("unchanged");

    expect(await pool.up({ ...inputs, concurrencyLimit: 2, description: "nightly", isPaused: true })).toBe("updated");
    expect(await there(name)).toMatchObject({ id, concurrency_limit: 2, description: "nightly", is_paused: true });
    // A field that is no longer given goes back to Prefect's default.
    expect(await pool.up({ workPoolName: name, type: "process:push", baseJobTemplate: template() })).toBe("updated");
    expect(await there(name)).toMatchObject({ id, concurrency_limit: null, description: null, is_paused: false });

    await pool.destroy();
    expect(await readWorkPool(client, name)).toBeUndefined();
  });

  test("another order of keys in the template is not a difference, even after a refresh", async () => {
    const pool = new Resource("PrefectWorkPool");
    const { job_configuration, variables } = template();
    const inputs = { workPoolName: named(), type: "process:push" };
    await pool.up({ ...inputs, baseJobTemplate: { job_configuration, variables } as never });
    expect(await pool.refresh()).toBe(true);
    expect(await pool.up({ ...inputs, baseJobTemplate: { variables, job_configuration } as never })).toBe("unchanged");
  });

  test("refresh finds what someone changed, and up corrects it; fields that are not given stay as they are", async () => {
    const name = named();
    const pool = new Resource("PrefectWorkPool");
    const inputs = { workPoolName: name, type: "process:push", concurrencyLimit: 4 };
    await pool.up(inputs);
    await patchWorkPool(client, name, { concurrency_limit: 9, is_paused: true });
    expect(await pool.up(inputs)).toBe("unchanged");
    await pool.refresh();
    expect(pool.outputs.concurrencyLimit).toBe(9);
    expect(await pool.up(inputs)).toBe("updated");
    expect(await there(name)).toMatchObject({ concurrency_limit: 4, is_paused: true });
  });

  test("another type means another pool with the same name", async () => {
    const name = named();
    const pool = new Resource("PrefectWorkPool");
    await pool.up({ workPoolName: name, type: "process:push" });
    const { id } = await there(name);
    expect(await pool.up({ workPoolName: name, type: "ecs:push" })).toBe("replaced");
    const made = await there(name);
    expect(made.type).toBe("ecs:push");
    expect(made.id).not.toBe(id);
  });

  test("a deleted one is created again", async () => {
    const pool = new Resource("PrefectWorkPool");
    const inputs = { workPoolName: named(), type: "process:push" };
    await pool.up(inputs);
    await client.request("DELETE", `/work_pools/${inputs.workPoolName}`);
    expect(await pool.refresh()).toBe(false);
    expect(await pool.up(inputs)).toBe("created");
  });

  test("an existing one is adopted only on request, and only with the same type", async () => {
    const name = named();
    await new Resource("PrefectWorkPool").up({ workPoolName: name, type: "process:push", concurrencyLimit: 1 });
    const { id } = await there(name);
    const pool = new Resource("PrefectWorkPool");
    const inputs = { workPoolName: name, type: "process:push", concurrencyLimit: 3 };
    await expect(pool.up(inputs)).rejects.toThrow(
      `work pool "${name}" already exists, at ${client.connection.apiUrl}: set adoptExisting: true`,
    );
    await expect(pool.up({ ...inputs, type: "ecs:push", adoptExisting: true })).rejects.toThrow(
      /with type "process:push" instead of "ecs:push"\. A type cannot be changed: set another workPoolName/,
    );
    expect(await pool.up({ ...inputs, adoptExisting: true })).toBe("created");
    expect(await there(name)).toMatchObject({ id, concurrency_limit: 3 });
    expect(await pool.up({ ...inputs, adoptExisting: true })).toBe("unchanged");
  });

  test("its queues are created, get their priorities, are changed and removed; the default one stays", async () => {
    const name = named();
    const pool = new Resource("PrefectWorkPool");
    const inputs = { workPoolName: name, type: "process:push" };
    const queues = async () =>
      Object.fromEntries(
        (
          await client.request<{ name: string; priority: number; concurrency_limit: number | null }[]>(
            "POST",
            `/work_pools/${name}/queues/filter`,
            { json: {} },
          )
        ).body.map((queue) => [queue.name, [queue.priority, queue.concurrency_limit]]),
      );
    const wanted = { low: { priority: 3 }, high: { priority: 1, concurrencyLimit: 2 }, default: { priority: 2 } };
    await pool.up({ ...inputs, queues: wanted });
    expect(await queues()).toEqual({ high: [1, 2], default: [2, null], low: [3, null] });
    await pool.refresh();
    expect(await pool.up({ ...inputs, queues: wanted })).toBe("unchanged");

    expect(await pool.up({ ...inputs, queues: { high: { concurrencyLimit: 5 }, default: { concurrencyLimit: 7 } } })).toBe("updated");
    expect(await queues()).toMatchObject({ high: [1, 5], default: [expect.any(Number), 7] });
    expect(Object.keys(await queues()).sort()).toEqual(["default", "high"]);
    await client.request("DELETE", `/work_pools/${name}/queues/high`);
    await pool.refresh();
    expect(await pool.up({ ...inputs, queues: { high: { concurrencyLimit: 5 }, default: { concurrencyLimit: 7 } } })).toBe("updated");
    expect(await queues()).toMatchObject({ high: [expect.any(Number), 5] });
    expect(await pool.up(inputs)).toBe("updated");
    expect(await queues()).toEqual({ default: [expect.any(Number), null] });
  });

  test.each<[string, Record<string, unknown>, RegExp]>([
    ["a slash", { workPoolName: "a/b" }, /workPoolName must not contain/],
    ["a reserved name", { workPoolName: "Prefect-mine" }, /Prefect reserves names that begin with "prefect"/],
    ["a limit", { concurrencyLimit: -1 }, /concurrencyLimit must be a whole number of at least 0, not -1/],
    ["a template without variables", { baseJobTemplate: { job_configuration: { a: 1 } } }, /baseJobTemplate.variables: must be an object/],
    [
      "an undeclared variable",
      { baseJobTemplate: { job_configuration: { a: "{{ imgae }}" }, variables: { properties: { image: { type: "string" } } } } },
      /baseJobTemplate.job_configuration.a: job variable "imgae" is not declared.*did you mean "image"/,
    ],
    [
      "a default of another type",
      { baseJobTemplate: { job_configuration: { a: "{{ n }}" }, variables: { properties: { n: { type: "integer", default: "x" } } } } },
      /baseJobTemplate.variables.properties.n.default must be integer/,
    ],
    ["two queues of one priority", { queues: { a: { priority: 1 }, b: { priority: 1 } } }, /queues.a and queues.b both have priority 1/],
  ])("bad input is refused before anything is sent: %s", async (_, inputs, message) => {
    const pool = new Resource("PrefectWorkPool");
    await expect(pool.up({ workPoolName: "never-made", type: "process:push", ...inputs } as never)).rejects.toThrow(message);
  });

  test("the server's own message, with the path and without values", async () => {
    const baseJobTemplate = {
      job_configuration: { c: "{{ c }}" },
      variables: { properties: { c: { type: "object", default: { $ref: { block_document_id: randomUUID() } } } } },
    };
    const pool = new Resource("PrefectWorkPool");
    await expect(pool.up({ workPoolName: "never-made", type: "process:push", baseJobTemplate })).rejects.toMatchObject({
      message: expect.stringMatching(/^work pool "never-made": the Prefect API at .* refuses the request \(404\): Block not found\.$/),
      exitCode: 5,
    });
  });
});

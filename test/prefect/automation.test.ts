import { randomUUID } from "node:crypto";
import { beforeAll, expect, test, vi } from "vitest";
import type { JsonObject } from "../../src/json";
import { listAutomations, readAutomation, type ServerAutomation } from "../../src/prefect/api/automations";
import type { Client } from "../../src/prefect/client";
import { aPool, clientOf } from "../serve/server/dispatcher";
import { fakeApi } from "./fakeApi";
import { describePrefect } from "./python";
import { connectResources, Resource } from "./resource";
import { sharedServer } from "./server";

const UUID = "11111111-1111-4111-8111-111111111111";

describePrefect("an automation on a real Prefect server", () => {
  vi.setConfig({ testTimeout: 300_000 });
  let client: Client;
  let deploymentId: string;
  beforeAll(async () => {
    const { apiUrl } = await sharedServer();
    await connectResources({ apiUrl });
    client = clientOf(apiUrl);
    ({ deploymentId } = await aPool(client));
  }, 600_000);

  const inputs = (over: JsonObject = {}): JsonObject => ({
    automationName: `a-${randomUUID().slice(0, 8)}`,
    description: "why",
    trigger: { expect: ["b", "a"], match: { "prefect.resource.id": ["shop.*"] }, within: "PT1M", threshold: 2 },
    actions: [{ type: "run-deployment", deployment_id: deploymentId, parameters: { id: "{{ event.id }}" } }],
    ...over,
  });
  const there = async ({ id }: Resource) => (await readAutomation(client, id as string)) as ServerAutomation;

  test("created with Prefect's defaults; unchanged in any spelling; changed in place; deleted", async () => {
    const automation = new Resource("PrefectAutomation");
    const given = inputs();
    expect(await automation.up(given)).toBe("created");
    expect(automation.outputs).toMatchObject({ ...given, automationId: automation.id, apiUrl: client.connection.apiUrl });
    const before = await there(automation);
    expect(before).toMatchObject({
      name: given.automationName,
      description: "why",
      enabled: true,
      tags: [],
      trigger: { type: "event", posture: "Reactive", threshold: 2, within: 60, for_each: [] },
      actions: [{ type: "run-deployment", source: "selected", deployment_id: deploymentId, job_variables: null }],
    });
    const respelt = {
      type: "event",
      match: { "prefect.resource.id": "shop.*" },
      expect: ["a", "b"],
      within: 60,
      threshold: 2,
      posture: "Reactive",
    };
    expect(await automation.up({ ...given, trigger: respelt })).toBe("unchanged");
    await automation.refresh();
    expect(automation.outputs).toMatchObject(given);
    expect(await automation.up(given)).toBe("unchanged");

    const { id } = automation;
    expect(await automation.up({ ...given, enabled: false })).toBe("updated");
    // Only switched off: the trigger is the same object on the server.
    expect(await there(automation)).toMatchObject({ enabled: false, trigger: before.trigger });
    const { description: _, ...rest } = given;
    const changed = { ...rest, automationName: `${given.automationName}-new`, tags: ["x"], trigger: { expect: ["c"] } };
    expect(await automation.up(changed)).toBe("updated");
    expect(automation.id).toBe(id);
    expect(await there(automation)).toMatchObject({
      name: changed.automationName,
      description: "",
      // It was given, and no longer is.
      enabled: true,
      tags: ["x"],
      trigger: { expect: ["c"], threshold: 1 },
    });
    await automation.destroy();
    expect(await readAutomation(client, id as string)).toBeUndefined();
  });

  test("refresh finds what someone changed, and up corrects it; what the program does not set stays; a deleted one is made again", async () => {
    const automation = new Resource("PrefectAutomation");
    const given = inputs();
    await automation.up(given);
    const { name, trigger } = await there(automation);
    const actions = [{ type: "cancel-flow-run" }];
    const json = { name, trigger, actions, description: "other", tags: ["ui"], enabled: false } as JsonObject;
    await client.request("PUT", `/automations/${automation.id}`, { json });
    await automation.refresh();
    expect(await automation.up(given)).toBe("updated");
    expect(await there(automation)).toMatchObject({
      description: "why",
      actions: [{ type: "run-deployment" }],
      tags: ["ui"],
      enabled: false,
    });
    await client.request("DELETE", `/automations/${automation.id}`);
    await expect(automation.up({ ...given, description: "x" })).rejects.toThrow(/automation "a-\w+" no longer exists at .*pulumi refresh/);
    expect(await automation.refresh()).toBe(false);
    expect(await automation.up(given)).toBe("created");
  });

  test("an existing one is adopted only on request, in place, and only if its name is unique", async () => {
    const given = inputs();
    const first = new Resource("PrefectAutomation");
    await first.up(given);
    const automation = new Resource("PrefectAutomation");
    await expect(automation.up(given)).rejects.toThrow(
      /already exists, at .*: set adoptExisting: true to take it over, or set another automationName/,
    );
    const wanted = { ...given, description: "mine", adoptExisting: true };
    expect(await automation.up(wanted)).toBe("created");
    expect(automation.id).toBe(first.id);
    expect(await there(automation)).toMatchObject({ description: "mine" });
    const { name, trigger, actions } = await there(automation);
    await client.request("POST", "/automations/", { json: { name, trigger, actions } as JsonObject });
    await expect(new Resource("PrefectAutomation").up(wanted)).rejects.toThrow(
      /has 2 automations with this name .*delete or rename all but one/,
    );
  });

  test("the server takes every type of action, and every type of trigger that it has", async () => {
    const block = await client.request<{ id: string }>("GET", "/block_types/slug/secret");
    expect(block.status).toBe(200);
    const actions: JsonObject[] = [
      { type: "do-nothing" },
      ...["pause", "resume"].flatMap((verb): JsonObject[] => [
        { type: `${verb}-deployment`, deployment_id: UUID },
        { type: `${verb}-work-pool`, source: "inferred" },
        { type: `${verb}-work-queue`, work_queue_id: UUID },
        { type: `${verb}-automation`, source: "inferred" },
      ]),
      ...["cancel", "suspend", "resume", "delete"].map((verb) => ({ type: `${verb}-flow-run` })),
      { type: "change-flow-run-state", state: "FAILED", message: "too late", force: "yes" },
      { type: "send-notification", block_document_id: UUID, body: "{{ event.id }}" },
      { type: "call-webhook", block_document_id: UUID, payload: "{}" },
    ];
    const event = { expect: ["a"] };
    for (const trigger of [
      { type: "compound", require: 2, within: 60, triggers: [event, event] },
      { triggers: [event, { require: "any", triggers: [event] }] },
      { ...event, posture: "Proactive", after: ["b"], for_each: ["prefect.resource.id"] },
    ] as JsonObject[]) {
      const automation = new Resource("PrefectAutomation");
      const given = inputs({
        trigger,
        actions,
        actionsOnTrigger: [{ type: "do-nothing" }],
        actionsOnResolve: [{ type: "cancel-flow-run" }],
      });
      expect(await automation.up(given)).toBe("created");
      await automation.refresh();
      expect(await automation.up(given)).toBe("unchanged");
      await automation.destroy();
    }
  });

  test.each<[string, JsonObject, RegExp]>([
    ["a blank name", { automationName: "" }, /^automationName must be a string that is not empty/],
    ["no trigger at all", { trigger: {} }, /^trigger matches every event of the server: give expect/],
    ["an unknown field", { trigger: { expect: ["a"], treshold: 2 } }, /^trigger\.treshold is not a field: did you mean "threshold"/],
    ["no list", { actions: { type: "do-nothing" } }, /^actions must be a list of actions/],
    ["no type", { actions: [{}] }, /^actions\[0\] must be an object with a type/],
    [
      "an unknown action",
      { actions: [{ type: "run-deploymnt" }] },
      /^actions\[0\]\.type "run-deploymnt" is not a type of action: did you mean "run-deployment"/,
    ],
    ["no deployment", { actions: [{ type: "run-deployment" }] }, /^actions\[0\]\.deployment_id is missing: give it, or source: "inferred"/],
    [
      "no id",
      { actions: [{ type: "run-deployment", deployment_id: "hello/prod" }] },
      /^actions\[0\]\.deployment_id must be the id of a deployment, such as/,
    ],
    [
      "both",
      { actions: [{ type: "pause-work-pool", source: "inferred", work_pool_id: UUID }] },
      /^actions\[0\]\.work_pool_id is given, but source is "inferred"/,
    ],
    [
      "no body",
      { actions: [{ type: "send-notification", block_document_id: UUID }] },
      /^actions\[0\]\.body is missing: it must be a string/,
    ],
    [
      "a state",
      { actions: [{ type: "change-flow-run-state", state: "DONE" }] },
      /^actions\[0\]\.state must be SCHEDULED, .* or CANCELLING/,
    ],
    [
      "a loop",
      { trigger: { expect: ["prefect.flow-run.Running"] }, actions: [{ type: "run-deployment", source: "inferred" }] },
      /^trigger runs the deployment of a run again at each of its states, without end/,
    ],
    [
      "metric",
      { trigger: { type: "metric", metric: { name: "lateness", threshold: 60, operator: ">" } } },
      /refuses the request \(422\): /,
    ],
  ])("bad input is refused: %s", async (_, over, message) => {
    const automation = new Resource("PrefectAutomation");
    await expect(automation.up(inputs(over))).rejects.toThrow(message);
    expect(automation.id).toBeUndefined();
  });

  test("messages mask values of its actions, even if the server repeats them", async () => {
    const automation = new Resource("PrefectAutomation");
    const secret = "{{ s3cr3t-value | }}";
    const error = await automation
      .up(inputs({ actions: [{ type: "call-webhook", block_document_id: UUID, payload: secret }] }))
      .catch((e: Error) => e);
    expect(String(error)).toMatch(/refuses the request \(422\)/);
    expect(String(error)).not.toContain("s3cr3t");
    expect((await listAutomations(client))?.filter(({ actions }) => JSON.stringify(actions).includes("s3cr3t"))).toEqual([]);
  });
});

test("an API without automations says so", async () => {
  const { apiUrl } = await fakeApi(({ path }) =>
    path === "/api/admin/version" ? { status: 200, body: "3.0.0" } : { status: 404, body: { detail: "Not Found" } },
  );
  await connectResources({ apiUrl });
  const automation = new Resource("PrefectAutomation");
  const given = { automationName: "a", trigger: { expect: ["a"] }, actions: [{ type: "do-nothing" }] };
  await expect(automation.up(given)).rejects.toThrow(`automation "a": the Prefect API at ${apiUrl} has no automations: upgrade the server`);
});

import { randomUUID } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { JsonObject } from "../../../src/json";
import type { Observation, Target } from "../../../src/targets/target";
import { type FakeAzureOptions, startFakeAzure } from "../../../src/testing";
import { until } from "../../until";
import { never, runOf } from "../cloud/place";
import { jobOf, openerOf, poolOf, trust } from "./place";

// How runs are started and ended on Azure, on the fake.

const GROUPS = "Microsoft.ContainerInstance/containerGroups";

async function place(options: FakeAzureOptions = {}, createdAt?: string) {
  const azure = await startFakeAzure({ grace: 500, ...options });
  onTestFinished(() => azure.stop());
  trust(azure);
  const client = azure.client("submitter");
  const pool = poolOf(azure, client);
  if (createdAt !== undefined && pool.credentials) pool.credentials.createdAt = createdAt;
  const made = (action: string) => azure.calls.filter((call) => call.action === `${GROUPS}/${action}`);
  return { azure, client, pool, made, ...openerOf(pool) };
}

const submit = async (target: Target, script = "true", run = runOf(randomUUID())) =>
  target.submit(await target.prepare(target.plan(jobOf(script), run), never), never);

async function ended(target: Target, id: string): Promise<Observation & { phase: "ended" }> {
  for (;;) {
    const seen = (await target.observe([id])).get(id) as Observation;
    if (seen.phase === "ended") return seen;
    await new Promise((done) => setTimeout(done, 10));
  }
}

describe("one container group, whatever comes back of the PUT", () => {
  test.each([
    ["the connection breaks after Azure accepted", { kind: "reset", after: true }],
    ["the connection breaks before Azure heard it", { kind: "reset", after: false }],
    ["503 after it was accepted", { kind: "unavailableAfter" }],
    ["503 and nothing was done", { kind: "unavailable" }],
    ["500", { kind: "internal" }],
    ["429 with Retry-After", { kind: "throttle" }],
    ["429 without", { kind: "refuse", status: 429, code: "TooManyRequests", message: "slow down" }],
    ["a registry that does not answer for a moment", { kind: "registryError" }],
    ["an image that cannot be read for a moment", { kind: "refuse", status: 400, code: "InaccessibleImage", message: "not accessible" }],
  ] as const)("%s", async (_, fault) => {
    const { azure, open } = await place();
    const target = await open();
    azure.plant({ on: `${GROUPS}/write`, fault });
    const id = await submit(target);
    expect([azure.world.operations.size, (await ended(target, id)).outcome]).toEqual([1, { kind: "exited", code: 0 }]);
  });

  test("submitted again after its group was deleted, it does not run again", async () => {
    const { azure, open } = await place();
    const target = await open();
    const run = runOf(randomUUID());
    const id = await submit(target, "true", run);
    await ended(target, id);
    await target.cleanup(id);
    expect(azure.world.groups.size).toBe(0);
    expect(await submit(await open(), "true", run)).toBe(id);
    expect(azure.world.operations.size).toBe(1);
  });

  test("a group of that name which is not the run's is left alone", async () => {
    const { azure, open } = await place();
    const run = runOf(randomUUID());
    const id = await submit(await open(), "sleep 600", run);
    azure.world.group(id).spec.tags = { "pushpool-run": "another" };
    const other = openerOf(poolOf(azure, azure.client("other")));
    await expect(submit(await other.open(), "true", run)).rejects.toThrow(
      /container group .* already exists .* does not belong to this run/,
    );
    expect(azure.world.operations.size).toBe(1);
  });

  test("the notes went down with the machine: what was sent is found where the ledger says it was to go", async () => {
    const { open, pool } = await place();
    const target = await open();
    const run = runOf(randomUUID());
    const submission = target.plan(jobOf("true"), run);
    const recorded = JSON.parse(JSON.stringify(submission)) as JsonObject;
    const after = openerOf({ ...pool, baseJobTemplate: {} });
    expect(await (await after.open()).find(run.id, 1, recorded)).toBeUndefined();
    const id = await target.submit(await target.prepare(submission, never), never);
    expect(await (await after.open()).find(run.id, 1, recorded)).toBe(id);
  });
});

test("a container that Azure starts again is stopped, its first end stands, and the group goes", async () => {
  const { azure, open } = await place();
  const target = await open();
  const id = await submit(target, "exit 3");
  for (;;) {
    if (azure.world.group(id).containers[0]?.current?.state === "Terminated") break;
    await new Promise((done) => setTimeout(done, 5));
  }
  azure.world.restartContainer(id);
  expect((await ended(target, id)).outcome).toMatchObject({
    kind: "exited",
    code: 3,
    reason: expect.stringContaining("started the container again"),
  });
  await target.cleanup(id);
  expect(azure.world.groups.size).toBe(0);
});

test("a start that takes too long is stopped by whoever watches", async () => {
  const { azure, open } = await place();
  const target = await open();
  azure.plant({ on: `${GROUPS}/write`, fault: { kind: "noNode" } });
  const job = { ...jobOf("true"), task_start_timeout_seconds: 1 };
  const id = await target.submit(await target.prepare(target.plan(job, runOf(randomUUID())), never), never);
  for (;;) {
    const seen = (await target.observe([id])).get(id) as Observation;
    await target.enforceLimits?.([id]);
    if (seen.phase !== "ended") continue;
    expect(seen.outcome).toEqual({ kind: "timedOut", phase: "pending" });
    break;
  }
});

test("nothing is deleted before its log is read, and the log stays", async () => {
  const { azure, made, open } = await place();
  const target = await open();
  const id = await submit(target, "echo last words; exit 1");
  await ended(target, id);
  await target.cleanup(id);
  expect(azure.world.groups.size).toBe(0);
  const kinds = azure.calls.map(({ action }) => action);
  expect(kinds.indexOf(`${GROUPS}/containers/logs/read`)).toBeLessThan(kinds.indexOf(`${GROUPS}/delete`));
  expect((await (await open()).logs(id)).lines.map(({ text }) => text)).toEqual(["last words"]);
  expect(made("delete")).toHaveLength(1);
});

describe("a group is deleted after the run's end", () => {
  test("what Azure started again is stopped first, and Azure has shown that it stopped", async () => {
    const { azure, open } = await place();
    const target = await open();
    const ran = join(mkdtempSync(join(tmpdir(), "pushpool-")), "ran");
    const id = await submit(target, `if [ -e ${ran} ]; then sleep 600; fi; touch ${ran}`);
    expect((await ended(target, id)).outcome).toEqual({ kind: "exited", code: 0 });
    azure.world.restartContainer(id);
    await until(() => azure.world.group(id).containers[0]?.current?.state === "Running");
    const before = azure.calls.length;
    await target.cleanup(id);
    const actions = azure.calls.slice(before).map(({ action }) => String(action).replace(`${GROUPS}/`, ""));
    const [stop, gone] = [actions.indexOf("stop/action"), actions.indexOf("delete")];
    expect(stop).toBeGreaterThan(-1);
    expect(actions.slice(stop + 1, gone)).toContain("read");
    expect(azure.world.groups.size).toBe(0);
  });

  test("once no other operation is under way on it", async () => {
    const { azure, open, made } = await place();
    const target = await open();
    const id = await submit(target);
    await ended(target, id);
    const fault = { kind: "refuse", status: 409, code: "ContainerGroupTransitioning", message: "is still transitioning" } as const;
    azure.plant({ on: `${GROUPS}/delete`, fault });
    await target.cleanup(id);
    expect([made("delete").length, azure.world.groups.size]).toEqual([2, 0]);
  });
});

describe("a refusal is reported with its fix, and nothing is left", () => {
  test.each<[string, object, RegExp]>([
    [
      "a provider that is not registered",
      { status: 409, code: "MissingSubscriptionRegistration", message: "The subscription is not registered to use namespace" },
      /is not registered for Container Instances: run `az provider register --namespace Microsoft\.ContainerInstance`/,
    ],
    [
      "a quota",
      { status: 400, code: "ContainerGroupQuotaReached", message: "container group quota 'StandardCores' exceeded" },
      /a quota of the subscription is used up/,
    ],
    [
      "a full region",
      { status: 409, code: "ServiceUnavailable", message: "not available in the location" },
      /the region has no capacity for it/,
    ],
    [
      "a policy",
      { status: 403, code: "RequestDisallowedByPolicy", message: "Resource was disallowed by policy" },
      /a policy of your organization forbids it/,
    ],
    [
      "a lock",
      { status: 409, code: "ScopeLocked", message: "The scope cannot perform write operation" },
      /a lock on the resource group forbids it/,
    ],
    [
      "a role",
      {
        status: 403,
        code: "AuthorizationFailed",
        message: "no authorization to perform action 'Microsoft.ContainerInstance/containerGroups/write'",
      },
      /access denied for application .*it needs "Azure Container Instances Contributor Role" on the resource group/,
    ],
    [
      "a role on an identity",
      {
        status: 403,
        code: "LinkedAuthorizationFailed",
        message: "no permission for Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
      },
      /it needs "Managed Identity Operator" on the identity/,
    ],
  ])("%s", async (_, error, message) => {
    const { azure, open } = await place();
    const target = await open();
    const run = runOf(randomUUID());
    azure.plant({ on: `${GROUPS}/write`, fault: { kind: "refuse", ...error } as never });
    await expect(submit(target, "true", run)).rejects.toThrow(message);
    expect([await target.find(run.id, 1), azure.world.groups.size]).toEqual([undefined, 0]);
  });

  test("a resource group that does not exist", async () => {
    const { open } = await place();
    const target = await open();
    const job = { ...jobOf("true"), resource_group_name: "nowhere" };
    await expect(target.prepare(target.plan(job, runOf(randomUUID())), never)).rejects.toThrow(/resource_group_name|access denied/);
  });
});

describe("an image that Azure cannot read", () => {
  const IDENTITY =
    "/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/flows/providers/Microsoft.ManagedIdentity/userAssignedIdentities/pull";
  const byIdentity = { image_registry: { registry_url: "acme.azurecr.io", identity: IDENTITY }, identities: [IDENTITY] };
  const refusal = { kind: "refuse", status: 400, code: "InaccessibleImage", message: "The image is not accessible." } as const;

  const send = async (job: object, createdAt: string | undefined, times: number) => {
    const { azure, made, open, told: warnings } = await place({}, createdAt);
    azure.plant({ on: `${GROUPS}/write`, fault: refusal, times });
    const target = await open();
    const submission = target.plan({ ...jobOf("true"), ...job }, runOf(randomUUID()));
    const sent = target.prepare(submission, never).then((prepared) => target.submit(prepared, never));
    return { sent, warnings, made };
  };

  test("a public one: a few tries, then it is refused", async () => {
    const { sent, made, warnings } = await send({}, new Date().toISOString(), 100);
    await expect(sent).rejects.toThrow(/Azure cannot read the image: check its name/);
    expect([made("write").length, warnings[0]]).toEqual([4, expect.stringMatching(/^Azure could not read the image: trying again/)]);
  });

  test("one that a managed identity reads: tried again while the pool is new, with a notice, and not for ever", async () => {
    // New for another second.
    const { sent, made, warnings } = await send(byIdentity, new Date(Date.now() - 599_000).toISOString(), 100);
    await expect(sent).rejects.toThrow(/with the managed identity: check the image's name, and that the identity has the role AcrPull/);
    expect(made("write").length).toBeGreaterThanOrEqual(4);
    expect(warnings[0]).toMatch(/whose role AcrPull may be new: trying again for up to ten minutes/);
  });
});

describe("credentials", () => {
  test("a wrong secret is reported as that", async () => {
    const { azure, client } = await place();
    const { open } = openerOf(poolOf(azure, { ...client, client_secret: "wrong" }));
    await expect(submit(await open())).rejects.toThrow(
      /the client_secret of application .* is wrong: give the credentials block of work pool "etl"/,
    );
  });

  test("a tenant that does not exist is reported as that", async () => {
    const { azure, client } = await place();
    const { open } = openerOf(poolOf(azure, { ...client, tenant_id: randomUUID() }));
    await expect(submit(await open())).rejects.toThrow(/there is no such tenant: check "tenant_id"/);
  });
});

test("a fake that this process does not trust is reported as that, at once", async () => {
  await place();
  const azure = await startFakeAzure();
  onTestFinished(() => azure.stop());
  const { open } = openerOf(poolOf(azure, azure.client("submitter")));
  await expect(submit(await open())).rejects.toThrow(
    /this machine does not trust the certificate of Azure: set NODE_EXTRA_CA_CERTS to the file of its authority .*UNABLE_TO_VERIFY_LEAF_SIGNATURE/,
  );
  expect(azure.calls).toEqual([]);
});

test("what runs have left goes with the pool; it leaves what is not its own", async () => {
  const { azure, client, pool, open } = await place();
  const target = await open();
  await submit(target, "true");
  const other = openerOf(poolOf(azure, client, { source: { project: "data", stack: "prod" } }));
  const theirs = await submit(await other.open(), "true");
  // What is not remembered here is found by the template.
  const elsewhere = openerOf(pool);
  const removed = await (await elsewhere.open()).removeLeftovers?.({ jobVariables: [], signal: never });
  expect(removed).toEqual({ removed: { "container groups": 1 }, kept: [] });
  expect([...azure.world.groups.values()].map(({ id }) => id)).toEqual([theirs]);
});

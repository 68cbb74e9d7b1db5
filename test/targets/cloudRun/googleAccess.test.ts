import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../../src/json";
import type { PoolAccess } from "../../../src/targets/target";
import { until } from "../../until";
import { withoutRetryNotices } from "../cloud/place";
import { ended, executions, jobOf, openerOf, place, submit } from "./place";

// Credentials and permissions, on the fake.

describe("credentials and permissions", () => {
  const young = (pool: PoolAccess): PoolAccess => ({
    ...pool,
    credentials: { ...pool.credentials, createdAt: new Date().toISOString() } as NonNullable<PoolAccess["credentials"]>,
  });

  test.each([
    ["a key", "keys"],
    ["roles", "bindings"],
  ] as const)("%s that becomes effective late: wait while the block is young, with one message", async (_, late) => {
    const { google, pool } = await place();
    google.world.iam.propagation[late] = 3_600_000;
    const { open, told } = openerOf(young(pool));
    const target = await open();
    const submitted = submit(target, jobOf(google, "true"));
    await until(() => told.length > 0);
    google.world.iam.propagation[late] = 0;
    const id = await submitted;
    expect((await ended(target, id)).outcome).toEqual({ kind: "exited", code: 0 });
    expect(withoutRetryNotices(told)).toEqual([expect.stringMatching(/^the credentials of work pool "etl" are new/)]);
  });

  const disabled = {
    kind: "refuse",
    code: "PERMISSION_DENIED",
    message: "Cloud Run Admin API has not been used in project acme before or it is disabled. Enable it, then retry.",
    reason: "SERVICE_DISABLED",
  } as const;

  test("an API that Google does not yet know as enabled: wait while the pool is young, with one message", async () => {
    const { google, pool } = await place();
    google.plant({ on: /^run\.jobs\./, fault: disabled, times: 3 });
    const { open, told } = openerOf(young(pool));
    const target = await open();
    const id = await submit(target, jobOf(google, "true"));
    expect((await ended(target, id)).outcome).toEqual({ kind: "exited", code: 0 });
    expect(withoutRetryNotices(told)).toEqual([
      expect.stringMatching(/^work pool "etl" is new, and an API that was enabled with it may not be effective everywhere yet/),
    ]);
  });

  test("a disabled API of a pool that is some minutes old is refused with Google's message", async () => {
    const { google, pool } = await place();
    google.plant({ on: /^run\.jobs\./, fault: disabled, times: 3 });
    const createdAt = new Date(Date.now() - 301_000).toISOString();
    const { open } = openerOf({ ...pool, credentials: { ...pool.credentials, createdAt } as NonNullable<PoolAccess["credentials"]> });
    await expect(submit(await open(), jobOf(google, "true"))).rejects.toThrow(/the API is disabled in project "acme": .*has not been used/);
    expect(google.calls).toHaveLength(1);
  });

  test("an old key that is unknown to Google is refused at once", async () => {
    const { google, open } = await place({ keyDelay: 600_000 });
    await expect(submit(await open(), jobOf(google, "true"))).rejects.toThrow(
      /^making the job: Google does not accept the credentials of submitter@acme\.iam\.gserviceaccount\.com: Request had invalid authentication credentials/,
    );
    expect(google.calls).toHaveLength(1);
  });

  test("a deleted key", async () => {
    const { google, key, open } = await place();
    google.world.iam.keys.delete(String(key.private_key_id));
    await expect(submit(await open(), jobOf(google, "true"))).rejects.toThrow(/does not accept the credentials/);
  });

  test.each([
    ["to make jobs", ["roles/run.viewer"], /making the job: access denied for submitter@.*'run\.jobs\.create' denied/],
    [
      "to override",
      ["roles/run.viewer", "roles/run.invoker", "projects/acme/roles/maker"],
      /submitting the run: access denied for submitter@.*'run\.jobs\.runWithOverrides' denied/,
    ],
  ])("without the permission %s the message names it", async (_, roles, message) => {
    const { google, open } = await place({ roles });
    google.world.iam.roles.set("projects/acme/roles/maker", ["run.jobs.create"]);
    await expect(submit(await open(), jobOf(google, "true"))).rejects.toThrow(message);
    expect(executions(google)).toBe(0);
  });

  test("no permission to act as the run's service account", async () => {
    const { google, open } = await place();
    google.world.iam.bindings = google.world.iam.bindings.filter(({ resource }) => !resource.startsWith("serviceAccounts/"));
    await expect(submit(await open(), jobOf(google, "true"))).rejects.toThrow(
      /'iam\.serviceaccounts\.actAs' denied on service account flow-runtime@/,
    );
  });

  test("a key of another project: the message says so", async () => {
    const { google, pool } = await place();
    const data = { ...pool.credentials?.data, project: "elsewhere" };
    const { open } = openerOf({ ...pool, credentials: { block: "gcp-credentials/etl", data } });
    await expect(submit(await open(), jobOf(google, "true"))).rejects.toThrow(
      /the key is of project "acme", the work pool's runs go to "elsewhere"/,
    );
  });

  test("a disabled API", async () => {
    const { google, open } = await place({ services: ["logging.googleapis.com"] });
    await expect(submit(await open(), jobOf(google, "true"))).rejects.toThrow(
      /^making the job: the API is disabled in project "acme": Cloud Run Admin API has not been used/,
    );
  });

  test("the permissions in pushpool's guide are enough for everything", async () => {
    const { google, open } = await place({ roles: ["projects/acme/roles/pushpool"] });
    google.world.iam.roles.set("projects/acme/roles/pushpool", [
      "run.jobs.create",
      "run.jobs.get",
      "run.jobs.delete",
      "run.jobs.run",
      "run.jobs.runWithOverrides",
      "run.executions.get",
      "run.executions.list",
      "run.executions.cancel",
      "run.tasks.list",
      "logging.logEntries.list",
    ]);
    const target = await open();
    const id = await submit(target, jobOf(google, "echo up; sleep 600"));
    await until(async () => (await target.logs(id)).lines.length > 0);
    await target.stop(id, { reason: "test", graceSeconds: 1 });
    expect((await ended(target, id)).outcome).toEqual({ kind: "cancelled", by: "us", reason: "test" });
  });

  test.each<[string, PoolAccess["endpoints"], RegExp]>([
    [
      "a service it does not use",
      { ecs: "http://x" },
      /pools\.etl\.endpoints\.ecs: a cloud-run-v2:push pool uses run, logging, sts, iamcredentials, token and iam only/,
    ],
    ["no URL", { run: "localhost" }, /pools\.etl\.endpoints\.run: "localhost" is not a valid URL/],
    ["a path", { run: "https://x/y" }, /endpoints\.run: must be only a host/],
  ])("endpoints: %s", async (_, endpoints, message) => {
    await expect(place({ pool: { endpoints } }).then(({ open }) => open())).rejects.toThrow(message);
  });

  test.each<[string, JsonObject | string, RegExp]>([
    ["no JSON", "{", /service_account_info: is not valid JSON/],
    ["no key", { type: "authorized_user" }, /must be the key of a service account with client_email and private_key/],
    ["no PEM", { client_email: "a@b", private_key: "MIIE-secret" }, /private_key: is not a private key in PEM format$/],
  ])("a block that is %s: the message does not show it", async (_, info, message) => {
    const { pool } = await place();
    const { open } = openerOf({ ...pool, credentials: { block: "gcp-credentials/etl", data: { service_account_info: info } } });
    const refused = await open().catch((error: Error) => error);
    expect(refused).toMatchObject({ name: "UserError", message: expect.stringMatching(message) });
    expect(String((refused as Error).message)).not.toContain("MIIE-secret");
  });
});

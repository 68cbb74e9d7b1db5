import { randomUUID } from "node:crypto";
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { Json, JsonObject } from "../../src/json";
import { openSqliteLedger } from "../../src/ledger";
import { listAutomations, type ServerAutomation } from "../../src/prefect/api/automations";
import { deleteDeployment, readDeploymentByName } from "../../src/prefect/api/deployments";
import { createWorkPool } from "../../src/prefect/api/workPools";
import type { Client } from "../../src/prefect/client";
import { badLine } from "../prefect/proxy";
import { describePrefect } from "../prefect/python";
import { sharedServer } from "../prefect/server";
import { clientOf } from "../serve/server/dispatcher";
import { fixtures, results, TEMPLATE } from "./recorded";
import { deployerTo, deployWithPrefect, type FileToDeploy, folderOf } from "./toServer";

describePrefect("triggers as automations of a real Prefect server", () => {
  vi.setConfig({ testTimeout: 300_000 });
  let client: Client;
  let venv: string;
  let apiUrl: string;
  const ledger = openSqliteLedger(":memory:");
  afterAll(() => ledger.close());
  const deploy = (at: FileToDeploy, over: { allOrNothing?: boolean; from?: typeof ledger; through?: Client } = {}) =>
    deployerTo(over.through ?? client, over.from ?? ledger).deploy(at, over);
  beforeAll(async () => {
    ({ apiUrl, venv } = await sharedServer());
    client = clientOf(apiUrl);
    await createWorkPool(client, { name: "yaml-pool", type: "process:push", base_job_template: TEMPLATE });
  }, 600_000);

  /** A file with one new deployment with these triggers, in YAML. */
  const withTriggers = (...triggers: string[]) => {
    const name = `d-${randomUUID().slice(0, 8)}`;
    const text = (given: readonly string[], more = "") =>
      `deployments:\n- name: ${name}\n  entrypoint: flows.py:hello\n  work_pool: { name: yaml-pool }\n${more}${
        given.length > 0 ? `  triggers:\n${given.map((one) => `  - ${one}\n`).join("")}` : ""
      }`;
    const at = folderOf((file) => writeFileSync(file, text(triggers)));
    return {
      ...at,
      bare: name,
      name: `hello/${name}`,
      change: (...given: string[]) => writeFileSync(at.file, text(given)),
      withField: (more: string, ...given: string[]) => writeFileSync(at.file, text(given, more)),
    };
  };
  const idOf = async (name: string) => (await readDeploymentByName(client, name))?.id as string;
  /** The automations that run a deployment, by name. */
  const automationsOf = async (name: string): Promise<ServerAutomation[]> => {
    const id = await idOf(name);
    return ((await listAutomations(client)) ?? []).filter(({ actions }) => actions.some(({ deployment_id: of }) => of === id));
  };
  const namesOf = async (name: string) => (await automationsOf(name)).map((one) => one.name);
  const summary = async (at: FileToDeploy, over: Parameters<typeof deploy>[1] = {}) => {
    const { deployments, problems } = await deploy(at, over);
    return [
      ...deployments.map(({ change, changes }) => [change, changes.map(({ path }) => path)]),
      ...problems.map(({ message }) => message),
    ];
  };
  const prefectDeploy = ({ folder }: FileToDeploy) => deployWithPrefect(folder, { venv, apiUrl });

  const EVERY_KIND = [
    '{ match: { prefect.resource.id: my.thing }, expect: [thing.pinged], parameters: { name: "{{ event.id }}" } }',
    'enabled: "{{ $LAB_FALSE }}"\n    expect: [b.c, a.b]\n    threshold: 2\n    within: 60',
    "{ name: mine, description: why, posture: Proactive, expect: [c.d], for_each: [prefect.resource.id], job_variables: { cpu: 2 }, schedule_after: PT1M }",
    "{ type: compound, require: 1, within: 3600, triggers: [{ expect: [e.f] }, { match_related: [{ a: b }, { c: [d] }] }] }",
    "{ type: sequence, triggers: [{ expect: [g.h], after: [i.*] }, { expect: [j.k] }] }",
  ];

  test("the same as `prefect deploy --all` makes of the same file, field by field; each continues where the other stopped", async () => {
    const file = withTriggers(...EVERY_KIND);
    prefectDeploy(file);
    const theirs = await automationsOf(file.name);
    expect(theirs.map(({ name }) => name)).toEqual([...[1, 2, 4, 5].map((n) => `${file.bare}__automation_${n}`), "mine"]);
    // The first `deploy` of another workspace: nothing to write.
    expect((await deploy(file)).deployments.flatMap(({ changes }) => changes.filter(({ path }) => path.startsWith("triggers")))).toEqual(
      [],
    );
    expect(await automationsOf(file.name)).toEqual(theirs);

    const again = withTriggers(...EVERY_KIND);
    await deploy(again);
    expect(plain(await automationsOf(again.name), again.bare)).toEqual(plain(theirs, file.bare));
    // `prefect deploy` finds ours as its own: it deletes them and makes them again.
    const ours = await automationsOf(again.name);
    prefectDeploy(again);
    const remade = await automationsOf(again.name);
    expect(plain(remade, again.bare)).toEqual(plain(ours, again.bare));
    expect(remade.filter(({ id }) => ours.some((one) => one.id === id))).toEqual([]);
  });

  test("the recorded file: the same automations; a second time nothing is written", async () => {
    const at = folderOf((file) => copyFileSync(join(fixtures, "24-triggers.yaml"), file));
    await deploy(at);
    const recorded = results["24-triggers"]?.deploy_all as unknown as { automations: ServerAutomation[] };
    const made = await automationsOf("hello/triggered");
    expect(plain(made, "triggered")).toEqual(plain(recorded.automations, "triggered"));
    const line = await badLine(apiUrl, () => undefined);
    expect(await summary(at, { through: clientOf(line.apiUrl) })).toEqual([["same", []]]);
    expect(line.seen.filter((request) => !/^(GET|POST) \S*\/(filter|name|version)\b|^GET /.test(request))).toEqual([]);
    expect(await automationsOf("hello/triggered")).toEqual(made);
  });

  test("a change, a new name, and a pause are made in place: the ids stay. A removed trigger goes, and with the last all go", async () => {
    const file = withTriggers("{ expect: [a.b] }", "{ expect: [c.d], name: second }");
    expect(await summary(file)).toEqual([["create", []]]);
    const [first, second] = await automationsOf(file.name);
    expect(second?.name).toBe("second");

    file.change("{ expect: [a.b, a.c], threshold: 3 }", "{ expect: [c.d], name: second, enabled: false }");
    const [one] = [`triggers.${file.bare}__automation_1`];
    expect(await summary(file)).toEqual([["update", [`${one}.expect[1]`, `${one}.threshold`, "triggers.second.enabled"]]]);
    const changed = await automationsOf(file.name);
    expect(changed).toMatchObject([
      { id: first?.id, trigger: { threshold: 3 } },
      // Only switched off: the server's trigger is the same object, with the events that it has counted.
      { id: second?.id, enabled: false, trigger: second?.trigger },
    ]);
    // The file no longer says so: it goes back.
    file.change("{ expect: [a.b, a.c], threshold: 3 }", "{ expect: [c.d], name: renamed }");
    expect(await summary(file)).toEqual([["update", ["triggers.renamed.enabled", "triggers.renamed.name"]]]);
    expect(await automationsOf(file.name)).toMatchObject([{ id: first?.id }, { id: second?.id, name: "renamed", enabled: true }]);
    file.change("{ expect: [a.b, a.c], threshold: 3 }");
    expect(await summary(file)).toEqual([["update", ["triggers.renamed"]]]);
    expect((await automationsOf(file.name)).map(({ id }) => id)).toEqual([first?.id]);
    file.change();
    expect(await summary(file)).toEqual([["update", [one]]]);
    expect(await namesOf(file.name)).toEqual([]);
    expect(await summary(file)).toEqual([["same", []]]);
  });

  test("what someone did by hand stays: a pause that the file does not set, and automations that are not its own", async () => {
    const file = withTriggers("{ expect: [a.b] }");
    await deploy(file);
    const [own] = await automationsOf(file.name);
    await client.request("PATCH", `/automations/${own?.id}`, { json: { enabled: false } });
    const id = await idOf(file.name);
    const byHand = async (name: string, more: JsonObject = {}) => {
      const actions = [{ type: "run-deployment", source: "selected", deployment_id: id }];
      const json = { name, trigger: { type: "event", posture: "Reactive", expect: ["by.hand"] }, actions, ...more };
      return (await client.request<ServerAutomation>("POST", "/automations/", { json: json as JsonObject })).body;
    };
    const hand = await byHand("by hand");
    const [planned] = (await deploy(file)).deployments;
    expect(planned).toMatchObject({
      change: "same",
      warnings: ['automations on the server also run it and are not in the file: "by hand". They stay'],
    });
    file.change("{ expect: [a.b], description: now }");
    expect(await summary(file)).toEqual([["update", [`triggers.${file.bare}__automation_1.description`]]]);
    const twice = await byHand("named");
    file.change("{ name: other, expect: [x.y] }");
    await deploy(file);
    const now = await automationsOf(file.name);
    expect(now.map(({ name }) => name)).toEqual(["by hand", "named", "other"]);
    for (const one of [hand, twice]) expect(now.find((other) => other.id === one.id)).toEqual(one);
    file.change();
    await deploy(file);
    expect(await namesOf(file.name)).toEqual(["by hand", "named"]);
    // Removed with the deployment: what it owns, and nothing else.
    file.change("{ expect: [a.b] }", "{ name: given, expect: [a.b] }");
    await deploy(file);
    const registry = deployerTo(client, ledger).registry();
    await registry.planRemoval([file.name]);
    await registry.remove([file.name]);
    const left = ((await listAutomations(client)) ?? []).filter(({ actions }) => actions.some(({ deployment_id: of }) => of === id));
    expect(left.map(({ name }) => name)).toEqual(["by hand", "named"]);
  });

  test("from a workspace that has never deployed it, a trigger with a name of its own is found again by that name", async () => {
    const file = withTriggers("{ name: given, expect: [a.b] }", "{ expect: [c.d] }");
    await deploy(file);
    const before = await automationsOf(file.name);
    const elsewhere = openSqliteLedger(":memory:");
    file.change("{ name: given, expect: [a.c] }");
    await deploy(file, { from: elsewhere });
    const after = await automationsOf(file.name);
    expect(after).toMatchObject([{ id: before.find(({ name }) => name === "given")?.id, trigger: { expect: ["a.c"] } }]);
    elsewhere.close();
  });

  test("from a workspace that has never deployed it, a trigger with a name of its own that left the file goes; what was made by hand stays", async () => {
    const file = withTriggers("{ name: given, expect: [a.b] }", "{ name: kept, expect: [a.c] }", "{ expect: [c.d] }");
    await deploy(file);
    const made = await automationsOf(file.name);
    const id = await idOf(file.name);
    const actions: JsonObject[] = [{ type: "run-deployment", source: "selected", deployment_id: id }];
    const trigger: JsonObject = { type: "event", posture: "Reactive", expect: ["by.hand"] };
    const { body: hand } = await client.request<ServerAutomation>("POST", "/automations/", { json: { name: "by hand", trigger, actions } });
    await client.request("PATCH", `/automations/${made.find(({ name }) => name === "kept")?.id}`, { json: { enabled: false } });

    file.change("{ name: kept, expect: [a.c] }", "{ expect: [c.e] }");
    const fromEmpty = async () => {
      const elsewhere = openSqliteLedger(":memory:");
      const [planned] = (await deploy(file, { from: elsewhere })).deployments;
      const next = (await deploy(file, { from: elsewhere })).deployments[0];
      elsewhere.close();
      return [planned, next];
    };
    const [first, second] = await fromEmpty();
    expect(first).toMatchObject({
      change: "update",
      warnings: [expect.stringMatching(/are not in the file: "by hand", "given"\. This workspace has never deployed it.* by hand stays$/)],
    });
    const after = await automationsOf(file.name);
    const automatic = `${file.bare}__automation_2`;
    expect(after.map(({ name }) => name).sort()).toEqual(["by hand", automatic, "kept"].sort());
    expect(after.find(({ name }) => name === "by hand")).toEqual(hand);
    // Paused by hand: that stays too.
    expect(after.find(({ name }) => name === "kept")).toMatchObject({ enabled: false, trigger: { expect: ["a.c"] } });
    expect(after.find(({ name }) => name === automatic)).toMatchObject({ trigger: { expect: ["c.e"] } });
    // The workspace knows them now.
    expect(second).toMatchObject({ change: "same", warnings: [expect.stringMatching(/: "by hand"\. They stay$/)] });
    expect(await automationsOf(file.name)).toEqual(after);

    // What `prefect deploy` makes belongs to the deployment too.
    file.change("{ name: theirs, expect: [a.b] }");
    prefectDeploy(file);
    expect(await namesOf(file.name)).toEqual(["by hand", "theirs"]);
    file.change();
    await fromEmpty();
    expect(await automationsOf(file.name)).toEqual([hand]);
  });

  test("what an unknowing workspace had deleted comes back if the server refuses a trigger", async () => {
    const file = withTriggers("{ name: given, expect: [a.b] }", "{ expect: [c.d] }");
    await deploy(file);
    const before = await automationsOf(file.name);
    const elsewhere = openSqliteLedger(":memory:");
    file.change("{ expect: [c.d] }", '{ expect: [c.e], parameters: { name: "{{ event.id | }}" } }');
    expect(await summary(file, { from: elsewhere })).toEqual([expect.stringMatching(/Invalid jinja: [^;]*$/)]);
    elsewhere.close();
    expect(plain(await automationsOf(file.name), file.bare)).toEqual(plain(before, file.bare));
  });

  test("a lost reply makes no second automation; after a kill between two steps the next deploy completes it", async () => {
    const file = withTriggers("{ expect: [a.b] }", "{ expect: [c.d] }");
    const lost = new Set<number>();
    const line = await badLine(apiUrl, (request) => {
      if (!request.startsWith("POST /automations/") || request.includes("filter") || lost.size >= 2) return undefined;
      // The reply of every first attempt.
      return lost.size < 2 && lost.add(line.seen.length) ? { replyLost: true } : undefined;
    });
    await deploy(file, { through: clientOf(line.apiUrl) });
    expect(await namesOf(file.name)).toEqual([1, 2].map((n) => `${file.bare}__automation_${n}`));
    const [first, second] = await automationsOf(file.name);
    // As if the process had died after the first.
    await client.request("DELETE", `/automations/${second?.id}`);
    expect(await summary(file)).toEqual([["update", [`triggers.${file.bare}__automation_2`]]]);
    expect(await automationsOf(file.name)).toMatchObject([{ id: first?.id }, { trigger: { expect: ["c.d"] } }]);
  });

  test("bad triggers: one message with the path and the fix, and nothing is written", async () => {
    const file = withTriggers("{ expect: [a.b], treshold: 2 }", "{ expects: [a.b] }", "{ type: metric, metric: { name: lateness } }");
    expect(await summary(file)).toEqual([
      'triggers[0].treshold is not a field of a trigger: did you mean "threshold"?; triggers[1].expects is not a field of a trigger: did you mean "expect"?; triggers[1] matches every event of the server: give expect (names of events) or match (labels of resources); triggers[2].metric.threshold is missing: it must be a number; triggers[2].metric.operator is missing: it must be <, <=, > or >=',
    ]);
    file.change('{ type: metric, metric: { name: lateness, threshold: 60, operator: ">" } }');
    expect(await summary(file)).toEqual([
      `triggers[0]: metric triggers exist on Prefect Cloud only; the server at ${apiUrl} has event, compound and sequence`,
    ]);
    file.change("{ expect: [a.b], job_variables: { cpu: many } }");
    expect(await summary(file)).toEqual([expect.stringMatching(/^triggers\[0\]\.job_variables\.cpu must be integer/)]);
    file.change('{ expect: [a.b], parameters: { name: "{{ prefect.blocks.secret.lab-secret }}" } }');
    expect(await summary(file)).toEqual([expect.stringMatching(/^triggers\[0\]\.parameters: .*/)]);
    expect(await readDeploymentByName(client, file.name)).toBeUndefined();
  });

  test("what the server refuses is undone: a new deployment with its first automations; an existing one as it was", async () => {
    const broken = '{ expect: [c.d], parameters: { name: "{{ event.id | }}" } }';
    const file = withTriggers("{ expect: [a.b] }", broken);
    expect(await summary(file)).toEqual([
      expect.stringMatching(
        /automation "\S+__automation_2" of deployment .* \(422\): actions\[0\]\.parameters: Invalid parameters: name: Invalid jinja: [^;]*$/,
      ),
    ]);
    expect(await readDeploymentByName(client, file.name)).toBeUndefined();
    expect(((await listAutomations(client)) ?? []).filter(({ name }) => name.startsWith(file.bare))).toEqual([]);

    file.change("{ expect: [a.b] }", "{ name: gone, expect: [z] }");
    await deploy(file);
    const before = await automationsOf(file.name);
    file.withField("  tags: [x]\n", "{ expect: [a.b], threshold: 5 }", broken);
    await deploy(file);
    expect(plain(await automationsOf(file.name), file.bare)).toEqual(plain(before, file.bare));
    expect((await readDeploymentByName(client, file.name))?.tags).toEqual([]);
  });

  test("a deployment that is deleted and made again does not find the automations of the former one", async () => {
    const file = withTriggers("{ expect: [a.b] }");
    await deploy(file);
    await deleteDeployment(client, await idOf(file.name));
    expect(await summary(file)).toEqual([["create", []]]);
    expect(await namesOf(file.name)).toEqual([`${file.bare}__automation_1`]);
  });
});

/** Automations without ids and times, as those of a deployment called `d`. */
function plain(automations: readonly ServerAutomation[], deployment: string): Json[] {
  const clean = (value: Json): Json => {
    if (Array.isArray(value))
      return value.map(clean).sort((a, b) => (typeof a === "string" && typeof b === "string" ? a.localeCompare(b) : 0));
    if (typeof value === "string") return value.replaceAll(deployment, "d");
    if (value === null || typeof value !== "object") return value;
    const drop = ["id", "created", "updated", "deployment_id"];
    return Object.fromEntries(Object.entries(value).flatMap(([key, inner]) => (drop.includes(key) ? [] : [[key, clean(inner as Json)]])));
  };
  return automations.map((one) => clean(one as unknown as Json));
}

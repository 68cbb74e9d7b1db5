import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Json, JsonObject } from "../../../../src/json";
import type { FakeAzure } from "../../../../src/testing";
import { until } from "../../../until";
import { ask, azure, groupCalls, groupOf, type Reply } from "./azure";

// Traffic that was recorded between real clients and Azure: the fake answers each request as Azure did. The recordings are not ours to
// keep in this repository; they lie beside it where they were collected.
const folder = join(__dirname, "..", "..", "..", "..", "..", "shared", "recordings", "azure");
const there = existsSync(folder);
if (!there) console.warn(`SKIPPED: there are no recordings of Azure in ${folder}`);

interface Exchange {
  request: { method: string; path: string; body: Json };
  response: { status: number; headers: Record<string, string>; body: Json };
}

/** The recorders wrote this for every subscription and tenant. */
const ZERO = "00000000-0000-0000-0000-000000000000";
const SHARED = { tenant: ZERO, subscription: ZERO, simulated: true };

function exchanges(name: string): Exchange[] {
  const text = readFileSync(join(folder, `${name}.jsonl`), "utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Exchange);
}

const GUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;

/** Values that differ in every run, made equal. */
function same(value: Json): Json {
  const text = JSON.stringify(value)
    .replaceAll(/https:\/\/(management\.azure\.com|login\.microsoftonline\.com|127\.0\.0\.1:\d+)\//g, "<host>/")
    .replaceAll(GUID, "<guid>")
    .replaceAll("<job>", "<guid>")
    .replaceAll(/\b[0-9a-f]{32}\b/g, "<guid>")
    .replaceAll(/\d{4}-\d\d-\d\d[T ][\d:.]+Z/g, "<time>")
    .replaceAll(/sha256:[0-9a-f]{64}/g, "<digest>")
    .replaceAll(/\b[0-9a-f]{64}\b/g, "<container>")
    .replaceAll(/"ip":"[\d.]+"/g, '"ip":"<ip>"');
  return JSON.parse(text) as Json;
}

/** It compares only whether these headers exist: the recorders had other limits, or several at once. */
function sameHeaders(headers: Record<string, string>): JsonObject {
  const compared = Object.entries(headers).filter(([name]) => !["date", "cache-control", "content-type"].includes(name));
  return same(Object.fromEntries(compared.map(([name, value]) => [name, /ratelimit/.test(name) ? "<left>" : value]))) as JsonObject;
}

/** The paths where an answer is not like the recorded one. */
function differences(ours: Json | undefined, recorded: Json | undefined, path: string): string[] {
  const isTree = (value: Json | undefined): value is JsonObject => typeof value === "object" && value !== null;
  if (!isTree(ours) || !isTree(recorded) || Array.isArray(ours) !== Array.isArray(recorded)) {
    return ours === recorded ? [] : [`${path}: ${JSON.stringify(ours)}, not ${JSON.stringify(recorded)}`];
  }
  const names = new Set([...Object.keys(ours), ...Object.keys(recorded)]);
  return [...names].flatMap((name) => differences(ours[name], recorded[name], `${path}.${name}`));
}

/** What is replayed, and how. */
interface Replay {
  options?: object;
  /** What the recording found there. */
  resourceGroups?: readonly string[];
  /** Before each exchange. */
  before?(fake: FakeAzure, recorded: Exchange, index: number): void;
  /** What of an answer is compared. @default all of it */
  part?(body: Json): Json;
  token?(fake: FakeAzure, path: string): string;
  /** What is not asked. */
  skip?(recorded: Exchange): boolean;
}

/** Whether the fake is not yet as far as Azure was. */
function isBehind(recorded: Json, ours: Json): boolean {
  const stateOf = (body: Json) => {
    const { status, properties, registrationState } = (body ?? {}) as { status?: Json; properties?: JsonObject; registrationState?: Json };
    const { provisioningState, instanceView } = (properties ?? {}) as { provisioningState?: Json; instanceView?: { state?: Json } };
    return JSON.stringify([status, provisioningState, instanceView?.state, registrationState]);
  };
  return stateOf(recorded) !== stateOf(ours);
}

function isGroup(path: string): boolean {
  return /\/containerGroups\/[^/?]+\?/.test(path);
}

function isPending(body: Json): boolean {
  return (body as JsonObject | null)?.status === "Pending";
}

async function replay(name: string, { options, resourceGroups = [], before, part = (body) => body, token, skip }: Replay = {}) {
  const fake = await azure({ ...SHARED, resourceGroups, location: "westus", ...options });
  // Ids that Azure gave by those that the fake gives.
  const known = new Map<string, string>();
  const filled = (text: string) => [...known].reduce((done, [theirs, ours]) => done.replaceAll(theirs, ours), text);
  const found: string[] = [];
  for (const [index, recorded] of exchanges(name).entries()) {
    before?.(fake, recorded, index);
    if (skip?.(recorded)) continue;
    const { method, body } = recorded.request;
    const path = filled(recorded.request.path);
    const send = () =>
      ask(
        fake,
        method,
        path,
        typeof body === "string" ? body : (JSON.parse(filled(JSON.stringify(body))) as Json),
        token?.(fake, path) ?? fake.ownerToken(),
      );
    // It starts as soon as Azure had started it, by the recording.
    if (method === "PUT" && isGroup(path))
      fake.plant({ on: "Microsoft.ContainerInstance/containerGroups/write", fault: { kind: "noNode" } });
    else if (method === "GET" && !isPending(recorded.response.body)) for (const group of fake.world.waiting) fake.world.letIn(group.id);
    let ours: Reply = await send();
    const waits = () =>
      (method === "GET" && ours.status !== recorded.response.status && ours.status !== 400) ||
      (method === "GET" && ours.status < 300 && isBehind(recorded.response.body, ours.body));
    const end = Date.now() + 90_000;
    while (waits() && Date.now() < end) {
      await new Promise((done) => setTimeout(done, 20));
      ours = await send();
    }
    learn(recorded.response, ours, known);
    const wanted = sameHeaders(recorded.response.headers);
    const got = sameHeaders(ours.headers);
    found.push(
      ...differences(ours.status, recorded.response.status, `${index + 1} status`),
      ...differences(same(part(ours.body)), same(part(recorded.response.body)), `${index + 1}`),
      ...Object.keys(wanted).flatMap((key) => differences(got[key], wanted[key], `${index + 1} ${key}`)),
    );
  }
  return found;
}

function learn(recorded: Exchange["response"], ours: Reply, known: Map<string, string>): void {
  const pair = (theirs: string, mine: string) => {
    const [one, other] = [theirs.match(GUID) ?? [], mine.match(GUID) ?? []];
    if (one.length === other.length) for (const [index, id] of one.entries()) if (id !== ZERO) known.set(id, other[index] as string);
  };
  const walk = (theirs: Json | undefined, mine: Json | undefined) => {
    if (typeof theirs === "string" && typeof mine === "string") pair(theirs, mine);
    else if (Array.isArray(theirs) && Array.isArray(mine)) for (const [index, each] of theirs.entries()) walk(each, mine[index]);
    else if (theirs !== null && typeof theirs === "object" && mine !== null && typeof mine === "object")
      for (const [name, each] of Object.entries(theirs)) walk(each as Json, (mine as JsonObject)[name]);
  };
  walk(recorded.body, ours.body);
  for (const [name, value] of Object.entries(recorded.headers)) if (!/request-id/.test(name)) pair(value, ours.headers[name] ?? "");
  const job = /operationresults\/([^?]+)/.exec(ours.headers.location ?? "")?.[1];
  if (job) known.set("<job>", job);
}

/** Resource groups whose making was not recorded. */
function withGroup(name: string, location = "westus") {
  return (fake: FakeAzure, index: number) => {
    if (index === 0) fake.world.addResourceGroup(name, location, {});
  };
}

/** The resource groups' own tags were made before the recording. */
function withoutTags(body: Json): Json {
  const { tags, ...rest } = (body ?? {}) as JsonObject;
  return rest.type === "Microsoft.Resources/resourceGroups" ? rest : body;
}

/** Events of the same second come in no order. */
function eventsByName(body: Json): Json {
  return JSON.parse(
    JSON.stringify(body, (key, value: unknown) =>
      key === "events" ? [...(value as JsonObject[])].sort((one, other) => (String(one.name) < String(other.name) ? -1 : 1)) : value,
    ),
  ) as Json;
}

function without(body: Json, names: readonly string[]): Json {
  return JSON.parse(JSON.stringify(body, (key, value: unknown) => (names.includes(key) ? undefined : value))) as Json;
}

/** What the command of a group said before its log was read. */
function says(fake: FakeAzure, { path }: Exchange["request"], ...lines: string[]): void {
  const [, name] = /containerGroups\/([^/]+)\/containers\/[^/]+\/logs/.exec(path) ?? [];
  if (name) fake.world.group(name).containers[0]?.log.push(...lines.map((text) => ({ at: new Date().toISOString(), text })));
}

describe.runIf(there)("container groups as recorded", () => {
  const made = withGroup("clitest.rg000001");

  test("made, watched, deleted (2021)", async () => {
    expect(await replay("aci-aso-crud-404", { part: eventsByName })).toEqual([]);
  });

  test("a command that exits with 2", async () => {
    const found = await replay("aci-cli-exit-2-failed", {
      before: (fake, _, index) => {
        made(fake, index);
        if (index === 1) fake.world.cachedImages.add("alpine:latest");
        if (index === 4) fake.world.finish("clicontainer000002", { kind: "exited", code: 2 });
      },
      part: withoutTags,
    });
    expect(found).toEqual([]);
  });

  test.each(["aci-cli-create-list-logs-delete", "aci-cli-registry-password"])("%s", async (name) => {
    const found = await replay(name, {
      before: (fake, { request }, index) => {
        made(fake, index);
        if (index === 1)
          for (const image of ["alpine:latest", "clitestregistry1.azurecr.io/nginx:latest"]) fake.world.cachedImages.add(image);
        says(fake, request, "hello", "hello");
      },
      part: withoutTags,
    });
    expect(found).toEqual([]);
  });

  test("Spot", async () => {
    const found = await replay("aci-cli-spot", {
      before: (fake, { request }, index) => {
        made(fake, index);
        says(fake, request, "hello", "hello");
      },
      part: (body) => without(withoutTags(body), ["events"]),
    });
    expect(found).toEqual([]);
  });

  test("identities", async () => {
    const found = await replay("aci-cli-identities", {
      before: (fake, _, index) => made(fake, index),
      // Its commands ended at once, and were started again and again.
      part: (body) => without(withoutTags(body), ["events", "restartCount", "previousState"]),
    });
    expect(found).toEqual([]);
  });

  test("with the Azure CLI of 2020", async () => {
    const found = await replay("aci-create-cli", {
      before: (fake, _, index) => made(fake, index),
      part: (body) => without(withoutTags(body), ["events"]),
    });
    expect(found).toEqual([]);
  });

  test("in a subnet", async () => {
    const found = await replay("aci-cli-vnet", {
      before: (fake, _, index) => made(fake, index),
      part: (body) => without(withoutTags(body), ["events"]),
      skip: ({ request }) => /Microsoft\.Network\/locations/.test(request.path),
    });
    // The fake has only the parts of networks that a container group needs: its answers begin at the twelfth.
    expect(found.filter((each) => Number.parseInt(each, 10) >= 12)).toEqual([]);
  });

  test("a log, and the end of it", async () => {
    const [whole, end] = exchanges("aci-ps-logs-tail-2023") as [Exchange, Exchange];
    const fake = await azure({ ...SHARED, resourceGroups: ["test-rgc41vt"], location: "eastus" });
    const [, group = ""] = /(.*)\/containers\//.exec(whole.request.path) ?? [];
    const body = JSON.parse(JSON.stringify(groupOf("true")).replace('"flow"', '"bez-test-ci"')) as Json;
    expect((await ask(fake, "PUT", `${group}?api-version=2022-10-01-preview`, body)).status).toBe(201);
    await until(() => fake.world.group("bez-test-cg").containers[0]?.current?.state === "Running");
    const { content } = whole.response.body as { content: string };
    says(fake, whole.request, ...content.trimEnd().split("\n"));
    for (const { request, response } of [whole, end]) {
      const ours = await ask(fake, "GET", request.path);
      expect([ours.status, ours.body]).toEqual([response.status, response.body]);
    }
  });

  test("tags patched, the provider read", async () => {
    const before = withGroup("cli_test_tag_update_by_patch000001");
    const found = await replay("aci-cli-tags-patch", {
      before: (fake, _, index) => {
        before(fake, index);
        fake.world.cachedImages.add("nginx:latest");
      },
      // Its list of types was shortened.
      part: (body) => {
        const { resourceTypes: _, registrationPolicy: __, ...rest } = (body ?? {}) as JsonObject;
        return body === null ? null : rest;
      },
    });
    expect(found).toEqual([]);
  });
});

describe.runIf(there)("states as recorded", () => {
  /** The request of a group, made from its recorded GET, and the fake's GET after the same steps. */
  const stateAs = async (name: string, line: number, come: (fake: FakeAzure, group: string) => Promise<unknown>, options = {}) => {
    const recorded = exchanges(name)[line - 1] as Exchange;
    const body = without(recorded.response.body, [
      "instanceView",
      "id",
      "provisioningState",
      "principalId",
      "tenantId",
      "ip",
      "fqdn",
    ]) as JsonObject;
    const [, resourceGroup = ""] = /resourceGroups\/([^/]+)/.exec(recorded.request.path) ?? [];
    const fake = await azure({ ...SHARED, resourceGroups: [resourceGroup], ...options });
    const [path = "", query] = recorded.request.path.split("?");
    const { name: group } = recorded.response.body as { name: string };
    const put = await ask(fake, "PUT", `${path}?${query}`, body);
    expect(put.status).toBe(201);
    await come(fake, group);
    const ours = await ask(fake, "GET", recorded.request.path);
    const part = (each: Json) => same(without(eventsByName(each), ["ip"]));
    return differences(part(ours.body), part(recorded.response.body), "");
  };
  const running = (fake: FakeAzure, group: string) => until(() => fake.world.group(group).provisioningState === "Succeeded");

  test("a lost node", async () => {
    const found = await stateAs("aci-system-msi-repairing", 19, async (fake, group) => {
      for (const image of ["tomcat", "nginx"]) fake.world.cachedImages.add(image);
      await running(fake, group);
      fake.world.loseNode(group, 60_000);
    });
    expect(found).toEqual([]);
  });

  test("stopped while it waits for a new node", async () => {
    const { response } = exchanges("aci-system-msi-repairing")[23] as Exchange;
    const fake = await azure({ ...SHARED, resourceGroups: ["rg"] });
    fake.plant({ on: "Microsoft.ContainerInstance/containerGroups/write", fault: { kind: "noNode" } });
    const body = without(response.body, ["instanceView", "id", "principalId", "tenantId", "fqdn"]) as JsonObject;
    const path = `${fake.scope}/providers/Microsoft.ContainerInstance/containerGroups/${String(body.name)}`;
    await ask(fake, "PUT", `${path}?api-version=2021-03-01`, body);
    await ask(fake, "POST", `${path}/stop?api-version=2021-03-01`);
    const ours = await ask(fake, "DELETE", `${path}?api-version=2021-03-01`);
    expect(differences(same(without(ours.body, ["id"])), same(without(response.body, ["id"])), "")).toEqual([]);
  });

  test("a command that has ended well (2018)", async () => {
    const found = await stateAs("aci-full-life", 5, async (fake, group) => {
      fake.world.cachedImages.add("ubuntu:xenial");
      await running(fake, group);
      fake.world.finish(group, { kind: "exited", code: 0 });
      await until(() => fake.world.group(group).containers[0]?.current?.state === "Terminated");
    });
    // In 2018 events also reported that a container was created.
    expect(found.filter((each) => !each.includes("events"))).toEqual([]);
  });

  test("one container runs, another crashed", async () => {
    const found = await stateAs("aci-two-containers-logs", 5, async (fake, group) => {
      await running(fake, group);
      fake.world.crash(group, "acisamplecda973343-2");
      await until(() => fake.world.group(group).containers[1]?.current?.state === "Terminated");
    });
    expect(found).toEqual([]);
  });
});

describe.runIf(there)("what lies around them as recorded", () => {
  test("a resource group that is made and deleted", async () => {
    expect(await replay("rg-create-error-and-lifecycle", { options: { groupDeletion: 3_000 } })).toEqual([]);
  });

  test("a resource group in a region that there is not", async () => {
    expect(await replay("rg-create-refused")).toEqual([]);
  });

  test("a managed identity and its federated credential", async () => {
    expect(await replay("identity-user-assigned-life", { options: { groupDeletion: 3_000 } })).toEqual([]);
  });

  test("a custom role", async () => {
    expect(await replay("rbac-custom-role-definition")).toEqual([]);
  });

  test("a role for a principal that is not known yet", async () => {
    const found = await replay("rbac-principal-not-found-retries", {
      options: { principalDelay: 60_000, groupDeletion: 3_000 },
      before: (fake, { response }, index) => {
        // After five refusals it is known.
        if (index > 5 && response.status === 201) for (const principal of fake.world.directory.principals.values()) principal.madeAt = 0;
      },
    });
    expect(found).toEqual([]);
  });

  test("an application with a federated credential", async () => {
    const token = (fake: FakeAzure, path: string) => fake.ownerToken(path.startsWith("/v1.0") ? "https://graph.microsoft.com" : undefined);
    expect(await replay("graph-app-federated-credential", { token, part: ofGraph })).toEqual([]);
  });
});

test.runIf(there)("a service principal with a secret and a role, as recorded", async () => {
  const token = (fake: FakeAzure, path: string) => fake.ownerToken(path.startsWith("/v1.0") ? "https://graph.microsoft.com" : undefined);
  const found = await replay("graph-sp-for-rbac-with-assignment", {
    resourceGroups: ["cli_sp_create_for_rbac000001"],
    token,
    part: ofEither,
  });
  // The fake finds no objects by their ids alone. It does not say where an answer without a resource is.
  expect(found.filter((each) => !each.startsWith("10") && !/^\S+ location/.test(each))).toEqual([]);
});

describe.runIf(there)("errors and logins as recorded", () => {
  test("a provider that the subscription has not registered", async () => {
    const [refused, ...later] = exchanges("arm-409-missing-registration");
    const fake = await azure({ ...SHARED, resourceGroups: ["clitest.rg000001"], providers: [], registration: 50 });
    const path = `${fake.scope}/providers/Microsoft.ContainerInstance/containerGroups/one?api-version=2023-05-01`;
    const ours = await ask(fake, "PUT", path, groupOf("true"));
    const renamed = JSON.parse(JSON.stringify(refused).replaceAll("Microsoft.Maps", "Microsoft.ContainerInstance")) as Exchange;
    expect(differences(ours.body, renamed.response.body, "")).toEqual([]);
    expect([ours.status, ours.headers["x-ms-failure-cause"]]).toEqual([409, "gateway"]);
    const provider = `/subscriptions/${ZERO}/providers/Microsoft.ContainerInstance`;
    const states = [(await ask(fake, "POST", `${provider}/register?api-version=2016-02-01`)).body?.registrationState];
    while (states.at(-1) === "Registering")
      states.push((await ask(fake, "GET", `${provider}?api-version=2016-02-01`)).body?.registrationState);
    const recorded = later.map(({ response }) => (response.body as JsonObject).registrationState).filter(Boolean);
    expect([...new Set(states)]).toEqual([...new Set(recorded)]);
    expect((await ask(fake, "PUT", path, groupOf("true"))).status).toBe(201);
  });

  test("the discovery of an authority and its token", async () => {
    const [instance, configuration] = exchanges("aad-token-client-secret") as [Exchange, Exchange];
    const fake = await azure(SHARED);
    const found = await ask(fake, "GET", instance.request.path, undefined, "");
    expect(differences(same(found.body), same(instance.response.body), "")).toEqual([]);
    const known = await ask(fake, "GET", configuration.request.path, undefined, "");
    expect(differences(same(known.body), same(configuration.response.body), "")).toEqual([]);
  });

  test("an unknown tenant", async () => {
    const recorded = exchanges("aad-unknown-tenant")[1] as Exchange;
    const ours = await ask(await azure(SHARED), "GET", recorded.request.path, undefined, "");
    expect(ours.status).toBe(400);
    expect(differences(same(ours.body), same(recorded.response.body), "")).toEqual([]);
  });

  test("a wrong secret, and one that is over", async () => {
    const recorded = exchanges("aad-token-errors-quoted");
    const fake = await azure(SHARED);
    const { client_id, client_secret } = fake.client("submitter");
    const login = (secret: string) => {
      const form = { client_id, client_secret: secret, grant_type: "client_credentials", scope: "https://management.azure.com/.default" };
      return ask(fake, "POST", `/${ZERO}/oauth2/v2.0/token`, new URLSearchParams(form).toString(), "");
    };
    const replies = [await login("wrong")];
    for (const secret of fake.world.directory.clients.get(client_id)?.secrets ?? []) secret.endAt = 0;
    replies.push(await login(client_secret));
    // The recorder's zeros were given for trace ids, too.
    const shown = (body: Json) => (body === null ? null : without(body, ["trace_id", "correlation_id"]));
    for (const [index, ours] of replies.entries()) {
      const { response } = recorded[index] as Exchange;
      expect(ours.status).toBe(response.status);
      const text = (body: Json) =>
        JSON.parse(
          JSON.stringify(same(shown(body)))
            .replaceAll(/ID: 0\b/g, "ID: <guid>")
            .replaceAll("app '0'", "app '<guid>'"),
        ) as Json;
      expect(differences(text(ours.body), text(response.body), "")).toEqual([]);
    }
  });

  test("a stop: at once, without an exit code, and again", async () => {
    const [stopped, seen] = exchanges("aci-ps-stop-2024") as [Exchange, Exchange];
    const fake = await azure({ ...SHARED, resourceGroups: ["test-rg9iwau"], location: "eastus" });
    const { containers, ...rest } = (seen.response.body as { properties: { containers: JsonObject[] } }).properties;
    const [
      {
        properties: { image, resources },
      },
    ] = containers as [{ properties: { image: string; resources: JsonObject } }];
    const [path = ""] = seen.request.path.split("?");
    const body = {
      location: "eastus",
      tags: { key: "value" },
      properties: { osType: "Linux", containers: [{ name: "bez-test-ci", properties: { image, resources } }] },
    };
    await ask(fake, "PUT", `${path}?api-version=2024-05-01-preview`, body);
    await until(
      async () =>
        (await ask(fake, "GET", seen.request.path)).body?.properties !== undefined &&
        fake.world.group("bez-test-cg").provisioningState === "Succeeded",
    );
    const reply = await ask(fake, "POST", stopped.request.path);
    expect(reply.status).toBe(204);
    expect(Object.keys(reply.headers)).toEqual(
      expect.arrayContaining(Object.keys(stopped.response.headers).filter((name) => /ratelimit/.test(name))),
    );
    const ours = await ask(fake, "GET", seen.request.path);
    expect(differences(same(without(ours.body, ["events"])), same(without(seen.response.body, ["events"])), "")).toEqual([]);
    expect(rest).toMatchObject({ instanceView: { state: "Stopped" } });
    expect((await ask(fake, "POST", stopped.request.path)).status).toBe(204);
  });

  test("too many creations in an hour", async () => {
    const [recorded] = exchanges("arm-429-resource-requests") as [Exchange];
    const fake = await azure({ ...SHARED, resourceGroups: ["flows"], limits: { perHour: 1 } });
    await groupCalls(fake, "one").put(groupOf("true"));
    const ours = await groupCalls(fake, "two").put(groupOf("true"));
    const text = ({ body }: { body: Json }) => JSON.stringify(body).replaceAll(/'(Microsoft[^']*|\d+)'/g, "'…'");
    expect(text(ours)).toBe(text(recorded.response));
    expect([ours.status, ours.headers["x-ms-failure-cause"]]).toEqual([429, "gateway"]);
  });

  test("texts of Microsoft's articles", async () => {
    const fake = await azure({ ...SHARED, resourceGroups: ["flows"] });
    const registry = (credential: JsonObject) => groupOf("true", { imageRegistryCredentials: [credential] });
    const spot = (more: JsonObject) => groupOf("true", { priority: "Spot", ...more });
    const bodies = [
      registry({ server: "r.io", username: "u", identity: "/i" }),
      registry({ server: "r.io", identity: "/i" }),
      registry({ username: "u", password: "p" }),
      spot({ ipAddress: { type: "Public", ports: [{ port: 80 }] } }),
      spot({ sku: "Confidential" }),
      groupOf("true", { priority: "Low" }),
    ];
    const texts = async (body: Json) => {
      const { error } = (await groupCalls(fake, "cg").put({ ...(body as JsonObject), location: "westeurope" })).body as {
        error: { code: string; message: string };
      };
      return `${error.code}: ${error.message.replace(/position \d+/, "position …")}`;
    };
    const found = await Promise.all(bodies.map(texts));
    const documented = exchanges("aci-errors-documented").map(({ response }) => {
      const { code, message } = (response.body as { error: { code: string; message: string } }).error;
      return `${code}: ${message.replace(/position \d+/, "position …")}`;
    });
    // Not the fake's: API versions before 2021-07-01, versions of Windows, and the look for fraud.
    const others = /^(InvalidImageRegistryCredentialType|OsVersionNotSupported|ServiceUnavailable)/;
    expect(found.sort()).toEqual(documented.filter((each) => !others.test(each)).sort());
  });

  test("texts that users quote", async () => {
    const quoted = new Map(
      exchanges("aci-errors-quoted").map(({ response }) => {
        const { code, message } = (response.body as { error: { code: string; message: string } }).error;
        return [code, { status: response.status, message: message.replaceAll(/'[^']*'/g, "'…'") }];
      }),
    );
    const fake = await azure({
      ...SHARED,
      resourceGroups: ["flows"],
      images: { gone: { access: "missing" } },
      quotas: { ContainerGroups: 4 },
      start: 500,
    });
    const caused: Reply[] = [];
    const { put, logs, post } = groupCalls(fake, "one");
    caused.push(await put(JSON.parse(JSON.stringify(groupOf("true")).replace("python", "gone")) as Json));
    fake.plant({ on: "Microsoft.ContainerInstance/containerGroups/write", fault: { kind: "registryError" } });
    caused.push(await put(groupOf("true")));
    await put(groupOf("true"));
    caused.push(await post("start"), await logs());
    await until(() => fake.world.group("one").provisioningState === "Succeeded");
    await post("stop");
    caused.push(await post("containers/flow/exec"));
    for (const name of ["two", "three", "four"]) await groupCalls(fake, name).put(groupOf("true"));
    caused.push(await groupCalls(fake, "five").put(groupOf("true")));
    const codes = caused.map(({ status, body }) => {
      const { code, message } = (body as { error: { code: string; message: string } }).error;
      const wanted = quoted.get(code);
      expect(message.replaceAll(/'[^']*'/g, "'…'"), code).toBe(wanted?.message);
      if (wanted?.status != null) expect(status, code).toBe(wanted.status);
      return code;
    });
    expect(codes.sort()).toEqual([...quoted.keys()].filter((code) => code !== "ServiceUnavailable").sort());
  });
});

/** Recordings that the fake is not compared with. */
const NOT_COMPARED: Record<string, string> = {
  "aad-service-principal-crud": "the directory's API 1.6, which Microsoft has switched off: the fake has its successor, Graph",
  "aci-cli-crashloop-2018": "its bodies were recorded as Python's text; the outcome table reads its answers",
  "aci-cli-group-not-found": "one answer of a group that never was; the target's failures read it",
  "aci-user-msi-principal-not-found": "its recorder left out the bodies of requests; the retries are compared with another recording",
};

test.runIf(there)("every recording is compared, or has a reason", () => {
  const tests = readFileSync(__filename, "utf8").replace(/const NOT_COMPARED[\s\S]*?\n};/, "");
  const names = readdirSync(folder).map((file) => file.replace(".jsonl", ""));
  expect(names.filter((name) => !tests.includes(`"${name}"`)).sort()).toEqual(
    Object.keys(NOT_COMPARED)
      .filter((name) => names.includes(name))
      .sort(),
  );
});

/** An answer of the directory, or of Resource Manager. */
function ofEither(body: Json): Json {
  const context = (body as JsonObject | null)?.["@odata.context"];
  if (context === undefined) return without(body, ["description"]);
  // A new secret is compared as it is.
  return String(context).endsWith("passwordCredential") ? without(body, ["hint", "secretText"]) : ofGraph(body);
}

/** The fake has only the members of the directory's objects that matter. */
function ofGraph(body: Json): Json {
  const { value, ...object } = (body ?? {}) as JsonObject;
  const cut = (each: JsonObject) => {
    const { appId, displayName, name, issuer, subject, description, audiences, id } = each;
    const kept = appId === undefined ? { name, issuer, subject, description, audiences, id } : { appId, displayName, id };
    return JSON.parse(JSON.stringify(kept)) as JsonObject;
  };
  return Array.isArray(value) ? { ...object, value: value.map((each) => cut(each as JsonObject)) } : body === null ? null : cut(object);
}

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Json, JsonObject } from "../../../../src/json";
import type { FakeAzure } from "../../../../src/testing";
import { ask, azure, type Reply } from "./azure";

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
const SHARED = { tenant: ZERO, subscription: ZERO, simulated: true, pull: 30, start: 30, settle: 30 };

function exchanges(name: string): Exchange[] {
  const text = readFileSync(join(folder, `${name}.jsonl`), "utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Exchange);
}

const GUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;

/** What is another in every run, made the same. */
function same(value: Json): Json {
  const text = JSON.stringify(value)
    .replaceAll(/https:\/\/(management\.azure\.com|login\.microsoftonline\.com|127\.0\.0\.1:\d+)\//g, "<host>/")
    .replaceAll(GUID, "<guid>")
    .replaceAll("<job>", "<guid>")
    .replaceAll(/\b[0-9a-f]{32}\b/g, "<guid>")
    .replaceAll(/\d{4}-\d\d-\d\d[T ][\d:.]+Z/g, "<time>")
    .replaceAll(/sha256:[0-9a-f]{64}/g, "<digest>")
    .replaceAll(/"ip":"[\d.]+"/g, '"ip":"<ip>"');
  return JSON.parse(text) as Json;
}

/** Of these headers only their being there is compared: the recorders had other limits, or several at once. */
function sameHeaders(headers: Record<string, string>): JsonObject {
  const compared = Object.entries(headers).filter(([name]) => !["date", "cache-control"].includes(name));
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

async function replay(name: string, { options, resourceGroups = [], before, part = (body) => body, token }: Replay = {}) {
  const fake = await azure({ ...SHARED, resourceGroups, location: "westus", ...options });
  // Ids that Azure gave by those that the fake gives.
  const known = new Map<string, string>();
  const filled = (text: string) => [...known].reduce((done, [theirs, ours]) => done.replaceAll(theirs, ours), text);
  const found: string[] = [];
  for (const [index, recorded] of exchanges(name).entries()) {
    before?.(fake, recorded, index);
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
    let ours: Reply = await send();
    const waits = () =>
      (method === "GET" && ours.status !== recorded.response.status && ours.status !== 400) ||
      (method === "GET" && ours.status < 300 && isBehind(recorded.response.body, ours.body));
    const end = Date.now() + 1000;
    while (waits() && Date.now() < end) {
      await new Promise((done) => setTimeout(done, 5));
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

describe.runIf(there)("container groups as recorded", () => {
  const made = withGroup("clitest.rg000001");

  test("made, watched, deleted (2021)", async () => {
    expect(await replay("aci-aso-crud-404")).toEqual([]);
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

  test.each(["aci-cli-create-list-logs-delete", "aci-cli-spot", "aci-cli-registry-password", "aci-cli-identities"])("%s", async (name) => {
    const found = await replay(name, { before: (fake, _, index) => made(fake, index), part: withoutTags });
    expect(found).toEqual([]);
  });

  test("tags patched, the provider read", async () => {
    const before = withGroup("cli_test_tag_update_by_patch000001");
    const found = await replay("aci-cli-tags-patch", {
      before: (fake, _, index) => {
        before(fake, index);
        fake.world.cachedImages.add("nginx:latest");
      },
    });
    expect(found).toEqual([]);
  });
});

describe.runIf(there)("what lies around them as recorded", () => {
  test("a resource group that is made and deleted", async () => {
    expect(await replay("rg-create-error-and-lifecycle")).toEqual([]);
  });

  test("a resource group in a region that there is not", async () => {
    expect(await replay("rg-create-refused")).toEqual([]);
  });

  test("a managed identity and its federated credential", async () => {
    expect(await replay("identity-user-assigned-life", { options: { groupDeletion: 300 } })).toEqual([]);
  });

  test("a custom role", async () => {
    expect(await replay("rbac-custom-role-definition")).toEqual([]);
  });

  test("a role for a principal that is not known yet", async () => {
    const found = await replay("rbac-principal-not-found-retries", {
      options: { principalDelay: 60_000 },
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

/** Of the directory's objects the fake has the members that matter. */
function ofGraph(body: Json): Json {
  const { value, ...object } = (body ?? {}) as JsonObject;
  const cut = (each: JsonObject) => {
    const { appId, displayName, name, issuer, subject, description, audiences, id } = each;
    const kept = appId === undefined ? { name, issuer, subject, description, audiences, id } : { appId, displayName, id };
    return JSON.parse(JSON.stringify(kept)) as JsonObject;
  };
  return Array.isArray(value) ? { ...object, value: value.map((each) => cut(each as JsonObject)) } : body === null ? null : cut(object);
}

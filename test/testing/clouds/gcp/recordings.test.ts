import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { isJsonObject, type Json, type JsonObject } from "../../../../src/json";
import { observationOf } from "../../../../src/targets/cloudRun/cloudRunOutcome";
import { executionFacts } from "../../../../src/targets/cloudRun/facts";
import { startFakeGoogleCloud } from "../../../../src/testing";
import { until } from "../../../until";

// Recorded traffic between real clients and Google: the fake answers each request as Google did. The recordings may not be kept in this
// repository; they are in a folder beside it.
const folder = join(__dirname, "..", "..", "..", "..", "..", "shared", "recordings", "gcp");
const there = existsSync(folder);
if (!there) console.warn(`SKIPPED: there are no recordings of Google Cloud in ${folder}`);

interface Exchange {
  request: { method: string; path: string; body: JsonObject | null };
  response: { status: number; body: Json };
}

const PROJECT = "acme";
const ID = "u1234";

function exchanges(name: string): Exchange[] {
  const text = readFileSync(join(folder, `${name}.jsonl`), "utf8").replaceAll("cloud-custodian", PROJECT);
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Exchange);
}

/** Replace the recorder's placeholders by their values here. */
function filled<T extends Json>(value: T, known: Record<string, string>): T {
  return JSON.parse(JSON.stringify(value).replaceAll(/\$\{(\w+)\}/g, (whole, name: string) => known[name] ?? whole)) as T;
}

/** What differs in every run, or what the recorder replaced: compared only by type. */
const VOLATILE = new Set([
  "createTime",
  "updateTime",
  "deleteTime",
  "expireTime",
  "lastTransitionTime",
  "etag",
  "uid",
  "creator",
  "lastModifier",
  "uniqueId",
  "oauth2ClientId",
  "validAfterTime",
  "privateKeyData",
  "generation",
  "logUri",
  "serviceAccount",
  "args",
  "env",
  "resources",
  "image",
]);

/** The paths where a reply differs from the recorded one. */
function differences(recorded: Json, ours: Json | undefined, path = ""): string[] {
  const key = path.slice(path.lastIndexOf(".") + 1);
  if (ours === undefined) return [`${path} is missing`];
  if (VOLATILE.has(key)) return typeof ours === typeof recorded || recorded === "<not recorded>" ? [] : [`${path}: a ${typeof ours}`];
  if (Array.isArray(recorded)) {
    if (!Array.isArray(ours) || ours.length !== recorded.length) return [`${path}: another list`];
    return recorded.flatMap((each, index) => differences(each, ours[index], `${path}[${index}]`));
  }
  if (recorded === null || typeof recorded !== "object") {
    const same = recorded === ours || /\$\{|<redacted>/.test(String(recorded));
    return same ? [] : [`${path}: ${JSON.stringify(ours)}, not ${JSON.stringify(recorded)}`];
  }
  if (!isJsonObject(ours)) return [`${path}: no object`];
  const extra = Object.keys(ours).filter((each) => !(each in recorded));
  return [
    ...extra.map((each) => `${path}.${each} is too much`),
    ...Object.entries(recorded).flatMap(([each, inner]) => differences(inner, ours[each], `${path}.${each}`)),
  ];
}

async function google(options = {}) {
  const fake = await startFakeGoogleCloud(options);
  onTestFinished(() => fake.stop());
  const headers = { authorization: `Bearer ${fake.ownerToken()}`, "content-type": "application/json" };
  const ask = async ({ method, path, body }: Exchange["request"]) => {
    const reply = await fetch(`${fake.url}${path}`, { method, headers, ...(body === null ? {} : { body: JSON.stringify(body) }) });
    return { status: reply.status, body: (await reply.json()) as JsonObject };
  };
  return { fake, ask };
}

describe.runIf(there)("Cloud Run jobs as recorded", () => {
  test.each(["run-job-basic", "run-job-with-port-gapic", "run-job-depends-on"])("%s", async (name) => {
    const { fake, ask } = await google();
    const known: Record<string, string> = { projectId: PROJECT, uniqueId: ID, projectNumber: fake.world.numberOf(PROJECT) };
    const found: string[] = [];
    for (const [index, recorded] of exchanges(name).entries()) {
      const jobID =
        /jobs\/([^/"]*?-\$\{uniqueId\})/.exec(JSON.stringify(recorded.response))?.[1] ??
        /Resource '([^']+)'/.exec(JSON.stringify(recorded.response))?.[1];
      if (jobID) known.jobID = filled(jobID, known);
      const request = filled(recorded.request as unknown as JsonObject, known) as unknown as Exchange["request"];
      const response = filled(recorded.response as unknown as JsonObject, known) as unknown as Exchange["response"];
      // The recorder left out the polls before an operation was done.
      const ours = await until(async () => {
        const seen = await ask(request);
        const recordedBody = response.body as JsonObject;
        const waits =
          recordedBody.done === true ? seen.body.done !== true : recordedBody.observedGeneration !== undefined && seen.body.reconciling;
        return !waits && seen;
      });
      const operation = /operations\/([\w-]+)$/.exec(String(ours.body.name))?.[1];
      if (operation) known.operationID = operation;
      expect(ours.status, `${name}:${index + 1}`).toBe(response.status);
      found.push(
        ...differences(filled(recorded.response.body as JsonObject, known), ours.body).map((each) => `${name}:${index + 1} ${each}`),
      );
    }
    expect(found).toEqual([]);
  });

  test("the reply of jobs.run, and its observation", async () => {
    const [recorded] = exchanges("run-job-run-operation-fragment") as [Exchange];
    const { ask } = await google();
    const jobs = `/v2/projects/${PROJECT}/locations/us-east1/jobs`;
    const task = {
      maxRetries: 0,
      timeout: "300s",
      containers: [{ image: "x", args: ["a"], env: [{ name: "A", value: "1" }] }],
    };
    await ask({ method: "POST", path: `${jobs}?jobId=planqtn-jobs`, body: { template: { template: task } } });
    const ours = await until(async () => {
      const reply = await ask({ method: "POST", path: `${jobs}/planqtn-jobs:run`, body: {} });
      return reply.status === 200 && reply;
    });
    const { name: _, ...recordedRest } = recorded.response.body as JsonObject;
    const { name: __, ...oursRest } = ours.body;
    const volatile = (text: string) =>
      text.replaceAll(/executions\/planqtn-jobs-\w{5}/g, "executions/E").replaceAll(/projects\/[^/"]+\//g, "projects/P/");
    const same = (value: JsonObject) => JSON.parse(volatile(JSON.stringify(value))) as JsonObject;
    expect(differences(same(recordedRest), same(oursRest))).toEqual([]);
    const metadata = (recorded.response.body as { metadata: JsonObject }).metadata;
    expect(observationOf(executionFacts(metadata), undefined)).toEqual({ phase: "pending" });
    expect(executionFacts(metadata).name).toMatch(/executions\/planqtn-jobs-hkk8p$/);
  });
});

describe.runIf(there)("IAM, Resource Manager and Service Usage as recorded", () => {
  const replay = async (
    name: string,
    project: string,
    prepare: (fake: Awaited<ReturnType<typeof google>>["fake"], at: Exchange, index: number) => void,
  ) => {
    const { fake, ask } = await google({ project });
    const known: Record<string, string> = { projectId: project, uniqueId: ID, projectNumber: fake.world.numberOf(project) };
    const found: string[] = [];
    for (const [index, recorded] of exchanges(name).entries()) {
      const at = filled(recorded as unknown as JsonObject, known) as unknown as Exchange;
      prepare(fake, at, index);
      const ours = await ask(at.request);
      const [, operation] = /^operations\/(.+)$/.exec(String(ours.body.name)) ?? [];
      if (operation) known.operationID = operation;
      const [, key] = /\/keys\/(.+)$/.exec(String(ours.body.name)) ?? [];
      if (key) known.serviceAccountKeyID = key;
      expect(ours.status, `${name}:${index + 1}`).toBe(at.response.status);
      found.push(
        ...differences(filled(recorded.response.body as JsonObject, known), ours.body).map((each) => `${name}:${index + 1} ${each}`),
      );
    }
    return found;
  };

  test("a service account that appears and disappears after its creation", async () => {
    const found = await replay("iam-service-account", PROJECT, (fake, { response }, index) => {
      const { message } = ((response.body as JsonObject).error ?? {}) as { message?: string };
      if (index > 0 && message) fake.plant({ on: "iam.serviceAccounts.get", fault: { kind: "refuse", code: "NOT_FOUND", message } });
    });
    // Google repeats an error in the format of its older APIs.
    expect(found.filter((each) => !each.endsWith(".error.errors is missing"))).toEqual([]);
  });

  test("a key, listed and deleted", async () => {
    const found = await replay("iam-service-account-key-mock", PROJECT, () => {});
    // That mock has no system-managed key; the recording of Google's reply is incomplete.
    expect(found.filter((each) => !each.endsWith(".keys: another list"))).toEqual([]);
  });

  test("services enabled and disabled", async () => {
    const found = await replay("serviceusage-enable-disable-mock", `project-${ID}`, () => {});
    // That mock returns other empty metadata than Google, whose reply is recorded too. It returns a parent only after a change.
    expect(found.filter((each) => !/metadata|parent/.test(each))).toEqual([]);
    const disabled = await replay("serviceusage-disable", PROJECT, () => {});
    expect(disabled).toEqual([expect.stringMatching(/^serviceusage-disable:1 \.name: "operations\/acf\.[0-9a-f-]{36}"/)]);
  });

  test("a project's policy: a change returns a new etag, reads keep it", async () => {
    const { fake, ask } = await google();
    const path = (verb: string) => `/v1/projects/${PROJECT}:${verb}IamPolicy?alt=json`;
    const read = () => ask({ method: "POST", path: path("get"), body: null });
    const [first, second] = [await read(), await read()];
    expect(first).toEqual(second);
    const bindings = [...(first.body.bindings as JsonObject[]), { role: "roles/run.viewer", members: ["user:ada@example.com"] }];
    const written = await ask({ method: "POST", path: path("set"), body: { policy: { ...first.body, bindings } as JsonObject } });
    expect(written.body.bindings).toEqual(bindings);
    expect(written.body.etag).not.toBe(first.body.etag);
    expect(await read()).toEqual(written);
    const [recorded] = exchanges("project-iam-policy-set") as [Exchange];
    expect(Object.keys(first.body).sort()).toEqual(
      Object.keys(recorded.response.body as JsonObject)
        .filter((key) => key !== "auditConfigs")
        .sort(),
    );
    expect(fake.world.iam.may("user:ada@example.com", "run.jobs.get", [`projects/${PROJECT}`])).toBe(true);
  });
});

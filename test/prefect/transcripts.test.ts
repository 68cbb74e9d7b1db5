import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Json, JsonObject } from "../../src/json";
import * as blocks from "../../src/prefect/api/blocks";
import * as deployments from "../../src/prefect/api/deployments";
import * as logs from "../../src/prefect/api/flowRunLogs";
import * as flowRuns from "../../src/prefect/api/flowRuns";
import { checkServer } from "../../src/prefect/api/server";
import { readVariable } from "../../src/prefect/api/variables";
import { verdictOf } from "../../src/prefect/api/verdict";
import * as pools from "../../src/prefect/api/workPools";
import { connectionOf } from "../../src/prefect/apiConnection";
import { type Client, createClient } from "../../src/prefect/client";
import { fakeApi } from "./fakeApi";

// The client's requests and replies match those recorded with a real server.

interface Exchange {
  n: number;
  note: string;
  request: { method: string; path: string; json?: JsonObject };
  status: number;
  response: Json;
}

function recorded(file: string, n: number): Exchange {
  const text = readFileSync(join(__dirname, "..", "fixtures", "prefect", "transcripts", `${file}.jsonl`), "utf8");
  const found = text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Exchange)
    .find((exchange) => exchange.n === n);
  if (!found) throw new Error(`${file} has no exchange ${n}`);
  return found;
}

const AWS = "01-block-aws-credentials";
const aws = recorded(AWS, 4).request.json as { name: string; data: JsonObject; block_schema_id: string; block_type_id: string };
const schema = { id: aws.block_schema_id, block_type_id: aws.block_type_id, fields: {} };
const awsKey = { slug: "aws-credentials", name: aws.name };
const body = (file: string, n: number) => recorded(file, n).request.json as JsonObject;
const about = { about: "", redact: [] };
const { name: _name, flow_id: _flow, ...deployment } = body("04-deployments", 4);
const RUN = "<flow-run-52>";

test.each<[string, number, (client: Client) => Promise<unknown>, string?]>([
  ["00-server", 2, checkServer],
  [AWS, 1, (client) => blocks.newestSchema(client, "aws-credentials", 0), "and then 2"],
  [AWS, 4, (client) => blocks.createBlock(client, awsKey, schema, aws.data, [])],
  [AWS, 5, (client) => blocks.createBlock(client, awsKey, schema, aws.data, [])],
  [AWS, 6, (client) => blocks.readBlock(client, "<block-document-4>")],
  [AWS, 7, (client) => blocks.readBlock(client, "<block-document-4>", { secrets: true })],
  [AWS, 8, (client) => blocks.readBlockByName(client, "aws-credentials", aws.name)],
  [AWS, 9, (client) => blocks.readBlockByName(client, "aws-credentials", aws.name, { secrets: true })],
  [AWS, 13, (client) => blocks.replaceBlockData(client, "<block-document-4>", "", body(AWS, 13).data as JsonObject, [])],
  [AWS, 24, (client) => blocks.deleteBlock(client, "<block-document-6>")],
  [AWS, 25, (client) => blocks.deleteBlock(client, "<block-document-6>")],
  ["02-work-pools", 1, (client) => pools.createWorkPool(client, body("02-work-pools", 1) as never)],
  ["02-work-pools", 2, (client) => pools.readWorkPool(client, "pp-process")],
  ["02-work-pools", 9, (client) => pools.createWorkPool(client, { name: "pp-process", type: "process:push" })],
  ["02-work-pools", 28, (client) => pools.patchWorkPool(client, "pp-process", { concurrency_limit: null })],
  ["02-work-pools", 35, (client) => pools.readWorkPool(client, "none")],
  ["02-work-pools", 36, (client) => pools.patchWorkPool(client, "pp-process", { is_paused: true })],
  ["02-work-pools", 47, (client) => pools.deleteWorkPool(client, "pp-any")],
  ["02-work-pools", 48, (client) => pools.deleteWorkPool(client, "pp-any")],
  ["03-queues", 1, (client) => pools.listWorkQueues(client, "pp-main")],
  ["03-queues", 2, (client) => pools.ensureWorkQueue(client, "pp-main", "high", { priority: 1, concurrency_limit: 2, description: "h" })],
  ["03-queues", 6, (client) => pools.patchWorkQueue(client, "pp-main", "high", { concurrency_limit: null, priority: 5 })],
  ["03-queues", 14, (client) => pools.deleteWorkQueue(client, "pp-main", "gone")],
  ["04-deployments", 2, (client) => deployments.ensureFlow(client, "etl")],
  ["04-deployments", 4, (client) => deployments.createDeployment(client, { name: "main", flowId: "<flow-1>", ...about }, deployment)],
  ["04-deployments", 6, (client) => deployments.readDeployment(client, "<deployment-1>")],
  ["04-deployments", 7, (client) => deployments.readDeploymentByName(client, "etl/main")],
  ["04-deployments", 8, (client) => deployments.readDeploymentByName(client, "etl/none")],
  ["04-deployments", 17, (client) => deployments.patchDeployment(client, "<deployment-1>", body("04-deployments", 17), about)],
  ["04-deployments", 24, (client) => deployments.createSchedules(client, "<deployment-5>", body("04-deployments", 24) as never, "")],
  ["04-deployments", 29, (client) => deployments.patchSchedule(client, "<deployment-5>", "<schedule-4>", { active: false }, "")],
  ["04-deployments", 30, (client) => deployments.deleteSchedule(client, "<deployment-5>", "<schedule-4>")],
  ["04-deployments", 40, (client) => deployments.deleteDeployment(client, "<deployment-6>")],
  ["05-create-flow-run", 3, (client) => flowRuns.createFlowRun(client, "<deployment-1>", { name: "r-idem-1", idempotency_key: "k-1" }, "")],
  ["07-state-walk", 4, (client) => flowRuns.patchFlowRun(client, "<flow-run-21>", { infrastructure_pid: "process:host:123" })],
  ["07-state-walk", 9, (client) => flowRuns.readFlowRun(client, "<flow-run-21>")],
  ["07-state-walk", 10, (client) => flowRuns.readStates(client, "<flow-run-21>")],
  ["06-get-scheduled", 12, (client) => pools.patchWorkQueue(client, "pp-sched", "high", { is_paused: true })],
  ["06-get-scheduled", 16, (client) => pools.patchWorkPool(client, "pp-sched", { is_paused: true })],
  ["10-logs-and-pid", 3, (client) => flowRuns.patchFlowRun(client, RUN, { infrastructure_pid: null })],
  ["10-logs-and-pid", 7, (client) => logs.writeLogs(client, body("10-logs-and-pid", 7) as never)],
  ["10-logs-and-pid", 18, (client) => readVariable(client, "pp_hosts")],
  ["10-logs-and-pid", 19, (client) => readVariable(client, "none")],
])("%s, exchange %i", async (file, n, call, more) => {
  const first = recorded(file, n);
  const answers = more === undefined ? [first] : [first, recorded(file, n + 1)];
  const { apiUrl, seen } = await fakeApi(
    answers.map(({ status, response }) => ({ status, ...(status === 204 ? {} : { body: response }) })),
  );
  await call(createClient(connectionOf(apiUrl, undefined, "test")));
  expect(seen.map(({ method, path, body: sent }) => ({ method, path: unescaped(path), json: sent }))).toEqual(
    answers.map(({ request }) => ({ method: request.method, path: request.path, json: request.json ?? null })),
  );
});

test.each<[string, number, string]>([
  ["08-second-dispatcher", 8, "accepted"],
  ["07-state-walk", 2, "accepted"],
  ["07-state-walk", 3, "accepted"],
  ["07-state-walk", 15, "accepted"],
  ["07-state-walk", 20, "accepted"],
  ["07-state-walk", 22, "accepted"],
  ["07-state-walk", 27, "accepted"],
  ["07-state-walk", 42, "accepted"],
])("a proposed state matches the recording, with its own id: %s, exchange %i", async (file, n, kind) => {
  const { request, status, response } = recorded(file, n);
  const { apiUrl, seen } = await fakeApi([{ status, body: response }]);
  const client = createClient(connectionOf(apiUrl, undefined, "test"));
  const { state_details: details, ...state } = (request.json as JsonObject).state as JsonObject & {
    state_details?: { scheduled_time: string };
  };
  const [, id = ""] = /flow_runs\/(.*)\/set_state/.exec(request.path) ?? [];
  const proposed = { ...(state as { type: "PENDING"; name: string }), ...(details ? { scheduledTime: details.scheduled_time } : {}) };
  expect(await flowRuns.proposeState(client, id, proposed)).toMatchObject({ kind });
  expect(unescaped(seen[0]?.path ?? "")).toBe(request.path);
  const transition_id = expect.stringMatching(/^[0-9a-f-]{36}$/);
  expect(seen[0]?.body).toEqual({ state: { ...state, state_details: { ...details, transition_id } } });
});

test.each([
  ["06-get-scheduled", 1, (client: Client) => pools.scheduledFlowRuns(client, "pp-sched", { before: new Date(), limit: 1 })],
  ["06-get-scheduled", 3, (client: Client) => pools.scheduledFlowRuns(client, "pp-sched", { before: new Date(), queues: [] })],
  ["10-logs-and-pid", 8, (client: Client) => logs.readServerLogs(client, RUN)],
  ["02-work-pools", 41, (client: Client) => pools.sendHeartbeat(client, "pp-main", "pushpool-1", 30)],
] as const)("%s, exchange %i: no field that was not recorded", async (file, n, call) => {
  const { request, status, response } = recorded(file, n);
  const { apiUrl, seen } = await fakeApi([{ status, ...(status === 204 ? {} : { body: response }) }]);
  await call(createClient(connectionOf(apiUrl, undefined, "test")));
  expect(unescaped(seen[0]?.path ?? "")).toBe(request.path);
  const beside = [...Object.keys(request.json ?? {}), "scheduled_before", "limit", "offset"];
  expect(beside).toEqual(expect.arrayContaining(Object.keys(seen[0]?.body as JsonObject)));
});

const OURS = "00000000-0000-4000-8000-0000000000bb";
test.each([
  ["08-second-dispatcher", 1, "accepted", "Pending"],
  ["08-second-dispatcher", 2, "aborted", "Pending"],
  ["08-second-dispatcher", 4, "aborted", "Submitting"],
  // A repetition of our own proposal, after a lost reply.
  ["08-second-dispatcher", 9, "accepted", "Pending"],
  ["09-limits", 15, "rejected", "AwaitingConcurrencySlot"],
  ["09-limits", 31, "rejected", "Cancelled"],
  ["09-limits", 38, "aborted", undefined],
  ["07-state-walk", 11, "aborted", "Completed"],
  ["07-state-walk", 25, "rejected", "Cancelling"],
  ["07-state-walk", 28, "aborted", "Cancelled"],
  ["07-state-walk", 33, "rejected", "Cancelled"],
  ["07-state-walk", 44, "wait", undefined],
])("the answer to a proposal, %s %i, is %s", (file, n, kind, name) => {
  const { request, response } = recorded(file, n);
  const { state: proposed } = request.json as { state: { type: string } };
  const verdict = verdictOf(response as JsonObject, { type: proposed.type, transition: OURS });
  expect(verdict.kind).toBe(kind);
  if (name !== undefined) expect("state" in verdict && verdict.state?.name).toBe(name);
});

function unescaped(path: string): string {
  return decodeURIComponent(path);
}

import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { openLogReader } from "../../../src/targets/cloudRun/cloudRunLogs";
import { parseExecutionName } from "../../../src/targets/cloudRun/cloudRunNames";
import type { ExecutionTimes, Watcher } from "../../../src/targets/cloudRun/cloudRunWatcher";
import type { Entry } from "../../../src/targets/cloudRun/entryLines";
import type { Access } from "../../../src/targets/cloudRun/googleAccess";
import { memoryNotes } from "../cloud/memoryNotes";

const idOf = (job: string) => `projects/acme/locations/europe-west1/jobs/${job}/executions/${job}-abcde`;
const never = () => new Promise<never>(() => {});
const AGO = Date.now() - 60_000;

/** An entry of a Job's execution, or one that does not name it. */
function entryOf(job: string, labels: Entry["labels"] = { "run.googleapis.com/execution_name": `${job}-abcde` }): Entry {
  return {
    insertId: job,
    timestamp: new Date(AGO).toISOString(),
    logName: "projects/acme/logs/run.googleapis.com%2Fstdout",
    resource: { labels: { job_name: job } },
    labels,
    textPayload: `of ${job}`,
  } as Entry;
}

/** A reader over one answer of Cloud Logging, about unfinished runs. */
function readerOver(entries: Entry[], times: Watcher["times"] = async (): Promise<ExecutionTimes> => ({})) {
  const client = { request: async () => ({ data: { entries }, headers: new Headers({ date: new Date().toUTCString() }) }) };
  const reader = openLogReader({
    access: { endpoints: { logging: new URL("http://127.0.0.1") }, auth: async () => ({ client }) } as unknown as Access,
    api: { listExecutions: never },
    notes: memoryNotes(),
    watcher: { times } as Watcher,
    late: 100,
    tell: () => {},
  });
  return async (job: string) => (await reader.page(idOf(job), undefined)).lines.map(({ text }) => text);
}

test("a log does not wait until others' executions were looked at", async () => {
  const lines = readerOver([entryOf("fast")], (id) => (parseExecutionName(id).job === "slow" ? never() : Promise.resolve({})));
  void lines("slow");
  await sleep(50);
  expect(await lines("fast")).toEqual(["of fast"]);
});

test("a log does not wait until it is known whose another Job's entries are", async () => {
  const lines = readerOver([entryOf("slow", {}), entryOf("fast")]);
  void lines("slow");
  expect(await lines("fast")).toEqual(["of fast"]);
});

import type { Context, Hono } from "hono";
import { isJsonObject, type JsonObject } from "../../json";
import { isTerminal, type Run } from "../../model/run";
import type { RunRequest } from "../../runs";
import { textOfLog } from "../logText";
import { answer, bodyOf, checkFields, Refused } from "../problem";
import { readRunDetail, runById } from "../runById";
import { rowOf } from "../runRow";
import { sendRunEvents } from "../sendRunEvents";
import { eventStream } from "../serverSentEvents";
import type { Ui } from "../ui";

/** How long an answer waits for a requested stop to reach the cloud, in milliseconds. */
const STOP_PATIENCE = 3_000;

/** One run: all of it, its log, and what can be done with it. */
export function addRunRoutes(app: Hono, ui: Ui): void {
  app.post("/api/runs", async (context) => {
    const runs = await ui.stack.runs();
    const { run, created, warnings } = await runs.createRun(requestOf(await bodyOf(context)));
    ui.follower.begin(runs, run.id);
    return answer(context, { run: await row(ui, run), created, warnings }, 201);
  });

  app.post("/api/runs/check", async (context) => {
    const { warnings } = await (await ui.stack.runs()).planRun(requestOf(await bodyOf(context)));
    return answer(context, { warnings });
  });

  app.get("/api/runs/:id", async (context) => answer(context, await readRunDetail(ui, context.req.param("id"))));

  app.get("/api/runs/:id/live", async (context) => {
    const first = await readRunDetail(ui, context.req.param("id"));
    return eventStream(ui.signal, (sink) => sendRunEvents(ui, first, sink));
  });

  app.get("/api/runs/:id/logs", async (context) => {
    const run = await runById(ui, context.req.param("id"));
    const from = fromOf(context);
    return eventStream(ui.signal, async (sink) => ui.logs.show(await ui.stack.runs(), run, from, sink));
  });

  app.get("/api/runs/:id/logs.txt", async (context) => {
    const run = await runById(ui, context.req.param("id"));
    return textOfLog(await ui.stack.runs(), run, ui.signal);
  });

  app.post("/api/runs/:id/cancel", async (context) => {
    const { id } = await ours(ui, context.req.param("id"));
    const runs = await ui.stack.runs();
    const run = await runs.cancelRun(id, { detach: true, signal: AbortSignal.any([ui.signal, AbortSignal.timeout(STOP_PATIENCE)]) });
    if (!isTerminal(run.state)) ui.follower.begin(runs, id);
    return answer(context, { run: await row(ui, run) });
  });

  app.post("/api/runs/:id/retry", async (context) => {
    const { id } = await ours(ui, context.req.param("id"));
    const runs = await ui.stack.runs();
    const run = await runs.retryRun(id);
    ui.follower.begin(runs, id);
    return answer(context, { run: await row(ui, run) });
  });
}

/**
 * A run of the page's stack.
 * @throws {Refused} if it belongs to another stack, whose pools are not here
 */
async function ours(ui: Ui, id: string): Promise<Run> {
  const run = await runById(ui, id);
  const { stack } = await ui.stack.manifest();
  if (run.stack !== stack)
    throw new Refused(
      409,
      `run ${run.id} belongs to stack ${run.stack}, and this page to ${stack}: open its page with \`pushpool ui --stack ${run.stack}\``,
    );
  return run;
}

async function row(ui: Ui, run: Run) {
  const record = await ui.stack.ledger.read(run.id);
  const on = record !== undefined && record.submission.prefect === undefined ? "ledger" : "server";
  return rowOf(run, on, on === "server" ? ui.prefectUrl(`/runs/flow-run/${run.id}`) : undefined);
}

/** Where a log is to begin: after a reconnect, the browser says what it had. */
function fromOf(context: Context): number {
  const text = context.req.header("last-event-id") ?? context.req.query("from") ?? "0";
  if (!/^\d{1,15}$/.test(text)) throw new Refused(400, "from must be a line number, from 0");
  return Number(text);
}

const isText = (value: unknown) => (value === undefined || typeof value === "string" ? undefined : "must be a string");
const isObject = (value: unknown) => (value === undefined || isJsonObject(value) ? undefined : "must be an object");

/** @throws {UserError} with the fields that are wrong */
function requestOf(body: JsonObject): RunRequest {
  checkFields(body, {
    deployment: (value) => (typeof value === "string" ? undefined : "must be a deployment, FLOW/NAME"),
    parameters: isObject,
    jobVariables: isObject,
    tags: (value) =>
      value === undefined || (Array.isArray(value) && value.every((tag) => typeof tag === "string"))
        ? undefined
        : "must be a list of strings",
    name: isText,
    idempotencyKey: isText,
    workPool: isText,
  });
  return body as unknown as RunRequest;
}

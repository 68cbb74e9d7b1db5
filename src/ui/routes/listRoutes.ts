import type { Hono } from "hono";
import type { JsonObject } from "../../json";
import { UserError } from "../../userError";
import { answer, bodyOf, checkFields, Refused } from "../problem";
import { checkFilter, MAX_RUNS, readRunsQuery } from "../runsQuery";
import { eventStream } from "../serverSentEvents";
import type { Ui } from "../ui";
import type { LiveView, StackInfo } from "../wire";

/** The strip shows one day, in pieces of a quarter of an hour. */
const BUCKET_SECONDS = 15 * 60;
const BUCKETS = 96;

/** What the head of the page and its list of runs need. */
export function addListRoutes(app: Hono, ui: Ui): void {
  app.get("/api/stack", async (context) => {
    const loaded = await ui.stack.manifest().catch((error: unknown) => {
      if (error instanceof UserError) return error;
      throw error;
    });
    const server = await ui.server();
    const info: StackInfo = {
      stack: (await ui.stack.name()) ?? null,
      version: ui.version,
      ledger: ui.stack.ledgerPlace,
      ...(server === undefined ? {} : { server }),
      ...(loaded instanceof UserError ? { readOnly: loaded.message } : {}),
    };
    return answer(context, info);
  });

  app.get("/api/runs", async (context) => {
    const { filter, ...place } = readRunsQuery(new URL(context.req.url).searchParams);
    return answer(context, await (await ui.list()).page(filter, place));
  });

  app.get("/api/strip", async (context) => {
    const { filter } = readRunsQuery(new URL(context.req.url).searchParams);
    const step = BUCKET_SECONDS * 1000;
    // The last piece is the one that continues.
    const to = new Date((Math.floor(Date.now() / step) + 1) * step);
    const from = new Date(to.getTime() - BUCKETS * step);
    const buckets = await (await ui.list()).strip(filter, { from, to, bucketSeconds: BUCKET_SECONDS });
    return answer(context, { from: from.toISOString(), to: to.toISOString(), bucketSeconds: BUCKET_SECONDS, buckets });
  });

  app.get("/api/live", () => eventStream(ui.signal, (sink) => ui.live.serve(sink)));

  app.put("/api/live/:session", async (context) => {
    const view = viewOf(await bodyOf(context));
    if (view.newest !== null && !(await (await ui.list()).has(view.newest))) {
      throw new UserError(`newest: there is no run ${JSON.stringify(view.newest)}`, 2, {
        fields: [{ path: "/newest", message: "is not a run of this list" }],
      });
    }
    if (!ui.live.view(context.req.param("session"), view)) throw new Refused(404, "this session has ended: connect to /api/live again");
    return context.body(null, 204);
  });
}

const isText = (value: unknown): value is string => typeof value === "string" && value.length <= 200;

function viewOf(body: JsonObject): LiveView {
  checkFields(body, {
    ids: (value) => {
      if (!Array.isArray(value) || !value.every(isText)) return "must be a list of run ids";
      return value.length > MAX_RUNS ? `must have ${MAX_RUNS} ids at most, not ${value.length}` : undefined;
    },
    filters: (value) => (typeof value === "object" && value !== null && !Array.isArray(value) ? undefined : "must be an object"),
    newest: (value) => (value === null || isText(value) ? undefined : "must be a run's id, or null"),
  });
  return { ids: body.ids as string[], filters: checkFilter(body.filters as JsonObject), newest: body.newest as string | null };
}

import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Json, JsonObject } from "../../src/json";
import { openSqliteLedger } from "../../src/ledger";
import type { LoadedManifest } from "../../src/manifest";
import type { DeploymentInManifest } from "../../src/manifest/manifest";
import { openContext } from "../../src/runs/openContext";
import type { RunsContext } from "../../src/runs/runsContext";
import type { MissedPolicy } from "../../src/schedules";
import { scheduledOf } from "../../src/serve/ledger/ledgerSource";
import { Schedules } from "../../src/serve/ledger/scheduledRuns";
import type { ScheduleEvent } from "../../src/serve/serveEvents";
import { defaultTemplate } from "../../src/template";
import { ScriptedTarget } from "../runs/scriptedTarget";
import { scratch } from "../scratch";

const STACK = "data/dev";
const START = Date.parse("2026-05-05T12:00:00Z");
const at = (seconds: number) => new Date(START + seconds * 1000).toISOString();

/** A stack with one deployment, with the test's own clock. */
function stack(given: Json[], over: Partial<DeploymentInManifest> = {}) {
  const file = join(scratch(), "ledger.db");
  let now = START;
  let schedules = given;
  let definition = () =>
    ({ command: "true", workPool: { name: "local" }, parameters: { name: "Ada" }, ...over, schedules }) as DeploymentInManifest;
  const manifest = (): LoadedManifest => ({
    manifest: {
      kind: "pushpool.dev/manifest",
      version: 1,
      source: { project: "data", stack: "dev" },
      pools: { local: { type: "process:push", baseJobTemplate: defaultTemplate("process:push") } },
      blocks: {},
      variables: {},
      deployments: { "hello/prod": definition() },
    },
    origin: "the test's manifest",
    stack: STACK,
  });
  const ledger = openSqliteLedger(file);
  onTestFinished(() => ledger.close());
  return {
    ledger,
    to: (seconds: number) => {
      now = START + seconds * 1000;
    },
    say: (next: Json[]) => {
      schedules = next;
    },
    define: (next: () => DeploymentInManifest) => {
      definition = next;
    },
    /** A serve of this stack that has just started. */
    open: (policy: MissedPolicy = "last", change: (context: RunsContext) => void = () => {}) => {
      const own = openSqliteLedger(file);
      onTestFinished(() => own.close());
      const context = openContext({
        ledger: own,
        stack: STACK,
        readManifest: async () => manifest(),
        openTarget: async () => new ScriptedTarget(),
        digestKey: () => Buffer.alloc(32, 7),
        env: {},
        now: () => new Date(now),
      });
      change(context);
      const told: ScheduleEvent[] = [];
      const made = new Schedules(context, STACK, policy, (event) => told.push(event));
      return {
        told,
        look: async () => {
          await context.manifest({ fresh: true });
          await made.refresh(new Map([["hello/prod", { definition: definition(), deployedAt: START - 500 }]]));
          return made.fire();
        },
        fire: () => made.fire(),
      };
    },
    /** When its runs were due, oldest first. */
    due: async () => {
      const records = await ledger.list({ stack: STACK, limit: 1000 });
      return records.map(({ run }) => run.state.message?.replace("scheduled for ", "")).sort();
    },
  };
}

const EVERY_MINUTE = { schedule: { interval: 60, anchor_date: "2026-01-01T00:00:00Z" } };

test("an occurrence becomes a run when it is due, with the schedule's parameters; none from before the first look", async () => {
  const data = stack([{ ...EVERY_MINUTE, parameters: { name: "Grace" } }]);
  const serve = data.open();
  expect(await serve.look()).toBe(START + 60_000);
  expect(await data.due()).toEqual([]);
  data.to(61);
  expect(await serve.fire()).toBe(START + 120_000);
  await serve.fire();
  expect(await data.due()).toEqual([at(60)]);
  const [record] = await data.ledger.list({ stack: STACK });
  expect(record?.run).toMatchObject({ parameters: { name: "Grace" }, tags: ["auto-scheduled"], state: { type: "SCHEDULED" } });
});

test("a deployment that its file pauses has no schedules while it is paused", () => {
  const definition = { command: "true", workPool: { name: "local" }, schedules: [EVERY_MINUTE] } as DeploymentInManifest;
  const of = (kept: JsonObject) => scheduledOf({ name: "hello/prod", definition, kept, file: "/f", deployedAt: "2026-01-01T00:00:00Z" });
  expect(of({ paused: true }).definition).toEqual({ command: "true", workPool: { name: "local" } });
  for (const kept of [{ paused: false }, {}] as JsonObject[]) expect(of(kept).definition).toEqual(definition);
});

test("an interval without an anchor counts from the deployment's time, whoever looks", async () => {
  const data = stack([{ schedule: { interval: 10 } }]);
  await data.open().look();
  data.to(20);
  const serve = data.open();
  await serve.look();
  expect(await data.due()).toEqual([at(9.5), at(19.5)]);
});

test("two serves create each run once, and so does one that was killed before it noted its progress", async () => {
  const data = stack([EVERY_MINUTE]);
  const [one, two] = [data.open(), data.open()];
  await one.look();
  await two.look();
  data.to(65);
  await Promise.all([one.fire(), two.fire()]);
  expect(await data.due()).toEqual([at(60)]);

  const killed = data.open("last", ({ ledger }) => {
    ledger.swapNote = () => Promise.reject(new Error("killed here"));
  });
  data.to(125);
  await expect(killed.look()).rejects.toThrow("killed here");
  const dying = data.open("last", ({ ledger }) => {
    const swap = ledger.swapNote.bind(ledger);
    ledger.swapNote = (key, before, after) => (before === undefined ? swap(key, before, after) : Promise.reject(new Error("killed here")));
  });
  await dying.look();
  expect(await data.due()).toEqual([at(60), at(120)]);
  const next = data.open();
  await next.look();
  expect(await data.due()).toEqual([at(60), at(120)]);
  expect(next.told).toEqual([]);
});

test.each([
  ["skip", [], { count: 5, first: at(3600), last: at(18_000) }],
  ["last", [at(18_000)], { count: 4, first: at(3600), last: at(14_400) }],
  ["all", [at(3600), at(7200), at(10_800), at(14_400), at(18_000)], undefined],
] as const)("an hourly schedule after five hours without serve: %s", async (policy, due, missed) => {
  const data = stack([{ schedule: { cron: "0 * * * *" } }]);
  await data.open().look();
  data.to(18_600);
  const serve = data.open(policy);
  expect(await serve.look()).toBe(START + 21_600_000);
  expect(await data.due()).toEqual(due);
  expect(serve.told.filter(({ kind }) => kind === "missed")).toEqual(
    missed ? [{ kind: "missed", deployment: "hello/prod", policy, ...missed }] : [],
  );
});

test("a schedule that was paused, or has changed, has missed nothing", async () => {
  const data = stack([EVERY_MINUTE]);
  const serve = data.open("all");
  await serve.look();
  data.say([{ ...EVERY_MINUTE, active: false }]);
  data.to(30);
  await serve.look();
  data.to(400);
  data.say([EVERY_MINUTE]);
  await serve.look();
  expect(await data.due()).toEqual([]);
  data.say([{ schedule: { interval: 30, anchor_date: "2026-01-01T00:00:00Z" } }]);
  await serve.look();
  data.to(421);
  await serve.fire();
  expect(await data.due()).toEqual([at(420)]);
});

test("a user's mistake is reported and stops no other schedule; a temporary error is retried", async () => {
  const data = stack([{ schedule: { cron: "61 * * * *" } }, { schedule: {} }, EVERY_MINUTE], {
    parameterSchema: { type: "object", properties: { name: { type: "string" } }, required: ["name"] },
  });
  const serve = data.open("last", ({ ledger }) => {
    const create = ledger.createRun.bind(ledger);
    let first = true;
    ledger.createRun = (run) => {
      if (!first) return create(run);
      first = false;
      return Promise.reject(new Error("disk full"));
    };
  });
  await serve.look();
  await serve.look();
  expect(serve.told.map(({ kind }) => kind)).toEqual(["notScheduled", "notScheduled"]);
  data.to(61);
  expect(await serve.fire()).toBe(START + 66_000);
  expect(serve.told.at(-1)).toMatchObject({ kind: "notScheduled", message: "disk full" });
  data.to(66);
  await serve.fire();
  expect(await data.due()).toEqual([at(60)]);

  data.define(() => ({ command: "true", workPool: { name: "nowhere" }, schedules: [EVERY_MINUTE] }));
  await serve.look();
  data.to(121);
  await serve.fire();
  expect(serve.told.at(-1)).toMatchObject({ kind: "notScheduled", due: at(120), message: expect.stringContaining("nowhere") });
  expect(await data.due()).toEqual([at(60)]);
});

test("a schedule of seconds after a week without serve lets signals and other work run", async () => {
  const data = stack([{ schedule: { rrule: "FREQ=SECONDLY" } }]);
  await data.open().look();
  data.to(7 * 86_400);
  const serve = data.open("skip");
  let turns = 0;
  const turn = setInterval(() => {
    turns += 1;
  }, 1);
  await serve.look();
  clearInterval(turn);
  expect(turns).toBeGreaterThan(5);
  expect(serve.told).toContainEqual(expect.objectContaining({ kind: "missed", count: 7 * 86_400 - 60, first: at(1) }));
});

test("a rule without any occurrence is reported once, and the others continue", async () => {
  const data = stack([
    { schedule: { rrule: "FREQ=MINUTELY;INTERVAL=60;BYMINUTE=30" } },
    { schedule: { rrule: "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30" } },
    EVERY_MINUTE,
  ]);
  const serve = data.open();
  await serve.look();
  await serve.look();
  expect(serve.told.map((event) => ("message" in event ? event.message : event.kind))).toEqual([
    expect.stringContaining("never meet a time"),
    expect.stringContaining("no time ever matches it"),
  ]);
  data.to(61);
  await serve.fire();
  expect(await data.due()).toEqual([at(60)]);
});

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { comparableActions, comparableTrigger, readDeploymentTriggers } from "../../src/automations";
import { automationActions } from "../../src/deployments/planAutomations";
import type { Json, JsonObject } from "../../src/json";
import { describePrefect } from "../prefect/python";
import { prefectVenv } from "../prefect/venv";

const event = { expect: ["a.b"] };
const metric = { name: "lateness", threshold: 600, operator: ">" };

/** Triggers that Prefect accepts, and pushpool too. */
const GOOD: Json[][] = [
  [],
  [event],
  [event, { ...event, name: "mine", description: "why", enabled: "off" }],
  [{ match: { "prefect.resource.id": "my.thing" } }],
  [
    {
      type: "event",
      match: { a: ["b", "c"] },
      match_related: { d: "e" },
      for_each: ["x", "w"],
      after: ["c.*"],
      threshold: "3",
      within: 60,
    },
  ],
  [{ match_related: [{ a: "b" }, { c: ["d"] }] }],
  [{ ...event, posture: "Proactive" }],
  [{ ...event, posture: "Proactive", within: 0 }],
  [{ ...event, posture: "Proactive", within: 90.5 }],
  [{ ...event, within: "PT15M", threshold: 2.0, expect: ["z", "a", "z"] }],
  [{ ...event, within: "00:10:00", enabled: 0 }],
  [
    {
      ...event,
      parameters: { id: "{{ event.id }}", deep: { list: [1, null] } },
      job_variables: { env: { A: "b" } },
      schedule_after: "PT1H",
    },
  ],
  [{ ...event, parameters: null, job_variables: null }],
  [{ type: "compound", require: "all", triggers: [event, { expect: ["c"], posture: "Proactive" }] }],
  [{ require: 1, triggers: [event, event], within: 3600 }],
  [{ triggers: [event, { type: "compound", require: "any", triggers: [event], within: null }], within: "PT2H" }],
  [{ type: "sequence", triggers: [event, { match: { a: "b" } }], within: null }],
  [{ type: "metric", metric }],
  [{ posture: "Metric", metric: { ...metric, range: 600, firing_for: "PT10M", threshold: "0.5" }, match: { a: "b" } }],
  [{ ...event, expects: ["ignored"] }],
  [{ expect: ["prefect.flow-run.Completed"] }],
];

/** Triggers that both refuse: the end of the path, and pushpool's words. */
const BAD: [Json, string][] = [
  [{ ...event, type: "evnt" }, 'triggers[0].type "evnt" is not a type of trigger: did you mean "event"?'],
  [{ ...event, type: null }, 'triggers[0].type null is not a type of trigger: there is "compound", "event", "metric" and "sequence"'],
  [{ expect: "a.b" }, "triggers[0].expect must be a list of strings"],
  [{ expect: [1] }, "triggers[0].expect[0] must be a string"],
  [{ ...event, match: ["a"] }, 'triggers[0].match must be an object of labels, such as { "prefect.resource.id": "prefect.flow-run.*" }'],
  [{ ...event, match: { a: 1 } }, "triggers[0].match.a must be a string or a list of strings"],
  [{ ...event, match_related: "a" }, "triggers[0].match_related must be an object of labels, or a list of such objects"],
  [{ ...event, posture: "reactive" }, "triggers[0].posture must be Reactive or Proactive"],
  [{ ...event, threshold: "many" }, "triggers[0].threshold must be a whole number of at least 1"],
  [{ ...event, within: -1 }, "triggers[0].within must not be negative"],
  [{ ...event, within: null }, "triggers[0].within must be a duration: seconds, ISO 8601 (PT15M) or hours:minutes:seconds (00:15:00)"],
  [{ ...event, posture: "Proactive", within: 9 }, "triggers[0].within must be at least 10 seconds with posture Proactive"],
  [{ ...event, enabled: "perhaps" }, "triggers[0].enabled must be true or false"],
  [{ ...event, enabled: null }, "triggers[0].enabled must be true or false"],
  [{ ...event, description: null }, "triggers[0].description must be a string"],
  [{ ...event, name: 7 }, "triggers[0].name must be a string"],
  [{ ...event, parameters: [1] }, "triggers[0].parameters must be an object, such as { name: value }"],
  [{ ...event, job_variables: "x" }, "triggers[0].job_variables must be an object, such as { name: value }"],
  [{ ...event, schedule_after: -5 }, "triggers[0].schedule_after must not be negative"],
  [{ type: "compound", triggers: [event] }, 'triggers[0].require is missing: it must be "any", "all" or a whole number of at least 1'],
  [{ type: "compound", require: "all" }, "triggers[0].triggers is missing: it must be a list of triggers"],
  [{ require: 3, triggers: [event, event] }, "triggers[0].require is 3, but there are only 2 triggers: at most that many can fire"],
  [{ require: 0, triggers: [event] }, 'triggers[0].require must be "any", "all" or a whole number of at least 1'],
  [{ require: "most", triggers: [event] }, 'triggers[0].require must be "any", "all" or a whole number of at least 1'],
  [{ triggers: [{ ...event, within: -1 }] }, "triggers[0].triggers[0].within must not be negative"],
  [{ triggers: ["a"] }, 'triggers[0].triggers[0] must be an object, such as { expect: ["order.placed"] }'],
  [{ type: "metric" }, 'triggers[0].metric must be an object, such as { name: "lateness", operator: ">", threshold: 600 }'],
  [{ type: "metric", metric: { ...metric, operator: "=" } }, "triggers[0].metric.operator must be <, <=, > or >="],
  [{ type: "metric", metric: { ...metric, range: 60 } }, "triggers[0].metric.range must be at least 300 seconds"],
  [{ type: "metric", metric: { name: "lateness", operator: ">" } }, "triggers[0].metric.threshold is missing: it must be a number"],
  [{ type: "metric", posture: "Reactive", metric }, "triggers[0].posture must be Metric"],
];

/** Triggers that Prefect's client accepts, but that nobody wants, or that the server refuses. */
const SAFER: [Json, string][] = [
  [{}, "triggers[0] matches every event of the server: give expect (names of events) or match (labels of resources)"],
  [
    { type: "event", expect: [] },
    "triggers[0] matches every event of the server: give expect (names of events) or match (labels of resources)",
  ],
  [{ ...event, threshold: 0 }, "triggers[0].threshold must be a whole number of at least 1"],
  [{ type: "sequence", triggers: [] }, "triggers[0].triggers is empty: give at least one trigger"],
  [
    { expect: ["prefect.flow-run.Running"], match: { "prefect.resource.id": "prefect.flow-run.*" } },
    "triggers[0] fires for the runs that it starts itself, without end: add labels to match or match_related that exclude those, such as the flow",
  ],
];

const messages = (given: Json) => readDeploymentTriggers("prod", [given]).faults.map(({ at, message }) => `${at} ${message}`);

test.each(BAD)("%j is refused", (given, message) => {
  expect(messages(given)).toEqual([message]);
});

test.each(SAFER)("%j is refused, although Prefect's client accepts it", (given, message) => {
  expect(messages(given)).toEqual([message]);
});

test("a run loop is only one if it is enabled, reactive, and without labels that exclude its own runs", () => {
  const loop: JsonObject = { expect: ["prefect.flow-run.*"] };
  const other = { "prefect.resource.name": "other", "prefect.resource.role": "flow" };
  expect(messages(loop)).toHaveLength(1);
  const more: JsonObject[] = [
    { enabled: false },
    { posture: "Proactive" },
    { match_related: other },
    { match: { "prefect.resource.id": "prefect.flow-run.1" } },
  ];
  for (const one of more) expect(messages({ ...loop, ...one })).toEqual([]);
});

test("fields that Prefect ignores are listed with those that exist", () => {
  const { unknown } = readDeploymentTriggers("prod", [{ ...event, expects: [] }, { triggers: [{ ...event, name: "no name inside" }] }]);
  expect(unknown.map(({ at, field }) => [at, field])).toEqual([
    ["triggers[0].expects", "expects"],
    ["triggers[1].triggers[0].name", "name"],
  ]);
  expect(unknown[0]?.known).toEqual(expect.arrayContaining(["expect", "match", "within", "parameters", "schedule_after"]));
});

describePrefect("Prefect's own client", () => {
  test("makes the same automations of all good triggers, refuses all bad ones, and accepts the others", async () => {
    const venv = await prefectVenv();
    const cases: Json[][] = [...GOOD, ...BAD.map(([one]) => [one]), ...SAFER.map(([one]) => [one])];
    const output = execFileSync(join(venv, "bin", "python"), [join(__dirname, "asPrefect.py")], {
      input: cases.map((one) => `${JSON.stringify(one)}\n`).join(""),
      encoding: "utf8",
      env: { ...process.env, PREFECT_HOME: "/nonexistent" },
    });
    const theirs = output
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { automations?: JsonObject[]; refused?: string });
    for (const [index, given] of GOOD.entries()) {
      const { automations, faults } = readDeploymentTriggers("prod", given);
      expect(faults, JSON.stringify(given)).toEqual([]);
      const ours = automations.map((one) => ({
        name: one.name,
        description: one.description,
        enabled: one.enabled,
        trigger: one.trigger,
        actions: comparableActions(automationActions(one, "00000000-0000-0000-0000-000000000001")),
      }));
      const made = theirs[index]?.automations?.map(({ name, description, enabled, trigger, actions }) => ({
        name,
        description,
        enabled,
        trigger: comparableTrigger(trigger as Json),
        actions: comparableActions(actions as Json),
      }));
      expect(
        ours.map((one) => ({ ...one, trigger: comparableTrigger(one.trigger) })),
        JSON.stringify(given),
      ).toEqual(made);
      expect(theirs[index]?.automations?.map((one) => one.owner_resource)).toEqual(
        given.map(() => "prefect.deployment.00000000-0000-0000-0000-000000000001"),
      );
    }
    const bad = theirs.slice(GOOD.length, GOOD.length + BAD.length);
    expect(BAD.flatMap(([given], index) => (bad[index]?.refused === undefined ? [given] : []))).toEqual([]);
    expect(theirs.slice(GOOD.length + BAD.length).flatMap(({ refused }) => refused ?? [])).toEqual([]);
  });
});

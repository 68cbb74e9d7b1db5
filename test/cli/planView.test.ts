import { expect, test } from "vitest";
import { eventLog } from "../../src/cli/eventLog";
import { PlanView } from "../../src/cli/planView";
import type { EngineEvent, StepEvent } from "../../src/engine";
import { stepEvent } from "../../src/engine/engineEvents";
import type { Resource } from "../../src/engine/state/stackStore";
import type { Step } from "../../src/engine/state/step";
import { Redactor } from "../../src/redactor";
import { capturePrinted } from "./printed";

const printed = capturePrinted();

const STACK = "urn:pulumi:dev::conf::pulumi:pulumi:Stack::conf-dev";
const secret = (value: string) => ({ "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value });

const step = (op: StepEvent["op"], type: string, name: string, more: Partial<StepEvent> = {}): StepEvent => ({
  op,
  type,
  name,
  urn: `urn:pulumi:dev::conf::${type}::${name}`,
  custom: true,
  parent: STACK,
  ...more,
});
const stack = step("same", "pulumi:pulumi:Stack", "conf-dev", { urn: STACK, custom: false, parent: undefined });
const box = step("create", "conf:index:Box", "box", { custom: false });
const inner = step("create", "demo:index:Thing", "inner", { parent: box.urn });
const updated = step("update", "demo:index:Thing", "b", {
  detailedDiff: { size: { kind: "update", input: true }, "tags.on": { kind: "add", input: true }, note: { kind: "delete", input: true } },
  old: { id: "b-1", inputs: { size: 1, note: "x", tags: {} }, outputs: {} },
  new: { id: "b-1", inputs: { size: 2, tags: { on: "y" } }, outputs: {} },
});
const replaced = step("replace", "demo:index:Thing", "c", {
  keys: ["name"],
  old: { id: "c-1", inputs: { name: "c" }, outputs: {} },
  new: { inputs: { name: "c2" }, outputs: {} },
});
const half = { ...replaced, op: "create-replacement" } as const;
const gone = step("delete", "demo:index:Thing", "d");
const provider = step("create", "pulumi:providers:demo", "default_1_0", {});
const kept = step("same", "demo:index:Thing", "e");
// In another order than the tree's.
const planned = [stack, provider, inner, box, updated, replaced, half, gone, kept];
const summary: EngineEvent = { kind: "summary", changes: { create: 2, same: 2 }, durationMs: 1234, preview: true, succeeded: true };

const TREE = `
  + conf:index:Box box
    + demo:index:Thing inner
  ~ demo:index:Thing b
      ~ size: 1 => 2
      + tags.on: "y"
      - note: "x"
  +- demo:index:Thing c [name]
      ~ name: "c" => "c2"
  - demo:index:Thing d
`;

test("a preview shows the whole tree at its end, children below their parents, without unchanged resources", () => {
  const view = new PlanView({ preview: true });
  for (const planning of planned) view.hear({ kind: "pre", step: planning });
  expect(printed.stderr).toBe("");
  view.hear(summary);
  expect(`\n${printed.stderr}`).toBe(TREE);
  expect(printed.stdout).toBe("");
});

test("an update shows each step once when it is done, and a component when it begins", () => {
  const view = new PlanView({ preview: false });
  view.hear({ kind: "pre", step: stack });
  view.hear({ kind: "pre", step: box });
  expect(printed.stderr).toBe("  + conf:index:Box box\n");
  view.hear({ kind: "pre", step: inner });
  expect(printed.stderr).toBe("  + conf:index:Box box\n");
  for (let twice = 0; twice < 2; twice++) view.hear({ kind: "outputs", step: inner });
  expect(printed.stderr).toBe("  + conf:index:Box box\n    + demo:index:Thing inner\n");
  view.hear({ kind: "failed", step: gone });
  view.hear({ kind: "diagnostic", severity: "warning", message: "slow\n" });
  view.hear({ kind: "diagnostic", severity: "debug", message: "no one's business" });
  view.hear({ kind: "stdout", text: "from the program" });
  expect(printed.stderr.split("\n").slice(2)).toEqual(["  ! demo:index:Thing d failed", "  warning: slow", "  from the program", ""]);
});

function resource(inputs: Resource["inputs"], outputs: Resource["outputs"]): Resource {
  return { urn: updated.urn, type: updated.type, custom: true, id: "b-1", parent: STACK, inputs, outputs } as Resource;
}

const withSecrets = stepEvent({
  op: "update",
  urn: updated.urn,
  type: updated.type,
  diffs: ["key"],
  old: resource({ key: secret("hunter1"), deep: { key: secret("hunter2") } }, { made: secret("hunter3") }),
  next: resource({ key: secret("hunter4"), deep: { key: secret("hunter5") } }, { made: secret("hunter6") }),
} as unknown as Step);

test("neither view shows secrets", () => {
  const view = new PlanView({ preview: true });
  const log = eventLog(new Redactor());
  for (const event of [{ kind: "pre", step: withSecrets }, { kind: "outputs", step: withSecrets }, summary] as const) {
    view.hear(event);
    log.hear(event);
  }
  expect(printed.stderr).toBe('  ~ demo:index:Thing b\n      ~ key: "[secret]" => "[secret]"\n');
  expect(printed.stdout).toContain("[secret]");
  expect(printed.stdout + printed.stderr).not.toMatch(/hunter/);
});

test("--json shows no provider code and no base job template, at any depth of a FlowRun or a work pool", () => {
  const template = { job_configuration: { command: "long-winded" }, variables: {} };
  const inputs = {
    __provider: "long-winded",
    baseJobTemplate: template,
    pool: { pool: { type: "process:push", baseJobTemplate: template } },
  };
  const next = resource(inputs, inputs);
  const log = eventLog(new Redactor());
  log.hear({ kind: "pre", step: stepEvent({ op: "create", urn: updated.urn, type: updated.type, next } as unknown as Step) });
  expect(printed.stdout).not.toContain("long-winded");
  expect(JSON.parse(printed.stdout).resourcePreEvent.metadata.new.inputs).toEqual({
    __provider: "[code]",
    baseJobTemplate: "[base job template]",
    pool: { pool: { type: "process:push", baseJobTemplate: "[base job template]" } },
  });
});

test("--json prints numbered events, one per line, with the names of Pulumi's event log", () => {
  const log = eventLog(new Redactor());
  const events: EngineEvent[] = [
    { kind: "prelude", config: { "conf:region": "eu" } },
    { kind: "pre", step: updated },
    { kind: "outputs", step: gone },
    { kind: "failed", step: replaced },
    { kind: "diagnostic", severity: "error", message: "no", urn: gone.urn },
    { kind: "diagnostic", severity: "info", message: "so" },
    { kind: "stdout", text: "hello" },
    summary,
  ];
  for (const event of events) log.hear(event);
  const lines = printed.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines.map(({ sequence }) => sequence)).toEqual([...lines.keys()]);
  expect(lines.every(({ timestamp }) => Number.isInteger(timestamp))).toBe(true);
  const { urn, type } = updated;
  expect(lines.map(({ sequence: _, timestamp: __, ...event }) => event)).toEqual([
    { preludeEvent: { config: { "conf:region": "eu" } } },
    {
      resourcePreEvent: {
        metadata: {
          op: "update",
          urn,
          type,
          old: { urn, type, parent: STACK, ...updated.old },
          new: { urn, type, parent: STACK, ...updated.new },
          detailedDiff: {
            size: { diffKind: "update", inputDiff: true },
            "tags.on": { diffKind: "add", inputDiff: true },
            note: { diffKind: "delete", inputDiff: true },
          },
        },
      },
    },
    { resOutputsEvent: { metadata: { op: "delete", urn: gone.urn, type, old: null, new: null } } },
    { resOpFailedEvent: { metadata: expect.objectContaining({ op: "replace", keys: ["name"] }), status: 0, steps: 0 } },
    { diagnosticEvent: { urn: gone.urn, message: "no", severity: "error" } },
    { diagnosticEvent: { message: "so", severity: "info" } },
    { stdoutEvent: { message: "hello", color: "never" } },
    { summaryEvent: { maybeCorrupt: false, durationSeconds: 1, resourceChanges: { create: 2, same: 2 }, result: "succeeded" } },
    { cancelEvent: {} },
  ]);
});

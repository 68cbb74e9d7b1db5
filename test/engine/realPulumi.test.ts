import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Json } from "../../src/json";
import { scratch } from "../scratch";
import { forcedOrders } from "./conformance/differences";
import { argumentsOf, configCommands, findPulumi, readEventLog, readExport, runStepWithPulumi } from "./conformance/pulumiCli";
import { type RecordedStep, readRecording, scenarios } from "./conformance/recording";
import { Stage, type StepResult } from "./conformance/stage";

// Runs the recorded scenarios on the `pulumi` on PATH and on this engine, each on its own stage.
// Each step is compared: exit status, counts, the events of each resource, outputs, secrets, state.
// When a step fails, it depends on chance how far its siblings have come, and so do later steps. From then on the test compares
// only the exit status and, after each success, the names of the outputs.
// PUSHPOOL_SCENARIOS=^a1 runs some of the scenarios.

const pulumi = findPulumi();
if (!pulumi) console.warn("SKIPPED: no `pulumi` on PATH, so the offline engine was compared with recordings of Pulumi only");

const wanted = new RegExp(process.env.PUSHPOOL_SCENARIOS ?? "");
const runnable = scenarios().filter((scenario) => wanted.test(scenario));

describe.skipIf(!pulumi)("this engine does what the pulumi on PATH does", () => {
  test.each(runnable)("%s", { timeout: 600_000 }, async (scenario) => {
    const recording = readRecording(scenario);
    const stages = { here: new Stage(recording), there: new Stage(recording) };
    let settled = true;
    try {
      for (const step of recording.steps) {
        settled &&= step.exitCode === 0;
        // Where a program leaves the order to chance, the Pulumi CLI may take another one.
        if (`${scenario}/${step.label}` in forcedOrders) settled = false;
        const [here, there] = [await stages.here.runStep(step, { freely: true }), await stages.there.runStepWithPulumi(step)];
        expect([step.label, comparable(here, settled)]).toEqual([step.label, comparable(there, settled)]);
      }
    } finally {
      for (const stage of Object.values(stages)) stage.close();
    }
  });
});

function comparable({ failure, changes, outputs, secrets, events, state }: Omit<StepResult, "calls">, settled: boolean) {
  const succeeded = failure === undefined;
  if (!settled) return { succeeded, outputs: succeeded ? Object.keys(outputs).sort() : [] };
  const components = new Set(state.filter(({ custom }) => !custom).map(({ urn }) => urn));
  const happened: Record<string, string[]> = {};
  for (const [event, op, urn, differs] of events) {
    happened[urn] ??= [];
    // Pulumi's engine reports no differences for a component.
    happened[urn].push(JSON.stringify([event, op, ...(differs && !components.has(urn) ? [differs] : [])]));
  }
  const byUrn = [...state].sort((a, b) => (JSON.stringify([a.urn, a.id ?? ""]) < JSON.stringify([b.urn, b.id ?? ""]) ? -1 : 1));
  return { succeeded, changes, outputs, secrets, happened, state: byUrn };
}

describe("how the Pulumi CLI is run, and its answers are read", () => {
  test("a recorded command", () => {
    expect(argumentsOf("pulumi up --yes --skip-preview --stack dev")).toEqual(["up", "--yes", "--skip-preview", "--stack", "dev"]);
    expect(() => argumentsOf("rm -r x")).toThrow("not a Pulumi command");
  });

  test("configuration: set, secret, removed", () => {
    const to = ["--stack", "dev", "--non-interactive", "--"];
    expect(configCommands({ a: 1, "demo:b": { secret: "s" }, c: null })).toEqual([
      ["config", "set", ...to, "a", "1"],
      ["config", "set", "--secret", ...to, "demo:b", "s"],
      ["config", "rm", "c", "--stack", "dev"],
    ]);
  });

  test("an event log of a command with a preview: only what came after the preview", () => {
    const urn = "urn:pulumi:dev::conf::demo:index:Thing::a";
    const metadata = { op: "update", urn, diffs: ["size"], keys: [], detailedDiff: { size: { diffKind: "update", inputDiff: true } } };
    const lines = [
      { preludeEvent: { config: {} } },
      { resourcePreEvent: { metadata: { op: "create", urn } } },
      { summaryEvent: { resourceChanges: { create: 1 } } },
      { preludeEvent: { config: {} } },
      { event: { resourcePreEvent: { metadata } } },
      { diagnosticEvent: { message: "x", severity: "info" } },
      { resOutputsEvent: { metadata: { op: "update", urn } } },
      { resOpFailedEvent: { metadata: { op: "delete", urn } } },
      { summaryEvent: { resourceChanges: { update: 1 } } },
    ];
    expect(readEventLog(lines.map((line) => JSON.stringify(line)).join("\n"))).toEqual({
      changes: { update: 1 },
      events: [
        ["pre", "update", urn, { diffs: ["size"], detailedDiff: { size: "update (input)" } }],
        ["outputs", "update", urn],
        ["failed", "delete", urn],
      ],
    });
  });

  test("an export: secrets in plain text and marked, times left out", () => {
    const secret = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", plaintext: '"s3"' };
    const resource = { urn: "u", created: "2026", modified: "2026", outputs: { list: [secret] } } as unknown as Json;
    expect(readExport(JSON.stringify({ version: 3, deployment: { resources: [resource] } }))).toEqual([
      { urn: "u", outputs: { list: [{ "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value: "s3" }] } },
    ]);
    expect(readExport('{"version":3,"deployment":{}}')).toEqual([]);
  });

  test("a step with a stand-in for pulumi: the stack is created once; a failed command is an error", async () => {
    const root = scratch();
    const bin = join(root, "bin");
    mkdirSync(bin);
    const script = `#!/bin/sh
echo "$PULUMI_BACKEND_URL $*" >> "${root}/asked"
case "$1 $2" in
  "stack output") echo '{"arn":"x"}' ;;
  "stack export") echo '{"version":3,"deployment":{"resources":[{"urn":"u"}]}}' ;;
  "up "*) for last; do :; done; echo '{"summaryEvent":{"resourceChanges":{"same":1}}}' > "$last" ;;
  "destroy "*) echo refused >&2; exit 255 ;;
  "config "*) exit 1 ;;
esac
`;
    writeFileSync(join(bin, "pulumi"), script);
    chmodSync(join(bin, "pulumi"), 0o755);
    expect(findPulumi(`/nowhere:${bin}`)).toBe(join(bin, "pulumi"));
    expect(findPulumi("/nowhere")).toBeUndefined();
    const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
    const take = (command: string, config = {}) => runStepWithPulumi({ step: { command, config } as RecordedStep, dir: root, root, env });
    expect(await take("pulumi up --yes --stack dev")).toEqual({
      failure: undefined,
      changes: { same: 1 },
      events: [],
      outputs: { arn: "x" },
      secrets: { arn: "x" },
      state: [{ urn: "u" }],
    });
    expect(await take("pulumi destroy --yes --stack dev")).toMatchObject({ failure: "refused\n", changes: {}, events: [] });
    await expect(take("pulumi up", { a: 1 })).rejects.toThrow(/pulumi config set .* ended with 1/);
    const asked = readFileSync(join(root, "asked"), "utf8");
    expect(asked.match(/stack init/g)).toHaveLength(1);
    expect(asked).toContain(`file://${root}/backend up --yes --stack dev --color never --event-log ${root}/events.jsonl\n`);
  });
});

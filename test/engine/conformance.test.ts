import { expect, test } from "vitest";
import { inTheirOrder } from "./conformance/partialOrder";
import { type Heard, readRecording, scenarios } from "./conformance/recording";
import { Stage } from "./conformance/stage";

const wanted = process.env.PUSHPOOL_SCENARIOS ? new RegExp(process.env.PUSHPOOL_SCENARIOS) : /./;

test.concurrent.each(scenarios().filter((scenario) => wanted.test(scenario)))("%s", { timeout: 300_000 }, async (scenario) => {
  const recording = readRecording(scenario);
  const stage = new Stage(recording);
  let state: unknown[] = [];
  const wrong: unknown[] = [];
  try {
    for (const step of recording.steps) {
      const took = await stage.take(step);
      state = step.state ?? state;
      const check = (what: string, ours: unknown, theirs: unknown) => {
        try {
          expect(ours).toEqual(theirs);
        } catch (error) {
          wrong.push([step.label, what, (error as Error & { diff?: string }).message, ours, theirs]);
        }
      };
      // Whether a program that fails comes to say its stack's outputs is chance.
      const telling = (events: Heard[]) =>
        step.exitCode === 0 ? events : events.filter(([event, , urn]) => event !== "outputs" || !urn.includes("pulumi:pulumi:Stack"));
      check("exit", took.failure === undefined ? 0 : 1, step.exitCode);
      check("changes", took.changes, step.changes);
      check("outputs", took.outputs, step.outputs);
      check("secrets", took.secrets, step.secrets ?? step.outputs);
      check("events", sorted(telling(took.events)), sorted(telling(step.events)));
      check("calls", sorted(took.calls), sorted(step.calls));
      check("state", sorted(took.state), sorted(state));
      if (step.exitCode === 0) check("order", inTheirOrder(took.events, took.state, state as never), []);
      if (step.exitCode === 0) check("their order", inTheirOrder(step.events, took.state, state as never), []);
    }
  } finally {
    stage.close();
  }
  if (wrong.length > 0 && process.env.PUSHPOOL_WRONG)
    (await import("node:fs")).writeFileSync(`${process.env.PUSHPOOL_WRONG}/${scenario}.json`, JSON.stringify(wrong));
  expect(wrong.map((entry) => (entry as unknown[]).slice(0, 2))).toEqual([]);
});

function sorted(items: unknown[]): string[] {
  return items.map((item) => JSON.stringify(keyed(item))).sort();
}

function keyed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(keyed);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, keyed(inner)]),
  );
}

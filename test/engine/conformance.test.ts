import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Aspect, differences } from "./conformance/differences";
import { hosted, stopProgramHosts } from "./conformance/hostedPrograms";
import { orderViolations } from "./conformance/partialOrder";
import { type ProviderHost, startProviderHost } from "./conformance/providerHost";
import { type RecordedEvent, type RecordedStep, readRecording, scenarios } from "./conformance/recording";
import { Stage, type StepResult } from "./conformance/stage";

// Runs the recorded scenarios of Pulumi's engine on this engine: the same programs, provider, resources and commands, step by step.
// The test compares exit status, counts per operation, stack outputs with their secrets, and the resulting state.
// It also compares events (event, op, URN, what differs), their sequence for each resource, and every provider call with its arguments.
// Both engines must also keep the partial order among resources that `partialOrder.ts` describes.
// PUSHPOOL_SCENARIOS=^a1 runs some of the scenarios.

const wanted = new RegExp(process.env.PUSHPOOL_SCENARIOS ?? "");
const all = scenarios().filter((scenario) => wanted.test(scenario));

vi.mock("../../src/engine/supervised", async (original) => {
  const { startSupervised } = (await original()) as typeof import("../../src/engine/supervised");
  return { startSupervised: hosted(startSupervised) };
});

let host: ProviderHost | undefined;
beforeAll(async () => {
  host = await startProviderHost();
});
afterAll(() => {
  host?.stop();
  stopProgramHosts();
});

describe.concurrent("the engine does what Pulumi's engine did in the recording", () => {
  test.each(all)("%s", { timeout: 600_000 }, async (scenario) => {
    const recording = readRecording(scenario);
    const stage = new Stage(recording, host?.plugin);
    const states = new Map<string | undefined, StepResult["state"]>();
    try {
      for (const step of recording.steps) {
        const before = states.get(step.dir) ?? [];
        const result = await stage.runStep(step);
        const { aspects = [] } = differences[`${scenario}/${step.label}`] ?? {};
        const compared = (from: Record<Aspect, unknown>) => Object.entries(from).filter(([aspect]) => !aspects.includes(aspect as Aspect));
        const theirState = step.state ?? lastState(recording.steps, step);
        expect([step.label, ...compared(ours(result, step, before))]).toEqual([
          step.label,
          ...compared(theirs(step, theirState, result, before)),
        ]);
        states.set(step.dir, result.state);
      }
    } finally {
      stage.close();
    }
  });
});

function ours(result: StepResult, step: RecordedStep, before: StepResult["state"]): Record<Aspect, unknown> {
  const events = comparableEvents(result.events, step, result);
  return {
    exit: result.failure === undefined ? 0 : [1, step.exitCode === 0 ? result.failure : ""],
    changes: result.changes,
    outputs: result.outputs,
    secrets: result.secrets,
    events: sorted(events),
    sequence: step.exitCode === 0 ? sequences(events) : [],
    calls: sorted(result.calls),
    state: sorted(result.state),
    order: step.exitCode === 0 ? orderViolations(result.events, before, result.state) : [],
  };
}

function theirs(step: RecordedStep, state: StepResult["state"], result: StepResult, before: StepResult["state"]): Record<Aspect, unknown> {
  const events = comparableEvents(step.events, step, result);
  return {
    exit: step.exitCode === 0 ? 0 : [1, ""],
    changes: step.changes,
    outputs: step.outputs,
    secrets: step.secrets ?? step.outputs,
    events: sorted(events),
    sequence: step.exitCode === 0 ? sequences(events) : [],
    calls: sorted(step.calls),
    state: sorted(state),
    // Pulumi's engine must keep the order too; otherwise the rule would be worthless.
    order: step.exitCode === 0 ? orderViolations(step.events, before, result.state) : [],
  };
}

function lastState(steps: readonly RecordedStep[], step: RecordedStep): StepResult["state"] {
  const earlier = steps.slice(0, steps.indexOf(step));
  return earlier.findLast(({ state }) => state)?.state ?? [];
}

/**
 * The events to compare. Pulumi's engine reports no differences for a component, but ours does. Whether a failing program still registers
 * the outputs of its components and its stack depends on chance.
 */
function comparableEvents(
  events: readonly RecordedEvent[],
  { exitCode }: RecordedStep,
  { state, events: reported }: StepResult,
): RecordedEvent[] {
  const components = new Set(state.flatMap(({ urn, custom }) => (custom === false ? [String(urn)] : [])));
  const isComponent = (urn: string) =>
    components.has(urn) || (!urn.includes("demo:") && !urn.includes("pulumi-nodejs") && reported.some(([, , other]) => other === urn));
  return events
    .filter(([event, , urn]) => exitCode === 0 || event !== "outputs" || !isComponent(urn))
    .map(([event, op, urn, differs]) => (differs && !isComponent(urn) ? [event, op, urn, differs] : [event, op, urn]));
}

/** The sequence of events of each resource. The time at which a component registers its outputs is not compared. */
function sequences(events: readonly RecordedEvent[]): string[] {
  const byUrn = new Map<string, string[]>();
  for (const [event, op, urn] of events) byUrn.set(urn, [...(byUrn.get(urn) ?? []), `${event} ${op}`]);
  return [...byUrn].map(([urn, happened]) => `${urn}: ${happened.join(", ")}`).sort();
}

function sorted(items: readonly unknown[]): string[] {
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

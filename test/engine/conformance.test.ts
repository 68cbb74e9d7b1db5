import { describe, expect, test } from "vitest";
import { type Aspect, differences, elsewhere, notYet } from "./conformance/differences";
import { inTheirOrder } from "./conformance/partialOrder";
import { type Heard, type RecordedStep, readRecording, scenarios } from "./conformance/recording";
import { Stage, type Took } from "./conformance/stage";

// The recorded scenarios of the real engine, run on this one: the same programs, provider, world and commands, step by step. Compared are exit status,
// counts per operation, events (event, op, URN, what differs), the sequence of events of each resource, stack outputs with their secrets, every call
// that a provider got with its arguments, and the resulting state. Of the order among resources both engines are held to the partial order that
// `partialOrder.ts` words. PUSHPOOL_SCENARIOS=^a1 runs some of them.

const wanted = new RegExp(process.env.PUSHPOOL_SCENARIOS ?? "");
const all = scenarios().filter((scenario) => wanted.test(scenario) && !(scenario in elsewhere));

describe.concurrent("the engine does what the recorded one did", () => {
  test.each(all.filter((scenario) => !(scenario in notYet)))("%s", { timeout: 600_000 }, async (scenario) => {
    const recording = readRecording(scenario);
    const stage = new Stage(recording);
    const states = new Map<string | undefined, Took["state"]>();
    try {
      for (const step of recording.steps) {
        const before = states.get(step.dir) ?? [];
        const took = await stage.take(step);
        const { aspects = [] } = differences[`${scenario}/${step.label}`] ?? {};
        const compared = (from: Record<Aspect, unknown>) => Object.entries(from).filter(([aspect]) => !aspects.includes(aspect as Aspect));
        const theirState = step.state ?? lastState(recording.steps, step);
        expect([step.label, ...compared(ours(took, step, before))]).toEqual([
          step.label,
          ...compared(theirs(step, theirState, took, before)),
        ]);
        states.set(step.dir, took.state);
      }
    } finally {
      stage.close();
    }
  });

  test.each(all.filter((scenario) => scenario in notYet))(
    "%s is refused, with what is not done",
    { timeout: 600_000 },
    async (scenario) => {
      const recording = readRecording(scenario);
      const stage = new Stage(recording);
      const failures: string[] = [];
      try {
        for (const step of recording.steps.slice(0, 2)) failures.push((await stage.take(step, { freely: true })).failure ?? "");
      } finally {
        stage.close();
      }
      expect(failures.join("\n")).toMatch(notYet[scenario] as RegExp);
    },
  );
});

function ours(took: Took, step: RecordedStep, before: Took["state"]): Record<Aspect, unknown> {
  const events = telling(took.events, step, took);
  return {
    exit: took.failure === undefined ? 0 : [1, step.exitCode === 0 ? took.failure : ""],
    changes: took.changes,
    outputs: took.outputs,
    secrets: took.secrets,
    events: sorted(events),
    sequence: step.exitCode === 0 ? sequences(events) : [],
    calls: sorted(took.calls),
    state: sorted(took.state),
    order: step.exitCode === 0 ? inTheirOrder(took.events, before, took.state) : [],
  };
}

function theirs(step: RecordedStep, state: Took["state"], took: Took, before: Took["state"]): Record<Aspect, unknown> {
  const events = telling(step.events, step, took);
  return {
    exit: step.exitCode === 0 ? 0 : [1, ""],
    changes: step.changes,
    outputs: step.outputs,
    secrets: step.secrets ?? step.outputs,
    events: sorted(events),
    sequence: step.exitCode === 0 ? sequences(events) : [],
    calls: sorted(step.calls),
    state: sorted(state),
    // That the real engine keeps it too is what makes it worth keeping.
    order: step.exitCode === 0 ? inTheirOrder(step.events, before, took.state) : [],
  };
}

function lastState(steps: readonly RecordedStep[], step: RecordedStep): Took["state"] {
  const earlier = steps.slice(0, steps.indexOf(step));
  return earlier.findLast(({ state }) => state)?.state ?? [];
}

/**
 * The events to compare. Of a component the real engine tells no differences, where ours does. Whether a program that fails comes to say the outputs of
 * its components and its stack is chance.
 */
function telling(events: readonly Heard[], { exitCode }: RecordedStep, { state, events: told }: Took): Heard[] {
  const components = new Set(state.flatMap(({ urn, custom }) => (custom === false ? [String(urn)] : [])));
  const isComponent = (urn: string) =>
    components.has(urn) || (!urn.includes("demo:") && !urn.includes("pulumi-nodejs") && told.some(([, , other]) => other === urn));
  return events
    .filter(([event, , urn]) => exitCode === 0 || event !== "outputs" || !isComponent(urn))
    .map(([event, op, urn, differs]) => (differs && !isComponent(urn) ? [event, op, urn, differs] : [event, op, urn]));
}

/** What happened to each resource, one after the other. When a component says its outputs is its own affair. */
function sequences(events: readonly Heard[]): string[] {
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

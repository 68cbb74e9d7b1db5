import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { EngineEvent } from "../../src/engine";
import type { Json, JsonObject } from "../../src/json";
import { project } from "./program";

// Recordings of the real engine: the same programs here end in the same counts, outputs, errors and state of stack and components.

const traces = join(__dirname, "..", "fixtures", "engine-traces");
const THING = "demo:index:Thing";

interface Step {
  label: string;
  program: string;
  command: string;
}
interface Summary {
  exitCode: number;
  changes: JsonObject;
  outputs: JsonObject;
  outputsShowSecrets: JsonObject;
  diagnostics: { severity: string; message: string }[];
}

test.each<[string, string[]]>([
  ["a4-nested-components", []],
  ["a6-empty", []],
  ["d5-program-throws", ["05-up"]], // there an output counts what the provider did
  ["d6-rejections-and-exits", []],
  ["f4-aliases", []],
  ["m1-component-inputs", []],
])("%s, step by step", async (scenario, leftOut) => {
  const read = (file: string) => JSON.parse(readFileSync(join(traces, scenario, file), "utf8")) as JsonObject;
  const { dir, stack } = project();
  copyFileSync(join(traces, "demo.js"), join(dir, "demo.js"));
  const { steps } = read("steps.json") as unknown as { steps: Step[] };
  for (const { label, program, command } of steps) {
    if (leftOut.includes(label)) continue;
    const recorded = read(`${label}.summary.json`) as unknown as Summary;
    if (program !== "(unchanged)") copyFileSync(join(traces, scenario, "program", program), join(dir, "index.js"));
    const events: EngineEvent[] = [];
    const dev = stack({ onEvent: (event) => events.push(event) });
    const operation = command.split(" ")[1] as "preview" | "up" | "destroy";
    const failure = await dev[operation]().then(
      () => undefined,
      (error: Error) => error.message,
    );
    expect([label, failure === undefined ? undefined : withoutStack(failure)]).toEqual([
      label,
      recorded.exitCode === 0 ? undefined : withoutStack(errorsOf(recorded).replaceAll("<dir>", dir)),
    ]);
    expect([label, countsOf(events)]).toEqual([label, recorded.changes]);
    if (operation === "preview") continue;
    expect([label, await dev.outputs()]).toEqual([label, recorded.outputs]);
    expect([label, await dev.outputs({ secrets: true })]).toEqual([label, recorded.outputsShowSecrets]);
    expect([label, comparable((dev.exportState() as { deployment: JsonObject }).deployment)]).toEqual([
      label,
      comparable(read(`${label}.state.json`)),
    ]);
  }
});

function countsOf(events: EngineEvent[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const event of events) if (event.kind === "summary") Object.assign(counts, event.changes);
  return counts;
}

function errorsOf({ diagnostics }: Summary): string {
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  return errors.map(({ message }) => message.replace(/^error: /, "")).join("");
}

function withoutStack(text: string): string {
  return text.replaceAll(/\n +at .*/g, "").trimEnd();
}

/** Stack and components, sorted (siblings register in any order), without times. That secrets are the same is compared by the outputs. */
function comparable({ resources }: JsonObject): Json[] {
  return (resources as JsonObject[])
    .filter(({ type }) => type !== THING && !String(type).startsWith("pulumi:providers:"))
    .map(({ created: _, modified: __, ...resource }) => sealed(resource))
    .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

const SIGNATURE = "4dabf18193072939515e22adb298388d";
function sealed(value: Json): Json {
  if (Array.isArray(value)) return value.map(sealed);
  if (value === null || typeof value !== "object") return value;
  if (value[SIGNATURE] !== undefined) return "a secret";
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, sealed(inner)]));
}
